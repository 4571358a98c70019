"""Results and messages as plain text or JSON: without Rich, whose import takes longer than many a command.

Nothing that is printed is obeyed by a terminal: names come from users and devices.
"""

import json
import math
import sys
import unicodedata
from collections.abc import Collection, Sequence
from typing import Any

import click

_WITHOUT_UNICODE = str.maketrans({"±": "+-", "°": " ", "…": "...", **dict(zip("▁▂▃▄▅▆▇█", "12345678", strict=True))})


def printable(text: str, encoding: str) -> str:
    """Return a text with what a terminal cannot show, or would obey, written as Python writes it.

    Args:
        text: The text.
        encoding: What the terminal, the file or the pipe takes.
    """
    shown = text
    if not text.isprintable():
        shown = "".join(char if char in "\n\t" or char.isprintable() else _escaped(char) for char in text)
    try:
        shown.encode(encoding)
    except UnicodeEncodeError:
        return shown.translate(_WITHOUT_UNICODE).encode(encoding, "backslashreplace").decode(encoding)
    return shown


def print_message(text: str) -> None:
    """Print a line on stderr. While a bar is shown there, `edgeprof.cli.console.messages` does it.

    Args:
        text: The line.
    """
    click.echo(printable(text, sys.stderr.encoding or "utf-8"), err=True)


def print_json(value: Any) -> None:
    """Print a result for machines; a number that is not known, or infinite, is null."""
    try:
        text = json.dumps(value, indent=2, allow_nan=False)
    except ValueError:
        text = json.dumps(_finite(value), indent=2, allow_nan=False)
    click.echo(text)


def print_long_table(headings: Sequence[str], rows: Sequence[Sequence[str]], *, right: Collection[str] = ()) -> None:
    """Print a table of thousands of rows, which Rich takes a millisecond each to lay out; no line is wrapped.

    Args:
        headings: Headings of the columns.
        rows: Texts, one for each heading.
        right: Headings of the columns that are aligned to the right.
    """
    encoding = sys.stdout.encoding or "utf-8"
    lines = [headings, *([printable(text, encoding) for text in row] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    aligned = [str.rjust if heading in right else str.ljust for heading in headings]
    for line in lines:
        cells = [align(text, width) for align, text, width in zip(aligned, line, widths, strict=True)]
        click.echo("  ".join(cells).rstrip())


def milliseconds(value: float) -> str:
    """A latency with three digits that mean something."""
    return f"{value:.3g} ms" if value < 100 else f"{value:.0f} ms"


def milliseconds_between(lower_ms: float, upper_ms: float) -> str:
    """An interval of latencies, whose ends have a digit more than a latency: how far they are apart is what it says."""
    return f"{_end(lower_ms)} to {_end(upper_ms)} ms"


def _end(value: float) -> str:
    # Without an exponent.
    return f"{value:.4g}" if value < 1_000 else f"{value:.0f}"


def _escaped(char: str) -> str:
    # Letters of other scripts and blanks of other widths are no control characters.
    return char if unicodedata.category(char) == "Zs" else repr(char)[1:-1]


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _finite(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value

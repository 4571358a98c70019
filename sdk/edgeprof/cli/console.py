"""How results look on a terminal."""

import json
import sys
from typing import Any

import click
from rich.console import Console
from rich.table import Table

WIDTH_OF_NO_TERMINAL = 200
"""A file or a pipe has no width; a table cut to 80 columns would lose what it was made for."""

console = Console(highlight=False, width=None if sys.stdout.isatty() else WIDTH_OF_NO_TERMINAL)
"""For results, on stdout."""

messages = Console(stderr=True, highlight=False, soft_wrap=True)
"""For everything on the way, on stderr."""


def print_json(value: Any) -> None:
    """Print a result for machines."""
    click.echo(json.dumps(value, indent=2))


def print_facts(title: str, facts: dict[str, str]) -> None:
    """Print names and values, one pair to a line."""
    table = Table(title=title, title_justify="left", show_header=False, box=None, pad_edge=False)
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in facts.items():
        table.add_row(name, value)
    console.print(table)


def milliseconds(value: float) -> str:
    """A latency with three digits that mean something."""
    return f"{value:.3g} ms" if value < 100 else f"{value:.0f} ms"

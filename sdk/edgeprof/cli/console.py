"""Tables and coloured lines. Nothing that is printed is read as markup: names come from users and devices."""

import sys
from typing import Any

from rich.console import Console, RenderableType
from rich.measure import Measurement
from rich.table import Column, Table
from rich.text import Text

from edgeprof.cli.plain_output import printable

WIDTH_OF_NO_TERMINAL = 200
"""A file or a pipe has no width; a table cut to 80 columns would lose what it was made for."""

FOLDED_WIDTH = 24
"""Narrowest column of text that is folded to the width of the terminal."""


class PlainConsole(Console):
    """A console that prints names as they are: no markup, no emoji codes, no control characters."""

    def __init__(self, **options: Any) -> None:
        super().__init__(highlight=False, markup=False, emoji=False, **options)

    def render_str(self, text: str, **options: Any) -> Text:
        """Return a text as it is printed."""
        return super().render_str(self.printable(text), **options)

    def printable(self, text: str) -> str:
        """Return a text with what the terminal cannot show, or would obey, written as Python writes it."""
        return printable(text, self.encoding)


console = PlainConsole(width=None if sys.stdout.isatty() else WIDTH_OF_NO_TERMINAL)
"""For results, on stdout."""

messages = PlainConsole(stderr=True, soft_wrap=True)
"""For everything on the way, on stderr."""


def plain_table(title: str | None = None, *, show_header: bool = True) -> Table:
    """Return a table without lines, as all tables look; the columns are still to be added.

    Args:
        title: Stands above it; None for none.
        show_header: Whether its columns have headings.
    """
    return Table(title=title, title_justify="left", show_header=show_header, box=None, pad_edge=False)


def print_table(table: Table) -> None:
    """Print a table so that no number is cut: on a terminal too narrow for them the lines are wrapped."""
    needed = 0
    for column in table.columns:
        column.min_width = max(column.min_width or 0, _needed_width(column))
        needed += column.min_width + 2
    console.print(table, width=max(console.width, needed), crop=False, no_wrap=True, overflow="ignore")


def print_facts(title: str, facts: dict[str, str]) -> None:
    """Print names and values, one pair to a line."""
    table = plain_table(title, show_header=False)
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in facts.items():
        table.add_row(name, value)
    print_table(table)


def styled(*parts: str | tuple[str, str]) -> Text:
    """Return one text of several, some of them in a style.

    Args:
        parts: Texts, or texts with the name of a style.
    """
    pairs = [(part, "") if isinstance(part, str) else part for part in parts]
    return Text.assemble(*[(messages.printable(text), style) for text, style in pairs])


def _needed_width(column: Column) -> int:
    """Return the width in which no number of a column is cut; a column of text may be folded."""
    cells: list[RenderableType] = [*column.cells, *([column.header] if column.no_wrap else [])]
    widest = max((Measurement.get(console, _wide(), cell).maximum for cell in cells), default=0)
    return widest if column.no_wrap or column.justify == "right" else min(widest, FOLDED_WIDTH)


def _wide() -> Any:
    return console.options.update(width=10_000)

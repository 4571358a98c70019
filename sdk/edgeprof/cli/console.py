"""How results look on a terminal."""

import json
from typing import Any

import click
from rich.console import Console
from rich.table import Table

console = Console(highlight=False)
"""For results, on stdout."""

messages = Console(stderr=True, highlight=False)
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

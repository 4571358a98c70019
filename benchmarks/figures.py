"""Figures of a benchmark beside their targets: one line each, and a JSON file."""

import argparse
import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One figure.

    Args:
        name: What was measured.
        measured: The result in words, units included.
        asked: The target, in words.
        is_met: Whether the target is met.
    """

    name: str
    measured: str
    asked: str
    is_met: bool

    def __str__(self) -> str:
        return f"{'pass' if self.is_met else 'FALLS SHORT'}  {self.name}: {self.measured} (asked: {self.asked})"


def add_output_option(parser: argparse.ArgumentParser) -> None:
    """Add `--output`."""
    parser.add_argument("--output", type=Path, metavar="FILE", help="write figures and details to this file")


def conclude(figures: Sequence[Figure], details: dict[str, Any], path: Path | None) -> int:
    """Print the figures, and write them down with their details where a file is named.

    Returns:
        Exit status: 0 where every figure is met.
    """
    for figure in figures:
        print(figure)
    if path is not None:
        content = {"figures": [dataclasses.asdict(figure) for figure in figures], **details}
        path.write_text(json.dumps(content, indent=2))
    return 0 if all(figure.is_met for figure in figures) else 1

"""Options of the verbs that read tables of latencies and write bundles."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from edgeprof.cli.parameters import DECIMAL
from edgeprof_predictor.tables.importers import LatencyUnit

F = TypeVar("F", bound=Callable[..., Any])


class TableTrust(click.ParamType[tuple[str, float]]):
    """A table and how much it counts, such as `lab.csv=0.5`."""

    name = "trust"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, float]:
        """Split the text at its last `=`."""
        table, separator, share = value.rpartition("=")
        if not (table and separator and re.fullmatch(DECIMAL, share, re.ASCII)):
            self.fail(f"{value[:80]!r} is no table with a share; write lab.csv=0.5", param, ctx)
        return table, float(share)


def table_options(command: F) -> F:
    """Add `--space`, as `space_name`, and `--unit`."""
    unit = click.option(
        "--unit",
        type=click.Choice([unit.value for unit in LatencyUnit]),
        default=LatencyUnit.MILLISECONDS.value,
        show_default=True,
        help="Unit of the latencies in CSV files, JSON lines and HELP's folders.",
    )
    space = click.option(
        "--space", "space_name", help="Search space of the architectures.  [default: from their notation]"
    )
    return space(unit(command))


def bundle_output_options(command: F) -> F:
    """Add `--output` and `--register`, as `output` and `registers`: where a bundle is written."""
    output = click.option(
        "-o",
        "--output",
        type=click.Path(path_type=Path),
        metavar="FILE.bundle",
        help="Bundle to write; may be left out with --register.",
    )
    register = click.option(
        "--register",
        "registers",
        is_flag=True,
        help="Keep the bundle for its space: `edgeprof onboard --space` takes it before the one that ships.",
    )
    return output(register(command))


def require_bundle_output(output: Path | None, *, registers: bool) -> None:
    """Refuse a command line that names no place for the bundle.

    Args:
        output: Value of `--output`.
        registers: Value of `--register`.
    """
    if output is None and not registers:
        raise click.UsageError("name a file with --output, or keep the bundle with --register")

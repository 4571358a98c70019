"""Options of the verbs that read tables of latencies."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

from edgeprof_predictor.tables.importers import LatencyUnit

F = TypeVar("F", bound=Callable[..., Any])


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

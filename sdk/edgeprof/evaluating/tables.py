"""The public call `import_table`: a published table of latencies, converted and written."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from edgeprof.errors import InvalidArgumentError
from edgeprof.output_files import check_output
from edgeprof_predictor.spaces import get_space
from edgeprof_predictor.tables.importers import ImportedTable, LatencyUnit, import_latency_table, save_latency_table


def import_table(
    source: str | os.PathLike[str],
    output: str | os.PathLike[str] | None = None,
    *,
    format_name: str | None = None,
    unit: LatencyUnit | str = LatencyUnit.MILLISECONDS,
    platforms: Sequence[str] | str | None = None,
    space: str | None = None,
) -> ImportedTable:
    """Read a table of latencies as others publish it, and write it in the form that `evaluate` reads.

    Args:
        source: A folder of HELP, a CSV file with one row an architecture or one row a measurement, or JSON lines.
        output: The `.npz` file to write; None to write none.
        format_name: Format of the source; None to find it by the name of the source.
        unit: Unit of the published latencies.
        platforms: Names of the platforms to take; None for all. They have to be named where a column may hold
            something else, such as accuracies.
        space: Name of the search space; None to find it by the notation of the architectures.

    Returns:
        The table, and its search space where the architectures are texts of one.

    Raises:
        OutputFileError: If the output could not be written, or is the source.
        PredictorError: If the source cannot be read, holds a missing, repeated or non-positive latency, or the output
            cannot be written.
    """
    check_output(output, inputs=_files_of(Path(source)))
    found = get_space(space) if space else None
    imported = import_latency_table(
        source, format_name=format_name, unit=latency_unit(unit), platforms=platforms, space=found
    )
    if output is not None:
        save_latency_table(imported.table, output, notation=imported.space)
    return imported


def _files_of(source: Path) -> list[Path]:
    return [path for path in source.rglob("*") if path.is_file()] if source.is_dir() else [source]


def latency_unit(unit: LatencyUnit | str) -> LatencyUnit:
    """Return the unit of latencies that a name says.

    Raises:
        InvalidArgumentError: If there is no such unit.
    """
    try:
        return LatencyUnit(unit)
    except ValueError:
        names = ", ".join(one.value for one in LatencyUnit)
        raise InvalidArgumentError(f"the unit of latencies must be one of {names}, got {unit!r}") from None

"""The public call `import_table`: a published table of latencies, converted and written."""

from __future__ import annotations

from pathlib import Path

from edgeprof_predictor.spaces import get_space
from edgeprof_predictor.tables.importers import ImportedTable, LatencyUnit, import_latency_table, save_latency_table


def import_table(
    source: Path | str,
    output: Path | str | None = None,
    *,
    format_name: str | None = None,
    unit: LatencyUnit | str = LatencyUnit.MILLISECONDS,
    space: str | None = None,
) -> ImportedTable:
    """Read a table of latencies as others publish it, and write it in the form that `evaluate` reads.

    Args:
        source: A folder of HELP, a CSV file with one row an architecture or one row a measurement, or JSON lines.
        output: The `.npz` file to write; None to write none.
        format_name: Format of the source; None to find it by the name of the source.
        unit: Unit of the published latencies.
        space: Name of the search space; None to find it by the notation of the architectures.

    Returns:
        The table, and its search space where the architectures are texts of one.

    Raises:
        PredictorError: If the source cannot be read, holds a missing, repeated or non-positive latency, or the output
            cannot be written.
    """
    found = get_space(space) if space else None
    imported = import_latency_table(source, format_name=format_name, unit=LatencyUnit(unit), space=found)
    if output is not None:
        save_latency_table(imported.table, output, notation=imported.space)
    return imported

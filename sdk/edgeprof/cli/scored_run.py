"""What the verbs that score share: units run with progress, their rows written and kept until they are."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from edgeprof.cli.console import messages
from edgeprof.cli.unit_progress import UnitProgress

if TYPE_CHECKING:
    from edgeprof_predictor.runs import Journal, Unit
    from edgeprof_predictor.runs.journal import Row


def run_scored(
    units: Sequence[Unit], json_file: Path | None, journal: Journal | None, *, jobs: int | None, backend: str
) -> list[Row]:
    """Return the rows of all units, written to the file where there is one; only then the journal goes.

    Args:
        units: To run.
        json_file: For the rows; None to write none.
        journal: Beside that file; None without it.
        jobs: Units at the same time; None for one a core.
        backend: Where they run.

    Raises:
        PredictorError: What a unit raises; the finished ones are in the journal.
    """
    from edgeprof_predictor.runs import run_units, write_rows

    finished_count = sum(unit.name in journal.finished for unit in units) if journal else 0
    with UnitProgress(len(units), finished_count) as progress:
        rows = run_units(units, journal=journal, jobs=jobs, backend=backend, on_finished=progress.on_finished)
    if json_file is not None and journal is not None:
        write_rows(json_file, rows)
        journal.remove()
        messages.print(f"scores: {json_file}")
    return rows

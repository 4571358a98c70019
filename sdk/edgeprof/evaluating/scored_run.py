"""Runs the units of an evaluation; their rows are in a journal beside the results until all are finished."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from edgeprof_predictor.runs import Journal, Unit, run_units, write_rows
from edgeprof_predictor.runs.journal import Row


def run_scored(
    units: Sequence[Unit],
    output: Path | None,
    journal: Journal | None,
    *,
    jobs: int | None,
    backend: str,
    on_begin: Callable[[int, int], None],
    on_finished: Callable[[str], None],
) -> list[Row]:
    """Return the rows of all units, written to a file where one is given; the journal is removed after that.

    Args:
        units: To run.
        output: File for the rows; None to write none.
        journal: Beside that file; None without a file.
        jobs: Units at the same time; None for one a core.
        backend: Where they run: `loky`, `ray` or `dask`.
        on_begin: Called with the number of units and how many of them the journal holds.
        on_finished: Called with the name of each unit when it is finished.

    Raises:
        PredictorError: What a unit raises; the finished ones are in the journal.
    """
    on_begin(len(units), sum(unit.name in journal.finished for unit in units) if journal else 0)
    rows = run_units(units, journal=journal, jobs=jobs, backend=backend, on_finished=on_finished)
    if output is not None:
        write_rows(output, rows)
    if journal is not None:
        journal.remove()
    return rows

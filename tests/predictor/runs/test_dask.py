"""Units on a Dask cluster of several processes, one of which is killed in the middle."""

from __future__ import annotations

import logging
from functools import partial
from pathlib import Path

import distributed
import pytest
from predictor.runs.work import rows_of, rows_of_second_attempt

from edgeprof_predictor.runs import Unit, run_units


def test_a_cluster_of_which_a_worker_is_killed_finishes_all_units(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    units = [Unit(name=f"unit {number}", work=partial(rows_of, number)) for number in range(4)]
    units[1] = Unit(name="deadly", work=partial(rows_of_second_attempt, 1, tmp_path / "killed"))
    finished: list[str] = []
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None, silence_logs=logging.CRITICAL
    ) as cluster:
        monkeypatch.setenv("DASK_SCHEDULER_ADDRESS", cluster.scheduler_address)
        rows = run_units(units, jobs=2, backend="dask", on_finished=finished.append)
    assert (tmp_path / "killed").exists()
    assert [row["number"] for row in rows] == [0, 1, 2, 3]
    assert sorted(finished) == sorted(unit.name for unit in units)

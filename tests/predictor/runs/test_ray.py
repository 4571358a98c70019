"""Units on a Ray cluster of several processes, one of which is killed in the middle."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest
from predictor.runs.work import rows_of, rows_of_second_attempt

from edgeprof_predictor.runs import Unit, run_units


def test_a_cluster_of_which_a_worker_is_killed_finishes_all_units(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Workers import what a unit does by its name.
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    units = [Unit(name=f"unit {number}", work=partial(rows_of, number)) for number in range(4)]
    units[1] = Unit(name="deadly", work=partial(rows_of_second_attempt, 1, tmp_path / "killed"))
    finished: list[str] = []
    rows = run_units(units, jobs=2, backend="ray", on_finished=finished.append)
    assert (tmp_path / "killed").exists()
    assert [row["number"] for row in rows] == [0, 1, 2, 3]
    assert sorted(finished) == sorted(unit.name for unit in units)

"""How units are run: once, in any process, and in the order of their names in the end."""

from __future__ import annotations

import os
import sys
from functools import partial
from pathlib import Path

import pytest
from predictor.runs.work import fail, rows_of, thread_counts

from edgeprof_predictor.errors import BackendError, TableError
from edgeprof_predictor.runs import BACKENDS, Journal, Unit, run_units


def units(count: int) -> list[Unit]:
    return [Unit(name=f"unit {number}", work=partial(rows_of, number)) for number in range(count)]


@pytest.mark.parametrize("jobs", [1, 2])
def test_rows_come_back_in_the_order_of_the_units(jobs: int) -> None:
    told: list[str] = []
    rows = run_units(units(5), jobs=jobs, on_finished=told.append)
    assert [row["number"] for row in rows] == [0, 1, 2, 3, 4]
    assert sorted(told) == [f"unit {number}" for number in range(5)]


def test_one_job_runs_in_this_process_and_two_do_not() -> None:
    assert {row["process"] for row in run_units(units(3), jobs=1)} == {os.getpid()}
    assert os.getpid() not in {row["process"] for row in run_units(units(3), jobs=2)}


def test_a_worker_computes_with_one_thread() -> None:
    (row, _) = run_units([Unit(name=name, work=thread_counts) for name in "ab"], jobs=2)
    assert row == {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


def test_what_a_journal_holds_is_not_run_again(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "run.journal", {})
    journal.add("unit 1", [{"number": "kept"}])
    told: list[str] = []
    rows = run_units(units(3), journal=journal, jobs=1, on_finished=told.append)
    assert [row["number"] for row in rows] == [0, "kept", 2]
    assert told == ["unit 0", "unit 2"]
    assert list(Journal(journal.path, {}).finished) == ["unit 1", "unit 0", "unit 2"]


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_unit_that_fails_ends_the_run_and_loses_nothing_that_was_finished(tmp_path: Path, jobs: int) -> None:
    journal = Journal(tmp_path / "run.journal", {})
    with pytest.raises(TableError, match="this unit cannot be run"):
        run_units([*units(2), Unit(name="bad", work=fail), *units(9)[5:]], journal=journal, jobs=jobs)
    finished = list(Journal(journal.path, {}).finished)
    assert set(finished) >= {"unit 0", "unit 1"}
    assert "bad" not in finished
    if jobs == 1:
        assert len(finished) == 2


def test_no_unit_needs_no_backend() -> None:
    assert run_units([], backend="ray") == []


def test_an_unknown_backend_is_answered_with_the_known_ones() -> None:
    with pytest.raises(BackendError, match="'slurm'; the known ones are loky, ray, dask"):
        run_units(units(1), backend="slurm")


@pytest.mark.parametrize(("backend", "module", "package"), [("ray", "ray", "ray"), ("dask", "distributed", "dask")])
def test_a_backend_that_is_not_installed_says_what_to_install(
    backend: str, module: str, package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert backend in BACKENDS
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(BackendError, match=rf"{module} is not installed; .* pip install '{package}"):
        run_units(units(1), backend=backend)

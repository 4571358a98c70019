import dataclasses
import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from edgeprof_agent.__main__ import main
from edgeprof_agent.errors import (
    AgentError,
    ModelQuarantinedError,
    RunFailedError,
    WorkerCrashedError,
    WorkerNotStartedError,
    WorkerOutOfMemoryError,
    WorkerTimeoutError,
)
from edgeprof_agent.jobs.journal import Journal, open_journal
from edgeprof_agent.jobs.journal_database import MIGRATIONS
from edgeprof_proto.records.job_spec import JobSpec, MeasurementPlan, Setting

CORE_COUNT = os.cpu_count() or 1
CRASH = WorkerCrashedError("it ended with SIGSEGV")
OUT_OF_MEMORY = WorkerOutOfMemoryError("it took too much")
HANG = WorkerTimeoutError("it hung", was_silent=True)


def spec_of(job_spec: JobSpec, **changes: object) -> JobSpec:
    return dataclasses.replace(job_spec, setting=dataclasses.replace(job_spec.setting, **changes))


def record(journal: Journal, spec: JobSpec, *errors: AgentError) -> None:
    for number, error in enumerate(errors):
        journal.quarantine.record_end(spec, error, time=float(number))


def is_refused(journal: Journal, spec: JobSpec) -> bool:
    try:
        journal.quarantine.require_released(spec)
    except ModelQuarantinedError:
        return True
    return False


@pytest.mark.parametrize("error", [CRASH, OUT_OF_MEMORY, HANG])
def test_a_model_is_refused_at_the_setting_where_it_ended_its_worker_and_at_no_other(
    error: AgentError, tmp_path: Path, job_spec: JobSpec
) -> None:
    with open_journal(tmp_path) as journal:
        record(journal, job_spec, error)
        assert not is_refused(journal, job_spec)
        record(journal, job_spec, error)
        assert is_refused(journal, job_spec)
        # The plan is no part of the setting.
        assert is_refused(journal, dataclasses.replace(job_spec, plan=MeasurementPlan(block_count=3)))
        for changes in ({"batch_size": 2}, {"options": {"a": "b"}}, {"provider": "other"}, {"runtime": "other"}):
            assert not is_refused(journal, spec_of(job_spec, **changes))


@pytest.mark.parametrize(
    ("changes", "error", "counts"),
    [
        ({"batch_size": 1}, OUT_OF_MEMORY, True),
        ({"batch_size": 64}, OUT_OF_MEMORY, False),
        ({"batch_size": 64}, HANG, False),
        ({"batch_size": 64}, CRASH, True),
        ({"thread_count": CORE_COUNT}, HANG, True),
        ({"thread_count": CORE_COUNT + 1}, HANG, False),
        ({"thread_count": 1_000}, CRASH, False),
        ({"thread_count": 1_000}, OUT_OF_MEMORY, False),
        ({}, WorkerTimeoutError("its plan was too long", was_silent=False), False),
        ({}, WorkerNotStartedError("no process"), False),
        ({}, RunFailedError("an index out of bounds"), False),
    ],
)
def test_a_death_that_the_setting_explains_does_not_count(
    changes: dict[str, int], error: AgentError, counts: bool, tmp_path: Path, job_spec: JobSpec
) -> None:
    spec = spec_of(job_spec, **changes)
    with open_journal(tmp_path) as journal:
        record(journal, spec, *[error] * 5)
        assert is_refused(journal, spec) == counts


def test_kills_of_the_version_before_hold_for_every_setting_until_they_are_released(
    tmp_path: Path, job_spec: JobSpec, capsys: pytest.CaptureFixture[str]
) -> None:
    other = dataclasses.replace(job_spec, model_sha256="b" * 64)
    with closing(sqlite3.connect(tmp_path / "journal.sqlite3")) as database, database:
        for script in MIGRATIONS[:3]:
            database.executescript(script)
        database.execute("PRAGMA user_version = 3")
        row = "INSERT INTO worker_kills VALUES (?, ?, 'it ended with SIGSEGV', 5.0)"
        database.executemany(row, [(job_spec.model_sha256, 2), (other.model_sha256, 1)])
    with open_journal(tmp_path) as journal:
        for spec in (job_spec, spec_of(job_spec, batch_size=8)):
            with pytest.raises(ModelQuarantinedError, match=r"2 times at this setting.*SIGSEGV"):
                journal.quarantine.require_released(spec)
        # One kill of before and one of now.
        assert not is_refused(journal, other)
        record(journal, other, CRASH)
        assert is_refused(journal, other)
    for model_sha256 in (job_spec.model_sha256, other.model_sha256):
        assert main(["release", model_sha256, "--data-dir", str(tmp_path)]) == 0
    assert main(["release", other.model_sha256, "--data-dir", str(tmp_path)]) == 1
    assert "released" in capsys.readouterr().out
    with open_journal(tmp_path) as journal:
        assert not is_refused(journal, job_spec) and not is_refused(journal, other)


def test_equal_settings_are_one_setting_however_they_are_written(tmp_path: Path) -> None:
    first = Setting(runtime="a", options={"x": "1", "y": "2"})
    second = Setting(runtime="a", options={"y": "2", "x": "1"})
    with open_journal(tmp_path) as journal:
        record(journal, JobSpec(model_sha256="a" * 64, setting=first), CRASH, CRASH)
        assert is_refused(journal, JobSpec(model_sha256="a" * 64, setting=second))

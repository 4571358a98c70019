import dataclasses
import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from edgeprof_agent.errors import DiskFullError, JobNotFoundError, JournalError
from edgeprof_agent.jobs.journal import Journal, open_journal
from edgeprof_proto.records.job import Failure, JobPhase, JobState, Progress
from edgeprof_proto.records.job_spec import JobSpec, MeasurementPlan
from edgeprof_proto.records.measurement import Conditions, LatencyBlock, Measurement, Verdict, VerdictKind

WARMUP = LatencyBlock(is_warmup=True, start_ms=0.0, latency_ms=(3.0, 2.0))
TIMED = LatencyBlock(is_warmup=False, start_ms=5.0, latency_ms=(1.0, 1.1))
FAILURE = Failure(reason="ERROR_REASON_RUN_FAILED", message="it failed")


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with open_journal(tmp_path) as journal:
        yield journal


def measurement_of(spec: JobSpec) -> Measurement:
    return Measurement(
        model_sha256=spec.model_sha256,
        setting=spec.setting,
        plan=MeasurementPlan().filled(),
        start_time=1.25,
        load_ms=1.0,
        first_inference_ms=3.0,
        conditions_before=Conditions(),
        conditions_after=Conditions(governors=("performance",), load_average_1m=0.5),
        verdict=Verdict(kind=VerdictKind.STABLE),
        total_ms=9.0,
        blocks=(WARMUP, TIMED),
    )


def test_events_of_a_job_come_back_as_they_were_after_reopening(tmp_path: Path, job_spec: JobSpec) -> None:
    with open_journal(tmp_path) as journal:
        journal.create_job("a", job_spec, time=10.0)
        journal.append("a", JobState.RUNNING, Progress(phase=JobPhase.LOADING, attempt=1), time=11.0)
        journal.append("a", WARMUP, time=12.0)
        journal.append("a", TIMED, time=13.0)
        journal.append("a", measurement_of(job_spec), JobState.SUCCEEDED, time=14.0)
    with open_journal(tmp_path) as journal:
        events = journal.events("a", from_sequence=1, limit=100)
        assert [event.sequence for event in events] == list(range(1, 8))
        assert [event.event for event in events] == [
            JobState.QUEUED,
            JobState.RUNNING,
            Progress(phase=JobPhase.LOADING, attempt=1),
            WARMUP,
            TIMED,
            measurement_of(job_spec),
            JobState.SUCCEEDED,
        ]
        job = journal.get_job("a")
        assert (job.spec, job.create_time, job.end_time, job.attempt_count) == (job_spec, 10.0, 14.0, 1)
        assert job.measurement == measurement_of(job_spec)


def test_measurement_holds_the_blocks_of_its_own_attempt_alone(journal: Journal, job_spec: JobSpec) -> None:
    journal.create_job("a", job_spec, time=0.0)
    journal.append("a", JobState.RUNNING, TIMED, JobState.QUEUED, time=0.0)
    journal.append("a", JobState.RUNNING, WARMUP, TIMED, time=0.0)
    journal.append("a", measurement_of(job_spec), JobState.SUCCEEDED, time=0.0)
    job = journal.get_job("a")
    assert job.measurement is not None
    assert job.measurement.blocks == (WARMUP, TIMED)
    assert job.attempt_count == 2


def test_failed_job_comes_back_with_its_reason(journal: Journal, job_spec: JobSpec) -> None:
    journal.create_job("a", job_spec, time=0.0)
    journal.append("a", JobState.RUNNING, FAILURE, JobState.FAILED, time=3.0)
    job = journal.get_job("a")
    assert (job.state, job.failure, job.measurement, job.end_time) == (JobState.FAILED, FAILURE, None, 3.0)


def test_jobs_wait_in_the_order_in_which_they_came(journal: Journal, job_spec: JobSpec) -> None:
    for job_id in "cab":
        journal.create_job(job_id, job_spec, time=0.0)
    journal.append("c", JobState.RUNNING, time=0.0)
    assert [job.job_id for job in journal.waiting_jobs()] == ["c", "a", "b"]
    journal.append("c", FAILURE, JobState.FAILED, time=0.0)
    assert [job.job_id for job in journal.waiting_jobs()] == ["a", "b"]


def test_model_is_needed_until_the_last_of_its_jobs_has_ended(journal: Journal, job_spec: JobSpec) -> None:
    other = dataclasses.replace(job_spec, model_sha256="f" * 64)
    for job_id, spec in (("a", job_spec), ("b", job_spec), ("c", other)):
        journal.create_job(job_id, spec, time=0.0)
    journal.append("a", FAILURE, JobState.CANCELLED, time=0.0)
    assert journal.needed_models() == {job_spec.model_sha256, "f" * 64}
    journal.append("b", FAILURE, JobState.CANCELLED, time=0.0)
    assert journal.needed_models() == {"f" * 64}


def test_only_the_newest_finished_jobs_are_kept_and_every_waiting_one(journal: Journal, job_spec: JobSpec) -> None:
    for job_id in "abcde":
        journal.create_job(job_id, job_spec, time=0.0)
    for job_id in "bcd":
        journal.append(job_id, FAILURE, JobState.CANCELLED, time=0.0)
    journal.kept_jobs.forget_finished_jobs(keep_count=1)
    jobs, _ = journal.list_jobs(limit=10)
    assert [job.job_id for job in jobs] == ["e", "d", "a"]
    with pytest.raises(JobNotFoundError):
        journal.events("b", from_sequence=1, limit=10)


def test_list_is_read_page_by_page(journal: Journal, job_spec: JobSpec) -> None:
    for job_id in "abcde":
        journal.create_job(job_id, job_spec, time=0.0)
    listed, before = [], None
    while True:
        jobs, before = journal.list_jobs(limit=2, before=before)
        listed.append([job.job_id for job in jobs])
        if before is None:
            break
    assert listed == [["e", "d"], ["c", "b"], ["a"]]


def test_what_is_appended_together_is_kept_together_or_not_at_all(journal: Journal, job_spec: JobSpec) -> None:
    journal.create_job("a", job_spec, time=0.0)
    not_json = dataclasses.replace(measurement_of(job_spec), load_ms=float("nan"))
    with pytest.raises(ValueError, match="JSON"):
        journal.append("a", JobState.RUNNING, not_json, time=0.0)
    assert journal.get_job("a").state is JobState.QUEUED
    assert len(journal.events("a", from_sequence=1, limit=10)) == 1


def test_journal_of_a_newer_agent_is_refused(tmp_path: Path) -> None:
    with open_journal(tmp_path):
        pass
    database = sqlite3.connect(tmp_path / "journal.sqlite3")
    database.execute("PRAGMA user_version = 99")
    database.close()
    with pytest.raises(JournalError, match="schema 99"), open_journal(tmp_path):
        pass


def test_file_that_is_no_journal_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "journal.sqlite3").write_bytes(b"something else" * 100)
    with pytest.raises(JournalError, match="move it away"), open_journal(tmp_path):
        pass
    assert (tmp_path / "journal.sqlite3").read_bytes() == b"something else" * 100


@pytest.mark.parametrize("body", ["{", "{}", '"resting"'])
def test_row_that_is_damaged_is_a_fault_of_the_journal(
    journal: Journal, job_spec: JobSpec, tmp_path: Path, body: str
) -> None:
    journal.create_job("a", job_spec, time=0.0)
    with sqlite3.connect(tmp_path / "journal.sqlite3") as database:
        database.execute("UPDATE events SET body = ?", (body,))
    database.close()
    with pytest.raises(JournalError, match="is damaged"):
        journal.events("a", from_sequence=1, limit=10)


def test_full_disk_is_named_and_nothing_is_half_written(journal: Journal, job_spec: JobSpec) -> None:
    journal.create_job("a", job_spec, time=0.0)
    journal._database.execute("PRAGMA max_page_count = 1")
    block = dataclasses.replace(TIMED, latency_ms=tuple(random.random() for _ in range(100_000)))
    with pytest.raises(DiskFullError, match="free some disk space"):
        journal.append("a", block, time=0.0)
    assert len(journal.events("a", from_sequence=1, limit=10)) == 1


def test_disk_that_is_kept_free_limits_new_jobs_and_runs_and_not_the_ends_of_jobs(
    journal: Journal, job_spec: JobSpec, tmp_path: Path
) -> None:
    journal.create_job("a", job_spec, time=0.0)
    journal.append("a", JobState.RUNNING, time=0.0)
    with closing(Journal(journal._path, disk_reserve_bytes=2**60)) as full:
        with pytest.raises(DiskFullError, match="free some disk space"):
            full.create_job("b", job_spec, time=0.0)
        with pytest.raises(DiskFullError, match="edgeprof-agent jobs"):
            full.append("a", TIMED, time=0.0)
        full.append("a", Failure(reason="ERROR_REASON_CANCELLED", message="enough"), JobState.CANCELLED, time=0.0)
    assert journal.get_job("a").state is JobState.CANCELLED

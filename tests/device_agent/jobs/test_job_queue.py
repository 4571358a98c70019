import asyncio
import dataclasses
import logging
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from edgeprof_agent.device.description_process import DeviceDescriber
from edgeprof_agent.errors import DeviceDescriptionError, DiskFullError, ModelQuarantinedError, WorkerTimeoutError
from edgeprof_agent.jobs import job_runner
from edgeprof_agent.jobs.job_queue import JobQueue
from edgeprof_agent.jobs.journal import Journal, open_journal
from edgeprof_agent.jobs.leases import Leases
from edgeprof_agent.jobs.worker_process import WorkerProcess
from edgeprof_agent.models.model_store import ModelStore
from edgeprof_proto.records.job import Job, JobState
from edgeprof_proto.records.job_spec import JobSpec

Scenario = Callable[[JobQueue, Journal], Awaitable[None]]
RunScenario = Callable[[Scenario], None]


@pytest.fixture
def run_scenario(
    tmp_path: Path, model: bytes, job_spec: JobSpec, scripted_commands: dict[str, tuple[str, ...]]
) -> RunScenario:
    """Runs a scenario over a queue whose model is there and whose jobs are being measured."""

    async def run(scenario: Scenario) -> None:
        with open_journal(tmp_path) as journal:
            store = ModelStore(
                tmp_path,
                model_bytes=10_000,
                cache_bytes=10_000,
                disk_reserve_bytes=0,
                needed_models=journal.needed_models,
            )
            (tmp_path / "models" / job_spec.model_sha256).write_bytes(model)
            worker = WorkerProcess(tmp_path / "scratch", job_duration_s=20, command=scripted_commands["work"])
            describer = DeviceDescriber(tmp_path, scripted_commands["describe"])
            queue = JobQueue(
                journal,
                store,
                worker,
                describer,
                Leases(100.0),
                queued_job_count=100,
                host_queued_job_count=100,
                finished_job_count=2,
            )
            running = asyncio.ensure_future(queue.run())
            try:
                await scenario(queue, journal)
            finally:
                running.cancel()
                await asyncio.wait({running})

    return lambda scenario: asyncio.run(run(scenario))


async def end_of(queue: JobQueue, job_id: str) -> Job:
    async for _ in queue.watch_job(job_id, from_sequence=1):
        pass
    return queue.get_job(job_id)


def acting(spec: JobSpec, act: str) -> JobSpec:
    return dataclasses.replace(spec, setting=dataclasses.replace(spec.setting, options={"act": act}))


@pytest.mark.parametrize(
    ("act", "reason"),
    [
        ("crash", "ERROR_REASON_WORKER_CRASHED"),
        ("garbage", "ERROR_REASON_WORKER_CRASHED"),
        ("refuse", "ERROR_REASON_MODEL_REJECTED"),
    ],
)
def test_job_whose_worker_fails_ends_with_the_reason_and_the_next_one_runs(
    run_scenario: RunScenario, job_spec: JobSpec, act: str, reason: str
) -> None:
    async def scenario(queue: JobQueue, journal: Journal) -> None:
        await queue.create_job("a", acting(job_spec, act), host_name="")
        await queue.create_job("b", job_spec, host_name="")
        failure = (await end_of(queue, "a")).failure
        assert failure is not None and failure.reason == reason
        assert (await end_of(queue, "b")).state is JobState.SUCCEEDED

    run_scenario(scenario)


def test_job_whose_model_has_gone_ends_with_that_reason(
    run_scenario: RunScenario, job_spec: JobSpec, tmp_path: Path
) -> None:
    async def scenario(queue: JobQueue, journal: Journal) -> None:
        await queue.create_job("first", acting(job_spec, "hang"), host_name="")
        await queue.create_job("a", job_spec, host_name="")
        (tmp_path / "models" / job_spec.model_sha256).unlink()
        queue.cancel_job("first")
        failure = (await end_of(queue, "a")).failure
        assert failure is not None and failure.reason == "ERROR_REASON_MODEL_NOT_FOUND"

    run_scenario(scenario)


def test_only_the_newest_finished_jobs_are_kept(run_scenario: RunScenario, job_spec: JobSpec) -> None:
    async def scenario(queue: JobQueue, journal: Journal) -> None:
        for job_id in "abcd":
            await queue.create_job(job_id, job_spec, host_name="")
        await end_of(queue, "d")
        await queue.create_job("e", acting(job_spec, "hang"), host_name="")
        async for event in queue.watch_job("e", from_sequence=1):
            if event.event is JobState.RUNNING:
                break
        assert [job.job_id for job in queue.list_jobs(limit=10, before=None)[0]] == ["e", "d", "c"]

    run_scenario(scenario)


def test_job_that_could_not_be_recorded_is_measured_anew(
    run_scenario: RunScenario, job_spec: JobSpec, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(job_runner, "_RETRY_PAUSE_S", 0.0)
    append = Journal.append
    is_full = [True]

    def refuse_once(journal: Journal, job_id: str, *payloads: object, time: float) -> None:
        if JobState.SUCCEEDED in payloads and is_full.pop():
            is_full.append(False)
            raise DiskFullError("no space")
        append(journal, job_id, *payloads, time=time)  # type: ignore[arg-type]

    monkeypatch.setattr(Journal, "append", refuse_once)

    async def scenario(queue: JobQueue, journal: Journal) -> None:
        await queue.create_job("a", job_spec, host_name="")
        job = await end_of(queue, "a")
        assert (job.state, job.attempt_count) == (JobState.SUCCEEDED, 2)

    with caplog.at_level(logging.ERROR):
        run_scenario(scenario)
    assert "could not be recorded" in caplog.text


def test_bug_in_the_agent_fails_the_job_and_not_the_queue(
    run_scenario: RunScenario, job_spec: JobSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def buggy(*_: object, **__: object) -> None:
        raise ZeroDivisionError("a bug")

    async def scenario(queue: JobQueue, journal: Journal) -> None:
        with monkeypatch.context() as patch:
            patch.setattr(WorkerProcess, "run", buggy)
            await queue.create_job("a", job_spec, host_name="")
            failure = (await end_of(queue, "a")).failure
        assert failure is not None and failure.reason == "ERROR_REASON_INTERNAL"
        await queue.create_job("b", job_spec, host_name="")
        assert (await end_of(queue, "b")).state is JobState.SUCCEEDED

    run_scenario(scenario)


def test_device_is_described_once_and_again_after_a_failure(
    tmp_path: Path, scripted_commands: dict[str, tuple[str, ...]]
) -> None:
    program = (
        "import pathlib, subprocess, sys; seen = pathlib.Path('seen')\n"
        "if not seen.exists(): seen.touch(); sys.exit('no runtime today')\n"
        "print('a runtime greets', flush=True)\n"
        f"subprocess.run({scripted_commands['describe']!r})"
    )

    async def scenario() -> None:
        describer = DeviceDescriber(tmp_path, (sys.executable, "-c", program))
        with pytest.raises(DeviceDescriptionError, match="no runtime today"):
            await describer.describe()
        first, second = await asyncio.gather(describer.describe(), describer.describe())
        assert first is second
        assert first.host_name == "here"

    asyncio.run(scenario())


def test_model_that_has_ended_its_worker_twice_is_refused_until_it_is_asked_for(
    run_scenario: RunScenario, job_spec: JobSpec
) -> None:
    async def scenario(queue: JobQueue, journal: Journal) -> None:
        crashing = acting(job_spec, "crash")
        for job_id in "abc":
            await queue.create_job(job_id, crashing, host_name="")
        failure = (await end_of(queue, "c")).failure
        # It waited already when its model was found out.
        assert failure is not None and failure.reason == "ERROR_REASON_MODEL_QUARANTINED"
        with pytest.raises(ModelQuarantinedError, match=f"2 times.*edgeprof-agent release {job_spec.model_sha256}"):
            await queue.create_job("d", crashing, host_name="")
        # Another setting of the same model.
        await queue.create_job("e", job_spec, host_name="")
        assert (await end_of(queue, "e")).state is JobState.SUCCEEDED
        await queue.create_job("f", crashing, host_name="", release_model=True)
        failure = (await end_of(queue, "f")).failure
        assert failure is not None and failure.reason == "ERROR_REASON_WORKER_CRASHED"

    run_scenario(scenario)


@pytest.mark.parametrize("was_silent", [True, False])
def test_worker_that_ran_out_of_time_speaks_against_its_model_only_if_it_was_silent(
    run_scenario: RunScenario, job_spec: JobSpec, monkeypatch: pytest.MonkeyPatch, was_silent: bool
) -> None:
    async def take_too_long(*_: object, **__: object) -> None:
        raise WorkerTimeoutError("too long", was_silent=was_silent)

    monkeypatch.setattr(WorkerProcess, "run", take_too_long)

    async def scenario(queue: JobQueue, journal: Journal) -> None:
        await queue.create_job("a", job_spec, host_name="")
        failure = (await end_of(queue, "a")).failure
        assert failure is not None and failure.reason == "ERROR_REASON_WORKER_TIMEOUT"
        assert journal.quarantine.worker_kills(job_spec)[0] == was_silent

    run_scenario(scenario)

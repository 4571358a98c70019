import asyncio
import dataclasses
import os
import sys
from pathlib import Path

import pytest

from edgeprof_agent.errors import AgentUpdatedError, WorkerCrashedError, WorkerNotStartedError, WorkerTimeoutError
from edgeprof_agent.jobs import running_worker
from edgeprof_agent.jobs.quarantine import is_model_at_fault
from edgeprof_agent.jobs.worker_events import MESSAGE_LENGTH_LIMIT, WorkerEvent
from edgeprof_agent.jobs.worker_process import WorkerProcess
from edgeprof_proto.records.job import Failure, JobPhase
from edgeprof_proto.records.job_spec import JobSpec
from edgeprof_proto.records.measurement import LatencyBlock, Measurement


@pytest.fixture
def worker(tmp_path: Path, scripted_commands: dict[str, tuple[str, ...]]) -> WorkerProcess:
    return WorkerProcess(tmp_path / "scratch", job_duration_s=20, command=scripted_commands["work"])


def run(
    worker: WorkerProcess, spec: JobSpec, act: str, events: list[WorkerEvent] | None = None
) -> Measurement | Failure:
    setting = dataclasses.replace(spec.setting, options={"act": act})

    async def listen(event: WorkerEvent) -> None:
        if events is not None:
            events.append(event)

    return asyncio.run(
        worker.run(Path("model"), dataclasses.replace(spec, setting=setting), attempt=1, on_event=listen)
    )


def is_alive(pid: int) -> bool:
    state = Path(f"/proc/{pid}/stat")
    return state.exists() and state.read_text().rpartition(")")[2].split()[0] != "Z"


@pytest.mark.parametrize("act", ["measure", "chatter"])
def test_blocks_are_told_one_by_one_and_are_no_part_of_the_result(
    worker: WorkerProcess, job_spec: JobSpec, act: str
) -> None:
    events: list[WorkerEvent] = []
    measurement = run(worker, job_spec, act, events)
    assert isinstance(measurement, Measurement)
    assert [event for event in events if isinstance(event, JobPhase)] == [
        JobPhase.LOADING,
        JobPhase.WARMING_UP,
        JobPhase.MEASURING,
    ]
    assert measurement.blocks == ()
    assert len([event for event in events if isinstance(event, LatencyBlock)]) == 3


def test_failure_that_the_worker_tells_is_returned(worker: WorkerProcess, job_spec: JobSpec) -> None:
    assert run(worker, job_spec, "refuse") == Failure(reason="ERROR_REASON_MODEL_REJECTED", message="no model")


def test_killed_worker_is_explained_by_its_signal_and_its_last_words(worker: WorkerProcess, job_spec: JobSpec) -> None:
    with pytest.raises(WorkerCrashedError, match=r"(?s)signal SIGKILL.*about to crash"):
        run(worker, job_spec, "crash")


def test_crash_of_an_engine_is_told_with_what_the_worker_was_doing(worker: WorkerProcess, job_spec: JobSpec) -> None:
    with pytest.raises(WorkerCrashedError, match="SIGSEGV while it warmed the model up: the engine crashed"):
        run(worker, job_spec, "engine_crash")


def test_worker_that_ends_without_a_result_is_explained_by_its_exit_code(
    worker: WorkerProcess, job_spec: JobSpec
) -> None:
    with pytest.raises(WorkerCrashedError, match="exit code 3"):
        run(worker, job_spec, "exit")
    with pytest.raises(WorkerCrashedError, match="exit code 0"):
        run(worker, job_spec, "half_line")


def test_line_that_is_no_event_is_shown(worker: WorkerProcess, job_spec: JobSpec) -> None:
    with pytest.raises(WorkerCrashedError, match="'no event'"):
        run(worker, job_spec, "garbage")


@pytest.mark.parametrize(
    "line",
    [
        "[]",
        "{}",
        '{"event": "dance"}',
        '{"event": "progress", "phase": "resting"}',
        '{"event": "block", "is_warmup": false, "start_ms": 0, "latency_ms": [-1.0]}',
        '{"event": "block", "is_warmup": false, "start_ms": 0, "latency_ms": [NaN]}',
        '{"event": "failure", "reason": "BAD_LUCK", "message": ""}',
        '{"event": "measurement"}',
        "[" * 100_000,
        '{"event": "block", "is_warmup": false, "start_ms": 1' + 400 * "0" + ', "latency_ms": [1.0]}',
    ],
    ids=lambda line: line[:60],
)
def test_event_that_is_damaged_is_no_event(tmp_path: Path, job_spec: JobSpec, line: str) -> None:
    program = f"import os, sys; os.write(int(sys.argv[1]), {line!r}.encode() + b'\\n')"
    worker = WorkerProcess(tmp_path / "scratch", job_duration_s=20, command=(sys.executable, "-c", program))
    with pytest.raises(WorkerCrashedError, match="not an event"):
        run(worker, job_spec, "measure")


def test_what_a_failure_says_is_cut_and_made_fit_for_a_message(tmp_path: Path, job_spec: JobSpec) -> None:
    line = '{"event": "failure", "reason": "ERROR_REASON_RUN_FAILED", "message": "\\ud800' + "a" * 100_000 + '"}'
    program = f"import os, sys; os.write(int(sys.argv[1]), {line!r}.encode() + b'\\n'); sys.stdin.read()"
    worker = WorkerProcess(tmp_path / "scratch", job_duration_s=20, command=(sys.executable, "-c", program))
    failure = run(worker, job_spec, "measure")
    assert isinstance(failure, Failure)
    assert failure.message == "\\ud800" + "a" * (MESSAGE_LENGTH_LIMIT - 1)


def test_worker_that_takes_too_long_is_killed(
    tmp_path: Path, job_spec: JobSpec, scripted_commands: dict[str, tuple[str, ...]]
) -> None:
    worker = WorkerProcess(tmp_path / "scratch", job_duration_s=0.5, command=scripted_commands["work"])
    with pytest.raises(WorkerTimeoutError, match=r"0\.5 s"):
        run(worker, job_spec, "hang")


@pytest.mark.parametrize("is_silent", [True, False])
def test_worker_that_hangs_is_told_from_one_with_too_much_to_do(
    tmp_path: Path, job_spec: JobSpec, is_silent: bool
) -> None:
    event = b'{"event": "progress", "phase": "measuring"}\n'
    pause = 60 if is_silent else 0.05
    program = f"import os, sys, time\nwhile True: os.write(int(sys.argv[1]), {event!r}); time.sleep({pause})"
    worker = WorkerProcess(tmp_path / "scratch", job_duration_s=2, command=(sys.executable, "-c", program))
    with pytest.raises(WorkerTimeoutError) as raised:
        run(worker, job_spec, "measure")
    assert raised.value.was_silent is is_silent


def test_worker_that_never_stops_talking_is_ended(
    tmp_path: Path, job_spec: JobSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running_worker, "EVENT_COUNT_LIMIT", 1_000)
    event = b'{"event": "progress", "phase": "measuring"}\n'
    program = f"import os, sys\nwhile True: os.write(int(sys.argv[1]), {event!r})"
    worker = WorkerProcess(tmp_path / "scratch", job_duration_s=20, command=(sys.executable, "-c", program))
    with pytest.raises(WorkerCrashedError, match="more than 1000 events"):
        run(worker, job_spec, "measure")


def test_worker_that_ends_before_it_begins_does_not_speak_against_its_model(tmp_path: Path, job_spec: JobSpec) -> None:
    command = (sys.executable, "-c", "raise SystemExit('no luck')")
    with pytest.raises(WorkerNotStartedError, match=r"(?s)exit code 1 before it began.*no luck"):
        run(WorkerProcess(tmp_path / "scratch", job_duration_s=20, command=command), job_spec, "measure")


def test_what_a_worker_has_started_ends_with_it(worker: WorkerProcess, job_spec: JobSpec) -> None:
    failure = run(worker, job_spec, "leave_child")
    assert isinstance(failure, Failure)
    assert not is_alive(int(failure.message))


def test_worker_that_cannot_be_started_is_explained(tmp_path: Path, job_spec: JobSpec) -> None:
    worker = WorkerProcess(tmp_path / "scratch", job_duration_s=20, command=("/nowhere/python",))
    with pytest.raises(WorkerNotStartedError, match="could be started"):
        run(worker, job_spec, "measure")


def test_nothing_of_a_worker_stays_in_the_scratch_folder(
    worker: WorkerProcess, job_spec: JobSpec, tmp_path: Path
) -> None:
    run(worker, job_spec, "measure")
    assert list((tmp_path / "scratch").iterdir()) == []


BLOCK = b'{"event": "block", "is_warmup": false, "start_ms": 0.0, "latency_ms": [1.0]}\n'


def test_a_worker_goes_on_after_a_block_once_the_server_has_dealt_with_it(tmp_path: Path, job_spec: JobSpec) -> None:
    program = (
        "import json, os, sys, time\n"
        "sys.stdin.readline()\n"
        f"os.write(int(sys.argv[1]), {BLOCK!r})\n"
        "start = time.monotonic()\n"
        "told = sys.stdin.readline().strip()\n"
        "message = f'{told} {time.monotonic() - start}'\n"
        "failure = {'event': 'failure', 'reason': 'ERROR_REASON_RUN_FAILED', 'message': message}\n"
        "os.write(int(sys.argv[1]), json.dumps(failure).encode() + b'\\n')"
    )
    worker = WorkerProcess(tmp_path / "scratch", job_duration_s=60, command=(sys.executable, "-c", program))

    async def take_time(event: WorkerEvent) -> None:
        await asyncio.sleep(0.5)

    failure = asyncio.run(worker.run(Path("model"), job_spec, attempt=1, on_event=take_time))
    assert isinstance(failure, Failure)
    number, waited_s = failure.message.split()
    assert number == "1" and float(waited_s) > 0.4


@pytest.mark.parametrize(
    "line",
    [
        '{"event": "version", "version": "0.0.1, contract 1"}',
        '{"event": "failure", "reason": "ERROR_REASON_INVALID_REQUEST", "message": "WorkerRequest has no field x"}',
    ],
    ids=["newer or older", "older than the first line"],
)
def test_worker_of_another_version_does_not_speak_against_its_model(
    tmp_path: Path, job_spec: JobSpec, line: str
) -> None:
    program = f"import os, sys; os.write(int(sys.argv[1]), {line!r}.encode() + b'\\n'); sys.stdin.read()"
    worker = WorkerProcess(tmp_path / "scratch", job_duration_s=60, command=(sys.executable, "-c", program))
    with pytest.raises(AgentUpdatedError, match="restart edgeprof-agent") as raised:
        run(worker, job_spec, "measure")
    assert not is_model_at_fault(raised.value, job_spec.setting)


@pytest.mark.parametrize("is_late", [False, True])
def test_a_start_that_is_cancelled_leaves_no_descriptor_and_no_folder(
    worker: WorkerProcess, job_spec: JobSpec, tmp_path: Path, is_late: bool
) -> None:
    async def cancel_soon() -> int:
        for attempt in range(5):
            running = asyncio.ensure_future(worker.run(Path("model"), job_spec, attempt=1, on_event=ignore))
            for _ in range(attempt):
                await asyncio.sleep(0.01 if is_late else 0)
            running.cancel()
            await asyncio.wait({running})
        await asyncio.sleep(0.2)
        return len(os.listdir("/proc/self/fd"))

    async def ignore(event: WorkerEvent) -> None:
        pass

    async def count() -> int:
        return len(os.listdir("/proc/self/fd"))

    before = asyncio.run(count())
    assert asyncio.run(cancel_soon()) <= before + 1  # asyncio keeps one that watches for ended children
    assert list((tmp_path / "scratch").iterdir()) == []

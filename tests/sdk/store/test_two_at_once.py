"""Two processes and one store."""

import contextlib
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from factories import PLATFORM, measurement_of

from edgeprof.store import Store
from edgeprof_proto.records.device import AgentLimits, Cpu, Device, ExecutionContext

PROGRAM = f"""
import logging, sys
sys.path.insert(0, {str(Path(__file__).parents[2])!r})
from factories import PLATFORM, measurement_of
from edgeprof.store import Store
"""
HOLDER = f"""{PROGRAM}
logging.basicConfig()
logging.getLogger("alembic").setLevel(logging.ERROR)
with Store(sys.argv[1]) as store, store.session(PLATFORM, "nasbench201", 0, purpose="onboarding") as session:
    print(session.session_id, flush=True)
    sys.stdin.readline()
"""
WRITER = f"""{PROGRAM}
sys.stdin.readline()
with Store(sys.argv[1]) as store:
    for number in range(5):
        store.record_measurement(f"{{sys.argv[2]}}-{{number}}", PLATFORM, measurement_of(1.0))
"""

DEVICE = Device(
    device_id="d1",
    host_name="board",
    cpu=Cpu(architecture="aarch64", core_count=4),
    operating_system="Debian",
    kernel="6.1",
    execution_context=ExecutionContext(python_version="3.11"),
    runtimes=(),
    limits=AgentLimits(
        model_bytes=1, model_cache_bytes=1, disk_reserve_bytes=1, queued_job_count=1, job_duration_s=1.0, thread_count=4
    ),
)

PATIENCE_S = 20.0

Start = Callable[..., "subprocess.Popen[str]"]


def wait_until(holds: Callable[[], bool]) -> None:
    """A server notices after a moment that a process is gone."""
    deadline_s = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < deadline_s
        time.sleep(0.05)


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts programs; those that a test leaves behind are ended."""
    with contextlib.ExitStack() as stack:

        def begin(program: str, *arguments: str) -> "subprocess.Popen[str]":
            pipe = subprocess.PIPE
            command = [sys.executable, "-c", program, *arguments]
            process = stack.enter_context(subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True))
            stack.callback(process.kill)
            return process

        yield begin


def test_processes_that_open_and_write_at_once_lose_nothing(start: Start, empty_place: str) -> None:
    writers = [start(WRITER, empty_place, str(number)) for number in range(4)]
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write("\n")
        writer.stdin.flush()
    for writer in writers:
        _, complaint = writer.communicate(timeout=60)
        assert (writer.returncode, complaint) == (0, "")
    with Store(empty_place) as store:
        assert len(store.measurements(PLATFORM)) == 20
        assert [result.number for result in store.results()] == list(range(20, 0, -1))


@pytest.mark.parametrize("end", ["in order", "killed"])
def test_the_second_process_waits_for_the_first_and_then_goes_on(
    end: str, start: Start, store_place: str, tmp_path: Path
) -> None:
    first = start(HOLDER, store_place)
    assert first.stdout is not None
    first_session = first.stdout.readline()
    second = start(HOLDER, store_place)
    assert second.stderr is not None and second.stdout is not None
    sentence = second.stderr.readline()
    assert f"process {first.pid} " in sentence and "is at the same onboarding of board" in sentence
    with Store(store_place) as store:
        assert [one.is_running for one in store.open_sessions()] == [True]
    if end == "killed":
        first.send_signal(signal.SIGKILL)
    first.communicate("\n", timeout=20)
    # The first one did not finish its session, so the second goes on with it.
    assert second.stdout.readline() == first_session
    if end == "killed":
        second.send_signal(signal.SIGKILL)
    _, complaint = second.communicate("\n", timeout=20)
    assert (second.returncode, complaint) == (-signal.SIGKILL if end == "killed" else 0, "")
    with Store(store_place) as store:
        # Interrupted at once, whether or not the lock's file is still there.
        wait_until(lambda: [one.is_running for one in store.open_sessions()] == [False])
        with store.session(PLATFORM, "nasbench201", 0, purpose="onboarding"):
            assert [one.is_running for one in store.open_sessions()] == [True]
    assert list(tmp_path.rglob("*.lock")) == []


def test_another_session_does_not_wait(start: Start, store_place: str) -> None:
    first = start(HOLDER, store_place)
    assert first.stdout is not None
    first.stdout.readline()
    with Store(store_place) as store, store.session(PLATFORM, "fbnet", 0, purpose="onboarding") as session:
        assert not session.is_resumed
    first.communicate("\n", timeout=20)


def test_threads_that_store_the_same_device_platform_and_job_at_once_store_it_once(store_place: str) -> None:
    with Store(store_place) as store, ThreadPoolExecutor(8) as threads:

        def write(number: int) -> str:
            store.record_device(DEVICE, f"board:{number}")
            session = store.resume_or_begin_session(PLATFORM, "fbnet", 0, purpose="onboarding")
            store.record_measurement(f"job-{number // 4}", PLATFORM, measurement_of(1.0))
            return session.session_id

        assert len(set(threads.map(write, range(16)))) == 1
        assert len(store.devices()) == 1
        assert [result.number for result in store.results()] == [4, 3, 2, 1]

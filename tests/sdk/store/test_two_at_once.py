"""Two processes and one store."""

import contextlib
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from factories import PLATFORM

from edgeprof.store import Store

PROGRAM = f"""
import logging, sys
sys.path.insert(0, {str(Path(__file__).parents[2])!r})
from pathlib import Path
from factories import PLATFORM, measurement_of
from edgeprof.store import Store
"""
HOLDER = f"""{PROGRAM}
logging.basicConfig()
logging.getLogger("alembic").setLevel(logging.ERROR)
with Store(Path(sys.argv[1])) as store, store.session(PLATFORM, "nasbench201", 0, purpose="onboarding") as session:
    print(session.session_id, flush=True)
    sys.stdin.readline()
"""
WRITER = f"""{PROGRAM}
sys.stdin.readline()
with Store(Path(sys.argv[1])) as store:
    for number in range(5):
        store.record_measurement(f"{{sys.argv[2]}}-{{number}}", PLATFORM, measurement_of(1.0))
"""


Start = Callable[..., "subprocess.Popen[str]"]


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


def test_processes_that_open_and_write_at_once_lose_nothing(start: Start, tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite3"
    writers = [start(WRITER, str(path), str(number)) for number in range(4)]
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write("\n")
        writer.stdin.flush()
    for writer in writers:
        _, complaint = writer.communicate(timeout=60)
        assert (writer.returncode, complaint) == (0, "")
    with Store(path) as store:
        assert len(store.measurements(PLATFORM)) == 20


@pytest.mark.parametrize("end", ["in order", "killed"])
def test_the_second_process_waits_for_the_first_and_then_goes_on(end: str, start: Start, tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite3"
    first = start(HOLDER, str(path))
    assert first.stdout is not None
    first_session = first.stdout.readline()
    second = start(HOLDER, str(path))
    assert second.stderr is not None and second.stdout is not None
    sentence = second.stderr.readline()
    assert f"process {first.pid} is at the same onboarding of board" in sentence
    if end == "killed":
        first.send_signal(signal.SIGKILL)
    first.communicate("\n", timeout=20)
    # The first one did not finish its session, so the second goes on with it.
    assert second.stdout.readline() == first_session
    _, complaint = second.communicate("\n", timeout=20)
    assert (second.returncode, complaint) == (0, "")
    assert list(tmp_path.glob("*.lock")) == []


def test_another_session_does_not_wait(start: Start, tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite3"
    first = start(HOLDER, str(path))
    assert first.stdout is not None
    first.stdout.readline()
    with Store(path) as store, store.session(PLATFORM, "fbnet", 0, purpose="onboarding") as session:
        assert not session.is_resumed
    first.communicate("\n", timeout=20)

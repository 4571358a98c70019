"""An agent as a process that a benchmark starts and watches from outside: what its process takes from the machine.

A command line is given as one string. `{folder}` in it stands for a folder that is fresh for the benchmark, so that
`--data-dir {folder}` starts a bare agent and any other path one that was prepared, for example paired, before.
"""

import argparse
import contextlib
import os
import re
import resource
import selectors
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

DEFAULT_COMMAND = f"{sys.executable} -m edgeprof_agent serve --listen 127.0.0.1:0 --data-dir {{folder}}"
"""A bare agent on loopback."""

START_TIMEOUT_S = 30.0
STOP_TIMEOUT_S = 10.0

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Vitals:
    """What an agent holds at one moment, itself alone but for its children and its disk."""

    memory_mib: float
    open_file_count: int
    thread_count: int
    child_count: int
    disk_mib: float


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentProcess:
    """A running agent.

    Args:
        pid: Its process.
        address: Where it listens, `host:port`.
        folder: Its data folder, unless the command names another.
        ready_s: Time from the start of the process until it listened, in seconds.
    """

    pid: int
    address: str
    folder: Path
    ready_s: float

    def is_alive(self) -> bool:
        """Tell whether the process runs. One that ended is a zombie until the benchmark ends."""
        with contextlib.suppress(OSError):
            return "\nState:\tZ" not in Path(f"/proc/{self.pid}/status").read_text()
        return False

    def peak_memory_mib(self) -> float:
        """Return the most memory that the agent itself ever had, resident, in MiB."""
        return self._status_mib("VmHWM")

    def vitals(self) -> Vitals:
        """Read what the agent holds now.

        Raises:
            OSError: If the agent is gone.
        """
        process = Path(f"/proc/{self.pid}")
        return Vitals(
            memory_mib=self._status_mib("VmRSS"),
            open_file_count=len(os.listdir(process / "fd")),
            thread_count=len(os.listdir(process / "task")),
            child_count=len(child_pids(self.pid)),
            disk_mib=sum(_size(path) for path in self.folder.rglob("*")) / MIB,
        )

    def settled_vitals(self, *, patience_s: float = 10.0) -> Vitals:
        """Read what the agent holds once it has no child left and its memory has stopped falling.

        Args:
            patience_s: Time after which it is read as it is, in seconds.
        """
        deadline = time.monotonic() + patience_s
        last = self.vitals()
        while time.monotonic() < deadline:
            time.sleep(1.0)
            now = self.vitals()
            if now.child_count == 0 and now.memory_mib >= last.memory_mib:
                return now
            last = now
        return last

    def limit_address_space(self, limit_bytes: int) -> None:
        """Bound the memory of the agent and of every worker that it starts from now on, to spare the machine."""
        resource.prlimit(self.pid, resource.RLIMIT_AS, (limit_bytes, limit_bytes))

    def _status_mib(self, name: str) -> float:
        match = re.search(rf"^{name}:\s+(\d+) kB", Path(f"/proc/{self.pid}/status").read_text(), re.MULTILINE)
        return int(match.group(1)) / 1024 if match else float("nan")


@contextlib.contextmanager
def running_agent(
    folder: Path, command: str = DEFAULT_COMMAND, *, environment: Mapping[str, str] | None = None
) -> Iterator[AgentProcess]:
    """Run an agent inside the block.

    Args:
        folder: A folder for it; what it logs is beside it, in `FOLDER.log`.
        command: Its command line.
        environment: Variables that it gets in addition to this process's own.

    Yields:
        The agent, once it listens.

    Raises:
        SystemExit: If it does not come up; the text holds what it said.
    """
    log = folder.with_name(folder.name + ".log")
    start = time.perf_counter()
    with (
        log.open("w") as log_file,
        subprocess.Popen(
            [part.replace("{folder}", str(folder)) for part in shlex.split(command)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log_file,
            env={**os.environ, **(environment or {})},
            text=True,
            start_new_session=True,
        ) as process,
    ):
        try:
            announced = re.search(r"listening on (\S+:\d+)", _first_line(process))
            if announced is None:
                raise SystemExit(f"{command!r} did not start an agent: {log.read_text().strip() or 'it said nothing'}")
            ready_s = time.perf_counter() - start
            yield AgentProcess(pid=process.pid, address=announced.group(1), folder=folder, ready_s=ready_s)
        finally:
            process.terminate()
            try:
                process.wait(STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                process.kill()


def end_in_order_on_sigterm() -> None:
    """Let a benchmark that is told to stop, by `timeout` for example, end its agents as after Ctrl-C."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))


def add_agent_option(parser: argparse.ArgumentParser, name: str = "--agent") -> None:
    """Add an option for an agent's command line."""
    parser.add_argument(
        name, default=DEFAULT_COMMAND, metavar="COMMAND", help="command line of the agent; {folder} is a fresh folder"
    )


def child_pids(pid: int) -> list[int]:
    """Return the processes that a process has started and not yet reaped, zombies included."""
    pids: list[int] = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(OSError):
            pids += map(int, (task / "children").read_text().split())
    return pids


def _size(path: Path) -> int:
    try:
        return path.stat().st_size if path.is_file() else 0
    except OSError:
        return 0


def _first_line(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        return process.stdout.readline() if selector.select(timeout=START_TIMEOUT_S) else ""

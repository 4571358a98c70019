"""An agent as a process that a benchmark starts, and its use of memory, files, processes and disk.

A command line is given as one string. `{folder}` in it is replaced by a new folder: `--data-dir {folder}` starts an
agent without any data, another path one that was prepared before, for example paired.
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
    """Resources of an agent at one moment: its own process, the number of its children, and its disk."""

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
        """Return whether the process runs; one that ended is a zombie until the benchmark ends."""
        with contextlib.suppress(OSError):
            return "\nState:\tZ" not in Path(f"/proc/{self.pid}/status").read_text()
        return False

    def peak_memory_mib(self) -> float:
        """Return the peak resident memory of the agent's own process in MiB."""
        return self._status_mib("VmHWM")

    def vitals(self) -> Vitals:
        """Read the agent's resources now.

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
        """Read the agent's resources once it has no child and its memory no longer falls.

        Args:
            patience_s: Longest time to wait for that, in seconds.
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
        """Limit the memory of the agent and of every worker that it starts from now on."""
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
        folder: A folder for it; its log is `FOLDER.log` beside it.
        command: Its command line.
        environment: Variables that it gets in addition to this process's own.

    Yields:
        The agent, once it listens.

    Raises:
        SystemExit: If it does not start; the text holds its output.
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
    """End a benchmark's agents on SIGTERM, which `timeout` sends, as after Ctrl-C."""
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

"""A process that is confined like a worker and then tries what a worker must not be able to do.

    python -m edgeprof_agent.isolation.probe

One JSON object on the standard input says how: `{"plan": {...}, "model": PATH, "secret": PATH, "variables": [...]}`.
The answer on the standard output is a list of checks.
"""

import contextlib
import json
import mmap
import os
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path

from edgeprof_agent.isolation.confinement import confine
from edgeprof_agent.isolation.plan import IsolationPlan
from edgeprof_proto.record_json import from_json, to_json
from edgeprof_proto.records.check import Check, CheckLevel

_PIECE_BYTES = 256 * 2**20

_HOST_FILE = Path("/etc/passwd")
"""A file that every user may read, on every Linux, and that no model needs."""


def main() -> int:
    """Answer the request on the standard input; see the module's text.

    Returns:
        The exit status.
    """
    request = json.load(sys.stdin)
    plan = from_json(IsolationPlan, request["plan"])
    # Read before the confinement, after which the pid of the parent may be hidden.
    agent_pid = os.getppid()
    confinement = confine(plan, Path(request["model"]))
    trials: dict[str, Callable[[], object]] = {
        "open a socket": lambda: socket.socket().close(),
        "read a file of the agent": lambda: Path(request["secret"]).read_bytes(),
        "write beside its scratch folder": lambda: Path(request["secret"]).with_name("traces").touch(),
        "read a file of the board": _HOST_FILE.read_bytes,
        "start a process": _start_process,
        "signal the agent": lambda: os.kill(agent_pid, 0),
        "leave its group of processes": os.setsid,
        "take more memory": lambda: _take_memory(plan.memory_bytes + 2**20),
        "write a larger file": lambda: _write_at(plan.file_bytes),
        "open more files": lambda: _open_files(plan.open_file_count),
        "change its model": lambda: confinement.model_path.open("r+b").close(),
    }
    # Exceeding the file size limit sends a signal unless it is ignored.
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    possible = [what for what, attempt in trials.items() if _succeeds(attempt)]
    model_check = [] if _succeeds(confinement.model_path.read_bytes) else ["read its model"]
    checks = (*confinement.checks, _describe_environment(request["variables"]), _judge(possible, list(trials)))
    if model_check:
        finding = "a worker cannot read its own model, so nothing can be measured"
        checks += (Check(name="worker model", level=CheckLevel.TROUBLE, finding=finding, remedy="please report it"),)
    json.dump([to_json(check) for check in checks], sys.stdout)
    return 0


def _judge(possible: list[str], tried: list[str]) -> Check:
    name = "worker trial"
    refused = ", ".join(what for what in tried if what not in possible)
    if not possible:
        return Check(name=name, level=CheckLevel.GOOD, finding=f"a worker could not {refused}, tried on this board")
    return Check(
        name=name,
        level=CheckLevel.WARNING,
        finding=f"a worker on this board can {', '.join(possible)}; it could not {refused or 'be kept from anything'}",
        remedy="see the other checks of the worker for how to get each safeguard",
    )


def _describe_environment(expected: list[str]) -> Check:
    # LC_CTYPE is set by Python itself.
    foreign = sorted(os.environ.keys() - set(expected) - {"LC_CTYPE"})
    name = "worker environment"
    if foreign:
        finding = f"contains {', '.join(foreign)}, which the agent did not pass on"
        return Check(name=name, level=CheckLevel.WARNING, finding=finding, remedy="please report it")
    finding = f"contains {', '.join(expected)} and nothing else"
    return Check(name=name, level=CheckLevel.GOOD, finding=finding)


def _succeeds(attempt: Callable[[], object]) -> bool:
    try:
        attempt()
    except (OSError, MemoryError, OverflowError, ValueError):
        # The last three where a number is too large for a 32-bit system: what it cannot ask for, it cannot get.
        return False
    return True


def _start_process() -> None:
    child = os.fork()
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)


def _take_memory(byte_count: int) -> None:
    """Take memory in pieces: a 32-bit system has no number for a large one."""
    with contextlib.ExitStack() as taken:
        while byte_count > 0:
            size = min(byte_count, _PIECE_BYTES)
            taken.enter_context(mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE))
            byte_count -= size


def _write_at(offset: int) -> None:
    with open("large", "wb") as file:
        os.pwrite(file.fileno(), b"x", offset)


def _open_files(count: int) -> None:
    opened: list[int] = []
    try:
        while len(opened) < count:
            opened.append(os.dup(0))
    finally:
        for descriptor in opened:
            os.close(descriptor)


if __name__ == "__main__":
    sys.exit(main())

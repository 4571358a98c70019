"""Ends workers that outlived their agent, and process groups in general."""

import contextlib
import logging
import os
import select
import signal
from pathlib import Path

logger = logging.getLogger(__name__)

_PID_FILE = "worker.pid"

_WAIT_S = 2.0
"""Longest wait for the end of a killed worker, in seconds."""


def write_pid_file(scratch_dir: Path, pid: int) -> None:
    """Write down which process runs in a scratch folder, so that a later agent can end it.

    Args:
        scratch_dir: The folder of one worker.
        pid: The worker.
    """
    (scratch_dir / _PID_FILE).write_text(f"{pid} {_start_ticks(pid)}")


def end_leftover_workers(parent_dir: Path) -> None:
    """End the workers of an agent that was killed.

    Args:
        parent_dir: The folder with the scratch folders of all workers.
    """
    for pid_file in parent_dir.glob(f"*/{_PID_FILE}"):
        pid, _, ticks = pid_file.read_text().partition(" ")
        # With another start time the pid belongs to another process by now.
        if pid.isdigit() and ticks and ticks == _start_ticks(int(pid)):
            logger.warning("ending worker %s, which outlived its agent", pid)
            kill_group(int(pid))
            _wait_for_end(int(pid))


def kill_group(pid: int) -> None:
    """Kill a process that leads a group, and everything else in the group.

    Args:
        pid: The leader; nothing happens where it has ended.
    """
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def _wait_for_end(pid: int) -> None:
    """Wait until a process has ended that is not a child of this one: it would disturb the next measurement."""
    try:
        process = os.pidfd_open(pid)
    except (OSError, AttributeError):
        # The process has ended, or the kernel has no pidfd.
        return
    try:
        watcher = select.poll()
        watcher.register(process, select.POLLIN)
        watcher.poll(_WAIT_S * 1_000)
    finally:
        os.close(process)


def _start_ticks(pid: int) -> str:
    """Return the start time of a process in clock ticks since boot; empty where it is not reported."""
    try:
        # The second field is the program's name in parentheses, which may contain anything.
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""

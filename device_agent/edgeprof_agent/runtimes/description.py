"""Describes every runtime, each in a process of its own: one that fails, crashes or hangs takes no other with it."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import IO

from edgeprof_agent.isolation.plan import environment_with_home
from edgeprof_agent.runtimes.other_python import environment_for_other
from edgeprof_agent.runtimes.registry import runtime_entry_points
from edgeprof_agent.version import WORKER_VERSION
from edgeprof_proto.record_json import from_json
from edgeprof_proto.records.device import RuntimeInfo

DESCRIBE_RUNTIME_COMMAND = (sys.executable, "-m", "edgeprof_agent.runtimes.describe")

DESCRIBE_RUNTIME_DURATION_S = 45.0
"""Time for all runtimes together, which start at once. Importing one from a slow card takes seconds; the description of
the device as a whole may take longer than this."""

ANSWER_BYTES_LIMIT = 1024 * 1024
COMPLAINT_BYTES_LIMIT = 1_000
"""How much of what a runtime printed last is read."""


def describe_runtimes(
    pythons: Mapping[str, str] = MappingProxyType({}),
    *,
    names: Collection[str] = (),
    duration_s: float = DESCRIBE_RUNTIME_DURATION_S,
) -> tuple[RuntimeInfo, ...]:
    """Describe the runtimes that the installed packages bring, each in a process of its own, all at once.

    Args:
        pythons: Interpreters by name of the runtimes that live in another environment; their entry points are there.
        names: The runtimes that the device offers; empty for all. One that is not installed is not available.
        duration_s: Time after which a runtime is given up, in seconds.

    Returns:
        The runtimes in the order of their names, available or not. One that fails, crashes or hangs is not available,
        with the reason; the others are not touched by it.
    """
    end = time.monotonic() + duration_s
    # Started and waited for by one thread: the kernel ends a child with the thread that has started it.
    with contextlib.ExitStack() as started:
        processes = [
            started.enter_context(_DescribingProcess(name, duration_s, pythons.get(name)))
            for name in sorted(set(names or {*runtime_entry_points(), *pythons}))
        ]
        descriptions = [process.wait(end) for process in processes]
    return tuple(description for description in descriptions if description is not None)


class _DescribingProcess:
    """The process that describes one runtime; it is gone at the end of the block, with all that it has started."""

    def __init__(self, name: str, duration_s: float, python: str | None) -> None:
        self._name = name
        self._python = python
        self._duration_s = duration_s
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "_DescribingProcess":
        with contextlib.ExitStack() as files:
            # Files and not pipes: a runtime that prints much does not wait for its turn to be read.
            self._printed = files.enter_context(tempfile.TemporaryFile())
            self._complaints = files.enter_context(tempfile.TemporaryFile())
            self._failure = ""
            try:
                # Engines keep caches and settings there: none of them outlives the description.
                home = files.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True))
                environment = environment_with_home(home, os.environ)
                self._process = subprocess.Popen(
                    (self._python or sys.executable, *DESCRIBE_RUNTIME_COMMAND[1:], self._name, WORKER_VERSION),
                    env=environment if self._python is None else environment_for_other(environment),
                    stdin=subprocess.DEVNULL,
                    stdout=self._printed,
                    stderr=self._complaints,
                    start_new_session=True,
                )
            except OSError as error:
                self._failure = f"no process could be started: {error}"
            self._files = files.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        self._files.close()

    def wait(self, end: float) -> RuntimeInfo | None:
        """Return the description when it is there, or why there is none.

        Args:
            end: Moment on the monotonic clock until which to wait.
        """
        if self._process is None:
            return self._unavailable(self._failure)
        try:
            code = self._process.wait(max(0.0, end - time.monotonic()))
        except subprocess.TimeoutExpired:
            return self._unavailable(f"it took over {self._duration_s:g} s")
        try:
            answer = json.loads(_tail(self._printed, ANSWER_BYTES_LIMIT).strip().rpartition(b"\n")[2])
            return None if answer is None else from_json(RuntimeInfo, answer)
        except ValueError:
            said = _tail(self._complaints, COMPLAINT_BYTES_LIMIT).decode("utf-8", errors="replace").strip()
            ended = f"exit code {code}" if code >= 0 else f"signal {_signal_name(-code)}"
            return self._unavailable(f"its process ended with {ended}" + (f"; it said last: {said}" if said else ""))

    def _unavailable(self, why: str) -> RuntimeInfo:
        remedy = "repair or uninstall it"
        if self._python is not None:
            remedy = f"install it, and edgeprof of this agent's version, with: {self._python} -m pip install"
        return RuntimeInfo(
            name=self._name,
            unavailable_reason=f"the runtime {self._name!r} could not be described: {why}; {remedy}",
        )


def _tail(file: IO[bytes], byte_count: int) -> bytes:
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - byte_count))
    return file.read()


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return str(number)

"""One running worker process: its events, its output, its end."""

import asyncio
import collections
import contextlib
import dataclasses
import json
import os
import signal
from collections.abc import Awaitable, Callable
from typing import Any

from edgeprof_agent.conditions import SYSTEM_ROOT, read_text
from edgeprof_agent.errors import (
    AgentError,
    AgentUpdatedError,
    InvalidRequestError,
    WorkerCrashedError,
    WorkerNotStartedError,
    WorkerOutOfMemoryError,
)
from edgeprof_agent.jobs.leftover_workers import kill_group
from edgeprof_agent.jobs.worker_events import (
    EVENT_COUNT_LIMIT,
    LINE_BYTES_LIMIT,
    BlockBegins,
    ResultsEnd,
    WorkerEvent,
    WorkerResult,
    WorkerVersion,
    parse_event,
)
from edgeprof_agent.version import WORKER_VERSION
from edgeprof_agent.worker.request import AGENT_UPDATED
from edgeprof_proto.records.job import Failure, JobPhase
from edgeprof_proto.records.measurement import LatencyBlock, Measurement

TAIL_BYTES = 4096
"""Bytes of a worker's last output that are kept to explain its end."""

_TAIL_WAIT_S = 1.0
"""Longest wait for the rest of the output after the worker's end, in seconds."""

_CRASH_SIGNALS = frozenset({signal.SIGSEGV, signal.SIGBUS, signal.SIGILL, signal.SIGFPE, signal.SIGABRT})

_ENGINE_CRASHED = (
    ": the engine crashed in its own code; measure the model with another runtime, precision or version of this one"
)

_WHILE = {
    JobPhase.LOADING: "while it loaded the model",
    JobPhase.WARMING_UP: "while it warmed the model up",
    JobPhase.MEASURING: "while it measured the model",
}

_OUT_OF_MEMORY_WORDS = (b"bad_alloc", b"MemoryError")


class RunningWorker:
    """The server's handle on one worker process.

    Args:
        process: The process, started with pipes for its standard input and output, in a session of its own.
    """

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._tail: collections.deque[int] = collections.deque(maxlen=TAIL_BYTES)
        self._events = asyncio.StreamReader(limit=LINE_BYTES_LIMIT)
        self._transport: asyncio.BaseTransport | None = None
        self._event_count = 0
        self._has_begun = False
        self._phase = JobPhase.NOT_REPORTED
        self._memory_kill_count = _count_memory_kills()
        self._end = asyncio.ensure_future(self._wait())
        self._tail_reader = asyncio.ensure_future(self._keep_tail())

    async def listen(self, read_end: int) -> None:
        """Open the pipe on which the worker sends its events.

        Args:
            read_end: File descriptor of the pipe.
        """
        loop = asyncio.get_running_loop()
        protocol = asyncio.StreamReaderProtocol(self._events)
        self._transport, _ = await loop.connect_read_pipe(lambda: protocol, os.fdopen(read_end, "rb"))

    async def converse(
        self,
        request: dict[str, Any],
        on_event: Callable[[WorkerEvent], Awaitable[None]],
        on_block_begin: Callable[[], None],
    ) -> WorkerResult:
        """Send the request and receive events until the last one.

        Args:
            request: What the worker is to do.
            on_event: Called with each phase, block and result; after a block the worker waits for the call to end.
            on_block_begin: Called when a block of timed runs begins.

        Returns:
            The measurement without its blocks, the end of other results, or the failure that the worker reported.

        Raises:
            WorkerCrashedError: If the worker ended without a result or sent anything but events.
            WorkerOutOfMemoryError: If it ended because memory ran out.
            WorkerNotStartedError: If it ended before its first event.
            AgentUpdatedError: If it runs another version of the package than this process.
        """
        assert self._process.stdin is not None
        self._write(json.dumps(request).encode())
        # A worker that ended at once is noticed when its events are read.
        with contextlib.suppress(ConnectionError):
            await self._process.stdin.drain()
        version: str | None = None
        block_count = 0
        while True:
            event = parse_event(await self._next_line())
            # The version is told before the worker confines itself, so its model has no part in an end up to there.
            self._has_begun = not isinstance(event, WorkerVersion)
            if isinstance(event, WorkerVersion):
                version = event.version
                if version != WORKER_VERSION:
                    raise AgentUpdatedError(AGENT_UPDATED)
            elif isinstance(event, Measurement):
                return dataclasses.replace(event, blocks=())
            elif isinstance(event, ResultsEnd):
                return event
            elif isinstance(event, Failure):
                if version is None and event.reason == InvalidRequestError.reason:
                    # A worker of an earlier version does not know the fields of the request.
                    raise AgentUpdatedError(AGENT_UPDATED)
                return event
            elif isinstance(event, BlockBegins):
                on_block_begin()
            else:
                await on_event(event)
                if isinstance(event, JobPhase):
                    self._phase = event
                if isinstance(event, LatencyBlock):
                    block_count += 1
                    self._write(str(block_count).encode())

    def tail_text(self) -> str:
        """Return the worker's last output, to be added to a sentence; empty where it printed nothing."""
        text = bytes(self._tail).decode("utf-8", errors="replace").strip()
        return f"; it printed last:\n{text}" if text else ""

    async def kill(self) -> None:
        """End the worker and every process that it started."""
        if not self._end.done():
            kill_group(self._process.pid)
        # `wait` rather than `await self._end`: a second cancellation must not keep the process from being reaped.
        await asyncio.wait({self._end})
        # Only a process that has left the worker's session can still hold the output open.
        await asyncio.wait({self._tail_reader}, timeout=_TAIL_WAIT_S)
        self._tail_reader.cancel()
        if self._process.stdin is not None:
            self._process.stdin.close()
        if self._transport is not None:
            self._transport.close()

    def _write(self, line: bytes) -> None:
        assert self._process.stdin is not None
        if not self._process.stdin.is_closing():
            self._process.stdin.write(line + b"\n")

    async def _wait(self) -> int:
        code = await self._process.wait()
        # A process that the worker left behind would keep the pipes open.
        kill_group(self._process.pid)
        return code

    async def _keep_tail(self) -> None:
        assert self._process.stdout is not None
        while printed := await self._process.stdout.read(TAIL_BYTES):
            self._tail.extend(printed)

    async def _next_line(self) -> bytes:
        try:
            line = await self._events.readline()
        except ValueError:
            raise WorkerCrashedError(f"the worker sent a line of more than {LINE_BYTES_LIMIT} bytes") from None
        self._event_count += 1
        if self._event_count > EVENT_COUNT_LIMIT:
            raise WorkerCrashedError(f"the worker sent more than {EVENT_COUNT_LIMIT} events")
        if line.endswith(b"\n"):
            return line
        code = await asyncio.shield(self._end)
        await asyncio.wait({self._tail_reader}, timeout=_TAIL_WAIT_S)
        raise self._explain_end(code)

    def _explain_end(self, code: int) -> AgentError:
        end = _describe_end(code)
        if code and not self._has_begun:
            return WorkerNotStartedError(f"the worker {end} before it began{self.tail_text()}")
        was_killed_for_memory = code == -signal.SIGKILL and _count_memory_kills() > self._memory_kill_count
        if was_killed_for_memory or any(words in bytes(self._tail) for words in _OUT_OF_MEMORY_WORDS):
            return WorkerOutOfMemoryError(
                f"the worker {end} for want of memory; measure a smaller model, or give workers more with "
                f"EDGEPROF_AGENT_WORKER_MEMORY_BYTES on the device{self.tail_text()}"
            )
        when = _WHILE.get(self._phase, "before it had a result")
        advice = _ENGINE_CRASHED if -code in _CRASH_SIGNALS else ""
        return WorkerCrashedError(f"the worker {end} {when}{advice}{self.tail_text()}")


def _count_memory_kills() -> int:
    """Count the processes that the kernel's out-of-memory killer has ended since boot."""
    lines = (read_text(SYSTEM_ROOT / "proc/vmstat") or "").splitlines()
    return next((int(line.split()[1]) for line in lines if line.startswith("oom_kill ")), 0)


def _describe_end(code: int) -> str:
    if code >= 0:
        return f"ended with exit code {code}"
    try:
        return f"was ended by signal {signal.Signals(-code).name}"
    except ValueError:
        return f"was ended by signal {-code}"

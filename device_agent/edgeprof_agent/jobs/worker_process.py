"""Worker processes: started by exec, listened to on a pipe of their own, killed with everything they started.

A worker gets the model, the spec and what is known of the model's nodes as one JSON line on its standard input, and the
number of the pipe as its argument. On the pipe it answers with one JSON object per line:

    {"event": "progress", "phase": "loading" | "warming_up" | "measuring"}
    {"event": "block", <fields of LatencyBlock>}
    {"event": "measurement", <fields of Measurement>}              the last line; `blocks` may be left out
    {"event": "failure", "reason": "ERROR_REASON_...", "message": "..."}     the last line

What a runtime prints goes to the standard streams, so it cannot be taken for an event.
"""

import asyncio
import collections
import contextlib
import dataclasses
import json
import logging
import os
import select
import shutil
import signal
import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from edgeprof_agent.conditions import SYSTEM_ROOT, read_text
from edgeprof_agent.errors import (
    REASONS,
    AgentError,
    WorkerCrashedError,
    WorkerNotStartedError,
    WorkerOutOfMemoryError,
    WorkerTimeoutError,
)
from edgeprof_agent.isolation.plan import IsolationPlan
from edgeprof_agent.worker.node_placement import NodePlacementCache
from edgeprof_proto import wire
from edgeprof_proto.record_json import from_json, to_json
from edgeprof_proto.records.job import Failure, JobEvent, JobPhase
from edgeprof_proto.records.job_spec import JobSpec
from edgeprof_proto.records.measurement import LatencyBlock, Measurement

logger = logging.getLogger(__name__)

WORKER_COMMAND = (sys.executable, "-m", "edgeprof_agent.worker.main")

LINE_BYTES_LIMIT = 16 * 1024 * 1024
"""Longest line that a worker may send: more than a million samples in one block."""

EVENT_BYTES_LIMIT = 128 * 1024 * 1024
"""How much a worker may tell in all: several times what the longest plan needs, and less than would fill a disk."""

MESSAGE_LENGTH_LIMIT = 4096
"""Characters of a failure's text that are kept: a runtime may repeat names that fill the model's file."""

TAIL_BYTES = 4096
"""How much of what a worker printed last is kept to explain its end."""

_TAIL_WAIT_S = 1.0

_LEFTOVER_WAIT_S = 2.0

_SILENT_SHARE = 0.5
"""A worker that told nothing for this share of the time hung; one that did was given too much to do."""

_OUT_OF_MEMORY_WORDS = (b"bad_alloc", b"MemoryError")

_PID_FILE = "worker.pid"

WorkerEvent = JobPhase | LatencyBlock


class WorkerProcess:
    """Runs jobs, each in a process of its own.

    Args:
        scratch_dir: Folder in which each worker gets a fresh folder to run in. Emptied here; a worker that outlived
            a killed agent is ended.
        job_duration_s: Time after which a worker is killed.
        command: Start of the command line; the number of the pipe is added.
        environment: Variables that a worker sees; None for the agent's.
        plan_isolation: Tells what a worker may use that runs in a folder; None for workers that stay unconfined.
        node_placements: Where the nodes of models ran so far; None to have every worker find out.
    """

    def __init__(
        self,
        scratch_dir: Path,
        *,
        job_duration_s: float,
        command: Sequence[str] = WORKER_COMMAND,
        environment: Mapping[str, str] | None = None,
        plan_isolation: Callable[[Path], IsolationPlan] | None = None,
        node_placements: NodePlacementCache | None = None,
    ) -> None:
        self._node_placements = node_placements
        self._scratch_dir = scratch_dir
        self._job_duration_s = job_duration_s
        self._command = command
        self._environment = environment
        self._plan_isolation = plan_isolation
        for leftover in scratch_dir.glob(f"*/{_PID_FILE}"):
            _kill_leftover(leftover)
        shutil.rmtree(scratch_dir, ignore_errors=True)
        scratch_dir.mkdir()

    async def run(
        self, model_path: Path, spec: JobSpec, *, attempt: int, on_event: Callable[[WorkerEvent], None]
    ) -> Measurement | Failure:
        """Measure a model in a fresh process. Cancelling the call kills the process.

        Args:
            model_path: The model's file.
            spec: What to measure, its plan filled in.
            attempt: Number of this attempt, from 1.
            on_event: Told each phase and block as it arrives.

        Returns:
            The measurement with all its blocks, or the worker's own words why there is none.

        Raises:
            WorkerCrashedError: If the process ended without a result or sent anything but events.
            WorkerOutOfMemoryError: If it ended for want of memory.
            WorkerNotStartedError: If it could not be started.
            WorkerTimeoutError: If it was killed for taking too long.
        """
        request = {"model_path": str(model_path), "spec": to_json(spec), "attempt": attempt}
        placement = self._node_placements.find(spec) if self._node_placements else None
        if placement is not None:
            request["node_placement"] = to_json(placement)
        loop = asyncio.get_running_loop()
        last_event_s = loop.time()

        def listen(event: WorkerEvent) -> None:
            nonlocal last_event_s
            last_event_s = loop.time()
            on_event(event)

        async with self._started() as (worker, scratch):
            if self._plan_isolation is not None:
                request["isolation"] = to_json(self._plan_isolation(scratch))
            conversation = asyncio.ensure_future(worker.converse(request, listen))
            try:
                # Unlike wait_for before Python 3.12, this never swallows a cancellation.
                done, _ = await asyncio.wait({conversation}, timeout=self._job_duration_s)
            finally:
                conversation.cancel()
            if not done:
                raise WorkerTimeoutError(
                    f"the worker was killed after {self._job_duration_s:g} s without a result; shorten the plan, "
                    f"or raise EDGEPROF_AGENT_JOB_DURATION_S on the device{worker.tail_text()}",
                    was_silent=loop.time() - last_event_s > _SILENT_SHARE * self._job_duration_s,
                )
            result = conversation.result()
        if self._node_placements is not None and isinstance(result, Measurement):
            self._node_placements.remember(spec, result)
        return result

    @contextlib.asynccontextmanager
    async def _started(self) -> AsyncIterator[tuple["_Worker", Path]]:
        scratch = self._scratch_dir / os.urandom(8).hex()
        try:
            scratch.mkdir()
        except OSError as error:
            raise WorkerCrashedError(f"no worker process could be started: {error}") from error
        read_end, write_end = os.pipe()
        try:
            process = await asyncio.create_subprocess_exec(
                *self._command,
                str(write_end),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
                pass_fds=(write_end,),
                cwd=scratch,
                env=self._environment,
                start_new_session=True,
            )
        except OSError as error:
            os.close(read_end)
            shutil.rmtree(scratch, ignore_errors=True)
            raise WorkerNotStartedError(
                f"no worker process could be started: {error}; see whether the device has memory and processes left"
            ) from error
        finally:
            os.close(write_end)
        worker = _Worker(process)
        try:
            (scratch / _PID_FILE).write_text(f"{process.pid} {_start_ticks(process.pid)}")
            await worker.listen(read_end)
            yield worker, scratch
        finally:
            try:
                await worker.kill()
            finally:
                shutil.rmtree(scratch, ignore_errors=True)


class _Worker:
    """One running worker process."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._tail: collections.deque[int] = collections.deque(maxlen=TAIL_BYTES)
        self._events = asyncio.StreamReader(limit=LINE_BYTES_LIMIT)
        self._transport: asyncio.BaseTransport | None = None
        self._event_bytes = 0
        self._has_begun = False
        self._memory_kill_count = _count_memory_kills()
        self._end = asyncio.ensure_future(self._wait())
        self._tail_reader = asyncio.ensure_future(self._keep_tail())

    async def listen(self, read_end: int) -> None:
        """Open the pipe on which the worker tells its events."""
        loop = asyncio.get_running_loop()
        protocol = asyncio.StreamReaderProtocol(self._events)
        self._transport, _ = await loop.connect_read_pipe(lambda: protocol, os.fdopen(read_end, "rb"))

    async def converse(self, request: dict[str, Any], on_event: Callable[[WorkerEvent], None]) -> Measurement | Failure:
        """Send the request and take the answers until the last."""
        assert self._process.stdin is not None
        # A worker that ended at once is noticed below.
        with contextlib.suppress(ConnectionError):
            self._process.stdin.write(json.dumps(request).encode() + b"\n")
            await self._process.stdin.drain()
            self._process.stdin.close()
        blocks: list[LatencyBlock] = []
        while True:
            event = _parse(await self._next_line())
            if isinstance(event, Measurement):
                return dataclasses.replace(event, blocks=tuple(blocks))
            if isinstance(event, Failure):
                return event
            if isinstance(event, LatencyBlock):
                blocks.append(event)
            on_event(event)

    def tail_text(self) -> str:
        """Return what the worker printed last, ready to be added to a sentence."""
        text = bytes(self._tail).decode("utf-8", errors="replace").strip()
        return f"; it printed last:\n{text}" if text else ""

    async def kill(self) -> None:
        """End the worker and everything it started."""
        if not self._end.done():
            _kill_group(self._process.pid)
        # Waited for in this way, a second cancellation leaves the process to be reaped all the same.
        await asyncio.wait({self._end})
        # Only what has left the worker's session could still hold the stream open.
        await asyncio.wait({self._tail_reader}, timeout=_TAIL_WAIT_S)
        self._tail_reader.cancel()
        if self._transport is not None:
            self._transport.close()

    async def _wait(self) -> int:
        code = await self._process.wait()
        # A process that the worker left behind would hold the pipes open.
        _kill_group(self._process.pid)
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
        self._event_bytes += len(line)
        if self._event_bytes > EVENT_BYTES_LIMIT:
            raise WorkerCrashedError(f"the worker sent more than {EVENT_BYTES_LIMIT} bytes of events")
        if line.endswith(b"\n"):
            self._has_begun = True
            return line
        code = await asyncio.shield(self._end)
        await asyncio.wait({self._tail_reader}, timeout=_TAIL_WAIT_S)
        raise self._explain_end(code)

    def _explain_end(self, code: int) -> AgentError:
        end = _describe_end(code)
        if code and not self._has_begun:
            return WorkerNotStartedError(f"the worker {end} before it began{self.tail_text()}")
        was_chosen = code == -signal.SIGKILL and _count_memory_kills() > self._memory_kill_count
        if was_chosen or any(words in bytes(self._tail) for words in _OUT_OF_MEMORY_WORDS):
            return WorkerOutOfMemoryError(
                f"the worker {end} for want of memory; measure a smaller model, or give workers more with "
                f"EDGEPROF_AGENT_WORKER_MEMORY_BYTES on the device{self.tail_text()}"
            )
        return WorkerCrashedError(f"the worker {end} before it had a result{self.tail_text()}")


def _parse(line: bytes) -> WorkerEvent | Measurement | Failure:
    try:
        fields = json.loads(line)
        kind = fields.pop("event")
        if kind == "progress":
            return JobPhase(fields["phase"])
        record_type = {"block": LatencyBlock, "measurement": Measurement, "failure": Failure}[kind]
        record: LatencyBlock | Measurement | Failure = from_json(record_type, fields)
        if isinstance(record, Failure):
            if record.reason not in REASONS:
                raise ValueError(f"unknown reason {record.reason!r}")
            record = dataclasses.replace(record, message=_readable(record.message, MESSAGE_LENGTH_LIMIT))
        # What no message can carry is no event: half a surrogate pair, a number that is too large for its field.
        wire.event_to_message(JobEvent(sequence=1, event=record))
        return record
    except (ValueError, KeyError, TypeError, AttributeError, ArithmeticError, RecursionError) as error:
        excerpt = line[:200].decode("utf-8", errors="replace").strip()
        raise WorkerCrashedError(
            f"the worker sent what is no event ({_readable(str(error), 200)}): {excerpt!r}"
        ) from error


def _readable(text: str, length_limit: int) -> str:
    """Return the beginning of a text that a runtime or a model wrote, fit for a message."""
    return text[:length_limit].encode("utf-8", errors="backslashreplace").decode()


def _count_memory_kills() -> int:
    """Count the processes that the kernel has ended for want of memory since the board started."""
    lines = (read_text(SYSTEM_ROOT / "proc/vmstat") or "").splitlines()
    return next((int(line.split()[1]) for line in lines if line.startswith("oom_kill ")), 0)


def _describe_end(code: int) -> str:
    if code >= 0:
        return f"ended with exit code {code}"
    try:
        return f"was ended by signal {signal.Signals(-code).name}"
    except ValueError:
        return f"was ended by signal {-code}"


def _kill_group(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def _kill_leftover(pid_file: Path) -> None:
    """End the group of a worker whose agent was killed, unless its pid has passed to another process since."""
    pid, _, ticks = pid_file.read_text().partition(" ")
    if pid.isdigit() and ticks and ticks == _start_ticks(int(pid)):
        logger.warning("ending worker %s, which outlived its agent", pid)
        _kill_group(int(pid))
        _wait_for_end(int(pid))


def _wait_for_end(pid: int) -> None:
    """Wait until a process that is not our own has ended: it must not disturb the next measurement."""
    try:
        process = os.pidfd_open(pid)
    except (OSError, AttributeError):
        # It has ended, or the kernel has no such thing.
        return
    try:
        watcher = select.poll()
        watcher.register(process, select.POLLIN)
        watcher.poll(_LEFTOVER_WAIT_S * 1_000)
    finally:
        os.close(process)


def _start_ticks(pid: int) -> str:
    """Return when a process started, in the kernel's clock ticks since boot; empty where the system does not tell."""
    try:
        # The second field is the program's name in parentheses, which may hold anything.
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""

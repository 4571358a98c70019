"""Worker processes: started by exec, listened to on a pipe of their own, killed with everything they started.

A worker gets the model and the spec as one JSON line on its standard input, and the number of the pipe as its
argument. On the pipe it answers with one JSON object per line:

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
import shutil
import signal
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any

from edgeprof_agent.errors import REASONS, WorkerCrashedError, WorkerTimeoutError
from edgeprof_proto.record_json import from_json, to_json
from edgeprof_proto.records import Failure, JobPhase, JobSpec, LatencyBlock, Measurement

logger = logging.getLogger(__name__)

WORKER_COMMAND = (sys.executable, "-m", "edgeprof_agent.worker")

LINE_BYTES_LIMIT = 16 * 1024 * 1024
"""Longest line that a worker may send: more than a million samples in one block."""

TAIL_BYTES = 4096
"""How much of what a worker printed last is kept to explain its end."""

_TAIL_WAIT_S = 1.0

_PID_FILE = "worker.pid"

WorkerEvent = JobPhase | LatencyBlock


class WorkerProcess:
    """Runs jobs, each in a process of its own.

    Args:
        scratch_dir: Folder in which each worker gets a fresh folder to run in. Emptied here; a worker that outlived
            a killed agent is ended.
        job_duration_s: Time after which a worker is killed.
        command: Start of the command line; the number of the pipe is added.
    """

    def __init__(self, scratch_dir: Path, *, job_duration_s: float, command: Sequence[str] = WORKER_COMMAND) -> None:
        self._scratch_dir = scratch_dir
        self._job_duration_s = job_duration_s
        self._command = command
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
            WorkerTimeoutError: If it was killed for taking too long.
        """
        request = {"model_path": str(model_path), "spec": to_json(spec), "attempt": attempt}
        async with self._started() as worker:
            conversation = asyncio.ensure_future(worker.converse(request, on_event))
            try:
                # Unlike wait_for before Python 3.12, this never swallows a cancellation.
                done, _ = await asyncio.wait({conversation}, timeout=self._job_duration_s)
            finally:
                conversation.cancel()
            if not done:
                raise WorkerTimeoutError(
                    f"the worker was killed after {self._job_duration_s:g} s without a result; shorten the plan, "
                    f"or raise EDGEPROF_AGENT_JOB_DURATION_S on the device{worker.tail_text()}"
                )
            return conversation.result()

    @contextlib.asynccontextmanager
    async def _started(self) -> AsyncIterator["_Worker"]:
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
                start_new_session=True,
            )
        except OSError as error:
            os.close(read_end)
            raise WorkerCrashedError(f"no worker process could be started: {error}") from error
        finally:
            os.close(write_end)
        worker = _Worker(process)
        try:
            (scratch / _PID_FILE).write_text(f"{process.pid} {_start_ticks(process.pid)}")
            await worker.listen(read_end)
            yield worker
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
        if line.endswith(b"\n"):
            return line
        code = await asyncio.shield(self._end)
        await asyncio.wait({self._tail_reader}, timeout=_TAIL_WAIT_S)
        raise WorkerCrashedError(f"the worker {_describe_end(code)} before it had a result{self.tail_text()}")


def _parse(line: bytes) -> WorkerEvent | Measurement | Failure:
    try:
        fields = json.loads(line)
        kind = fields.pop("event")
        if kind == "progress":
            return JobPhase(fields["phase"])
        record_type = {"block": LatencyBlock, "measurement": Measurement, "failure": Failure}[kind]
        record: LatencyBlock | Measurement | Failure = from_json(record_type, fields)
        if isinstance(record, Failure) and record.reason not in REASONS:
            raise ValueError(f"unknown reason {record.reason!r}")
        return record
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        excerpt = line[:200].decode("utf-8", errors="replace").strip()
        raise WorkerCrashedError(f"the worker sent what is no event ({error}): {excerpt!r}") from error


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


def _start_ticks(pid: int) -> str:
    """Return when a process started, in the kernel's clock ticks since boot; empty where the system does not tell."""
    try:
        # The second field is the program's name in parentheses, which may hold anything.
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""

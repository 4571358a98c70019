"""Starts one worker process per job, by exec, and kills it with everything that it started.

A worker gets a number of a pipe as its argument and one JSON line on its standard input: the model, the spec, its
limits, and the node placement where it is known. It answers on the pipe (`worker_events.py`), and after each block it
waits for a line with the block's number. What an engine prints goes to the standard streams, so it cannot be taken for
an event.
"""

import asyncio
import contextlib
import os
import shutil
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from edgeprof_agent.errors import WorkerCrashedError, WorkerNotStartedError, WorkerTimeoutError
from edgeprof_agent.isolation.plan import IsolationPlan
from edgeprof_agent.isolation.runtime_needs import with_needs
from edgeprof_agent.isolation.usable_safeguards import UsableSafeguards
from edgeprof_agent.jobs.leftover_workers import end_leftover_workers, write_pid_file
from edgeprof_agent.jobs.model_layout import lay_out
from edgeprof_agent.jobs.running_worker import RunningWorker
from edgeprof_agent.jobs.worker_events import WorkerEvent, WorkerResult
from edgeprof_agent.models.stored_model import ModelParts, StoredModel
from edgeprof_agent.runtimes.other_python import environment_for_other
from edgeprof_agent.version import WORKER_VERSION
from edgeprof_agent.worker.node_placement import NodePlacementCache
from edgeprof_proto.record_json import to_json
from edgeprof_proto.records.device import RuntimeNeeds
from edgeprof_proto.records.job import ModelResult
from edgeprof_proto.records.job_spec import JobSpec
from edgeprof_proto.records.measurement import Measurement

WORKER_COMMAND = (sys.executable, "-m", "edgeprof_agent.worker.main")

_SILENT_SHARE = 0.5
"""A worker that timed out hung if it sent no event for this share of its time; otherwise its plan was too long."""


class WorkerProcess:
    """Runs jobs, each in a process of its own.

    Args:
        scratch_dir: Folder in which each worker gets a new folder to run in. Emptied here; workers that outlived
            a killed agent are ended.
        job_duration_s: Time after which a worker is killed, in seconds.
        command: Start of the command line; the number of the pipe is added.
        pythons: Interpreters by name of the runtimes that live in another environment.
        environment: Environment variables of a worker; None for those of the agent.
        plan_isolation: Returns the limits of a worker, given its scratch folder; None for workers without confinement.
        safeguards: Knows which safeguards a worker must not try; None to have it try all.
        node_placements: Node placements known so far; None to have every worker count the nodes.
    """

    def __init__(
        self,
        scratch_dir: Path,
        *,
        job_duration_s: float,
        command: Sequence[str] = WORKER_COMMAND,
        pythons: Mapping[str, str] = MappingProxyType({}),
        environment: Mapping[str, str] | None = None,
        plan_isolation: Callable[[Path], IsolationPlan] | None = None,
        safeguards: UsableSafeguards | None = None,
        node_placements: NodePlacementCache | None = None,
    ) -> None:
        self._node_placements = node_placements
        self._scratch_dir = scratch_dir
        self._job_duration_s = job_duration_s
        self._command = command
        self._pythons = pythons
        self._environment = environment
        self._plan_isolation = plan_isolation
        self._safeguards = safeguards
        end_leftover_workers(scratch_dir)
        shutil.rmtree(scratch_dir, ignore_errors=True)
        scratch_dir.mkdir()

    async def run(
        self,
        model_path: Path,
        spec: JobSpec,
        *,
        attempt: int,
        parts: ModelParts | None = None,
        series: Sequence[StoredModel] = (),
        needs: RuntimeNeeds | None = None,
        on_event: Callable[[WorkerEvent], Awaitable[None]] | None = None,
        on_block_begin: Callable[[], None] = lambda: None,
        job_id: str = "",
    ) -> WorkerResult:
        """Measure a model in a new process. Cancelling the call kills the process.

        Args:
            model_path: The model's file, or its manifest where `parts` has files.
            spec: What to measure, its plan filled in.
            attempt: Number of this attempt, from 1.
            parts: What else belongs to the job; None for nothing.
            series: The models of a series, `model_path` the first one's.
            needs: What the runtime declares to need of the device; None for nothing.
            on_event: Called with each phase, block and result; after a block the worker waits for the call to end.
            on_block_begin: Called when a block of timed runs begins.
            job_id: Id of the job, for runtimes that tell jobs apart.

        Returns:
            The measurement without its blocks, the end of other results, or the failure that the worker reported.

        Raises:
            WorkerCrashedError: If the process ended without a result or sent anything but events.
            WorkerOutOfMemoryError: If it ended because memory ran out.
            WorkerNotStartedError: If it could not be started.
            WorkerTimeoutError: If it was killed for taking too long.
            AgentUpdatedError: If it runs another version of the package than this process.
        """
        request = self._request(model_path, spec, attempt=attempt, job_id=job_id)
        last_event_s = time.monotonic()

        async def listen(event: WorkerEvent) -> None:
            nonlocal last_event_s
            if on_event is not None:
                await on_event(event)
            self._remember_placement(spec, event)
            last_event_s = time.monotonic()

        unusable = await self._safeguards.unusable() if self._safeguards else {}
        async with self._started(spec.setting.runtime) as (worker, scratch):
            request |= await self._laid_out(spec, parts or ModelParts(), series, scratch)
            request |= self._confinement(scratch, needs, unusable)
            conversation = asyncio.ensure_future(worker.converse(request, listen, on_block_begin))
            try:
                if not await self._has_ended(conversation):
                    raise self._timeout(worker, silent_s=time.monotonic() - last_event_s)
                result = conversation.result()
                self._remember_placement(spec, result)
            finally:
                self._save_placements()
        return result

    async def _laid_out(
        self, spec: JobSpec, parts: ModelParts, series: Sequence[StoredModel], scratch: Path
    ) -> dict[str, Any]:
        """Lay out the files of a job, and return what the worker is told of them."""
        told = await asyncio.to_thread(lay_out, parts, series, _model_folder(scratch))
        if not series:
            told |= self._placement_of(spec)
        for model in told.get("series", ()):
            model |= self._placement_of(spec.of_model(model["model_sha256"]))
        return told

    def _confinement(self, scratch: Path, needs: RuntimeNeeds | None, unusable: Mapping[str, str]) -> dict[str, Any]:
        """Return how the worker is to confine itself."""
        if self._plan_isolation is None:
            return {}
        plan = with_needs(self._plan_isolation(scratch), needs)
        return {"isolation": to_json(replace(plan, unusable=unusable))}

    def _timeout(self, worker: RunningWorker, *, silent_s: float) -> WorkerTimeoutError:
        return WorkerTimeoutError(
            f"the worker was killed after {self._job_duration_s:g} s without a result; shorten the plan, or raise "
            f"EDGEPROF_AGENT_JOB_DURATION_S on the device{worker.tail_text()}",
            was_silent=silent_s > _SILENT_SHARE * self._job_duration_s,
        )

    async def _has_ended(self, conversation: "asyncio.Future[Any]") -> bool:
        """Wait for a conversation as long as a job may take; return whether it has ended."""
        try:
            # Not wait_for, which before Python 3.12 can swallow a cancellation.
            done, _ = await asyncio.wait({conversation}, timeout=self._job_duration_s)
        finally:
            conversation.cancel()
        return bool(done)

    def _placement_of(self, spec: JobSpec) -> dict[str, Any]:
        """Return the node placement of a model as a field of a request; nothing where it is not known."""
        placement = self._node_placements.find(spec) if self._node_placements else None
        return {} if placement is None else {"node_placement": to_json(placement)}

    def _remember_placement(self, spec: JobSpec, told: WorkerEvent | WorkerResult) -> None:
        """Keep the node placement of what was measured: a job's model, or one of its series."""
        measured: object = told
        # What a worker sends may name any model.
        if isinstance(told, ModelResult) and told.model_sha256 in spec.model_hashes:
            spec, measured = spec.of_model(told.model_sha256), told.measurement
        if self._node_placements is not None and isinstance(measured, Measurement):
            self._node_placements.remember(spec, measured)

    def _save_placements(self) -> None:
        if self._node_placements is not None:
            self._node_placements.save()

    def _request(self, model_path: Path, spec: JobSpec, *, attempt: int, job_id: str) -> dict[str, Any]:
        """Return what the worker is asked for, without what it may use."""
        return {
            **{"model_path": str(model_path), "spec": to_json(spec), "attempt": attempt, "job_id": job_id},
            **{"acknowledges_blocks": True, "agent_version": WORKER_VERSION},
        }

    @contextlib.asynccontextmanager
    async def _started(self, runtime: str) -> AsyncIterator[tuple[RunningWorker, Path]]:
        scratch = self._scratch_dir / os.urandom(8).hex()
        try:
            scratch.mkdir()
        except OSError as error:
            raise WorkerCrashedError(f"no worker process could be started: {error}") from error
        command, environment = self._command, self._environment
        if (python := self._pythons.get(runtime)) is not None:
            command = (python, *WORKER_COMMAND[1:])
            environment = environment_for_other(os.environ if environment is None else environment)
        read_end, write_end = os.pipe()
        try:
            process = await asyncio.create_subprocess_exec(
                *command,
                str(write_end),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
                pass_fds=(write_end,),
                cwd=scratch,
                env=environment,
                start_new_session=True,
            )
        except BaseException as error:
            # A cancellation too: nobody else knows the descriptor and the folder.
            os.close(read_end)
            shutil.rmtree(scratch, ignore_errors=True)
            if not isinstance(error, OSError):
                raise
            raise WorkerNotStartedError(
                f"no worker process could be started: {error}; see whether the device has memory and processes left"
            ) from error
        finally:
            os.close(write_end)
        worker = RunningWorker(process)
        try:
            # From here on the worker closes it.
            await worker.listen(read_end)
            write_pid_file(scratch, process.pid)
            yield worker, scratch
        finally:
            try:
                await worker.kill()
            finally:
                shutil.rmtree(scratch, ignore_errors=True)
                shutil.rmtree(_model_folder(scratch), ignore_errors=True)


def _model_folder(scratch: Path) -> Path:
    """Return the folder for the files of a worker's model: beside its scratch folder, in which it may write."""
    return scratch.with_name(f"{scratch.name}.model")

"""Runs jobs one after the other, each attempt in a worker process.

An attempt can end without a result for two reasons that the worker does not decide: the job is cancelled, or the agent
stops. Both kill the worker. A job that an agent's stop interrupted is queued again, and fails after MAX_ATTEMPT_COUNT
attempts; the blocks of interrupted attempts stay among its events.
"""

import asyncio
import contextlib
import dataclasses
import logging
import time
from collections.abc import Callable
from typing import Final

from edgeprof_agent.device.description_process import DeviceDescriber
from edgeprof_agent.energy.meter import EnergyMeter
from edgeprof_agent.errors import (
    AgentError,
    DeviceDescriptionError,
    DiskFullError,
    InternalError,
    JobInterruptedError,
    JournalError,
    WorkerOutOfMemoryError,
)
from edgeprof_agent.jobs.event_stream import EventStream
from edgeprof_agent.jobs.fair_share import fair_share_order
from edgeprof_agent.jobs.journal import Journal
from edgeprof_agent.jobs.leases import Leases
from edgeprof_agent.jobs.worker_events import ResultsEnd, WorkerEvent, WorkerResult
from edgeprof_agent.jobs.worker_process import WorkerProcess
from edgeprof_agent.models.model_store import ModelStore
from edgeprof_agent.models.stored_model import StoredModel
from edgeprof_agent.quiet_window import QuietWindow
from edgeprof_proto.records.device import RuntimeNeeds
from edgeprof_proto.records.job import Failure, Job, JobPhase, JobState, ModelResult, Progress
from edgeprof_proto.records.job_spec import JobKind, JobSpec, MeasurementPlan
from edgeprof_proto.records.measurement import LatencyBlock, Measurement
from edgeprof_proto.records.model_profile import ModelProfile

logger = logging.getLogger(__name__)

MAX_ATTEMPT_COUNT: Final = 3
"""Interrupted attempts after which a job fails: it may be what stops the agent."""

_RETRY_PAUSE_S: Final = 5.0
"""Pause after an attempt that could not be recorded, in seconds."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class RunningJob:
    """What those who wait see of the job that runs: its host, and the estimated time to its end in seconds."""

    host_name: str
    remaining_s: float


def estimate_remaining_s(plan: MeasurementPlan, elapsed_s: float, *, model_count: int = 1) -> float:
    """Estimate the time until a job ends.

    Args:
        plan: Its plan.
        elapsed_s: Time since it began, in seconds.
        model_count: Models that are measured by it.

    Returns:
        What is left of the time that the plan asks for; once that is over, of the longest time that it allows.
    """
    filled = plan.filled()
    longest_s = model_count * (filled.max_duration_ms + filled.max_wait_ms) / 1_000
    # A plan that asks for an interval goes on until the interval is narrow enough.
    usual_ms = model_count * (filled.warmup_duration_ms + filled.timed_duration_ms)
    usual_s = longest_s if filled.target_half_width else min(usual_ms / 1_000, longest_s)
    return max(0.0, (usual_s if elapsed_s < usual_s else longest_s) - elapsed_s)


class JobRunner:
    """Measures the waiting jobs in their fair-share order.

    Args:
        journal: Where jobs are kept.
        events: Writes the events of jobs.
        store: Where the models are.
        worker: Runs an attempt.
        describer: Describes the device.
        leases: Tells which hosts are silent.
        quiet_window: Told when a block is timed.
        energy_meter: Told when a block is timed; adds energies to results.
        finished_job_count: Finished jobs that the journal keeps.
        clock: Tells the time, in seconds since the epoch.
    """

    def __init__(
        self,
        journal: Journal,
        events: EventStream,
        store: ModelStore,
        worker: WorkerProcess,
        describer: DeviceDescriber,
        leases: Leases,
        quiet_window: QuietWindow,
        energy_meter: EnergyMeter,
        *,
        finished_job_count: int,
        clock: Callable[[], float],
    ) -> None:
        self._journal = journal
        self._events = events
        self._store = store
        self._worker = worker
        self._describer = describer
        self._leases = leases
        self._quiet_window = quiet_window
        self._energy_meter = energy_meter
        self._finished_job_count = finished_job_count
        self._clock = clock
        self._running: tuple[str, asyncio.Task[None]] | None = None
        self._begun: tuple[Job, float] | None = None
        self._untold: list[str] = []  # models of the job that runs of which nothing was told yet

    @property
    def running_job(self) -> RunningJob | None:
        """Whose job is being measured, and how long that may still take; None for none."""
        if self._begun is None or self.running_job_id is None:
            return None
        job, begin_s = self._begun
        elapsed_s = time.monotonic() - begin_s
        remaining_s = estimate_remaining_s(job.spec.plan, elapsed_s, model_count=len(job.spec.model_hashes))
        return RunningJob(host_name=job.host_name, remaining_s=remaining_s)

    @property
    def running_job_id(self) -> str | None:
        """The job that is being measured; None for none."""
        return None if self._running is None else self._running[0]

    def stop_attempt(self, job_id: str) -> None:
        """Kill the worker of a job; nothing happens where the job is not running."""
        if self._running is not None and self._running[0] == job_id:
            self._running[1].cancel()

    def requeue(self, job_id: str) -> None:
        """Queue a job again whose attempt was interrupted, or fail it after too many; other jobs are left alone."""
        job = self._journal.get_job(job_id, with_blocks=False)
        if job.state is not JobState.RUNNING:
            return
        if job.attempt_count < MAX_ATTEMPT_COUNT:
            self._events.append(job_id, JobState.QUEUED)
            return
        message = (
            f"the agent stopped, or could not write to its disk, in each of {job.attempt_count} attempts; see its log"
        )
        self._events.append_end(job_id, Failure(reason=JobInterruptedError.reason, message=message))

    async def run(self) -> None:
        """Measure one job after the other until cancelled; the running job is then queued again."""
        while True:
            change = self._events.next_change
            try:
                waiting = fair_share_order(self._journal.waiting_jobs(), self._leases.is_silent)
                if waiting:
                    self.requeue(waiting[0].job_id)
                    await self._attempt(waiting[0].job_id)
                    self._journal.kept_jobs.forget_finished_jobs(keep_count=self._finished_job_count)
            except Exception:
                # A full disk may have room later. Before an attempt is recorded only the journal can fail, which fails
                # for every job; from then on attempts are counted, so that no job holds up the others for ever.
                logger.exception("a job's attempt could not be recorded; trying again in %g s", _RETRY_PAUSE_S)
                await asyncio.sleep(_RETRY_PAUSE_S)
            else:
                if not waiting:
                    await change.wait()

    async def _attempt(self, job_id: str) -> None:
        """Run one attempt of a job to its end."""
        measuring = asyncio.ensure_future(self._measure(job_id))
        self._running = (job_id, measuring)
        try:
            await asyncio.wait({measuring})
        finally:
            self._running = self._begun = None
            if not measuring.done():  # the agent stops
                measuring.cancel()
                await asyncio.wait({measuring})
                self.requeue(job_id)
        if not measuring.cancelled():
            measuring.result()

    async def _measure(self, job_id: str) -> None:
        # Describe the device now: a process that describes it during the measurement would disturb the runs.
        with contextlib.suppress(DeviceDescriptionError):
            await self._describer.describe()
        job = self._journal.get_job(job_id, with_blocks=False)
        if job.state.is_final:
            return
        attempt = job.attempt_count + 1
        self._begun = (job, time.monotonic())
        self._events.append(job_id, JobState.RUNNING, Progress(phase=JobPhase.LOADING, attempt=attempt))
        try:
            result = await self._run_worker(job, attempt)
            if isinstance(result, Failure) and result.reason == WorkerOutOfMemoryError.reason:
                self._record_end(job, WorkerOutOfMemoryError(result.message))
            self._events.append_end(job_id, result)
        except (DiskFullError, JournalError):
            raise
        except AgentError as error:
            self._record_end(job, error)
            self._events.append_end(job_id, Failure(reason=error.reason, message=str(error)))
        except Exception as error:
            logger.exception("internal error while measuring job %s", job_id)
            message = f"an internal error of the agent, please report it with the agent's log: {error!r}"
            self._events.append_end(job_id, Failure(reason=InternalError.reason, message=message))

    async def _run_worker(self, job: Job, attempt: int) -> WorkerResult:
        async def record(event: WorkerEvent) -> None:
            if isinstance(event, LatencyBlock):
                self._energy_meter.end_block(event)
                self._quiet_window.end_block()
                self._events.append(job.job_id, event)
                await self._events.streamed(job.job_id)
                await self._quiet_window.between_blocks()
            elif isinstance(event, ModelProfile | ModelResult):
                self._end_block()
                told = self._with_energy_of_model(event) if isinstance(event, ModelResult) else event
                self._events.append(job.job_id, told)
                if isinstance(told, ModelResult):
                    self._note_result(job, told)
            elif event is not JobPhase.LOADING:  # recorded before the worker was started
                self._events.append(job.job_id, Progress(phase=event, attempt=attempt))

        self._untold = self._journal.series_results.untold_models(job)
        if not self._untold:
            return ResultsEnd()
        models = [await self._stored(job.spec.of_model(model_sha256)) for model_sha256 in self._untold]
        spec = dataclasses.replace(job.spec, plan=job.spec.plan.filled())
        if job.spec.kind is not JobKind.GRAPH:
            await self._energy_meter.begin_job()
        try:
            result = await self._worker.run(
                models[0].path,
                spec,
                parts=models[0].parts,
                series=models if job.spec.kind is JobKind.SERIES else (),
                needs=await self._needs_of(job.spec.setting.runtime),
                job_id=job.job_id,
                attempt=attempt,
                on_event=record,
                on_block_begin=self._begin_block,
            )
        finally:
            self._end_block()
        return self._with_energy(result) if isinstance(result, Measurement) else result

    def _begin_block(self) -> None:
        self._quiet_window.begin_block()
        self._energy_meter.begin_block()

    def _end_block(self) -> None:
        """Note that no block is timed any more, although the one that had begun may not have ended."""
        self._energy_meter.drop_block()
        self._quiet_window.end_block()

    def _with_energy_of_model(self, result: ModelResult) -> ModelResult:
        if result.measurement is None:
            # Of blocks before its failure, which are no part of the next model.
            self._energy_meter.take()
            return result
        return dataclasses.replace(result, measurement=self._with_energy(result.measurement))

    def _with_energy(self, measurement: Measurement) -> Measurement:
        """Return a measurement with what the sensors say, whatever the worker says of them."""
        return dataclasses.replace(measurement, energy_uses=self._energy_meter.take())

    async def _stored(self, spec: JobSpec) -> StoredModel:
        """Return the files of a job's model, checked; it may have been quarantined since the job was queued."""
        self._journal.quarantine.require_released(spec)
        return StoredModel(
            model_sha256=spec.model_sha256,
            path=await self._store.verified_model(spec.model_sha256),
            parts=await self._store.verified_parts(spec.model_sha256, spec.inputs_sha256),
        )

    def _note_result(self, job: Job, result: ModelResult) -> None:
        """Note that a model of a series has ended; one that memory was too small for counts as if it were alone."""
        if result.failure is not None and result.failure.reason == WorkerOutOfMemoryError.reason:
            self._record_end(job, WorkerOutOfMemoryError(result.failure.message))
        self._untold = [model_sha256 for model_sha256 in self._untold if model_sha256 != result.model_sha256]

    async def _needs_of(self, runtime: str) -> RuntimeNeeds | None:
        """Return what a runtime declares to need of the device; None where it needs nothing, or is not described."""
        try:
            device = await self._describer.describe()
        except DeviceDescriptionError:
            return None
        return next((item.needs for item in device.runtimes if item.name == runtime), None)

    def _record_end(self, job: Job, error: AgentError) -> None:
        # In a series the first model that nothing was told of is the one that ran.
        spec = job.spec.of_model(next(iter(self._untold), job.spec.model_sha256))
        self._journal.quarantine.record_end(spec, error, time=self._clock())

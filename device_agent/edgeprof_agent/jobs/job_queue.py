"""The queue: one measurement at a time, hosts taking turns, through the states of `job_states.py`.

Every change is in the journal before anybody is told. The two ends of an attempt that no worker decides are a job's
cancellation and the agent's own end; both kill the worker. After the agent's own end the job is queued again, and given
up after MAX_ATTEMPT_COUNT attempts; the blocks of an attempt that was cut short stay among its events.

A host that is silent for longer than its lease keeps nobody waiting: its jobs run when no other host has any, and where
the queue is full, one of them that has never begun makes place for a host that is there.
"""

import asyncio
import contextlib
import dataclasses
import logging
import time
from collections.abc import AsyncIterator, Callable, Collection
from typing import Final

from edgeprof_agent.device.description_process import DeviceDescriber, check_setting
from edgeprof_agent.errors import (
    AgentError,
    DeviceDescriptionError,
    DiskFullError,
    InternalError,
    JobCancelledError,
    JobConflictError,
    JobInterruptedError,
    JournalError,
    JournalFullError,
    ModelQuarantinedError,
    QueueFullError,
    WorkerCrashedError,
    WorkerOutOfMemoryError,
    WorkerTimeoutError,
)
from edgeprof_agent.jobs.fair_share import WaitingJob, fair_share_order
from edgeprof_agent.jobs.journal import Journal
from edgeprof_agent.jobs.leases import Leases
from edgeprof_agent.jobs.worker_process import WorkerEvent, WorkerProcess
from edgeprof_agent.models.model_store import ModelStore
from edgeprof_proto.records.job import (
    Failure,
    Job,
    JobEvent,
    JobEventPayload,
    JobPhase,
    JobState,
    JournalSpace,
    Progress,
)
from edgeprof_proto.records.job_spec import JobSpec
from edgeprof_proto.records.measurement import LatencyBlock, Measurement
from edgeprof_proto.records.validation import require_job_id

logger = logging.getLogger(__name__)

MAX_ATTEMPT_COUNT: Final = 3
"""Attempts after which a job that the agent's end cut short is given up: it may be what ends the agent."""

MAX_WORKER_KILL_COUNT: Final = 2
"""A model that has ended so many workers is measured only when it is asked for by name."""

_RETRY_PAUSE_S: Final = 5.0
_EVENTS_AT_ONCE: Final = 16


class JobQueue:
    """The jobs of one agent; all methods are called from one event loop.

    Args:
        journal: Where jobs and events are kept.
        store: Where the models are.
        worker: Runs a job.
        describer: Tells what the device can run.
        leases: Tells which hosts are silent.
        queued_job_count: Jobs that may wait at most.
        host_queued_job_count: Jobs of one host that may wait at most.
        finished_job_count: Finished jobs that the journal keeps.
        clock: Tells the time, in seconds since the epoch.
    """

    def __init__(
        self,
        journal: Journal,
        store: ModelStore,
        worker: WorkerProcess,
        describer: DeviceDescriber,
        leases: Leases,
        *,
        queued_job_count: int,
        host_queued_job_count: int,
        finished_job_count: int,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._journal = journal
        self._store = store
        self._worker = worker
        self._describer = describer
        self._leases = leases
        self._host_queued_job_count = host_queued_job_count
        self._queued_job_count = queued_job_count
        self._finished_job_count = finished_job_count
        self._clock = clock
        self._news = asyncio.Event()
        self._current: tuple[str, asyncio.Task[None]] | None = None
        for job in journal.waiting_jobs():
            self._requeue(job.job_id)

    async def create_job(self, job_id: str, spec: JobSpec, *, host_name: str, release_model: bool = False) -> Job:
        """Queue a job, or return the one that has this id and asks for the same.

        Args:
            job_id: Id that the host chose.
            spec: What to measure.
            host_name: Host that asks for it; empty for one that tells no name.
            release_model: Whether to forget that the model has ended its worker.

        Raises:
            RecordError: If the id is none.
            JobConflictError: If the id is taken by a job that asks for something else.
            ModelNotFoundError: If the model is not on the device.
            RuntimeNotFoundError: If the runtime is not.
            SettingNotSupportedError: If the runtime cannot do what is asked for.
            ModelQuarantinedError: If the model has ended its worker twice and is not released.
            QueueFullError: If too many jobs wait.
            JournalFullError: If there is no room for its result.
        """
        require_job_id(job_id)
        if (known := self._known(job_id, spec)) is not None:
            return known
        check_setting(spec.setting, await self._describer.describe())
        # Another call with this id may have come while the device was described.
        if (known := self._known(job_id, spec)) is not None:
            return known
        self._store.use_model(spec.model_sha256)
        if release_model:
            self._journal.release_model(spec.model_sha256)
        self._refuse_quarantined(spec.model_sha256)
        self._make_place(host_name)
        self._journal.create_job(job_id, spec, time=self._clock(), host_name=host_name)
        self._tell()
        return self.get_job(job_id)

    def get_job(self, job_id: str) -> Job:
        """Return a job as it stands, with its result.

        Args:
            job_id: The job.

        Raises:
            JobNotFoundError: If there is no such job.
        """
        return self._placed((self._journal.get_job(job_id),))[0]

    def list_jobs(self, *, limit: int, before: int | None) -> tuple[tuple[Job, ...], int | None]:
        """Return jobs without their results, newest first, and where the list goes on.

        Args:
            limit: Jobs at most.
            before: Where the list goes on, as the call for the page before returned it.
        """
        jobs, next_before = self._journal.list_jobs(limit=limit, before=before)
        return self._placed(jobs), next_before

    def cancel_job(self, job_id: str) -> Job:
        """End a job that waits or runs; one that has ended stays as it is.

        Args:
            job_id: The job.

        Raises:
            JobNotFoundError: If there is no such job.
        """
        job = self._journal.get_job(job_id)
        if job.state.is_final:
            return job
        self._end(job_id, Failure(reason=JobCancelledError.reason, message="the job was cancelled on request"))
        if self._current is not None and self._current[0] == job_id:
            self._current[1].cancel()
        return self._journal.get_job(job_id)

    def acknowledge_jobs(self, job_ids: Collection[str]) -> None:
        """Note that a host has kept what came out of some jobs; those that are forgotten are passed over.

        Args:
            job_ids: The jobs.

        Raises:
            InvalidRequestError: If one of them has not ended; none is acknowledged then.
        """
        self._journal.acknowledge_jobs(job_ids, time=self._clock())

    def journal_space(self) -> JournalSpace:
        """Return how many results there is room for until a host acknowledges some."""
        free_count = self._finished_job_count - self._journal.unacknowledged_count()
        return JournalSpace(free_count=max(0, free_count), total_count=self._finished_job_count)

    async def watch_job(self, job_id: str, *, from_sequence: int) -> AsyncIterator[JobEvent]:
        """Yield the events of a job, those of the past first, until it has ended.

        Args:
            job_id: The job.
            from_sequence: Number of the first event wanted.

        Raises:
            JobNotFoundError: If there is no such job.
        """
        sequence = max(1, from_sequence)
        while True:
            news = self._news
            events = self._journal.events(job_id, from_sequence=sequence, limit=_EVENTS_AT_ONCE)
            for event in events:
                yield event
                sequence = event.sequence + 1
            if not events:
                if self._journal.get_job(job_id).state.is_final:
                    return
                await news.wait()

    async def run(self) -> None:
        """Measure one job after the other, until cancelled; the job then running goes back into the queue."""
        while True:
            news = self._news
            try:
                waiting = self._run_order()
                if waiting:
                    self._requeue(waiting[0].job_id)
                    await self._attempt(waiting[0].job_id)
                    self._journal.forget_finished_jobs(keep_count=self._finished_job_count)
            except Exception:
                # A full disk may have room again, and a bug must not keep the other jobs waiting for ever.
                logger.exception("a job's attempt could not be recorded; going on in %g s", _RETRY_PAUSE_S)
                await asyncio.sleep(_RETRY_PAUSE_S)
            else:
                if not waiting:
                    await news.wait()

    async def _attempt(self, job_id: str) -> None:
        """Give a job to a worker and wait for the end of it."""
        measuring = asyncio.ensure_future(self._measure(job_id))
        self._current = (job_id, measuring)
        try:
            await asyncio.wait({measuring})
        finally:
            self._current = None
            if not measuring.done():  # the agent stops
                measuring.cancel()
                await asyncio.wait({measuring})
                self._requeue(job_id)
        if not measuring.cancelled():
            measuring.result()

    async def _measure(self, job_id: str) -> None:
        # Asked for later, the description would disturb the measurement.
        with contextlib.suppress(DeviceDescriptionError):
            await self._describer.describe()
        job = self._journal.get_job(job_id)
        if job.state.is_final:
            return
        attempt = job.attempt_count + 1
        self._change(job_id, JobState.RUNNING, Progress(phase=JobPhase.LOADING, attempt=attempt))
        try:
            result = await self._run_worker(job, attempt)
            if isinstance(result, Failure) and result.reason == WorkerOutOfMemoryError.reason:
                self._count_kill(job, result.message)
            self._end(job_id, result)
        except (DiskFullError, JournalError):
            raise
        except AgentError as error:
            if _is_models_fault(error):
                self._count_kill(job, str(error))
            self._end(job_id, Failure(reason=error.reason, message=str(error)))
        except Exception as error:
            logger.exception("job %s met a bug", job_id)
            message = f"a fault of the agent, please report it with the agent's log: {error!r}"
            self._end(job_id, Failure(reason=InternalError.reason, message=message))

    async def _run_worker(self, job: Job, attempt: int) -> Measurement | Failure:
        def record(event: WorkerEvent) -> None:
            if isinstance(event, LatencyBlock):
                self._change(job.job_id, event)
            elif event is not JobPhase.LOADING:  # told before the worker was started
                self._change(job.job_id, Progress(phase=event, attempt=attempt))

        # It may have ended its worker twice since the job was queued.
        self._refuse_quarantined(job.spec.model_sha256)
        model_path = await self._store.verified_model(job.spec.model_sha256)
        spec = dataclasses.replace(job.spec, plan=job.spec.plan.filled())
        return await self._worker.run(model_path, spec, attempt=attempt, on_event=record)

    def _refuse_quarantined(self, model_sha256: str) -> None:
        kill_count, message = self._journal.worker_kills(model_sha256)
        if kill_count >= MAX_WORKER_KILL_COUNT:
            raise ModelQuarantinedError(
                f"the model {model_sha256} has ended its worker {kill_count} times and is not measured again; to try "
                f"all the same, use --release-model, or `edgeprof-agent release {model_sha256}` on the device; "
                f"the last time {message}"
            )

    def _count_kill(self, job: Job, message: str) -> None:
        self._journal.count_worker_kill(job.spec.model_sha256, message, time=self._clock())

    def _run_order(self) -> list[WaitingJob]:
        return fair_share_order(self._journal.waiting_jobs(), self._leases.is_silent)

    def _placed(self, jobs: tuple[Job, ...]) -> tuple[Job, ...]:
        """Tell each job that is queued its place."""
        if not any(job.state is JobState.QUEUED for job in jobs):
            return jobs
        places = {job.job_id: place for place, job in enumerate(self._run_order())}
        return tuple(
            dataclasses.replace(job, queue_position=places[job.job_id]) if job.state is JobState.QUEUED else job
            for job in jobs
        )

    def _make_place(self, host_name: str) -> None:
        """Refuse a job for which there is no place, or give it that of a silent host's job that has never begun."""
        current_id = None if self._current is None else self._current[0]
        queued = [job for job in self._run_order() if job.job_id != current_id]
        own_count = sum(job.host_name == host_name for job in queued)
        if own_count >= self._host_queued_job_count:
            raise QueueFullError(
                f"{own_count} jobs of this host wait already, the limit of this agent for one host; try again later"
            )
        is_full = len(queued) >= self._queued_job_count
        if is_full and not self._may_be_forgotten(queued[-1], host_name):
            raise QueueFullError(f"{len(queued)} jobs wait already, the limit of this agent; try again later")
        space = self.journal_space()
        if not space.free_count:
            raise JournalFullError(
                f"the journal has no room for another result: {space.total_count} are kept that no host has "
                "acknowledged, or measured next; go on with the sessions that asked for them, or raise "
                "EDGEPROF_AGENT_FINISHED_JOB_COUNT on the device"
            )
        if is_full:
            job_id = queued[-1].job_id
            logger.warning("forgetting job %s, never begun: the queue is full and its host silent", job_id)
            self._journal.forget_job(job_id)

    def _may_be_forgotten(self, job: WaitingJob, host_name: str) -> bool:
        """Tell whether a job may make place for one of a host."""
        return not job.attempt_count and job.host_name != host_name and self._leases.is_silent(job.host_name)

    def _requeue(self, job_id: str) -> None:
        """Put a job back whose attempt was cut short, or give it up; leaves every other job as it is."""
        job = self._journal.get_job(job_id)
        if job.state is not JobState.RUNNING:
            return
        if job.attempt_count < MAX_ATTEMPT_COUNT:
            self._change(job_id, JobState.QUEUED)
            return
        message = f"the agent stopped, or its disk failed it, in each of {job.attempt_count} attempts; see its log"
        self._end(job_id, Failure(reason=JobInterruptedError.reason, message=message))

    def _end(self, job_id: str, result: Measurement | Failure) -> None:
        if isinstance(result, Measurement):
            self._change(job_id, result, JobState.SUCCEEDED)
        elif result.reason == JobCancelledError.reason:
            self._change(job_id, result, JobState.CANCELLED)
        else:
            self._change(job_id, result, JobState.FAILED)

    def _change(self, job_id: str, *payloads: JobEventPayload) -> None:
        """Write down what happened to a job, then tell those who watch."""
        self._journal.append(job_id, *payloads, time=self._clock())
        self._tell()

    def _tell(self) -> None:
        self._news.set()
        self._news = asyncio.Event()

    def _known(self, job_id: str, spec: JobSpec) -> Job | None:
        job = self._journal.find_job(job_id)
        if job is not None and job.spec != spec:
            raise JobConflictError(f"job {job_id!r} exists and asks for something else; choose another id")
        return job


def _is_models_fault(error: AgentError) -> bool:
    """Tell whether an attempt's end speaks against its model: not a plan that was too long for the time allowed."""
    if isinstance(error, WorkerTimeoutError):
        return error.was_silent
    return isinstance(error, WorkerCrashedError | WorkerOutOfMemoryError)

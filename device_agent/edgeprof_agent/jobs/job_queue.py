"""The job queue: creates, lists, cancels and acknowledges jobs. The agent measures one job at a time.

Every change is in the journal before anyone is notified. Hosts share the device in fair-share order (`fair_share.py`);
a host whose lease has expired does not keep others waiting.
"""

import dataclasses
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Collection

from edgeprof_agent.device.description_process import DeviceDescriber
from edgeprof_agent.device.setting_check import check_setting
from edgeprof_agent.energy.meter import EnergyMeter
from edgeprof_agent.errors import JobCancelledError, JobConflictError
from edgeprof_agent.jobs.admission import Admission
from edgeprof_agent.jobs.event_stream import EventStream
from edgeprof_agent.jobs.fair_share import fair_share_order
from edgeprof_agent.jobs.job_runner import JobRunner
from edgeprof_agent.jobs.journal import Journal
from edgeprof_agent.jobs.leases import Leases
from edgeprof_agent.jobs.model_check import check_model
from edgeprof_agent.jobs.worker_process import WorkerProcess
from edgeprof_agent.models.model_store import ModelStore
from edgeprof_agent.quiet_window import QuietWindow
from edgeprof_proto.records.job import Failure, Job, JobEvent, JobState, JournalSpace
from edgeprof_proto.records.job_spec import JobSpec
from edgeprof_proto.records.measurement import VerdictKind
from edgeprof_proto.records.validation import require_job_id


class JobQueue:
    """The jobs of one agent; all methods are called from one event loop.

    Args:
        journal: Where jobs and events are kept.
        store: Where the models are.
        worker: Runs a job.
        describer: Describes the device and what it can run.
        leases: Tells which hosts are silent.
        quiet_window: Told when a block is timed; None where nothing but jobs runs.
        energy_meter: Reads the sensors of the device; None for one that looks for them where the kernel shows them.
        queued_job_count: Waiting jobs at most.
        host_queued_job_count: Waiting jobs of one host at most.
        finished_job_count: Finished jobs that the journal keeps.
        thread_count: Threads that a setting may ask for; 0 for as many as the board has cores.
        clock: Tells the time, in seconds since the epoch.
    """

    def __init__(
        self,
        journal: Journal,
        store: ModelStore,
        worker: WorkerProcess,
        describer: DeviceDescriber,
        leases: Leases,
        quiet_window: QuietWindow | None = None,
        energy_meter: EnergyMeter | None = None,
        *,
        queued_job_count: int,
        host_queued_job_count: int,
        finished_job_count: int,
        thread_count: int = 0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._journal = journal
        self._store = store
        self._describer = describer
        self._thread_count = thread_count
        self._leases = leases
        self._clock = clock
        self._admission = Admission(
            journal,
            leases,
            queued_job_count=queued_job_count,
            host_queued_job_count=host_queued_job_count,
            finished_job_count=finished_job_count,
        )
        quiet_window = quiet_window or QuietWindow()
        self._events = EventStream(journal, quiet_window, clock)
        self._runner = JobRunner(
            journal,
            self._events,
            store,
            worker,
            describer,
            leases,
            quiet_window,
            energy_meter or EnergyMeter(),
            finished_job_count=finished_job_count,
            clock=clock,
        )
        for job in journal.waiting_jobs():
            self._runner.requeue(job.job_id)

    async def create_job(self, job_id: str, spec: JobSpec, *, host_name: str, release_model: bool = False) -> Job:
        """Queue a job, or return the existing one with this id and this spec.

        Args:
            job_id: Id that the host chose.
            spec: What to measure.
            host_name: Host that asks for it; empty where the host sends no name.
            release_model: Whether to release the model from quarantine first.

        Raises:
            RecordError: If the id has a wrong form.
            JobConflictError: If a job with this id has another spec.
            ModelNotFoundError: If the model, a file of it, or its inputs are not on the device.
            RuntimeNotFoundError: If the runtime is not on the device.
            SettingNotSupportedError: If the runtime does not support the setting, or the model's format.
            ModelQuarantinedError: If the model is in quarantine.
            QueueFullError: If too many jobs wait.
            JournalFullError: If the journal cannot keep another result.
        """
        require_job_id(job_id)
        if (existing := self._find_job(job_id, spec)) is not None:
            return existing
        device = await self._describer.describe()
        check_setting(spec.setting, device, thread_count=self._thread_count or device.cpu.core_count)
        # Another call may have created the job while the device was being described.
        if (existing := self._find_job(job_id, spec)) is not None:
            return existing
        for model_sha256 in spec.model_hashes:
            alone = spec.of_model(model_sha256)
            check_model(alone, device, self._store)
            if release_model:
                self._journal.quarantine.release_model(model_sha256)
            self._journal.quarantine.require_released(alone)
        self._admission.make_room(host_name, running_job_id=self._runner.running_job_id)
        self._journal.create_job(job_id, spec, time=self._clock(), host_name=host_name)
        self._events.announce_change()
        return self.get_job(job_id)

    def get_job(self, job_id: str, *, with_blocks: bool = False) -> Job:
        """Return a job with its result and its position in the queue.

        Args:
            job_id: The job.
            with_blocks: Whether a measurement comes with its blocks, which may be many.

        Raises:
            JobNotFoundError: If there is no such job.
        """
        return self._with_positions((self._journal.get_job(job_id, with_blocks=with_blocks),))[0]

    def list_jobs(self, *, limit: int, before: int | None) -> tuple[tuple[Job, ...], int | None]:
        """Return jobs without their results, newest first, and where the next page starts.

        Args:
            limit: Jobs at most.
            before: Where the page starts, as the call for the page before returned it; None for the first page.
        """
        jobs, next_before = self._journal.list_jobs(limit=limit, before=before)
        return self._with_positions(jobs), next_before

    def cancel_job(self, job_id: str) -> Job:
        """Cancel a job that waits or runs; a job that has ended is left as it is.

        Args:
            job_id: The job.

        Raises:
            JobNotFoundError: If there is no such job.
        """
        job = self._journal.get_job(job_id, with_blocks=False)
        if job.state.is_final:
            return job
        failure = Failure(reason=JobCancelledError.reason, message="the job was cancelled on request")
        self._events.append_end(job_id, failure)
        self._runner.stop_attempt(job_id)
        return self._journal.get_job(job_id, with_blocks=False)

    def acknowledge_jobs(self, job_ids: Collection[str]) -> None:
        """Record that a host has stored the results of some jobs. Jobs that are deleted already are skipped.

        Args:
            job_ids: The jobs.

        Raises:
            InvalidRequestError: If one of them has not ended; then none is acknowledged.
        """
        self._journal.kept_jobs.acknowledge_jobs(job_ids, time=self._clock())

    def journal_space(self) -> JournalSpace:
        """Return how many more results the journal can keep before a host acknowledges some."""
        return self._admission.journal_space()

    def state_counts(self) -> dict[JobState, int]:
        """Return the number of jobs in each state; states without a job are left out."""
        return self._journal.kept_jobs.state_counts()

    @property
    def verdict_counts(self) -> Counter[VerdictKind]:
        """Measurements since the agent started, by verdict."""
        return self._events.verdict_counts

    def watch_job(self, job_id: str, *, from_sequence: int, with_blocks: bool = True) -> AsyncIterator[JobEvent]:
        """Yield the events of a job, past ones first, until it has ended.

        Args:
            job_id: The job.
            from_sequence: Number of the first event wanted.
            with_blocks: Whether the measurement comes with its blocks, which are events of their own.

        Raises:
            JobNotFoundError: If there is no such job.
        """
        return self._events.watch(job_id, from_sequence=from_sequence, with_blocks=with_blocks)

    async def run(self) -> None:
        """Measure one job after the other until cancelled; the running job is then queued again."""
        await self._runner.run()

    def _with_positions(self, jobs: tuple[Job, ...]) -> tuple[Job, ...]:
        """Add to each queued job its position in the queue, and who runs meanwhile."""
        if not any(job.state is JobState.QUEUED for job in jobs):
            return jobs
        waiting = fair_share_order(self._journal.waiting_jobs(), self._leases.is_silent)
        positions = {job.job_id: position for position, job in enumerate(waiting)}
        running = self._runner.running_job
        return tuple(
            dataclasses.replace(
                job,
                queue_position=positions[job.job_id],
                running_host_name="" if running is None else running.host_name,
                running_remaining_s=None if running is None else running.remaining_s,
            )
            if job.state is JobState.QUEUED
            else job
            for job in jobs
        )

    def _find_job(self, job_id: str, spec: JobSpec) -> Job | None:
        job = self._journal.find_job(job_id)
        if job is not None and job.spec != spec:
            raise JobConflictError(f"job {job_id!r} exists with another spec; choose another id")
        return job

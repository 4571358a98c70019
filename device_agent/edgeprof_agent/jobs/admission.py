"""Admission: whether another job may be queued, given the limits of the queue and of the journal."""

import logging

from edgeprof_agent.errors import JournalFullError, QueueFullError
from edgeprof_agent.jobs.fair_share import WaitingJob, fair_share_order
from edgeprof_agent.jobs.journal import Journal
from edgeprof_agent.jobs.leases import Leases
from edgeprof_proto.records.job import JournalSpace

logger = logging.getLogger(__name__)


class Admission:
    """The limits of the queue and of the journal.

    Args:
        journal: Where the jobs are kept.
        leases: Tells which hosts are silent.
        queued_job_count: Waiting jobs at most.
        host_queued_job_count: Waiting jobs of one host at most.
        finished_job_count: Finished jobs that the journal keeps.
    """

    def __init__(
        self,
        journal: Journal,
        leases: Leases,
        *,
        queued_job_count: int,
        host_queued_job_count: int,
        finished_job_count: int,
    ) -> None:
        self._journal = journal
        self._leases = leases
        self._queued_job_count = queued_job_count
        self._host_queued_job_count = host_queued_job_count
        self._finished_job_count = finished_job_count

    def journal_space(self) -> JournalSpace:
        """Return how many more results the journal can keep before a host acknowledges some."""
        free_count = self._finished_job_count - self._journal.kept_jobs.unacknowledged_count()
        return JournalSpace(free_count=max(0, free_count), total_count=self._finished_job_count)

    def make_room(self, host_name: str, *, running_job_id: str | None) -> None:
        """Make room in the queue for one more job of a host.

        In a full queue the last job is deleted if it has never started and the lease of its host has expired.

        Args:
            host_name: The host.
            running_job_id: The job that is being measured, which does not wait; None for none.

        Raises:
            QueueFullError: If too many jobs wait.
            JournalFullError: If the journal cannot keep another result.
        """
        waiting = fair_share_order(self._journal.waiting_jobs(), self._leases.is_silent)
        queued = [job for job in waiting if job.job_id != running_job_id]
        own_count = sum(job.host_name == host_name for job in queued)
        if own_count >= self._host_queued_job_count:
            raise QueueFullError(
                f"{own_count} jobs of this host wait already, the limit of this agent for one host; try again later"
            )
        is_full = len(queued) >= self._queued_job_count
        if is_full and not self._is_removable(queued[-1], host_name):
            raise QueueFullError(f"{len(queued)} jobs wait already, the limit of this agent; try again later")
        space = self.journal_space()
        if not space.free_count:
            raise JournalFullError(
                f"the journal has no room for another result: all {space.total_count} are taken by results that no "
                "host has acknowledged and by jobs that wait; go on with the sessions that asked for them, or raise "
                "EDGEPROF_AGENT_FINISHED_JOB_COUNT on the device"
            )
        if is_full:
            job_id = queued[-1].job_id
            logger.warning("deleting job %s, which never started: the queue is full and its host is silent", job_id)
            self._journal.kept_jobs.forget_job(job_id)

    def _is_removable(self, job: WaitingJob, host_name: str) -> bool:
        """Tell whether a job may be deleted for one of another host."""
        return not job.attempt_count and job.host_name != host_name and self._leases.is_silent(job.host_name)

"""The finished jobs that the journal keeps: their results are acknowledged, and deleted when there are too many."""

from collections.abc import Collection

from edgeprof_agent.errors import InvalidRequestError
from edgeprof_agent.jobs.journal_database import JournalDatabase
from edgeprof_proto.records.job import JobState

WAITING = (JobState.QUEUED.value, JobState.RUNNING.value)
"""States of jobs that have not ended."""


class KeptJobs:
    """Which jobs of a journal are kept.

    Args:
        database: The journal's file.
    """

    def __init__(self, database: JournalDatabase) -> None:
        self._database = database

    def forget_finished_jobs(self, *, keep_count: int) -> None:
        """Delete the oldest finished jobs whose results are acknowledged.

        Args:
            keep_count: Finished jobs that are kept; more where more of them are not acknowledged.
        """
        finished = self._database.count("SELECT count(*) AS value FROM jobs WHERE state NOT IN (?, ?)", *WAITING)
        with self._database.transaction():
            self._database.execute(
                "DELETE FROM jobs WHERE number IN (SELECT number FROM jobs WHERE state NOT IN (?, ?)"
                " AND (acknowledge_time IS NOT NULL OR host_name = '') ORDER BY number LIMIT ?)",
                *(*WAITING, max(0, finished - keep_count)),
            )

    def drop_finished_jobs(self) -> int:
        """Delete every job that has ended, acknowledged or not; return their number."""
        with self._database.transaction():
            return self._database.execute("DELETE FROM jobs WHERE state NOT IN (?, ?)", *WAITING)

    def forget_job(self, job_id: str) -> None:
        """Delete a job with its events."""
        with self._database.transaction():
            self._database.execute("DELETE FROM jobs WHERE job_id = ?", job_id)

    def acknowledge_jobs(self, job_ids: Collection[str], *, time: float) -> None:
        """Record that a host has stored the results of some jobs. Jobs that are deleted already are skipped.

        Args:
            job_ids: The jobs.
            time: Now, in seconds since the epoch.

        Raises:
            InvalidRequestError: If one of them has not ended; then none is acknowledged.
        """
        unfinished = "SELECT 1 FROM jobs WHERE job_id = ? AND state IN (?, ?)"
        acknowledge = "UPDATE jobs SET acknowledge_time = coalesce(acknowledge_time, ?) WHERE job_id = ?"
        with self._database.transaction():
            for job_id in job_ids:
                if self._database.rows(unfinished, job_id, *WAITING):
                    raise InvalidRequestError(f"job {job_id!r} has not ended; acknowledge it once its result is stored")
                self._database.execute(acknowledge, time, job_id)

    def state_counts(self) -> dict[JobState, int]:
        """Return the number of jobs in each state; states without a job are left out."""
        rows = self._database.rows("SELECT state, count(*) AS value FROM jobs GROUP BY state")
        return {JobState(row["state"]): row["value"] for row in rows}

    def unacknowledged_count(self) -> int:
        """Return the number of results that no host has acknowledged, including those of running and waiting jobs."""
        return self._database.count(
            "SELECT count(*) AS value FROM jobs WHERE acknowledge_time IS NULL AND host_name != ''"
        )

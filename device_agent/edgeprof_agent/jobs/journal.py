"""The journal: every job and every event, on disk before anyone is notified.

A job has one row, numbered in the order of arrival. Its events are numbered from 1 without gaps. A measurement is
stored without its blocks, which are events of the same attempt.

A finished job is kept until its host acknowledges it. Hosts of contract revision 1 send no name and no acknowledgement,
so their jobs count as acknowledged when they end.
"""

import contextlib
import dataclasses
import json
import os
import sqlite3
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from edgeprof_agent.errors import DiskFullError, InvalidRequestError, JobNotFoundError, JournalError
from edgeprof_agent.jobs.event_rows import decode, decode_payload, encode, encode_payload
from edgeprof_agent.jobs.fair_share import WaitingJob
from edgeprof_agent.jobs.job_states import require_transition
from edgeprof_agent.jobs.journal_database import JournalDatabase
from edgeprof_agent.jobs.kept_jobs import WAITING, KeptJobs
from edgeprof_agent.jobs.quarantine import Quarantine
from edgeprof_agent.jobs.series_results import SeriesResults
from edgeprof_proto.records.job import Failure, Job, JobEvent, JobEventPayload, JobState
from edgeprof_proto.records.job_spec import JobSpec
from edgeprof_proto.records.measurement import LatencyBlock, Measurement

_NEWEST = 2**63 - 1  # larger than any row number in SQLite

BLOCKS_BYTES_LIMIT = 16 * 1024 * 1024
"""Blocks of one result that are sent together, to hosts before contract revision 3, in bytes of the journal: about five
million runs, which fit into the largest message that those take."""


@contextlib.contextmanager
def open_journal(data_dir: Path, *, disk_reserve_bytes: int = 0) -> Iterator["Journal"]:
    """Open the journal of an agent for the length of the block.

    Args:
        data_dir: The agent's folder.
        disk_reserve_bytes: Disk space that new jobs and runs leave free.

    Yields:
        The journal.

    Raises:
        JournalError: If the file is damaged, cannot be opened, or was written by a newer agent.
    """
    with contextlib.closing(Journal(data_dir / "journal.sqlite3", disk_reserve_bytes)) as journal:
        yield journal


class Journal:
    """Jobs and their events in one SQLite file that survives a kill and a power cut.

    Args:
        path: The file; created where it is missing.
        disk_reserve_bytes: Disk space that new jobs and runs leave free. Ends of jobs are written in any case.

    Raises:
        JournalError: If the file is damaged, cannot be opened, or was written by a newer agent.
    """

    def __init__(self, path: Path, disk_reserve_bytes: int = 0) -> None:
        self._path = path
        self._disk_reserve_bytes = disk_reserve_bytes
        self._database = JournalDatabase(path)
        self.quarantine = Quarantine(self._database)
        """The models that have ended worker processes."""
        self.kept_jobs = KeptJobs(self._database)
        """The finished jobs whose results are kept."""
        self.series_results = SeriesResults(self._database)
        """Results of the models of series."""

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def create_job(self, job_id: str, spec: JobSpec, *, time: float, host_name: str = "") -> None:
        """Add a job to the queue; its first event is the state QUEUED.

        Args:
            job_id: Id that no other job has.
            spec: What to measure.
            time: Now, in seconds since the epoch.
            host_name: Host that asks for it; empty where the host sends no name.
        """
        require_transition(job_id, None, JobState.QUEUED)
        self._require_disk()
        with self._database.transaction():
            self._database.execute(
                "INSERT INTO jobs (job_id, model_sha256, spec, state, attempt_count, create_time, host_name)"
                " VALUES (?, ?, ?, ?, 0, ?, ?)",
                *(job_id, spec.model_sha256, encode(spec), JobState.QUEUED.value, time, host_name),
            )
            self._insert_events(job_id, (JobState.QUEUED,))

    def append(self, job_id: str, *payloads: JobEventPayload, time: float) -> None:
        """Append events to a job, all or none.

        Args:
            job_id: The job.
            payloads: In order. A state among them becomes the job's state; RUNNING starts its next attempt.
            time: Now, in seconds since the epoch.

        Raises:
            JobNotFoundError: If there is no such job.
            JobStateError: If a state cannot follow the one before.
        """
        if any(isinstance(payload, LatencyBlock) for payload in payloads):
            self._require_disk()
        with self._database.transaction():
            before = JobState(self._job_row(job_id)["state"])
            self._insert_events(job_id, payloads)
            for state in payloads:
                if isinstance(state, JobState):
                    require_transition(job_id, before, state)
                    self._set_state(job_id, state, time)
                    before = state

    def get_job(self, job_id: str, *, with_blocks: bool = True) -> Job:
        """Return a job with its result.

        Args:
            job_id: The job.
            with_blocks: Whether a measurement comes with its blocks, which may be many.

        Raises:
            JobNotFoundError: If there is no such job.
        """
        row = self._job_row(job_id)
        job = self._job(row)
        if not job.state.is_final:
            return job
        # The result is the event before the final state, which is the last one.
        result = self.events(
            job_id, from_sequence=self._last_sequence(row["number"]) - 1, limit=1, with_blocks=with_blocks
        )[0].event
        if isinstance(result, Measurement):
            return dataclasses.replace(job, measurement=result)
        return dataclasses.replace(job, failure=result if isinstance(result, Failure) else None)

    def find_job(self, job_id: str) -> Job | None:
        """Return a job with its result, without blocks; None where there is no such job.

        Args:
            job_id: The job.
        """
        with contextlib.suppress(JobNotFoundError):
            return self.get_job(job_id, with_blocks=False)
        return None

    def list_jobs(self, *, limit: int, before: int | None = None) -> tuple[tuple[Job, ...], int | None]:
        """Return jobs without their results, newest first.

        Args:
            limit: Jobs at most.
            before: Where the page starts, as the call for the page before returned it; None for the first page.

        Returns:
            The jobs, and where the next page starts; None on the last page.
        """
        statement = "SELECT * FROM jobs WHERE number < ? ORDER BY number DESC LIMIT ?"
        rows = self._database.rows(statement, _NEWEST if before is None else before, limit + 1)
        jobs = tuple(self._job(row) for row in rows[:limit])
        return jobs, rows[limit - 1]["number"] if len(rows) > limit else None

    def waiting_jobs(self) -> tuple[WaitingJob, ...]:
        """Return the jobs that run or wait, in the order of arrival."""
        rows = self._database.rows(
            "SELECT job_id, host_name, state, attempt_count,"
            " (SELECT max(turn) FROM jobs AS all_jobs WHERE all_jobs.host_name = jobs.host_name) AS last_run"
            " FROM jobs WHERE state IN (?, ?) ORDER BY number",
            *WAITING,
        )
        return tuple(WaitingJob(**{**dict(row), "state": JobState(row["state"])}) for row in rows)

    def needed_models(self) -> Collection[str]:
        """Return the SHA-256 of every model, and of every archive of inputs, that a running or waiting job needs."""
        rows = self._database.rows("SELECT DISTINCT model_sha256, spec FROM jobs WHERE state IN (?, ?)", *WAITING)
        found = {row["model_sha256"] for row in rows}
        for spec in (json.loads(row["spec"]) for row in rows):
            # Specs of earlier revisions have neither.
            found |= {spec.get("inputs_sha256", ""), *spec.get("further_model_sha256s", ())}
        return found - {""}

    def events(self, job_id: str, *, from_sequence: int, limit: int, with_blocks: bool = True) -> tuple[JobEvent, ...]:
        """Return events of a job, in order.

        Args:
            job_id: The job.
            from_sequence: Number of the first event wanted.
            limit: Events at most.
            with_blocks: Whether a measurement comes with its blocks, which are events before it.

        Raises:
            JobNotFoundError: If there is no such job.
        """
        rows = self._database.rows(
            "SELECT * FROM events WHERE job_number = ? AND sequence >= ? ORDER BY sequence LIMIT ?",
            self._job_row(job_id)["number"],
            from_sequence,
            limit,
        )
        return tuple(JobEvent(sequence=row["sequence"], event=self._payload(row, with_blocks)) for row in rows)

    def last_sequence(self, job_id: str) -> int:
        """Return the number of the last event of a job.

        Raises:
            JobNotFoundError: If there is no such job.
        """
        return self._last_sequence(self._job_row(job_id)["number"])

    def _require_disk(self) -> None:
        disk = os.statvfs(self._path.parent)
        free = disk.f_bavail * disk.f_frsize
        if free < self._disk_reserve_bytes:
            raise DiskFullError(
                f"the disk of the device has {free} bytes left and the agent keeps {self._disk_reserve_bytes} free: "
                "free some disk space, or drop results with `edgeprof-agent jobs`"
            )

    def _insert_events(self, job_id: str, payloads: Collection[JobEventPayload]) -> None:
        row = self._job_row(job_id)
        sequence, attempt = self._last_sequence(row["number"]), row["attempt_count"]
        for payload in payloads:
            sequence += 1
            attempt += payload is JobState.RUNNING
            self._database.execute(
                "INSERT INTO events (job_number, sequence, attempt, kind, body) VALUES (?, ?, ?, ?, ?)",
                *(row["number"], sequence, attempt, *encode_payload(payload)),
            )

    def _last_sequence(self, job_number: int) -> int:
        statement = "SELECT coalesce(max(sequence), 0) AS value FROM events WHERE job_number = ?"
        return self._database.count(statement, job_number)

    def _set_state(self, job_id: str, state: JobState, time: float) -> None:
        is_start = state is JobState.RUNNING
        # `turn` numbers the starts of all jobs; the fair-share order compares the last one of each host.
        self._database.execute(
            "UPDATE jobs SET state = ?, attempt_count = attempt_count + ?, end_time = ?,"
            " turn = CASE WHEN ? THEN 1 + (SELECT max(turn) FROM jobs) ELSE turn END WHERE job_id = ?",
            *(state.value, is_start, time if state.is_final else None, is_start, job_id),
        )

    def _payload(self, row: sqlite3.Row, with_blocks: bool) -> JobEventPayload:
        with self._explaining_damage():
            payload = decode_payload(row["kind"], row["body"])
        if not isinstance(payload, Measurement) or not with_blocks:
            return payload
        of_attempt = "FROM events WHERE job_number = ? AND attempt = ? AND kind = 'block'"
        attempt = (row["job_number"], row["attempt"])
        byte_count = self._database.count(f"SELECT coalesce(sum(length(body)), 0) AS value {of_attempt}", *attempt)
        if byte_count > BLOCKS_BYTES_LIMIT:
            raise InvalidRequestError(
                f"the result holds more runs than fit into one message ({byte_count} bytes in the journal): "
                "update edgeprof on the host, which then takes them one block after the other"
            )
        rows = self._database.rows(f"SELECT body {of_attempt} ORDER BY sequence", *attempt)
        blocks = tuple(self._decode(LatencyBlock, block["body"]) for block in rows)
        return dataclasses.replace(payload, blocks=blocks)

    def _job(self, row: sqlite3.Row) -> Job:
        return Job(
            job_id=row["job_id"],
            spec=self._decode(JobSpec, row["spec"]),
            state=JobState(row["state"]),
            attempt_count=row["attempt_count"],
            create_time=row["create_time"],
            end_time=row["end_time"],
            host_name=row["host_name"],
            acknowledge_time=row["acknowledge_time"],
        )

    def _decode(self, record_type: Any, text: str) -> Any:
        with self._explaining_damage():
            return decode(record_type, text)

    @contextlib.contextmanager
    def _explaining_damage(self) -> Iterator[None]:
        try:
            yield
        except ValueError as error:
            raise JournalError(
                f"the journal {self._path} is damaged: {error}; move it away to start with an empty one"
            ) from error

    def _job_row(self, job_id: str) -> sqlite3.Row:
        rows = self._database.rows("SELECT * FROM jobs WHERE job_id = ?", job_id)
        if not rows:
            raise JobNotFoundError(f"there is no job {job_id!r} on this device; create it again")
        return rows[0]

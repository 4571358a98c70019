"""The agent's memory: every job and every event of it, on disk before anybody is told.

A job has one row, numbered in the order of arrival; what happened to it are its events, numbered from 1
without gaps. A measurement is stored without its blocks, which are events of the same attempt already.

A finished job stays until its host has acknowledged it; hosts of revision 1, which tell no name, acknowledge nothing,
and their jobs count as acknowledged when they end.
"""

import contextlib
import dataclasses
import json
import sqlite3
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from edgeprof_agent.errors import DiskFullError, InvalidRequestError, JobNotFoundError, JournalError
from edgeprof_agent.jobs.fair_share import WaitingJob
from edgeprof_agent.jobs.job_states import require_transition
from edgeprof_proto.record_json import from_json, to_json
from edgeprof_proto.records.job import Failure, Job, JobEvent, JobEventPayload, JobState, Progress
from edgeprof_proto.records.job_spec import JobSpec
from edgeprof_proto.records.measurement import LatencyBlock, Measurement

_MIGRATIONS = (
    # To schema 1.
    """
CREATE TABLE jobs (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    job_id TEXT NOT NULL UNIQUE,
    model_sha256 TEXT NOT NULL,
    spec TEXT NOT NULL,
    state TEXT NOT NULL,
    attempt_count INTEGER NOT NULL,
    create_time REAL NOT NULL,
    end_time REAL
);
CREATE INDEX jobs_by_state ON jobs (state, number);
CREATE TABLE events (
    job_number INTEGER NOT NULL REFERENCES jobs (number) ON DELETE CASCADE,
    sequence INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    kind TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (job_number, sequence)
);
""",
    # To schema 2: models that ended their workers.
    """
CREATE TABLE worker_kills (
    model_sha256 TEXT PRIMARY KEY,
    kill_count INTEGER NOT NULL,
    last_message TEXT NOT NULL,
    last_time REAL NOT NULL
);
""",
    # To schema 3: hosts, their turns, and what they have acknowledged.
    """
ALTER TABLE jobs ADD COLUMN host_name TEXT NOT NULL DEFAULT '';
ALTER TABLE jobs ADD COLUMN acknowledge_time REAL;
ALTER TABLE jobs ADD COLUMN turn INTEGER NOT NULL DEFAULT 0;
CREATE INDEX jobs_by_turn ON jobs (host_name, turn);
CREATE INDEX jobs_not_acknowledged ON jobs (number) WHERE acknowledge_time IS NULL AND host_name != '';
""",
)
"""What brings a journal from each schema to the next; entries are only ever added, since boards keep their journals."""

SCHEMA_VERSION = len(_MIGRATIONS)

_KINDS: dict[str, type[Any]] = {
    "state": JobState,
    "progress": Progress,
    "block": LatencyBlock,
    "measurement": Measurement,
    "failure": Failure,
}

_NEWEST = 2**63 - 1  # above every number that SQLite gives

_WAITING = (JobState.QUEUED.value, JobState.RUNNING.value)


@contextlib.contextmanager
def open_journal(data_dir: Path) -> Iterator["Journal"]:
    """Open the journal of an agent for the length of the block.

    Args:
        data_dir: The agent's folder.

    Yields:
        The journal.

    Raises:
        JournalError: If the file is damaged, cannot be opened, or was written by a newer agent.
    """
    with contextlib.closing(Journal(data_dir / "journal.sqlite3")) as journal:
        yield journal


class Journal:
    """Jobs and their events in one SQLite file that survives a kill and a power cut.

    Args:
        path: The file; made where it is missing.

    Raises:
        JournalError: If the file is damaged, cannot be opened, or was written by a newer agent.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        with self._explained():
            # Transactions are begun and ended here, not by the sqlite3 module behind our back.
            self._database = sqlite3.connect(path, isolation_level=None)
            try:
                self._prepare()
            except BaseException:
                self.close()
                raise

    def _prepare(self) -> None:
        self._database.row_factory = sqlite3.Row
        # Before anything is written: what is damaged stays as it was found.
        finding = self._database.execute("PRAGMA quick_check(1)").fetchone()[0]
        if finding != "ok":
            raise sqlite3.DatabaseError(" ".join(finding.split()))
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.execute("PRAGMA synchronous = FULL")
        self._database.execute("PRAGMA foreign_keys = ON")
        self._migrate()

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def create_job(self, job_id: str, spec: JobSpec, *, time: float, host_name: str = "") -> None:
        """Add a job to the queue; its first event says that it is queued.

        Args:
            job_id: Id that no other job has.
            spec: What to measure.
            time: Now, in seconds since the epoch.
            host_name: Host that asks for it; empty for one that tells no name.
        """
        require_transition(job_id, None, JobState.QUEUED)
        row = (job_id, spec.model_sha256, _dump(spec), JobState.QUEUED.value, time, host_name)
        with self._transaction():
            self._database.execute(
                "INSERT INTO jobs (job_id, model_sha256, spec, state, attempt_count, create_time, host_name)"
                " VALUES (?, ?, ?, ?, 0, ?, ?)",
                row,
            )
            self._insert_events(job_id, (JobState.QUEUED,))

    def append(self, job_id: str, *payloads: JobEventPayload, time: float) -> None:
        """Record what happened to a job, all or nothing.

        Args:
            job_id: The job.
            payloads: In order. A state among them becomes the job's state; RUNNING starts its next attempt.
            time: Now, in seconds since the epoch.

        Raises:
            JobNotFoundError: If there is no such job.
            JobStateError: If its state does not lead to one of these.
        """
        with self._transaction():
            before = JobState(self._job_row(job_id)["state"])
            self._insert_events(job_id, payloads)
            for state in payloads:
                if isinstance(state, JobState):
                    require_transition(job_id, before, state)
                    self._set_state(job_id, state, time)
                    before = state

    def get_job(self, job_id: str) -> Job:
        """Return a job as it stands, with its result.

        Args:
            job_id: The job.

        Raises:
            JobNotFoundError: If there is no such job.
        """
        row = self._job_row(job_id)
        job = self._job(row)
        if not job.state.is_final:
            return job
        # The result is directly before the final state, which is the last event.
        result = self.events(job_id, from_sequence=self._last_sequence(row["number"]) - 1, limit=1)[0].event
        if isinstance(result, Measurement):
            return dataclasses.replace(job, measurement=result)
        return dataclasses.replace(job, failure=result if isinstance(result, Failure) else None)

    def find_job(self, job_id: str) -> Job | None:
        """Return a job as it stands, or nothing.

        Args:
            job_id: The job, which may not exist.
        """
        with contextlib.suppress(JobNotFoundError):
            return self.get_job(job_id)
        return None

    def list_jobs(self, *, limit: int, before: int | None = None) -> tuple[tuple[Job, ...], int | None]:
        """Return jobs without their results, newest first.

        Args:
            limit: Jobs at most.
            before: Where the list goes on, as the call for the page before returned it.

        Returns:
            The jobs, and where the list goes on; `None` at its end.
        """
        statement = "SELECT * FROM jobs WHERE number < ? ORDER BY number DESC LIMIT ?"
        rows = self._rows(statement, _NEWEST if before is None else before, limit + 1)
        jobs = tuple(self._job(row) for row in rows[:limit])
        return jobs, rows[limit - 1]["number"] if len(rows) > limit else None

    def waiting_jobs(self) -> tuple[WaitingJob, ...]:
        """Return the jobs that run or wait, in the order in which they came."""
        rows = self._rows(
            "SELECT job_id, host_name, state, attempt_count,"
            " (SELECT max(turn) FROM jobs AS all_jobs WHERE all_jobs.host_name = jobs.host_name) AS last_turn"
            " FROM jobs WHERE state IN (?, ?) ORDER BY number",
            *_WAITING,
        )
        return tuple(WaitingJob(**{**dict(row), "state": JobState(row["state"])}) for row in rows)

    def needed_models(self) -> Collection[str]:
        """Return the SHA-256 of every model that a job needs which runs or waits."""
        rows = self._rows("SELECT DISTINCT model_sha256 FROM jobs WHERE state IN (?, ?)", *_WAITING)
        return {row["model_sha256"] for row in rows}

    def events(self, job_id: str, *, from_sequence: int, limit: int) -> tuple[JobEvent, ...]:
        """Return what happened to a job, in order.

        Args:
            job_id: The job.
            from_sequence: Number of the first event wanted.
            limit: Events at most.

        Raises:
            JobNotFoundError: If there is no such job.
        """
        rows = self._rows(
            "SELECT * FROM events WHERE job_number = ? AND sequence >= ? ORDER BY sequence LIMIT ?",
            self._job_row(job_id)["number"],
            from_sequence,
            limit,
        )
        return tuple(JobEvent(sequence=row["sequence"], event=self._payload(row)) for row in rows)

    def count_worker_kill(self, model_sha256: str, message: str, *, time: float) -> None:
        """Remember that a model has ended its worker.

        Args:
            model_sha256: The model.
            message: How, for people.
            time: Now, in seconds since the epoch.
        """
        with self._transaction():
            self._database.execute(
                "INSERT INTO worker_kills (model_sha256, kill_count, last_message, last_time) VALUES (?, 1, ?, ?)"
                " ON CONFLICT (model_sha256) DO UPDATE SET kill_count = kill_count + 1,"
                " last_message = excluded.last_message, last_time = excluded.last_time",
                (model_sha256, message, time),
            )

    def worker_kills(self, model_sha256: str) -> tuple[int, str]:
        """Return how often a model has ended its worker, and how the last time.

        Args:
            model_sha256: The model.
        """
        rows = self._rows("SELECT * FROM worker_kills WHERE model_sha256 = ?", model_sha256)
        return (rows[0]["kill_count"], rows[0]["last_message"]) if rows else (0, "")

    def release_model(self, model_sha256: str) -> bool:
        """Forget that a model has ended its worker.

        Args:
            model_sha256: The model.

        Returns:
            Whether there was anything to forget.
        """
        with self._transaction():
            cursor = self._database.execute("DELETE FROM worker_kills WHERE model_sha256 = ?", (model_sha256,))
        return cursor.rowcount > 0

    def forget_finished_jobs(self, *, keep_count: int) -> None:
        """Delete the oldest finished jobs, but none that its host may still ask for.

        Args:
            keep_count: Finished jobs that stay, unless more of them are not acknowledged.
        """
        finished = self._count("SELECT count(*) AS value FROM jobs WHERE state NOT IN (?, ?)", *_WAITING)
        with self._transaction():
            self._database.execute(
                "DELETE FROM jobs WHERE number IN (SELECT number FROM jobs WHERE state NOT IN (?, ?)"
                " AND (acknowledge_time IS NOT NULL OR host_name = '') ORDER BY number LIMIT ?)",
                (*_WAITING, max(0, finished - keep_count)),
            )

    def forget_job(self, job_id: str) -> None:
        """Delete a job as if nobody had asked for it."""
        with self._transaction():
            self._database.execute("DELETE FROM jobs WHERE job_id = ?", (job_id,))

    def acknowledge_jobs(self, job_ids: Collection[str], *, time: float) -> None:
        """Note that a host has kept what came out of some jobs; those that are forgotten are passed over.

        Args:
            job_ids: The jobs.
            time: Now, in seconds since the epoch.

        Raises:
            InvalidRequestError: If one of them has not ended; none is acknowledged then.
        """
        with self._transaction():
            for job_id in job_ids:
                rows = self._rows("SELECT 1 FROM jobs WHERE job_id = ? AND state IN (?, ?)", job_id, *_WAITING)
                if rows:
                    raise InvalidRequestError(f"job {job_id!r} has not ended; acknowledge it once its result is kept")
                self._database.execute(
                    "UPDATE jobs SET acknowledge_time = coalesce(acknowledge_time, ?) WHERE job_id = ?", (time, job_id)
                )

    def unacknowledged_count(self) -> int:
        """Return how many results no host has acknowledged, those of the jobs that wait and run included."""
        return self._count("SELECT count(*) AS value FROM jobs WHERE acknowledge_time IS NULL AND host_name != ''")

    def _migrate(self) -> None:
        version = self._database.execute("PRAGMA user_version").fetchone()[0]
        if version > SCHEMA_VERSION:
            raise JournalError(
                f"the journal {self._path} has schema {version}, this agent knows up to {SCHEMA_VERSION}; "
                "update edgeprof, or choose another folder with --data-dir"
            )
        for number, script in enumerate(_MIGRATIONS[version:], start=version + 1):
            with self._transaction():
                for statement in filter(str.strip, script.split(";")):
                    self._database.execute(statement)
                self._database.execute(f"PRAGMA user_version = {number}")

    def _insert_events(self, job_id: str, payloads: Collection[JobEventPayload]) -> None:
        row = self._job_row(job_id)
        sequence, attempt = self._last_sequence(row["number"]), row["attempt_count"]
        for payload in payloads:
            sequence += 1
            attempt += payload is JobState.RUNNING
            self._database.execute(
                "INSERT INTO events (job_number, sequence, attempt, kind, body) VALUES (?, ?, ?, ?, ?)",
                (row["number"], sequence, attempt, _kind(payload), _dump(_without_blocks(payload))),
            )

    def _last_sequence(self, job_number: int) -> int:
        return self._count("SELECT coalesce(max(sequence), 0) AS value FROM events WHERE job_number = ?", job_number)

    def _set_state(self, job_id: str, state: JobState, time: float) -> None:
        is_turn = state is JobState.RUNNING
        self._database.execute(
            "UPDATE jobs SET state = ?, attempt_count = attempt_count + ?, end_time = ?,"
            " turn = CASE WHEN ? THEN 1 + (SELECT max(turn) FROM jobs) ELSE turn END WHERE job_id = ?",
            (state.value, is_turn, time if state.is_final else None, is_turn, job_id),
        )

    def _payload(self, row: sqlite3.Row) -> JobEventPayload:
        payload: JobEventPayload = self._load(_KINDS[row["kind"]], row["body"])
        if not isinstance(payload, Measurement):
            return payload
        rows = self._rows(
            "SELECT body FROM events WHERE job_number = ? AND attempt = ? AND kind = 'block' ORDER BY sequence",
            row["job_number"],
            row["attempt"],
        )
        blocks = tuple(self._load(LatencyBlock, block["body"]) for block in rows)
        return dataclasses.replace(payload, blocks=blocks)

    def _job(self, row: sqlite3.Row) -> Job:
        return Job(
            job_id=row["job_id"],
            spec=self._load(JobSpec, row["spec"]),
            state=JobState(row["state"]),
            attempt_count=row["attempt_count"],
            create_time=row["create_time"],
            end_time=row["end_time"],
            host_name=row["host_name"],
            acknowledge_time=row["acknowledge_time"],
        )

    def _load(self, record_type: Any, text: str) -> Any:
        try:
            return from_json(record_type, json.loads(text))
        except ValueError as error:
            raise JournalError(f"the journal {self._path} is damaged: {error}; move it away to start anew") from error

    def _job_row(self, job_id: str) -> sqlite3.Row:
        rows = self._rows("SELECT * FROM jobs WHERE job_id = ?", job_id)
        if not rows:
            raise JobNotFoundError(f"there is no job {job_id!r} on this device; create it again")
        return rows[0]

    def _count(self, statement: str, *values: object) -> int:
        return int(self._rows(statement, *values)[0]["value"])

    def _rows(self, statement: str, *values: object) -> list[sqlite3.Row]:
        with self._explained():
            return self._database.execute(statement, values).fetchall()

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._explained():
            self._database.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._database.execute("COMMIT")
            except BaseException:
                if self._database.in_transaction:
                    self._database.execute("ROLLBACK")
                raise

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.DatabaseError as error:
            # Python 3.10 tells SQLITE_FULL by its text alone.
            if "is full" in str(error):
                raise DiskFullError(f"the journal {self._path} cannot grow: {error}; free some disk space") from error
            raise JournalError(
                f"the journal {self._path} cannot be used: {error}; it was left as it is: copy the results out with "
                "sqlite3, or move it away with the files beside it whose names begin alike to start anew"
            ) from error


def _kind(payload: JobEventPayload) -> str:
    return next(kind for kind, payload_type in _KINDS.items() if isinstance(payload, payload_type))


def _without_blocks(payload: JobEventPayload) -> JobEventPayload:
    return dataclasses.replace(payload, blocks=()) if isinstance(payload, Measurement) else payload


def _dump(record: object) -> str:
    return json.dumps(to_json(record), separators=(",", ":"), allow_nan=False)

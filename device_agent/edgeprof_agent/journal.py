"""The agent's memory: every job and every event of it, on disk before anybody is told.

A job has one row, numbered in the order of arrival; what happened to it are its events, numbered from 1
without gaps. A measurement is stored without its blocks, which are events of the same attempt already.
"""

import contextlib
import dataclasses
import json
import sqlite3
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from edgeprof_agent.errors import DiskFullError, JobNotFoundError, JournalError
from edgeprof_proto.record_json import from_json, to_json
from edgeprof_proto.records import (
    Failure,
    Happening,
    Job,
    JobEvent,
    JobSpec,
    JobState,
    LatencyBlock,
    Measurement,
    Progress,
)

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
    # Models that ended their workers.
    """
CREATE TABLE worker_kills (
    model_sha256 TEXT PRIMARY KEY,
    kill_count INTEGER NOT NULL,
    last_message TEXT NOT NULL,
    last_time REAL NOT NULL
);
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
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.execute("PRAGMA synchronous = FULL")
        self._database.execute("PRAGMA foreign_keys = ON")
        self._migrate()

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def create_job(self, job_id: str, spec: JobSpec, *, time: float) -> None:
        """Add a job at the end of the queue; its first event says that it is queued.

        Args:
            job_id: Id that no other job has.
            spec: What to measure.
            time: Now, in seconds since the epoch.
        """
        row = (job_id, spec.model_sha256, _dump(spec), JobState.QUEUED.value, time)
        with self._transaction():
            self._database.execute(
                "INSERT INTO jobs (job_id, model_sha256, spec, state, attempt_count, create_time)"
                " VALUES (?, ?, ?, ?, 0, ?)",
                row,
            )
            self._insert_events(job_id, (JobState.QUEUED,))

    def append(self, job_id: str, *happenings: Happening, time: float) -> None:
        """Record what happened to a job, all or nothing.

        Args:
            job_id: The job.
            happenings: In order. A state among them becomes the job's state; RUNNING starts its next attempt.
            time: Now, in seconds since the epoch.

        Raises:
            JobNotFoundError: If there is no such job.
        """
        with self._transaction():
            self._insert_events(job_id, happenings)
            for state in happenings:
                if isinstance(state, JobState):
                    self._database.execute(
                        "UPDATE jobs SET state = ?, attempt_count = attempt_count + ?, end_time = ? WHERE job_id = ?",
                        (state.value, state is JobState.RUNNING, time if state.is_final else None, job_id),
                    )

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

    def waiting_job_ids(self) -> tuple[str, ...]:
        """Return the ids of the jobs that run or wait, in their order."""
        rows = self._rows("SELECT job_id FROM jobs WHERE state IN (?, ?) ORDER BY number", *_WAITING)
        return tuple(row["job_id"] for row in rows)

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
        return tuple(JobEvent(sequence=row["sequence"], event=self._happening(row)) for row in rows)

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
        """Delete all but the newest finished jobs.

        Args:
            keep_count: Finished jobs that stay.
        """
        with self._transaction():
            self._database.execute(
                "DELETE FROM jobs WHERE number IN (SELECT number FROM jobs WHERE state NOT IN (?, ?)"
                " ORDER BY number DESC LIMIT -1 OFFSET ?)",
                (*_WAITING, keep_count),
            )

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

    def _insert_events(self, job_id: str, happenings: Collection[Happening]) -> None:
        row = self._job_row(job_id)
        sequence, attempt = self._last_sequence(row["number"]), row["attempt_count"]
        for happening in happenings:
            sequence += 1
            attempt += happening is JobState.RUNNING
            self._database.execute(
                "INSERT INTO events (job_number, sequence, attempt, kind, body) VALUES (?, ?, ?, ?, ?)",
                (row["number"], sequence, attempt, _kind(happening), _dump(_without_blocks(happening))),
            )

    def _last_sequence(self, job_number: int) -> int:
        rows = self._rows("SELECT coalesce(max(sequence), 0) AS value FROM events WHERE job_number = ?", job_number)
        return int(rows[0]["value"])

    def _happening(self, row: sqlite3.Row) -> Happening:
        happening: Happening = self._load(_KINDS[row["kind"]], row["body"])
        if not isinstance(happening, Measurement):
            return happening
        rows = self._rows(
            "SELECT body FROM events WHERE job_number = ? AND attempt = ? AND kind = 'block' ORDER BY sequence",
            row["job_number"],
            row["attempt"],
        )
        blocks = tuple(self._load(LatencyBlock, block["body"]) for block in rows)
        return dataclasses.replace(happening, blocks=blocks)

    def _job(self, row: sqlite3.Row) -> Job:
        state = JobState(row["state"])
        position = None
        if not state.is_final:
            position = self._rows(
                "SELECT count(*) AS value FROM jobs WHERE state IN (?, ?) AND number < ?", *_WAITING, row["number"]
            )[0]["value"]
        return Job(
            job_id=row["job_id"],
            spec=self._load(JobSpec, row["spec"]),
            state=state,
            attempt_count=row["attempt_count"],
            create_time=row["create_time"],
            end_time=row["end_time"],
            queue_position=position if state is JobState.QUEUED else None,
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
                f"the journal {self._path} cannot be used: {error}; repair it, or move it away to start anew"
            ) from error


def _kind(happening: Happening) -> str:
    return next(kind for kind, happening_type in _KINDS.items() if isinstance(happening, happening_type))


def _without_blocks(happening: Happening) -> Happening:
    return dataclasses.replace(happening, blocks=()) if isinstance(happening, Measurement) else happening


def _dump(record: object) -> str:
    return json.dumps(to_json(record), separators=(",", ":"), allow_nan=False)

"""The journal's SQLite file: its schema and migrations, transactions, and errors in plain words."""

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from edgeprof_agent.errors import DiskFullError, JournalError

MIGRATIONS = (
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
    # To schema 2: workers that a model has ended.
    """
CREATE TABLE worker_kills (
    model_sha256 TEXT PRIMARY KEY,
    kill_count INTEGER NOT NULL,
    last_message TEXT NOT NULL,
    last_time REAL NOT NULL
);
""",
    # To schema 3: hosts, the order in which their jobs ran, and which results they have acknowledged.
    """
ALTER TABLE jobs ADD COLUMN host_name TEXT NOT NULL DEFAULT '';
ALTER TABLE jobs ADD COLUMN acknowledge_time REAL;
ALTER TABLE jobs ADD COLUMN turn INTEGER NOT NULL DEFAULT 0;
CREATE INDEX jobs_by_turn ON jobs (host_name, turn);
CREATE INDEX jobs_not_acknowledged ON jobs (number) WHERE acknowledge_time IS NULL AND host_name != '';
""",
    # To schema 4: ended workers by model and setting. Those counted before hold for every setting, named ''.
    """
ALTER TABLE worker_kills RENAME TO worker_kills_of_models;
CREATE TABLE worker_kills (
    model_sha256 TEXT NOT NULL,
    setting TEXT NOT NULL,
    kill_count INTEGER NOT NULL,
    last_message TEXT NOT NULL,
    last_time REAL NOT NULL,
    PRIMARY KEY (model_sha256, setting)
);
INSERT INTO worker_kills SELECT model_sha256, '', kill_count, last_message, last_time FROM worker_kills_of_models;
DROP TABLE worker_kills_of_models;
""",
    # To schema 5: the runs of long blocks are packed, which earlier agents cannot read.
    "SELECT 1",
)
"""One script for each schema version. Scripts are only added, never changed, since devices keep their journals."""

SCHEMA_VERSION = len(MIGRATIONS)


class JournalDatabase:
    """One SQLite file, migrated to the newest schema, whose content survives a kill and a power cut.

    Args:
        path: The file; created where it is missing.

    Raises:
        JournalError: If the file is damaged, cannot be opened, or was written by a newer agent.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        with self._explained():
            # isolation_level=None: transactions are started and ended by `transaction` only.
            self._connection = sqlite3.connect(path, isolation_level=None)
            try:
                self._prepare()
            except BaseException:  # raised again: only so that no descriptor stays open
                self.close()
                raise

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def rows(self, statement: str, *values: object) -> list[sqlite3.Row]:
        """Run a query and return its rows."""
        with self._explained():
            return self._connection.execute(statement, values).fetchall()

    def count(self, statement: str, *values: object) -> int:
        """Run a query and return the integer in the column `value` of its only row."""
        return int(self.rows(statement, *values)[0]["value"])

    def execute(self, statement: str, *values: object) -> int:
        """Run a statement inside a transaction and return the number of rows that it changed."""
        return self._connection.execute(statement, values).rowcount

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit all changes inside the block, or none of them where it raises.

        Raises:
            DiskFullError: If the disk is full.
            JournalError: If the file cannot be written.
        """
        with self._explained():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                # Raised again. An error of the disk may have ended the transaction already.
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    def _prepare(self) -> None:
        self._connection.row_factory = sqlite3.Row
        # Checked before anything is written, so that a damaged file is left as it was found.
        finding = self._connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        if finding != "ok":
            raise sqlite3.DatabaseError(" ".join(finding.split()))
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = FULL")
        self._connection.execute("PRAGMA foreign_keys = ON")
        self._migrate()

    def _migrate(self) -> None:
        version = self._connection.execute("PRAGMA user_version").fetchone()[0]
        if version > SCHEMA_VERSION:
            raise JournalError(
                f"the journal {self.path} has schema {version}, this agent supports up to {SCHEMA_VERSION}; "
                "update edgeprof, or choose another folder with --data-dir"
            )
        for number, script in enumerate(MIGRATIONS[version:], start=version + 1):
            with self.transaction():
                for statement in filter(str.strip, script.split(";")):
                    self._connection.execute(statement)
                self._connection.execute(f"PRAGMA user_version = {number}")

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.DatabaseError as error:
            # Python 3.10 reports SQLITE_FULL in the message only.
            if "is full" in str(error):
                raise DiskFullError(f"the journal {self.path} cannot grow: {error}; free some disk space") from error
            raise JournalError(
                f"the journal {self.path} cannot be used: {error}; it was not changed: copy the results out with "
                "sqlite3, or move it away, with the files beside it that share its name, to start with an empty one"
            ) from error

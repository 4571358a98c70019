"""A store in a SQLite file of this host."""

import os
import sqlite3
import time
from collections.abc import Collection
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError

from edgeprof.errors import StoreError
from edgeprof.store.file_lock import file_lock, is_locked

LOCK_TIMEOUT_S = 30.0
"""How long a transaction waits for those of other processes, which take milliseconds each."""

LOCKED = "database is locked"
"""What SQLite says once that time is over."""

_READS = "edgeprof_reads"


class SqliteFile:
    """A SQLite file.

    Args:
        path: The file; made, with its folder, where it does not exist.
    """

    def __init__(self, path: Path) -> None:
        self.name = os.fspath(path)
        self.reading_options = {_READS: True}
        """Options of connections that write nothing: others may write meanwhile."""
        self._path = path

    def open(self) -> Engine:
        """Return what connects to the file, whose folder is there afterwards."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        # No text: a name may hold a question mark.
        url = URL.create("sqlite", database=self.name)
        engine = create_engine(url, connect_args={"timeout": LOCK_TIMEOUT_S})
        event.listen(engine, "connect", _configure)
        event.listen(engine, "begin", _begin)
        return engine

    def other_tables(self, tables: Collection[str]) -> Collection[str]:
        """Return which tables of a file that is no store yet keep it from becoming one: all, since it is another's.

        Args:
            tables: Names of the tables in it.
        """
        return set(tables) - {"alembic_version"}

    def lock_for_migration(self, _: Connection) -> None:
        """Let others wait until the transaction has ended: the lock for writing, which it has, is enough."""

    def require_locks(self) -> None:
        """Require that the locks of all sessions are still held: those of files are, as long as the process lives."""

    def session_lock(self, key: str, purpose: str) -> AbstractContextManager[None]:
        """Hold the lock of a session inside the block; wait as long as another process holds it, and say so once.

        Args:
            key: Digest of what the session is, in hexadecimal digits.
            purpose: What the session does, for the sentence.
        """
        return file_lock(self._lock_path(key), purpose)

    def is_session_locked(self, key: str) -> bool:
        """Return whether a process holds the lock of a session.

        Args:
            key: Digest of what the session is, in hexadecimal digits.
        """
        return is_locked(self._lock_path(key))

    def _lock_path(self, key: str) -> Path:
        return self._path.with_name(f"{self._path.name}-{key}.lock")

    def refusal(self, error: DBAPIError) -> StoreError:
        """Return the sentence for an error of the database."""
        if LOCKED in str(error.orig):
            return StoreError(
                f"the store {self.name} is in use: another process has kept it locked for {LOCK_TIMEOUT_S:.0f} s; "
                "end that process, or name another file in EDGEPROF_STORE"
            )
        return StoreError(
            f"the store {self.name} cannot be used ({error.orig}): free the disk, mend the file's permissions, "
            "or name another file in EDGEPROF_STORE"
        )


def _configure(connection: Any, _: object) -> None:
    # The driver begins no transactions by itself; `_begin` does.
    connection.isolation_level = None
    _use_write_ahead_log(connection)
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")


def _use_write_ahead_log(connection: Any) -> None:
    """Switch the file to a write-ahead log; SQLite itself does not wait where another process does the same."""
    deadline_s = time.monotonic() + LOCK_TIMEOUT_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if LOCKED not in str(error) or time.monotonic() > deadline_s:
                raise
            time.sleep(0.01)


def _begin(connection: Connection) -> None:
    """Take the lock for writing at once: one taken after reading is refused where another process has written since."""
    is_reading = connection.get_execution_options().get(_READS, False)
    connection.exec_driver_sql("BEGIN" if is_reading else "BEGIN IMMEDIATE")

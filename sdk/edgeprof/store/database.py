"""The database of the store: a SQLite file, brought to the newest schema when it is opened."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import platformdirs
from sqlalchemy import Connection, create_engine, event
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session as DatabaseSession
from sqlalchemy.orm import sessionmaker

from edgeprof.errors import StoreError
from edgeprof.folders import chosen_or_home

MIGRATIONS = Path(__file__).parent / "migrations"

NEWEST_SCHEMA = "0004"
"""Revision of the last migration. A store that has it is opened without asking the library that migrates, which takes
longer than all else of opening one."""

LOCK_TIMEOUT_S = 30.0
"""How long a transaction waits for those of other processes, which take milliseconds each."""

LOCKED = "database is locked"
"""What SQLite says once that time is over."""


def default_store_path() -> Path:
    """Path of the store: `$EDGEPROF_STORE`, or a file in the user's data folder."""
    return chosen_or_home("EDGEPROF_STORE", platformdirs.user_data_path, "store.sqlite3")


class Database:
    """An open database file.

    Args:
        path: The file; made, with its folder, where it does not exist.

    Raises:
        StoreError: If the file cannot be read or written, is no store, or was written by a newer edgeprof.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        with self._translate_errors():
            path.parent.mkdir(parents=True, exist_ok=True)
            self._engine = create_engine(f"sqlite:///{path}", connect_args={"timeout": LOCK_TIMEOUT_S})
            event.listen(self._engine, "connect", _configure_sqlite)
            event.listen(self._engine, "begin", _begin_immediately)
            try:
                with self._engine.begin() as connection:
                    self._migrate(connection)
            except BaseException:  # raised again: only so that no descriptor stays open
                self.close()
                raise
        self._sessions = sessionmaker(self._engine)

    def close(self) -> None:
        """Release the file."""
        self._engine.dispose()

    @contextmanager
    def transaction(self) -> Iterator[DatabaseSession]:
        """Run the block in one transaction, which is on disk when the block ends.

        Raises:
            StoreError: If the file cannot be read or written.
        """
        with self._translate_errors(), self._sessions.begin() as rows:
            yield rows

    def _migrate(self, connection: Connection) -> None:
        current = _schema_of(connection)
        if current == NEWEST_SCHEMA:
            return
        # Takes longer to import than all else of the store.
        from alembic import command
        from alembic.config import Config
        from alembic.script import ScriptDirectory

        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        config.attributes["connection"] = connection
        known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
        if current is not None and current not in known:
            raise StoreError(
                f"the store {self.path} was written by a newer edgeprof (schema {current}): update edgeprof, "
                "or name another file in EDGEPROF_STORE"
            )
        command.upgrade(config, "head")

    @contextmanager
    def _translate_errors(self) -> Iterator[None]:
        try:
            yield
        except DatabaseError as error:
            if LOCKED in str(error.orig):
                raise StoreError(
                    f"the store {self.path} is in use: another process has kept it locked for {LOCK_TIMEOUT_S:.0f} s; "
                    "end that process, or name another file in EDGEPROF_STORE"
                ) from error
            raise StoreError(
                f"the store {self.path} cannot be used ({error.orig}): free the disk, mend the file's permissions, "
                "or name another file in EDGEPROF_STORE"
            ) from error
        except OSError as error:
            raise StoreError(f"the store {self.path} cannot be made: {error.strerror}") from error


def _schema_of(connection: Connection) -> str | None:
    """Return the revision of a store's schema; None where the file is no store yet."""
    if "alembic_version" not in connection.dialect.get_table_names(connection):
        return None
    return str(connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar())


def _configure_sqlite(connection: Any, _: object) -> None:
    # The driver begins no transactions by itself; `_begin_immediately` does.
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


def _begin_immediately(connection: Connection) -> None:
    """Take the lock for writing at once: one taken after reading is refused where another process has written since."""
    connection.exec_driver_sql("BEGIN IMMEDIATE")

"""The database of the store, brought to the newest schema when it is opened: a SQLite file, or one of PostgreSQL."""

import hashlib
from collections.abc import Collection, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import Connection, Engine, inspect
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session as DatabaseSession
from sqlalchemy.orm import sessionmaker

from edgeprof.errors import StoreError
from edgeprof.store.postgresql import PostgreSqlDatabase
from edgeprof.store.sqlite_file import SqliteFile

MIGRATIONS = Path(__file__).parent / "migrations"

NEWEST_SCHEMA = "0007"
"""Revision of the last migration. A store that has it is opened without asking the library that migrates, which takes
longer than all else of opening one."""


class DatabaseKind(Protocol):
    """What SQLite and PostgreSQL do each in a way of its own."""

    @property
    def name(self) -> str:
        """The file or the address, for sentences."""

    @property
    def reading_options(self) -> Mapping[str, Any]:
        """Options of connections that write nothing."""

    def open(self) -> Engine:
        """Return what connects to the database."""

    def other_tables(self, tables: Collection[str]) -> Collection[str]:
        """Return which tables of a database that is no store yet keep it from becoming one."""

    def lock_for_migration(self, connection: Connection) -> None:
        """Let others who would migrate the same database wait until the transaction has ended."""

    def session_lock(self, key: str, purpose: str) -> AbstractContextManager[None]:
        """Hold the lock of a session inside the block; wait as long as another process holds it, and say so once."""

    def is_session_locked(self, key: str) -> bool:
        """Return whether a process holds the lock of a session."""

    def require_locks(self) -> None:
        """Require that the locks of all sessions are still held."""

    def refusal(self, error: DBAPIError) -> StoreError:
        """Return the sentence for an error of the database."""


class Database:
    """An open database.

    Args:
        place: A file, which is made, with its folder, where it does not exist; or the address of a database that is
            there.

    Raises:
        StoreError: If it cannot be read or written, is no store, or was written by a newer edgeprof.
    """

    def __init__(self, place: Path | URL) -> None:
        self._kind: DatabaseKind = SqliteFile(place) if isinstance(place, Path) else PostgreSqlDatabase(place)
        try:
            self._engine = self._kind.open()
        except OSError as error:
            raise StoreError(f"the store {self._kind.name} cannot be made: {error.strerror}") from error
        self._reading_engine = self._engine.execution_options(**self._kind.reading_options)
        try:
            with self._translate_errors():
                self._bring_to_newest_schema()
        except BaseException:  # raised again: only so that no descriptor stays open
            self.close()
            raise
        self._writing_sessions = sessionmaker(self._engine)
        self._reading_sessions = sessionmaker(self._reading_engine)

    def close(self) -> None:
        """Release the file, or the connections."""
        self._engine.dispose()

    @contextmanager
    def writing(self) -> Iterator[DatabaseSession]:
        """Run the block in one transaction, which is on disk when the block ends.

        Raises:
            StoreError: If the database cannot be read or written.
        """
        with self._translate_errors():
            self._kind.require_locks()
            with self._writing_sessions.begin() as rows:
                yield rows

    @contextmanager
    def reading(self) -> Iterator[DatabaseSession]:
        """Run the block on the database as it is when the block begins; others may write meanwhile.

        Raises:
            StoreError: If the database cannot be read.
        """
        with self._translate_errors(), self._reading_sessions.begin() as rows:
            yield rows

    @contextmanager
    def session_lock(self, identity: str, *, purpose: str) -> Iterator[None]:
        """Hold the lock of a session inside the block; wait as long as another process holds it, and say so once.

        Args:
            identity: What the session is.
            purpose: What it does, for the sentence.

        Raises:
            StoreError: If it cannot be locked.
        """
        with self._translate_errors(), self._kind.session_lock(_lock_key(identity), purpose):
            yield

    def is_session_locked(self, identity: str) -> bool:
        """Return whether a process holds the lock of a session.

        Args:
            identity: What the session is.

        Raises:
            StoreError: If that cannot be found out.
        """
        with self._translate_errors():
            return self._kind.is_session_locked(_lock_key(identity))

    def _bring_to_newest_schema(self) -> None:
        with self._reading_engine.connect() as connection:
            if _schema_of(connection) == NEWEST_SCHEMA:
                return
        with self._engine.begin() as connection:
            self._kind.lock_for_migration(connection)
            current = _schema_of(connection)
            if current != NEWEST_SCHEMA:
                self._migrate(connection, current)

    def _migrate(self, connection: Connection, current: str | None) -> None:
        # Takes longer to import than all else of the store.
        from alembic import command
        from alembic.config import Config
        from alembic.script import ScriptDirectory

        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        config.attributes["connection"] = connection
        if current is None and (others := self._kind.other_tables(set(inspect(connection).get_table_names()))):
            raise StoreError(
                f"the database {self._kind.name} is no store: another program has its {_listed(others)} there; name "
                "another one in EDGEPROF_STORE"
            )
        known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
        if current is not None and current not in known:
            raise StoreError(
                f"the store {self._kind.name} was written by a newer edgeprof (schema {current}): update edgeprof, "
                "or name another store in EDGEPROF_STORE"
            )
        command.upgrade(config, "head")

    @contextmanager
    def _translate_errors(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as error:
            raise self._kind.refusal(error) from error


def _lock_key(identity: str) -> str:
    return hashlib.sha256(identity.encode()).hexdigest()[:32]


def _schema_of(connection: Connection) -> str | None:
    """Return the revision of a store's schema; None where the database is no store yet."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    version = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    return None if version is None else str(version)


def _listed(names: Collection[str]) -> str:
    """Return names of tables in words, the first of many."""
    first = sorted(names)[:3]
    more = f" and {len(names) - len(first)} more" if len(names) > len(first) else ""
    return f"table{'s' if len(names) > 1 else ''} {', '.join(first)}{more}"

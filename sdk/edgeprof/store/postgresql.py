"""A store in a database on a PostgreSQL server, which several hosts and users may share."""

import os
import socket
import threading
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError

from edgeprof.errors import StoreError
from edgeprof.store.tables import Base
from edgeprof.store.waiting import POLL_S, tell_waiting

LOCK_TIMEOUT_S = 30
"""How long a transaction waits for those of other hosts, which take milliseconds each."""

_SETTINGS = {
    "lock_timeout": f"{LOCK_TIMEOUT_S}s",
    # A host that falls silent must not keep the others waiting: neither in a transaction, nor with a session's lock.
    "idle_in_transaction_session_timeout": f"{2 * LOCK_TIMEOUT_S}s",
    "tcp_keepalives_idle": "60",
    "tcp_keepalives_interval": "10",
    "tcp_keepalives_count": "6",
    # The connection with a session's lock rests while a device measures.
    "idle_session_timeout": "0",
}

_CONNECT_TIMEOUT_S = 10

_MIGRATION_LOCK = int.from_bytes(b"edgeprof", "big", signed=True)

_LOCK_NOT_AVAILABLE = "55P03"

_HOLDER = text(
    "SELECT application_name FROM pg_locks JOIN pg_stat_activity USING (pid) WHERE locktype = 'advisory' AND granted "
    "AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) AND objsubid = 1 "
    "AND (classid::bigint << 32) | objid::bigint = :key"
)


class PostgreSqlDatabase:
    """A database on a PostgreSQL server.

    Args:
        url: Its address, with psycopg as the driver.
    """

    def __init__(self, url: URL) -> None:
        shown = URL.create(url.drivername, url.username, host=url.host, port=url.port, database=url.database)
        self.name = str(shown)
        """Its address without the password, and without the driver's options, which may hold one."""
        self.reading_options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        """Options of connections that write nothing: they see the store as it was when they began."""
        self._url = url
        self._engine: Engine | None = None
        self._locks: set[Connection] = set()
        self._locks_guard = threading.Lock()

    def open(self) -> Engine:
        """Return what connects to the server.

        Raises:
            StoreError: If psycopg is not installed.
        """
        defaults = {
            "application_name": f"process {os.getpid()} on {socket.gethostname()}"[:63],
            "connect_timeout": _CONNECT_TIMEOUT_S,
        }
        settings = [f"-c {name}={value}" for name, value in _SETTINGS.items()]
        try:
            self._engine = create_engine(
                self._url,
                connect_args={
                    **{name: value for name, value in defaults.items() if name not in self._url.query},
                    "options": " ".join([*settings, str(self._url.query.get("options", ""))]).strip(),
                },
            )
        except ImportError as error:
            raise StoreError(
                f"the store {self.name} needs psycopg, which cannot be imported here ({error}): "
                "pip install 'edgeprof[postgresql]'"
            ) from error
        return self._engine

    def other_tables(self, tables: Collection[str]) -> Collection[str]:
        """Return which tables of a database that is no store yet keep it from becoming one: those with names of ours.

        Args:
            tables: Names of the tables in it.
        """
        return set(tables) & set(Base.metadata.tables)

    def lock_for_migration(self, connection: Connection) -> None:
        """Let others who would migrate the same database wait until the transaction has ended."""
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK})

    @contextmanager
    def session_lock(self, key: str, purpose: str) -> Iterator[None]:
        """Hold the lock of a session inside the block; wait as long as another process holds it, and say so once.

        The lock belongs to a connection of its own, and ends with it.

        Args:
            key: Digest of what the session is, in hexadecimal digits.
            purpose: What the session does, for the sentence.
        """
        number = _lock_number(key)
        assert self._engine is not None
        with self._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.detach()  # closed at the end, which releases the lock, instead of kept for others
            _acquire(connection, number, purpose)
            with self._locks_guard:
                self._locks.add(connection)
            try:
                yield
            finally:
                with self._locks_guard:
                    self._locks.remove(connection)

    def is_session_locked(self, key: str) -> bool:
        """Return whether a process of any host holds the lock of a session.

        Args:
            key: Digest of what the session is, in hexadecimal digits.
        """
        assert self._engine is not None
        with self._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            return connection.execute(_HOLDER, {"key": _lock_number(key)}).first() is not None

    def require_locks(self) -> None:
        """Require that the locks of all sessions are still held: the server ends them with a broken connection.

        Raises:
            StoreError: If one has been lost before.
        """
        with self._locks_guard:
            for connection in self._locks:
                if connection.invalidated:
                    raise self._lost("it held the lock of a session")
                connection.exec_driver_sql("SELECT 1")

    def refusal(self, error: DBAPIError) -> StoreError:
        """Return the sentence for an error of the database."""
        reason = (str(error.orig).splitlines() or [type(error.orig).__name__])[0]
        if self._url.password:
            reason = reason.replace(str(self._url.password), "***")
        if getattr(error.orig, "sqlstate", None) == _LOCK_NOT_AVAILABLE:
            return StoreError(
                f"the store {self.name} is in use: another host has kept it locked for {LOCK_TIMEOUT_S} s; try again"
            )
        if error.connection_invalidated:
            return self._lost(reason)
        return StoreError(
            f"the store {self.name} cannot be used ({reason}): start the server, correct user, password, host and "
            "database in EDGEPROF_STORE, or let that user make and write tables"
        )

    def _lost(self, reason: str) -> StoreError:
        return StoreError(
            f"the connection to the store {self.name} is lost ({reason}): start the same command again, which goes on "
            "where this one stopped"
        )


def _lock_number(key: str) -> int:
    return int.from_bytes(bytes.fromhex(key)[:8], "big", signed=True)


def _acquire(connection: Connection, number: int, purpose: str) -> None:
    is_told = False
    while not connection.execute(text("SELECT pg_try_advisory_lock(:key)"), {"key": number}).scalar():
        if not is_told:
            holder = connection.execute(_HOLDER, {"key": number}).scalar()
            tell_waiting(holder or "another process", purpose)
            is_told = True
        time.sleep(POLL_S)

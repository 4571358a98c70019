"""A PostgreSQL server of the tests' own, on loopback, with its data in a temporary folder."""

import itertools
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any

import psycopg
from free_port import free_port

USER = "edgeprof"
GUARDED_USER, PASSWORD = "guarded", "pass-word"
"""A user who is asked for a password."""

_TEMPLATE = "edgeprof_template"

_START_TIMEOUT_S = 30.0

# Nothing of it is to survive the machine.
_SETTINGS = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "autovacuum": "off",
    # Not that of the hosts, as it may be.
    "timezone": "Asia/Tokyo",
    "shared_buffers": "32MB",
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
}


def _programs() -> Path:
    """The newest installed version's folder of programs, which Debian keeps off the PATH."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    program = found[-1] if found else shutil.which("initdb")
    assert program, "tests start a PostgreSQL server of their own: install it (Debian: postgresql)"
    return Path(program).resolve().parent


class PostgreSqlServer:
    """A server; a context manager that starts it, stops it and removes its data."""

    def __init__(self) -> None:
        self._programs = _programs()
        # Of the system's folder for such, since the server's user has to get at it.
        self._folder = Path(tempfile.mkdtemp(prefix="edgeprof-postgresql-"))
        # PostgreSQL refuses to run as root.
        self._user: dict[str, Any] = {}
        if os.geteuid() == 0:
            self._user = {"user": "postgres", "group": "postgres", "extra_groups": []}
            shutil.chown(self._folder, "postgres", "postgres")
        self._data = self._folder / "data"
        self._numbers = itertools.count()
        self.port = free_port()

    def __enter__(self) -> "PostgreSqlServer":
        options = ["--username", USER, "--encoding", "UTF8", "--no-locale", "--no-sync"]
        made = [self._programs / "initdb", "--pgdata", self._data, *options]
        done = subprocess.run(made, capture_output=True, text=True, cwd="/", check=False, **self._user)
        assert done.returncode == 0, done.stderr
        rules = f"host all {GUARDED_USER} 127.0.0.1/32 scram-sha-256\nhost all all 127.0.0.1/32 trust\n"
        (self._data / "pg_hba.conf").write_text(rules)
        settings = [part for name, value in _SETTINGS.items() for part in ("-c", f"{name}={value}")]
        command = [self._programs / "postgres", "-D", self._data, "-p", str(self.port), *settings]
        with open(self._folder / "log", "wb") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, cwd="/", **self._user)
        try:
            self._wait()
            self.run(f"CREATE ROLE {GUARDED_USER} LOGIN PASSWORD '{PASSWORD}'")
        except BaseException:  # raised again: only so that no process is left
            self._stop()
            raise
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._stop()

    def address(self, database: str) -> str:
        """Address of a store in a database."""
        return f"postgresql+psycopg://{USER}@127.0.0.1:{self.port}/{database}"

    def run(self, statement: str) -> list[Any]:
        """Run a statement, and return its rows."""
        address = f"postgresql://{USER}@127.0.0.1:{self.port}/postgres"
        with psycopg.connect(address, autocommit=True) as connection:
            done = connection.execute(statement.encode())
            return done.fetchall() if done.description else []

    @contextmanager
    def database(self, template: str = "template0") -> Iterator[str]:
        """Yield the address of a new database, by default an empty one; it is gone afterwards."""
        name = f"store_{next(self._numbers)}"
        self.run(f"CREATE DATABASE {name} TEMPLATE {template}")
        try:
            yield self.address(name)
        finally:
            self.run(f"DROP DATABASE {name} WITH (FORCE)")

    def store(self) -> AbstractContextManager[str]:
        """Yield the address of a new store; it is gone afterwards."""
        if not self.run(f"SELECT 1 FROM pg_database WHERE datname = '{_TEMPLATE}'"):
            from edgeprof.store import Store

            self.run(f"CREATE DATABASE {_TEMPLATE}")
            Store(self.address(_TEMPLATE)).close()
        return self.database(_TEMPLATE)

    def _wait(self) -> None:
        deadline_s = time.monotonic() + _START_TIMEOUT_S
        while True:
            try:
                self.run("SELECT 1")
                return
            except psycopg.OperationalError:
                if self._process.poll() is not None or time.monotonic() > deadline_s:
                    raise AssertionError((self._folder / "log").read_text()) from None
                time.sleep(0.02)

    def _stop(self) -> None:
        self._process.send_signal(signal.SIGQUIT)  # at once: its data is of no use any more
        self._process.wait(timeout=30)
        shutil.rmtree(self._folder)

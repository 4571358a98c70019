"""What many tests of the host share: a simulated device, and stores of both kinds.

An agent takes a second or two of processor time to start, to try its safeguards and to describe its runtimes: all tests
of a module share one that look at nothing on it but their own jobs. A PostgreSQL server is started once, by the first
test that wants it.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from edgeprof.testing import SimulatedDevice

if TYPE_CHECKING:
    from postgresql_server import PostgreSqlServer


@pytest.fixture(scope="module")
def shared_device_runtimes() -> tuple[str, ...]:
    """Names of the runtimes of `shared_device`; a module that needs an engine beside the simulation overrides this."""
    return ("simulated",)


@pytest.fixture(scope="module")
def shared_device(
    tmp_path_factory: pytest.TempPathFactory, shared_device_runtimes: tuple[str, ...]
) -> Iterator[SimulatedDevice]:
    """A simulated device with the default seed, started once for a module: each job needs an id of its own."""
    with SimulatedDevice(tmp_path_factory.mktemp("shared"), runtimes=shared_device_runtimes) as device:
        yield device


@pytest.fixture(scope="session")
def postgresql_server() -> "Iterator[PostgreSqlServer]":
    """A PostgreSQL server of the tests' own."""
    from postgresql_server import PostgreSqlServer

    with PostgreSqlServer() as server:
        yield server


@pytest.fixture(params=["SQLite", "PostgreSQL"])
def empty_place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Where a store may be made: a file that is not there, or an empty database."""
    if request.param == "SQLite":
        yield str(tmp_path / "folder" / "store.sqlite3")
        return
    server: PostgreSqlServer = request.getfixturevalue("postgresql_server")
    with server.database() as address:
        yield address


@pytest.fixture(params=["SQLite", "PostgreSQL"])
def store_place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Where a store is, or is made when it is opened: a file, or a database that has the newest schema."""
    if request.param == "SQLite":
        yield str(tmp_path / "folder" / "store.sqlite3")
        return
    server: PostgreSqlServer = request.getfixturevalue("postgresql_server")
    with server.store() as address:
        yield address

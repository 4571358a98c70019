"""Where a benchmark's PostgreSQL store is: at an address, or in a database on a server that it starts and stops."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1] / "tests"


@contextmanager
def postgresql_store(address: str | None) -> Iterator[str]:
    """Yield the address of an empty database.

    Args:
        address: One that is there; None for one on a server of the tests' kind, which ends with the block.
    """
    if address is not None:
        yield address
        return
    sys.path.append(str(TESTS))
    from postgresql_server import PostgreSqlServer

    with PostgreSqlServer() as server, server.database() as own:
        yield own

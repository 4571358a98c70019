"""What only a store on a PostgreSQL server knows: addresses, passwords, rights, and connections that break."""

import socket
import sys
import traceback

import pytest
from factories import PLATFORM, measurement_of
from postgresql_server import GUARDED_USER, PASSWORD, PostgreSqlServer

from edgeprof.errors import StoreError
from edgeprof.store import SessionStatus, Store, store_place

STATUS = SessionStatus(sample_count=1, sequence=0, record={})


def refusal(address: str) -> str:
    """The sentence with which a store is refused; nothing of the error holds the password."""
    with pytest.raises(StoreError) as refused:
        Store(address)
    assert PASSWORD not in "".join(traceback.format_exception(refused.value))
    sentence = str(refused.value)
    assert "\n" not in sentence
    return sentence


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        (f"mysql://me:{PASSWORD}@lab/store", "a file or a database of PostgreSQL, not mysql://"),
        ("sqlite:///store.sqlite3", "not sqlite://: name a file"),
        (f"postgresql+psycopg2://me:{PASSWORD}@lab/store", "not postgresql+psycopg2://"),
        (f"postgresql+psycopg://me:{PASSWORD}@lab", "names no database"),
        (f"postgresql://me:{PASSWORD}@lab:port/store", "cannot be read: write postgresql+psycopg://user@host"),
        (f"postgresql://me:@{PASSWORD}@lab/store", "write %40 instead"),
        (f"postgresql://127.0.0.1:1/store?nonsense=1&password={PASSWORD}", "//127.0.0.1:1/store cannot be used"),
    ],
)
def test_an_address_that_is_none_is_refused_in_one_sentence(address: str, reason: str) -> None:
    assert reason in refusal(address)


def test_the_driver_need_not_be_named() -> None:
    assert store_place("postgresql://me@lab/store") == store_place("postgresql+psycopg://me@lab/store")


def test_a_server_that_does_not_answer_is_named() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        address = f"postgresql+psycopg://me:{PASSWORD}@127.0.0.1:{closed.getsockname()[1]}/store"
        sentence = refusal(address)
    assert address.replace(f":{PASSWORD}", "") in sentence and "start the server" in sentence


def test_without_the_driver_its_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    assert "pip install 'edgeprof[postgresql]'" in refusal("postgresql+psycopg://me@127.0.0.1:1/store")


def test_who_has_no_password_or_no_rights_is_told_so(postgresql_server: PostgreSqlServer) -> None:
    with postgresql_server.database() as address:
        without_rights = address.replace("edgeprof@", f"{GUARDED_USER}:{PASSWORD}@")
        assert "permission denied" in refusal(without_rights)
        assert "password authentication failed" in refusal(without_rights.replace(PASSWORD, f"{PASSWORD}s"))
        assert "no password supplied" in refusal(without_rights.replace(f":{PASSWORD}", ""))
        assert "does not exist" in refusal(f"{address}_of_another_name")


def test_a_session_ends_with_its_connection_and_the_same_command_goes_on(postgresql_server: PostgreSqlServer) -> None:
    with postgresql_server.store() as address, Store(address) as store:
        with store.session(PLATFORM, "fbnet", 0, purpose="onboarding") as first:
            store.record_measurement("job-1", PLATFORM, measurement_of(1.0))
            end_connections(postgresql_server, "true")
            for _ in range(2):
                with pytest.raises(StoreError, match="start the same command again"):
                    store.record_status(first, STATUS)
        with store.session(PLATFORM, "fbnet", 0, purpose="onboarding") as second:
            store.record_status(second, STATUS)
        assert second.session_id == first.session_id and len(store.measurements(PLATFORM)) == 1


def test_a_session_whose_lock_alone_was_lost_writes_nothing_more(postgresql_server: PostgreSqlServer) -> None:
    with postgresql_server.store() as address, Store(address) as store, Store(address) as other:
        with store.session(PLATFORM, "fbnet", 0, purpose="onboarding") as session:
            end_connections(postgresql_server, "pid IN (SELECT pid FROM pg_locks WHERE locktype = 'advisory')")
            with other.session(PLATFORM, "fbnet", 0, purpose="onboarding") as same:
                assert same.session_id == session.session_id
                for _ in range(2):
                    with pytest.raises(StoreError, match="start the same command again"):
                        store.record_status(session, STATUS)
        assert store.statuses(session) == []


def end_connections(server: PostgreSqlServer, condition: str) -> None:
    """End connections as a restart of the server does."""
    server.run(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
        f"WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() AND {condition}"
    )

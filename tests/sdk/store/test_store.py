import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from factories import PLATFORM, measurement_of
from sqlalchemy import create_engine

from edgeprof.errors import StoreError
from edgeprof.store import Store
from edgeprof.store.platform import Platform
from edgeprof.store.tables import Base
from edgeprof_proto.records.job_spec import Setting


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "folder" / "store.sqlite3") as opened:
        yield opened


def test_a_measurement_is_kept_with_every_raw_sample(store: Store) -> None:
    measured = measurement_of(1.0, 2.0, 3.0)
    store.record_measurement("job-1", PLATFORM, measured)
    assert store.measurement("job-1") == measured
    assert store.measurements(PLATFORM) == [measured]


def test_a_measurement_written_twice_is_kept_once(store: Store) -> None:
    for _ in range(2):
        store.record_measurement("job-1", PLATFORM, measurement_of(1.0))
    assert len(store.measurements(PLATFORM)) == 1


def test_an_unfinished_session_is_resumed_and_a_finished_one_is_not(store: Store) -> None:
    first = store.resume_or_begin_session(PLATFORM, "nasbench201", 0, purpose="onboarding")
    assert not first.is_resumed
    resumed = store.resume_or_begin_session(PLATFORM, "nasbench201", 0, purpose="onboarding")
    assert (resumed.session_id, resumed.is_resumed) == (first.session_id, True)
    assert store.resume_or_begin_session(PLATFORM, "fbnet", 0, purpose="onboarding").session_id != first.session_id
    store.end_session(first, datetime.now(timezone.utc))
    assert not store.resume_or_begin_session(PLATFORM, "nasbench201", 0, purpose="onboarding").is_resumed


def test_another_setting_of_the_same_device_has_sessions_of_its_own(store: Store) -> None:
    first = store.resume_or_begin_session(PLATFORM, "nasbench201", 0, purpose="onboarding")
    two_threads = Platform(device_id="d1", device_name="board", setting=Setting(runtime="onnxruntime", thread_count=2))
    assert (
        store.resume_or_begin_session(two_threads, "nasbench201", 0, purpose="onboarding").session_id
        != first.session_id
    )


def test_probes_keep_their_order_their_job_ids_and_their_measurements(store: Store) -> None:
    session = store.resume_or_begin_session(PLATFORM, "nasbench201", 0, purpose="onboarding")
    store.plan_probes(session, ["a", "b"])
    store.plan_probes(session, ["a"], is_anchor_check=True)
    first, second, check = store.probes(session)
    assert [probe.architecture for probe in (first, second, check)] == ["a", "b", "a"]
    assert [probe.is_anchor_check for probe in (first, second, check)] == [False, False, True]
    assert len({first.job_id, second.job_id, check.job_id}) == 3
    store.record_measurement(first.job_id, PLATFORM, measurement_of(2.0))
    store.set_probe_state(first.job_id, "measured")
    store.set_probe_state(second.job_id, "failed", "no such operator")
    first, second, check = store.probes(session)
    assert (first.state, first.measurement) == ("measured", measurement_of(2.0))
    assert (second.state, second.failure) == ("failed", "no such operator")
    assert (check.state, check.measurement) == ("planned", None)


def test_what_was_written_survives_a_kill_of_the_process(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite3"
    program = f"""
import os, signal, sys
sys.path.insert(0, {str(Path(__file__).parents[2])!r})
from factories import PLATFORM, measurement_of
from edgeprof.store import Store
from pathlib import Path
store = Store(Path({str(path)!r}))
store.record_measurement("job-1", PLATFORM, measurement_of(1.0))
os.kill(os.getpid(), signal.SIGKILL)
"""
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == -9
    with Store(path) as store:
        assert store.measurement("job-1") == measurement_of(1.0)


def test_the_migrations_lead_to_the_tables_of_the_code(store: Store) -> None:
    engine = create_engine(f"sqlite:///{store.path}")
    with engine.connect() as connection:
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, Base.metadata) == []
    engine.dispose()


def test_a_store_of_a_newer_edgeprof_is_refused(store: Store) -> None:
    store.close()
    with sqlite3.connect(store.path) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    with pytest.raises(StoreError, match="newer edgeprof"):
        Store(store.path)


def test_a_file_that_is_no_store_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite3"
    path.write_bytes(b"something else entirely " * 100)
    with pytest.raises(StoreError, match="cannot be used"):
        Store(path)


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="cannot be made"):
        Store(tmp_path / "file" / "store.sqlite3")

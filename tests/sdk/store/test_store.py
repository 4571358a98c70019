import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from factories import PLATFORM, SETTING, measurement_of
from sqlalchemy import func, inspect, select, text
from stores import engine_of

from edgeprof.errors import StoreError
from edgeprof.store import MeasurementRequest, SessionStatus, Store, series_part_id
from edgeprof.store.database import Database
from edgeprof.store.platform import Platform
from edgeprof.store.tables import Base, MeasurementRow
from edgeprof_proto.records.job_spec import MeasurementPlan, Setting


@pytest.fixture
def store(store_place: str) -> Iterator[Store]:
    with Store(store_place) as opened:
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


REQUEST = MeasurementRequest(setting=SETTING, plan=MeasurementPlan(timed_run_count=7))


def test_probes_keep_their_order_their_attempts_and_their_measurements(store: Store) -> None:
    session = store.resume_or_begin_session(PLATFORM, "nasbench201", 0, purpose="onboarding")
    store.plan_probes(session, ["a", "b"])
    store.plan_probes(session, ["a"], is_anchor_check=True)
    first, second, check = store.probes(session)
    assert [probe.architecture for probe in (first, second, check)] == ["a", "b", "a"]
    assert [probe.is_anchor_check for probe in (first, second, check)] == [False, False, True]
    attempts = [store.begin_attempt(session, probe, REQUEST) for probe in (first, second, check)]
    assert len({attempt.job_id for attempt in attempts}) == 3
    assert [probe.open_attempt for probe in store.probes(session)] == attempts
    # The check is measured before the second network.
    store.record_measurement(attempts[0].job_id, PLATFORM, measurement_of(2.0))
    store.record_measurement(attempts[2].job_id, PLATFORM, measurement_of(2.5))
    store.end_attempt(attempts[1], "ERROR_REASON_MODEL_REJECTED", "no such operator", is_given_up=True)
    first, second, check = store.probes(session)
    assert (first.state, first.measurement) == ("measured", measurement_of(2.0))
    assert (second.state, second.failure, second.measurement) == ("failed", "no such operator", None)
    assert (check.state, check.measurement) == ("measured", measurement_of(2.5))
    assert [probe.ordinal for probe in sorted(store.probes(session), key=lambda item: item.sequence)] == [0, 2, 1]


def test_sessions_that_have_not_ended_tell_how_far_they_have_come(store: Store) -> None:
    begun = store.resume_or_begin_session(PLATFORM, "nasbench201", 0, purpose="onboarding")
    ended = store.resume_or_begin_session(PLATFORM, "nasbench201", 0, purpose="verify it")
    other = store.resume_or_begin_session(PLATFORM, "fbnet", 0, purpose="onboarding")
    store.end_session(ended, datetime.now(timezone.utc))
    store.plan_probes(other, ["a", "b"])
    attempt = store.begin_attempt(other, store.probes(other)[0], REQUEST)
    before = datetime.now(timezone.utc)
    store.record_measurement(attempt.job_id, PLATFORM, measurement_of(1.0))
    first, second = store.open_sessions()
    assert (first.record.session_id, first.counts) == (other.session_id, {"measured": 1, "planned": 1})
    assert first.last_time is not None and before <= first.last_time <= datetime.now(timezone.utc)
    assert (second.record.session_id, second.counts, second.last_time) == (begun.session_id, {}, None)
    assert (second.purpose, second.platform, second.device_id) == ("onboarding", PLATFORM.name, "d1")
    verifications = store.sessions(PLATFORM, "nasbench201", purpose="verify it")
    assert [one.session_id for one in verifications] == [ended.session_id]


def test_a_series_is_an_attempt_of_each_of_its_probes_and_leaves_those_it_has_not_tried(store: Store) -> None:
    session = store.resume_or_begin_session(PLATFORM, "", 0, purpose="models")
    store.plan_probes(session, ["a", "b", "c"])
    hashes = ["a" * 64, "b" * 64, "c" * 64]
    series_id = store.begin_series(session, list(zip(store.probes(session), hashes, strict=True)), REQUEST)
    attempts = [probe.open_attempt for probe in store.probes(session)]
    assert [attempt and attempt.series_id for attempt in attempts] == [series_id] * 3
    assert [attempt and attempt.job_id for attempt in attempts] == [series_part_id(series_id, one) for one in hashes]
    store.record_measurement(series_part_id(series_id, hashes[0]), PLATFORM, measurement_of(2.0))
    assert attempts[1] is not None
    store.end_attempt(attempts[1], "ERROR_REASON_WORKER_CRASHED", "killed", is_given_up=False)
    store.end_series(series_id)
    measured, ended, untried = store.probes(session)
    assert measured.measurement == measurement_of(2.0) and not untried.attempts
    assert (ended.state, ended.open_attempt, ended.attempts[0].reason) == (
        "planned",
        None,
        "ERROR_REASON_WORKER_CRASHED",
    )
    again = store.begin_series(session, [(ended, hashes[1]), (untried, hashes[2])], REQUEST)
    assert again != series_id and [len(probe.attempts) for probe in store.probes(session)] == [1, 2, 1]


def test_a_probe_that_is_not_given_up_gets_another_job(store: Store) -> None:
    session = store.resume_or_begin_session(PLATFORM, "nasbench201", 0, purpose="onboarding")
    store.plan_probes(session, ["a"])
    cancelled = store.begin_attempt(session, store.probes(session)[0], REQUEST)
    store.end_attempt(cancelled, "ERROR_REASON_CANCELLED", "cancelled\0", is_given_up=False)
    (probe,) = store.probes(session)
    assert (probe.state, probe.failure, probe.open_attempt) == ("planned", None, None)
    again = store.begin_attempt(session, probe, REQUEST)
    assert (again.number, again.request) == (2, REQUEST) and again.job_id != cancelled.job_id
    store.record_measurement(again.job_id, PLATFORM, measurement_of(1.0))
    (probe,) = store.probes(session)
    assert (probe.state, probe.measurement) == ("measured", measurement_of(1.0))
    assert [attempt.reason for attempt in probe.attempts] == ["ERROR_REASON_CANCELLED", None]


def test_measurements_are_ordered_by_the_host_whatever_the_clocks_say(store: Store) -> None:
    for number, start_time in enumerate((5.0, 1.0, 3.0)):
        store.record_measurement(f"job-{number}", PLATFORM, measurement_of(1.0, start_time=start_time))
    store.record_measurement("job-0", PLATFORM, measurement_of(2.0, start_time=9.0))
    assert [item.start_time for item in store.measurements(PLATFORM)] == [9.0, 1.0, 3.0]


def test_status_and_decision_of_a_session_are_kept(store: Store) -> None:
    session = store.resume_or_begin_session(PLATFORM, "nasbench201", 0, purpose="onboarding")
    assert store.statuses(session) == [] and store.decision(session) is None
    for sequence in (1, 2):
        store.record_status(session, SessionStatus(sample_count=3, sequence=sequence, record={"error": 0.1 + 0.2}))
    assert store.statuses(session) == [SessionStatus(sample_count=3, sequence=2, record={"error": 0.1 + 0.2})]
    store.record_decision(session, {"reason": "enough"})
    assert store.decision(session) == {"reason": "enough"}


def test_what_was_written_survives_a_kill_of_the_process(store_place: str) -> None:
    program = f"""
import os, signal, sys
sys.path.insert(0, {str(Path(__file__).parents[2])!r})
from factories import PLATFORM, measurement_of
from edgeprof.store import Store
store = Store({store_place!r})
store.record_measurement("job-1", PLATFORM, measurement_of(1.0))
os.kill(os.getpid(), signal.SIGKILL)
"""
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == -9
    with Store(store_place) as store:
        assert store.measurement("job-1") == measurement_of(1.0)


@pytest.mark.usefixtures("store")
def test_the_migrations_lead_to_the_tables_of_the_code(store_place: str) -> None:
    with engine_of(store_place) as engine, engine.connect() as connection:
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, Base.metadata) == []


def test_a_store_of_a_newer_edgeprof_is_refused(store: Store, store_place: str) -> None:
    store.close()
    with engine_of(store_place) as engine, engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StoreError, match="newer edgeprof"):
        Store(store_place)


def test_a_session_tells_how_far_it_has_come_until_it_ends(store: Store) -> None:
    session = store.resume_or_begin_session(PLATFORM, "nasbench201", 0, purpose="onboarding")
    store.plan_probes(session, ["a", "b"])
    attempt = store.begin_attempt(session, store.probes(session)[0], REQUEST)
    store.record_measurement(attempt.job_id, PLATFORM, measurement_of(1.0))
    (opened,) = store.open_sessions()
    assert (opened.record.session_id, opened.counts) == (session.session_id, {"measured": 1, "planned": 1})
    assert opened.last_time is not None and opened.last_time.utcoffset() == timedelta(0)
    store.end_session(session, datetime.now(timezone.utc))
    assert store.open_sessions() == []


def test_times_have_their_zone_wherever_the_database_is(store: Store) -> None:
    begin = datetime.now(timezone.utc)
    store.record_measurement("job-1", PLATFORM, measurement_of(1.0))
    (result,) = store.results()
    assert begin <= result.store_time <= datetime.now(timezone.utc)
    assert result.store_time.utcoffset() == timedelta(0)


def test_who_reads_sees_one_moment_and_lets_others_write(store: Store) -> None:
    database = Database(store.place)
    with database.reading() as rows:
        assert rows.scalar(select(func.count(MeasurementRow.job_id))) == 0
        store.record_measurement("job-1", PLATFORM, measurement_of(1.0))
        assert rows.scalar(select(func.count(MeasurementRow.job_id))) == 0
    database.close()
    assert store.measurement("job-1") is not None


def test_a_file_that_is_no_store_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite3"
    path.write_bytes(b"something else entirely " * 100)
    with pytest.raises(StoreError, match="cannot be used"):
        Store(path)


@pytest.mark.parametrize(
    ("table", "sentence"),
    [("measurement", "has its table measurement there"), ("alembic_version", "")],
    ids=["another program's", "nothing yet"],
)
def test_a_database_of_another_program_is_refused_and_an_empty_one_is_filled(
    empty_place: str, table: str, sentence: str
) -> None:
    if "://" not in empty_place:
        Path(empty_place).parent.mkdir()
    with engine_of(empty_place) as engine, engine.begin() as connection:
        connection.execute(text(f"CREATE TABLE {table} (version_num VARCHAR(32))"))
    if not sentence:
        Store(empty_place).close()
        return
    with pytest.raises(StoreError, match=sentence):
        Store(empty_place)
    with engine_of(empty_place) as engine, engine.connect() as connection:
        assert inspect(connection).get_table_names() == [table]


def test_the_name_of_a_file_may_be_anything(tmp_path: Path) -> None:
    path = tmp_path / "my ☃ store?a=b#c%20d.sqlite3"
    with Store(path) as store:
        store.record_measurement("job-1", PLATFORM, measurement_of(1.0))
    with Store(path) as store:
        assert store.measurement("job-1") == measurement_of(1.0)
    assert [found.name for found in tmp_path.iterdir()] == [path.name]


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="cannot be made"):
        Store(tmp_path / "file" / "store.sqlite3")

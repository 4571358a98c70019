"""Stores of earlier versions, opened by this one."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from factories import PLATFORM, measurement_of
from sqlalchemy import Connection, text
from stores import engine_of

from edgeprof.measuring.anchor import anchor_of, open_segment
from edgeprof.measuring.next_step import MeasureProbe, next_step
from edgeprof.store import Store
from edgeprof.store.database import MIGRATIONS, NEWEST_SCHEMA
from edgeprof_proto.record_json import to_json

SESSION = "f" * 32


@contextmanager
def store_of_revision(place: str, revision: str) -> Iterator[Connection]:
    """An empty store of an earlier version."""
    if "://" not in place:
        Path(place).parent.mkdir()
    with engine_of(place) as engine, engine.begin() as connection:
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
        yield connection


def insert(connection: Connection, table: str, **values: Any) -> None:
    names = ", ".join(values)
    places = ", ".join(f":{name}" for name in values)
    connection.execute(text(f"INSERT INTO {table} ({names}) VALUES ({places})"), values)


@pytest.fixture
def first_store(empty_place: str) -> str:
    """A store of the first version with an onboarding that was interrupted.

    The second network failed, the anchor was measured again before the third, and the last one still waits.
    """
    times = {0: 10.0, 2: 30.0, 3: 20.0}
    with store_of_revision(empty_place, "0001") as connection:
        now = "2026-01-01 00:00:00"
        insert(
            connection,
            "platform",
            key=PLATFORM.key,
            device_id="d1",
            name=PLATFORM.name,
            setting=json.dumps(to_json(PLATFORM.setting)),
        )
        insert(
            connection,
            "session",
            session_id=SESSION,
            platform_key=PLATFORM.key,
            space="nasbench201",
            purpose="onboarding",
            seed=0,
            create_time=now,
        )
        for ordinal, (name, state) in enumerate(
            (("a", "measured"), ("b", "failed"), ("c", "measured"), ("a", "measured"), ("d", "planned"))
        ):
            insert(
                connection,
                "probe",
                job_id=f"{SESSION}-{ordinal:04d}",
                session_id=SESSION,
                ordinal=ordinal,
                architecture=name,
                is_anchor_check=ordinal == 3,
                state=state,
                failure="no such operator" if state == "failed" else None,
            )
        # Stored in another order than measured, as results that were collected later are.
        for ordinal in (2, 0, 3):
            measured = measurement_of(1.0 + ordinal, block_count=5, start_time=times[ordinal])
            insert(
                connection,
                "measurement",
                job_id=f"{SESSION}-{ordinal:04d}",
                platform_key=PLATFORM.key,
                model_sha256="0" * 64,
                median_ms=1.0,
                verdict="stable",
                record=json.dumps(to_json(measured)),
                create_time=now,
            )
    return empty_place


def test_a_session_of_the_first_version_goes_on(first_store: str) -> None:
    with Store(first_store) as store:
        session = store.resume_or_begin_session(PLATFORM, "nasbench201", 0, purpose="onboarding")
        assert (session.session_id, session.is_resumed) == (SESSION, True)
        probes = store.probes(session)
        assert [probe.state for probe in probes] == ["measured", "failed", "measured", "measured", "planned"]
        assert [probe.attempts[0].job_id for probe in probes] == [f"{SESSION}-{ordinal:04d}" for ordinal in range(5)]
        assert probes[1].failure == "no such operator"
        anchor = anchor_of(probes)
        assert anchor is not None and anchor.ordinal == 0
        assert [probe.ordinal for probe in open_segment(probes)] == [2]
        step = next_step(probes)
        assert isinstance(step, MeasureProbe) and step.probe.ordinal == 4
        attempt = step.probe.open_attempt
        assert attempt is not None
        store.record_measurement(attempt.job_id, PLATFORM, measurement_of(9.0, start_time=0.0))
        assert [item.start_time for item in store.measurements(PLATFORM)] == [10.0, 20.0, 30.0, 0.0]
        assert store.probes(session)[4].sequence == 4


def test_results_of_other_tools_of_an_earlier_version_stay(empty_place: str) -> None:
    with store_of_revision(empty_place, "0006") as connection:
        insert(
            connection,
            "other_result",
            **{"sequence": 1, "report_sha256": "0" * 64, "source": "benchmark_app", "report": "{}"},
            **{"device_id": "", "device_name": "pi4", "model_name": "m.onnx", "median_ms": 2.0},
            setting=json.dumps(to_json(PLATFORM.setting)),
            untold=json.dumps(["thread_count"]),
            create_time="2026-01-01 00:00:00",
        )
    with Store(empty_place) as store:
        (result,) = store.results()
    assert (result.model, result.unreported_fields) == ("m.onnx", ("thread_count",))


def test_a_store_of_the_last_migration_is_opened_as_it_is() -> None:
    assert ScriptDirectory(str(MIGRATIONS)).get_current_head() == NEWEST_SCHEMA

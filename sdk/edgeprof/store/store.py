"""The store: SQLite through SQLAlchemy, brought to the newest schema when it is opened.

Everything is on disk when a method returns: what was measured is written before the next measurement starts.
"""

import logging
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, cast

import platformdirs
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, event, select
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session as DatabaseSession
from sqlalchemy.orm import sessionmaker

from edgeprof.errors import StoreError
from edgeprof.store.platform import Platform
from edgeprof.store.tables import DeviceRow, MeasurementRow, PlatformRow, ProbeRow, SessionRow
from edgeprof_proto.record_json import from_json, to_json
from edgeprof_proto.records.device import Device
from edgeprof_proto.records.measurement import Measurement

logger = logging.getLogger(__name__)

MIGRATIONS = Path(__file__).parent / "migrations"

ProbeState = Literal["planned", "measured", "failed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownDevice:
    """A device that this host has met.

    Args:
        device: Its description when last seen.
        address: Where it was last seen, `host:port`.
        last_seen_time: When.
    """

    device: Device
    address: str
    last_seen_time: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """One measurement that a session planned.

    Args:
        job_id: Id of the job on the device, decided before the device is asked.
        ordinal: Position in the session, from 0.
        architecture: Text of the architecture.
        is_anchor_check: True where the anchor is measured again to see whether the device has drifted.
        state: How far it is.
        measurement: The result; None unless `state` is `measured`.
        failure: Why it failed, where `state` is `failed`.
    """

    job_id: str
    ordinal: int
    architecture: str
    is_anchor_check: bool
    state: ProbeState
    measurement: Measurement | None
    failure: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A session of measurements of one search space on one platform.

    Args:
        session_id: Random id; job ids begin with it.
        space: Name of the search space.
        seed: Seed of its choices.
        is_resumed: True where the session was there already, unfinished.
    """

    session_id: str
    space: str
    seed: int
    is_resumed: bool


def default_store_path() -> Path:
    """Path of the store: `$EDGEPROF_STORE`, or a file in the user's data folder."""
    chosen = os.environ.get("EDGEPROF_STORE")
    return Path(chosen) if chosen else platformdirs.user_data_path("edgeprof", appauthor=False) / "store.sqlite3"


class Store:
    """Devices, platforms, measurements and onboarding sessions of this host.

    Args:
        path: File of the database; made, with its folder, where it does not exist. None for `default_store_path()`.

    Raises:
        StoreError: If the file cannot be read or written, is no store, or was written by a newer edgeprof.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or default_store_path()
        with self._translate_errors():
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._engine = create_engine(f"sqlite:///{self.path}")
            event.listen(self._engine, "connect", _configure_sqlite)
            try:
                with self._engine.begin() as connection:
                    self._migrate(connection)
            except BaseException:
                self.close()
                raise
        self._sessions = sessionmaker(self._engine)
        self._measurements: dict[str, Measurement] = {}

    def close(self) -> None:
        """Release the file."""
        self._engine.dispose()

    def __enter__(self) -> "Store":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def record_device(self, device: Device, address: str) -> None:
        """Remember a device and where it was seen."""
        with self._transaction() as rows:
            rows.merge(DeviceRow(device_id=device.device_id, address=address, description=to_json(device)))

    def devices(self) -> list[KnownDevice]:
        """All devices that were ever seen, the last seen first."""
        with self._transaction() as rows:
            query = select(DeviceRow).order_by(DeviceRow.last_seen_time.desc())
            return [
                KnownDevice(
                    device=from_json(Device, row.description), address=row.address, last_seen_time=row.last_seen_time
                )
                for row in rows.scalars(query)
            ]

    def record_measurement(self, job_id: str, platform: Platform, measurement: Measurement) -> None:
        """Keep a measurement; once for each job, however often it is called."""
        with self._transaction() as rows:
            _merge_platform(rows, platform)
            rows.merge(
                MeasurementRow(
                    job_id=job_id,
                    platform_key=platform.key,
                    model_sha256=measurement.model_sha256,
                    median_ms=measurement.median_ms,
                    verdict=measurement.verdict.kind.value,
                    record=to_json(measurement),
                )
            )

    def measurement(self, job_id: str) -> Measurement | None:
        """The measurement of a job; None where there is none."""
        with self._transaction() as rows:
            return self._decoded(rows, job_id)

    def measurements(self, platform: Platform) -> list[Measurement]:
        """All measurements of a platform, oldest first."""
        with self._transaction() as rows:
            query = (
                select(MeasurementRow)
                .where(MeasurementRow.platform_key == platform.key)
                .order_by(MeasurementRow.create_time)
            )
            return [from_json(Measurement, row.record) for row in rows.scalars(query)]

    def resume_or_begin_session(self, platform: Platform, space: str, seed: int, *, purpose: str) -> Session:
        """The unfinished session of this platform, space, seed and purpose, or a new one."""
        with self._transaction() as rows:
            _merge_platform(rows, platform)
            query = select(SessionRow).where(
                SessionRow.platform_key == platform.key,
                SessionRow.space == space,
                SessionRow.seed == seed,
                SessionRow.purpose == purpose,
                SessionRow.end_time.is_(None),
            )
            row = rows.scalars(query).first()
            is_resumed = row is not None
            if row is None:
                row = SessionRow(
                    session_id=uuid.uuid4().hex, platform_key=platform.key, space=space, purpose=purpose, seed=seed
                )
                rows.add(row)
            return Session(session_id=row.session_id, space=space, seed=seed, is_resumed=is_resumed)

    def end_session(self, session: Session, end_time: datetime) -> None:
        """Mark a session as finished: the next onboarding begins anew."""
        with self._transaction() as rows:
            rows.get_one(SessionRow, session.session_id).end_time = end_time

    def plan_probes(self, session: Session, architectures: list[str], *, is_anchor_check: bool = False) -> None:
        """Write down what will be measured next, in this order."""
        with self._transaction() as rows:
            first = len(rows.get_one(SessionRow, session.session_id).probes)
            for ordinal, architecture in enumerate(architectures, start=first):
                rows.add(
                    ProbeRow(
                        job_id=f"{session.session_id}-{ordinal:04d}",
                        session_id=session.session_id,
                        ordinal=ordinal,
                        architecture=architecture,
                        is_anchor_check=is_anchor_check,
                        state="planned",
                    )
                )

    def set_probe_state(self, job_id: str, state: ProbeState, failure: str | None = None) -> None:
        """Note how a planned measurement went."""
        with self._transaction() as rows:
            row = rows.get_one(ProbeRow, job_id)
            row.state, row.failure = state, failure

    def probes(self, session: Session) -> list[Probe]:
        """All probes of a session in their order, with their measurements."""
        with self._transaction() as rows:
            query = select(ProbeRow).where(ProbeRow.session_id == session.session_id).order_by(ProbeRow.ordinal)
            return [
                Probe(
                    job_id=probe.job_id,
                    ordinal=probe.ordinal,
                    architecture=probe.architecture,
                    is_anchor_check=probe.is_anchor_check,
                    state=cast(ProbeState, probe.state),
                    measurement=self._decoded(rows, probe.job_id),
                    failure=probe.failure,
                )
                for probe in rows.scalars(query)
            ]

    def _decoded(self, rows: DatabaseSession, job_id: str) -> Measurement | None:
        # A measurement never changes, holds thousands of samples, and an onboarding looks at it again and again.
        if job_id not in self._measurements:
            row = rows.get(MeasurementRow, job_id)
            if row is None:
                return None
            self._measurements[job_id] = from_json(Measurement, row.record)
        return self._measurements[job_id]

    def _migrate(self, connection: Connection) -> None:
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        config.attributes["connection"] = connection
        known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
        tables = connection.dialect.get_table_names(connection)
        if "alembic_version" in tables:
            current = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
            if current not in known:
                raise StoreError(
                    f"the store {self.path} was written by a newer edgeprof (schema {current}): update edgeprof, "
                    "or name another file in EDGEPROF_STORE"
                )
        command.upgrade(config, "head")

    @contextmanager
    def _transaction(self) -> Iterator[DatabaseSession]:
        with self._translate_errors(), self._sessions.begin() as rows:
            yield rows

    @contextmanager
    def _translate_errors(self) -> Iterator[None]:
        try:
            yield
        except DatabaseError as error:
            raise StoreError(
                f"the store {self.path} cannot be used ({error.orig}): free the disk, mend the file's permissions, "
                "or name another file in EDGEPROF_STORE"
            ) from error
        except OSError as error:
            raise StoreError(f"the store {self.path} cannot be made: {error.strerror}") from error


def _merge_platform(rows: DatabaseSession, platform: Platform) -> None:
    rows.merge(
        PlatformRow(
            key=platform.key, device_id=platform.device_id, name=platform.name, setting=to_json(platform.setting)
        )
    )


def _configure_sqlite(connection: Any, _: object) -> None:
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")

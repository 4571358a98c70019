"""The store: devices, platforms, measurements and sessions of this host, in SQLite through SQLAlchemy.

Everything is on disk when a method returns: what was measured is written before the next measurement starts.
"""

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import cast

from sqlalchemy import select
from sqlalchemy.orm import Session as DatabaseSession

from edgeprof.store.database import Database, default_store_path
from edgeprof.store.platform import Platform
from edgeprof.store.records import KnownDevice, Probe, ProbeState, SessionRecord
from edgeprof.store.tables import DeviceRow, MeasurementRow, PlatformRow, ProbeRow, SessionRow
from edgeprof_proto.record_json import from_json, to_json
from edgeprof_proto.records.device import Device
from edgeprof_proto.records.measurement import Measurement


class Store:
    """Devices, platforms, measurements and sessions of this host.

    Args:
        path: File of the database; made, with its folder, where it does not exist. None for `default_store_path()`.

    Raises:
        StoreError: If the file cannot be read or written, is no store, or was written by a newer edgeprof.
    """

    def __init__(self, path: str | os.PathLike[str] | None = None) -> None:
        self.path = Path(path) if path else default_store_path()
        self._database = Database(self.path)
        self._measurements: dict[str, Measurement] = {}

    def close(self) -> None:
        """Release the file."""
        self._database.close()

    def __enter__(self) -> "Store":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def record_device(self, device: Device, address: str) -> None:
        """Store the description of a device and the address where it was seen."""
        with self._database.transaction() as rows:
            rows.merge(DeviceRow(device_id=device.device_id, address=address, description=to_json(device)))

    def devices(self) -> list[KnownDevice]:
        """All devices that this host has connected to, the last seen first."""
        with self._database.transaction() as rows:
            query = select(DeviceRow).order_by(DeviceRow.last_seen_time.desc())
            return [
                KnownDevice(
                    device=from_json(Device, row.description), address=row.address, last_seen_time=row.last_seen_time
                )
                for row in rows.scalars(query)
            ]

    def record_measurement(self, job_id: str, platform: Platform, measurement: Measurement) -> None:
        """Store a measurement; called again for the same job, it replaces the row."""
        with self._database.transaction() as rows:
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
        with self._database.transaction() as rows:
            return self._decoded(rows, job_id)

    def measurements(self, platform: Platform) -> list[Measurement]:
        """All measurements of a platform, oldest first."""
        with self._database.transaction() as rows:
            query = (
                select(MeasurementRow)
                .where(MeasurementRow.platform_key == platform.key)
                .order_by(MeasurementRow.create_time)
            )
            return [from_json(Measurement, row.record) for row in rows.scalars(query)]

    def resume_or_begin_session(self, platform: Platform, space: str, seed: int, *, purpose: str) -> SessionRecord:
        """The unfinished session of this platform, space, seed and purpose, or a new one."""
        with self._database.transaction() as rows:
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
            return SessionRecord(session_id=row.session_id, space=space, seed=seed, is_resumed=is_resumed)

    def end_session(self, session: SessionRecord, end_time: datetime) -> None:
        """Mark a session as finished: it is not resumed any more."""
        with self._database.transaction() as rows:
            rows.get_one(SessionRow, session.session_id).end_time = end_time

    def plan_probes(self, session: SessionRecord, architectures: list[str], *, is_anchor_check: bool = False) -> None:
        """Write what will be measured next, in this order."""
        with self._database.transaction() as rows:
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
        """Write how a planned measurement ended."""
        with self._database.transaction() as rows:
            row = rows.get_one(ProbeRow, job_id)
            row.state, row.failure = state, failure

    def probes(self, session: SessionRecord) -> list[Probe]:
        """All probes of a session in their order, with their measurements."""
        with self._database.transaction() as rows:
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
        # A measurement never changes and holds thousands of samples; an onboarding reads it after every measurement.
        if job_id not in self._measurements:
            row = rows.get(MeasurementRow, job_id)
            if row is None:
                return None
            self._measurements[job_id] = from_json(Measurement, row.record)
        return self._measurements[job_id]


@contextmanager
def opened(store: Store | str | os.PathLike[str] | None) -> Iterator[Store]:
    """Yield a store that is open inside the block.

    Args:
        store: A store, which stays open afterwards; a file, or None for the user's own, which is opened and closed.
    """
    if isinstance(store, Store):
        yield store
        return
    with Store(store) as own:
        yield own


def _merge_platform(rows: DatabaseSession, platform: Platform) -> None:
    rows.merge(
        PlatformRow(
            key=platform.key, device_id=platform.device_id, name=platform.name, setting=to_json(platform.setting)
        )
    )

"""Devices, platforms and measurements of this host, in SQLite or PostgreSQL through SQLAlchemy.

Everything is on disk when a method returns.
"""

import os
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime, timezone
from heapq import merge
from itertools import islice
from typing import TypeVar

from sqlalchemy import String, cast, select
from sqlalchemy.orm import Session as DatabaseSession

from edgeprof.store.database import Database
from edgeprof.store.other_results import OtherResult, add_other_result, find_other_result, select_other_results
from edgeprof.store.place import store_place
from edgeprof.store.platform import Platform
from edgeprof.store.portions import portions
from edgeprof.store.records import KnownDevice
from edgeprof.store.results import ResultFilter, StoredResult, select_results
from edgeprof.store.retention import Deletable, delete_results, find_deletable
from edgeprof.store.shared_rows import lock_counter, merge_platform, merge_shared, next_sequence
from edgeprof.store.tables import AttemptRow, DeviceRow, MeasurementRow, OtherResultRow, ProbeRow
from edgeprof_proto.record_json import from_json, to_json
from edgeprof_proto.records.device import Device
from edgeprof_proto.records.measurement import Measurement

MAX_NAME_LENGTH = 255

StoreType = TypeVar("StoreType", bound="MeasurementStore")


class MeasurementStore:
    """Devices, platforms and measurements of this host.

    Args:
        place: A file, made, with its folder, where it does not exist; or `postgresql+psycopg://user@host/database`.
            None for `$EDGEPROF_STORE`, or a file in the user's data folder.

    Raises:
        StoreError: If it cannot be read or written, is no store, or was written by a newer edgeprof.
    """

    def __init__(self, place: str | os.PathLike[str] | None = None) -> None:
        self.place = store_place(place)
        self._database = Database(self.place)
        self._measurements: dict[str, Measurement] = {}

    def close(self) -> None:
        """Release the file, or the connections."""
        self._database.close()

    def __enter__(self: StoreType) -> StoreType:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def record_device(self, device: Device, address: str, *, agent_version: str = "") -> None:
        """Store the description of a device, the address where it was seen, and the version of its agent."""
        with self._database.writing() as rows:
            row = DeviceRow(
                device_id=device.device_id,
                address=address,
                description=to_json(device),
                agent_version=agent_version,
                last_seen_time=datetime.now(timezone.utc),
            )
            merge_shared(rows, row, row.device_id)

    def devices(self) -> list[KnownDevice]:
        """All devices that this host has connected to, the last seen first."""
        with self._database.reading() as rows:
            query = select(DeviceRow).order_by(DeviceRow.last_seen_time.desc())
            return [
                KnownDevice(
                    device=from_json(Device, row.description), address=row.address, last_seen_time=row.last_seen_time
                )
                for row in rows.scalars(query)
            ]

    def record_measurement(
        self, job_id: str, platform: Platform, measurement: Measurement, *, model_name: str = ""
    ) -> None:
        """Store a measurement; called again for the same job, it replaces the row.

        Where a session planned the job, its probe is measured from now on.

        Args:
            job_id: Id of the job.
            platform: The device with the setting that ran.
            measurement: The result.
            model_name: Name of the model; empty where a session names what it measures.
        """
        interval = measurement.median_interval
        with self._database.writing() as rows:
            merge_platform(rows, platform)
            # Another host may be storing the same job: who comes second finds its row.
            lock_counter(rows)
            known = rows.get(MeasurementRow, job_id)
            device = rows.get(DeviceRow, platform.device_id)
            sequence = next_sequence(rows) if known is None else known.sequence
            rows.merge(
                MeasurementRow(
                    job_id=job_id,
                    platform_key=platform.key,
                    model_sha256=measurement.model_sha256,
                    model_name=model_name[:MAX_NAME_LENGTH] or None,
                    median_ms=measurement.median_ms,
                    lower_ms=None if interval is None else interval.lower_ms,
                    upper_ms=None if interval is None else interval.upper_ms,
                    verdict=measurement.verdict.kind.value,
                    record=to_json(measurement),
                    sequence=sequence,
                    kernel=None if device is None else device.description.get("kernel"),
                    agent_version=None if device is None else device.agent_version,
                )
            )
            attempt = rows.get(AttemptRow, job_id)
            if attempt is not None and attempt.sequence is None:
                attempt.sequence = sequence
                rows.get_one(ProbeRow, (attempt.session_id, attempt.ordinal)).state = "measured"
        self._measurements[job_id] = measurement

    def measurement(self, job_id: str) -> Measurement | None:
        """The measurement of a job; None where there is none."""
        with self._database.reading() as rows:
            return self._decoded(rows, job_id)

    def results(self, wanted: ResultFilter | None = None, *, limit: int | None = None) -> list[StoredResult]:
        """What the store says of measurements, its own and those of other tools, newest first, without raw samples.

        Args:
            wanted: Which; None for all.
            limit: At most so many; None for all.
        """
        wanted = wanted or ResultFilter()
        with self._database.reading() as rows:
            both = select_results(rows, wanted, limit=limit), select_other_results(rows, wanted)
            return list(islice(merge(*both, key=lambda result: result.number, reverse=True), limit))

    def add_other_result(self, result: OtherResult) -> int:
        """Store a result of another tool, unless the same file was added before.

        Returns:
            Its number.
        """
        with self._database.writing() as rows:
            # Another host may be adding the same file: who comes second finds its row.
            lock_counter(rows)
            number = find_other_result(rows, result)
            if number is None:
                number = next_sequence(rows)
                add_other_result(rows, result, number)
            return number

    def other_report(self, number: int) -> str:
        """The file of another tool that a result was read from; empty where the result is none of another tool."""
        with self._database.reading() as rows:
            row = rows.get(OtherResultRow, number)
            return "" if row is None else row.report

    def measurement_texts(self, job_ids: Sequence[str]) -> Iterator[tuple[str, str]]:
        """Yield whole measurements in JSON, each after the id of its job, in the order of the ids.

        Args:
            job_ids: Ids of jobs; those that have no measurement are passed over.
        """
        for some in portions(job_ids):
            query = select(MeasurementRow.job_id, cast(MeasurementRow.record, String))
            with self._database.reading() as rows:
                found = {job_id: text for job_id, text in rows.execute(query.where(MeasurementRow.job_id.in_(some)))}
            yield from ((job_id, found[job_id]) for job_id in some if job_id in found)

    def find_deletable(self, numbers: Collection[int]) -> Deletable:
        """What of some results can be deleted.

        Args:
            numbers: Their numbers.
        """
        with self._database.reading() as rows:
            return find_deletable(rows, numbers)

    def delete_results(self, numbers: Collection[int]) -> Deletable:
        """Delete what can be deleted of some results, and return what that was; their numbers are not given again.

        Args:
            numbers: Their numbers.
        """
        with self._database.writing() as rows:
            found = delete_results(rows, numbers)
        self._measurements.clear()
        return found

    def measurements(self, platform: Platform) -> list[Measurement]:
        """All measurements of a platform, in the order in which they were stored."""
        with self._database.reading() as rows:
            query = (
                select(MeasurementRow)
                .where(MeasurementRow.platform_key == platform.key)
                .order_by(MeasurementRow.sequence)
            )
            return [from_json(Measurement, row.record) for row in rows.scalars(query)]

    def _forget_decoded(self, rows: DatabaseSession, session_id: str) -> None:
        """Let go of the measurements of a session, of which a collection of days has thousands; the rows stay."""
        for job_id in rows.scalars(select(AttemptRow.job_id).where(AttemptRow.session_id == session_id)):
            self._measurements.pop(job_id, None)

    def _decoded(self, rows: DatabaseSession, job_id: str) -> Measurement | None:
        # A measurement holds thousands of samples, or a whole graph; an onboarding reads it after every measurement.
        if job_id not in self._measurements:
            row = rows.get(MeasurementRow, job_id)
            if row is None:
                return None
            self._measurements[job_id] = from_json(Measurement, row.record)
        return self._measurements[job_id]

"""Results of other tools: kept apart from measurements, since they have no verdict, no interval and no raw samples."""

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256

from sqlalchemy import select
from sqlalchemy.orm import Session as DatabaseSession
from sqlalchemy.orm import defer

from edgeprof.store.platform import name_part
from edgeprof.store.results import OWN_SOURCE, ResultFilter, StoredResult
from edgeprof.store.tables import DeviceRow, OtherResultRow
from edgeprof_proto.record_json import from_json, to_json
from edgeprof_proto.records.job_spec import Setting
from edgeprof_proto.records.measurement import VerdictKind


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherResult:
    """What another tool has measured.

    Args:
        source: Name of the tool.
        device_id: Id of the device; empty for one that this host does not know.
        device_name: Its name.
        setting: The setting, as far as the tool tells it.
        unreported_fields: Fields of the setting that it does not report.
        model: Name of the model.
        median_ms: Median latency in milliseconds.
        report: The tool's file as it was.
    """

    source: str
    device_id: str
    device_name: str
    setting: Setting
    unreported_fields: tuple[str, ...]
    model: str
    median_ms: float
    report: str

    @property
    def report_sha256(self) -> str:
        """Digest of the file."""
        return sha256(self.report.encode()).hexdigest()


def find_other_result(rows: DatabaseSession, result: OtherResult) -> int | None:
    """Return the number of the result that was added from the same file; None where there is none."""
    return rows.scalar(select(OtherResultRow.sequence).where(OtherResultRow.report_sha256 == result.report_sha256))


def add_other_result(rows: DatabaseSession, result: OtherResult, sequence: int) -> None:
    """Write a result.

    Args:
        rows: An open transaction.
        result: The result.
        sequence: The store's own number of it.
    """
    rows.add(
        OtherResultRow(
            sequence=sequence,
            report_sha256=result.report_sha256,
            source=result.source,
            device_id=result.device_id,
            device_name=result.device_name,
            setting=to_json(result.setting),
            unreported_fields=list(result.unreported_fields),
            model_name=result.model,
            median_ms=result.median_ms,
            report=result.report,
        )
    )


def select_other_results(rows: DatabaseSession, wanted: ResultFilter) -> Iterator[StoredResult]:
    """Yield the results of other tools that are wanted, the newest first.

    Args:
        rows: An open transaction.
        wanted: Which.
    """
    if wanted.space or wanted.architecture or wanted.verdict is not None or wanted.source.lower() == OWN_SOURCE:
        return
    query = select(OtherResultRow).options(defer(OtherResultRow.report)).order_by(OtherResultRow.sequence.desc())
    if wanted.number:
        query = query.where(OtherResultRow.sequence == wanted.number)
    if wanted.since is not None:
        query = query.where(OtherResultRow.create_time >= wanted.since)
    if wanted.until is not None:
        query = query.where(OtherResultRow.create_time < wanted.until)
    addresses = {device.device_id: device.address for device in rows.scalars(select(DeviceRow))}
    for row in rows.scalars(query):
        setting: Setting = from_json(Setting, row.setting)
        # What follows the first underscore is not the device.
        parts = (name_part(row.device_name), row.source, setting.runtime, setting.runtime_version, setting.provider)
        result = StoredResult(
            number=row.sequence,
            job_id="",
            store_time=row.create_time,
            device_id=row.device_id,
            device_name=row.device_name,
            address=addresses.get(row.device_id, ""),
            platform_name="_".join(part.lower() for part in parts if part),
            setting=setting,
            model=row.model_name,
            model_sha256="",
            space="",
            architecture="",
            purpose="",
            median_ms=row.median_ms,
            lower_ms=None,
            upper_ms=None,
            verdict=VerdictKind.NOT_REPORTED,
            source=row.source,
            unreported_fields=tuple(row.unreported_fields),
        )
        if wanted.source.lower() in ("", result.source) and wanted.holds(result):
            yield result

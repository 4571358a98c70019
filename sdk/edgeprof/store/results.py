"""Results: what a list says of the measurements in a store, read without their raw samples."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase
from itertools import islice
from typing import Any

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session as DatabaseSession

from edgeprof.store.platform import marked_platform
from edgeprof.store.records import COMPARISON
from edgeprof.store.tables import AttemptRow, DeviceRow, MeasurementRow, PlatformRow, ProbeRow, SessionRow
from edgeprof_proto.record_json import from_json
from edgeprof_proto.records.job_spec import Setting
from edgeprof_proto.records.measurement import VerdictKind

OWN_SOURCE = "edgeprof"
"""Source of what agents of edgeprof have measured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultFilter:
    """Which results are wanted; all where nothing is named. Texts are compared without regard to case.

    Args:
        number: The store's own number of the result; 0 for any.
        device: Id, name or address of the device, or the beginning of its id.
        address: Address of the device that has this name on this host, which is wanted too.
        runtime: Name of the runtime.
        precision: Precision of the computation.
        model: Name of the model, with `*` and `?` for others, or the beginning of its SHA-256.
        space: Name of the search space.
        architecture: Text of the architecture.
        verdict: Verdict of the agent.
        source: What measured it: `edgeprof`, or another tool by its name.
        since: Results stored then or later; with a time zone.
        until: Results stored before; with a time zone.
    """

    number: int = 0
    device: str = ""
    address: str = ""
    runtime: str = ""
    precision: str = ""
    model: str = ""
    space: str = ""
    architecture: str = ""
    verdict: VerdictKind | None = None
    source: str = ""
    since: datetime | None = None
    until: datetime | None = None

    def holds(self, result: "StoredResult") -> bool:
        """Return whether a result is wanted, by what the database does not compare."""
        return self.holds_platform(result) and (not self.model or self._names_model(result))

    def holds_platform(self, platform: "PlatformFacts | StoredResult") -> bool:
        """Return whether results of a platform are wanted."""
        names = {platform.device_name.lower(), platform.address.lower(), platform.device_id.lower()} - {""}
        asked = {self.device.lower(), self.address.lower()}
        return (
            (not self.device or bool(asked & names) or _begins(platform.device_id, self.device))
            and self.runtime.lower() in ("", platform.setting.runtime.lower())
            and self.precision.lower() in ("", platform.setting.precision.lower())
        )

    def _names_model(self, result: "StoredResult") -> bool:
        return fnmatchcase(result.model.lower(), self.model.lower()) or _begins(result.model_sha256, self.model)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformFacts:
    """What results say of their platform: the same for all of its results.

    Args:
        device_id: Id of the device.
        device_name: Board or host name.
        address: Where the device was last seen.
        name: Readable name of device and setting.
        setting: The setting.
    """

    device_id: str
    device_name: str
    address: str
    name: str
    setting: Setting


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredResult:
    """One measurement without its raw samples, or what another tool says of one.

    Args:
        number: The store's own number of the result: 1, 2, and so on, in the order stored.
        job_id: Id of the job, by which the store has the whole measurement; empty for a result of another tool.
        store_time: When it was stored, in UTC.
        device_id: Id of the device.
        device_name: Board or host name.
        address: Where the device was last seen.
        platform_name: Readable name of device and setting, which devices of one name share.
        setting: The setting that ran.
        model: Name of the model's file, or of the model in an onboarding; empty where it was not kept.
        model_sha256: Digest of the model's file.
        space: Search space of the session that measured it; empty where it was no session of a space.
        architecture: Text of the architecture; empty where it was no session of a space.
        purpose: What the session was for; empty for a single benchmark.
        median_ms: Median latency in milliseconds.
        lower_ms: Lower end of the median's interval in milliseconds; None where there were too few blocks for one.
        upper_ms: Upper end.
        verdict: The agent's verdict; other tools give none.
        source: What measured it: `edgeprof`, or another tool by its name.
        kernel: Kernel of the device; empty where it was not kept.
        agent_version: Version of the agent; empty where it was not kept.
        unreported_fields: Fields of the setting that another tool does not report, so that their values mean nothing.
        device_mark: What tells the device from others of its name, as `edgeprof.results` finds it; empty where no other
            has its name.
    """

    number: int
    job_id: str
    store_time: datetime
    device_id: str
    device_name: str
    address: str
    platform_name: str
    setting: Setting
    model: str
    model_sha256: str
    space: str
    architecture: str
    purpose: str
    median_ms: float
    lower_ms: float | None
    upper_ms: float | None
    verdict: VerdictKind
    source: str = OWN_SOURCE
    kernel: str = ""
    agent_version: str = ""
    unreported_fields: tuple[str, ...] = ()
    device_mark: str = ""

    @property
    def device(self) -> str:
        """The device in words: its name, and what tells it from others of that name."""
        return f"{self.device_name} ({self.device_mark})" if self.device_mark else self.device_name

    @property
    def platform(self) -> str:
        """Readable name of device and setting, no two devices' the same."""
        return marked_platform(self.platform_name, self.device_mark)

    @property
    def name(self) -> str:
        """What was measured, in words: the architecture, the model's name, or the beginning of its digest."""
        return self.architecture or self.model or f"model {self.model_sha256[:12]}"


def select_results(rows: DatabaseSession, wanted: ResultFilter, *, limit: int | None = None) -> Iterator[StoredResult]:
    """Yield the results that are wanted, the newest first.

    Args:
        rows: An open transaction.
        wanted: Which.
        limit: At most so many; None for all.
    """
    if wanted.source.lower() not in ("", OWN_SOURCE):
        return iter(())
    platforms = {key: facts for key, facts in _platforms(rows) if wanted.holds_platform(facts)}
    query = (
        select(
            MeasurementRow.sequence,
            MeasurementRow.job_id,
            MeasurementRow.create_time,
            MeasurementRow.platform_key,
            MeasurementRow.model_sha256,
            MeasurementRow.model_name,
            MeasurementRow.median_ms,
            MeasurementRow.lower_ms,
            MeasurementRow.upper_ms,
            MeasurementRow.verdict,
            MeasurementRow.kernel,
            MeasurementRow.agent_version,
            ProbeRow.architecture,
            SessionRow.space,
            SessionRow.purpose,
        )
        .outerjoin(AttemptRow, AttemptRow.job_id == MeasurementRow.job_id)
        .outerjoin(ProbeRow, (ProbeRow.session_id == AttemptRow.session_id) & (ProbeRow.ordinal == AttemptRow.ordinal))
        .outerjoin(SessionRow, SessionRow.session_id == AttemptRow.session_id)
        .where(*_conditions(wanted, platforms))
        .order_by(MeasurementRow.sequence.desc())
        # What the database does not compare is left out below.
        .limit(None if wanted.model else limit)
    )
    found = (_result(row, platforms[row.platform_key]) for row in rows.execute(query))
    return islice(filter(wanted.holds, found) if wanted.model else found, limit)


def _platforms(rows: DatabaseSession) -> Iterator[tuple[str, PlatformFacts]]:
    devices = {device.device_id: device for device in rows.scalars(select(DeviceRow))}
    for row in rows.scalars(select(PlatformRow)):
        device = devices.get(row.device_id)
        description = {} if device is None else device.description
        yield (
            row.key,
            PlatformFacts(
                device_id=row.device_id,
                device_name=description.get("board") or description.get("host_name") or row.name.partition("_")[0],
                address="" if device is None else device.address,
                name=row.name,
                setting=from_json(Setting, row.setting),
            ),
        )


def _conditions(wanted: ResultFilter, platforms: Iterable[str]) -> Iterator[ColumnElement[bool]]:
    if wanted.number:
        yield MeasurementRow.sequence == wanted.number
    if wanted.device or wanted.runtime or wanted.precision:
        yield MeasurementRow.platform_key.in_(platforms)
    if wanted.space:
        yield SessionRow.space == wanted.space
    if wanted.architecture:
        yield SessionRow.space != ""
        yield ProbeRow.architecture == wanted.architecture
    if wanted.verdict is not None:
        yield MeasurementRow.verdict == wanted.verdict.value
    if wanted.since is not None:
        yield MeasurementRow.create_time >= wanted.since
    if wanted.until is not None:
        yield MeasurementRow.create_time < wanted.until


def _result(row: Any, platform: PlatformFacts) -> StoredResult:
    is_of_space, purpose = bool(row.space), row.purpose or ""
    # Stores of before a compared model's name was kept have none.
    names_model = not is_of_space and not purpose.startswith(COMPARISON)
    return StoredResult(
        number=row.sequence,
        job_id=row.job_id,
        store_time=row.create_time,
        device_id=platform.device_id,
        device_name=platform.device_name,
        address=platform.address,
        platform_name=platform.name,
        setting=platform.setting,
        model=row.model_name or (names_model and row.architecture) or "",
        model_sha256=row.model_sha256,
        space=row.space or "",
        architecture=row.architecture if is_of_space else "",
        purpose=purpose,
        median_ms=row.median_ms,
        lower_ms=row.lower_ms,
        upper_ms=row.upper_ms,
        verdict=_verdict(row.verdict),
        kernel=row.kernel or "",
        agent_version=row.agent_version or "",
    )


def _verdict(value: str) -> VerdictKind:
    try:
        return VerdictKind(value)
    except ValueError:
        return VerdictKind.NOT_REPORTED


def _begins(text: str, beginning: str) -> bool:
    return len(beginning) >= 6 and text.lower().startswith(beginning.lower())

"""Tables of the host's store. A change here needs a migration in `migrations/versions`; a test compares the two."""

from datetime import datetime, timezone
from typing import Any

from sqlalchemy import (
    JSON,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Integer,
    String,
    TypeDecorator,
    UniqueConstraint,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship


def _now() -> datetime:
    return datetime.now(timezone.utc)


class UtcTime(TypeDecorator[datetime]):
    """A time in UTC: SQLite drops the time zone, and PostgreSQL tells it in that of the connection."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Write a time, which has a time zone."""
        return None if value is None else value.astimezone(timezone.utc)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Read a time."""
        if value is None:
            return None
        return value.replace(tzinfo=timezone.utc) if value.tzinfo is None else value.astimezone(timezone.utc)


class Base(DeclarativeBase):
    """Registry of all tables."""


class CounterRow(Base):
    """Counts outcomes, measurements and failures alike: `last` is the number of the last one.

    There is one row. Numbers of what was deleted are not given again.
    """

    __tablename__ = "counter"

    key: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    last: Mapped[int] = mapped_column(Integer)


class DeviceRow(Base):
    """A device that this host has connected to."""

    __tablename__ = "device"

    device_id: Mapped[str] = mapped_column(String, primary_key=True)
    address: Mapped[str] = mapped_column(String)
    description: Mapped[dict[str, Any]] = mapped_column(JSON)
    agent_version: Mapped[str | None] = mapped_column(String)
    last_seen_time: Mapped[datetime] = mapped_column(UtcTime, default=_now, onupdate=_now)


class PlatformRow(Base):
    """A device with a setting: what measurements and profiles belong to."""

    __tablename__ = "platform"

    key: Mapped[str] = mapped_column(String, primary_key=True)
    device_id: Mapped[str] = mapped_column(String, index=True)
    name: Mapped[str] = mapped_column(String)
    setting: Mapped[dict[str, Any]] = mapped_column(JSON)


class MeasurementRow(Base):
    """One measurement with every raw sample and its conditions, as the agent reported it.

    `sequence` is the store's own number: measurements were stored in its order, whatever the clocks said. `lower_ms`
    and `upper_ms` are the interval of the median, as in the record; `model_name` is null where a session names what it
    measures. `kernel` and `agent_version` are those of the device when it was stored, null where they were not kept.
    """

    __tablename__ = "measurement"
    __table_args__ = (UniqueConstraint("sequence"),)

    job_id: Mapped[str] = mapped_column(String, primary_key=True)
    platform_key: Mapped[str] = mapped_column(ForeignKey("platform.key"), index=True)
    model_sha256: Mapped[str] = mapped_column(String, index=True)
    model_name: Mapped[str | None] = mapped_column(String)
    median_ms: Mapped[float] = mapped_column(Float)
    lower_ms: Mapped[float | None] = mapped_column(Float)
    upper_ms: Mapped[float | None] = mapped_column(Float)
    verdict: Mapped[str] = mapped_column(String)
    record: Mapped[dict[str, Any]] = mapped_column(JSON)
    create_time: Mapped[datetime] = mapped_column(UtcTime, default=_now)
    sequence: Mapped[int] = mapped_column(Integer)
    kernel: Mapped[str | None] = mapped_column(String)
    agent_version: Mapped[str | None] = mapped_column(String)


class OtherResultRow(Base):
    """A latency that another tool has measured: apart from measurements, so that no predictor is fitted to it.

    `sequence` is the store's own number, as of a measurement. `device_id` is empty for a device that this host does not
    know. `unreported_fields` names the fields of the setting that the tool does not report. `report` is the tool's file
    as it was.
    """

    __tablename__ = "other_result"
    __table_args__ = (UniqueConstraint("report_sha256"),)

    sequence: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    report_sha256: Mapped[str] = mapped_column(String)
    source: Mapped[str] = mapped_column(String)
    device_id: Mapped[str] = mapped_column(String)
    device_name: Mapped[str] = mapped_column(String)
    setting: Mapped[dict[str, Any]] = mapped_column(JSON)
    unreported_fields: Mapped[list[str]] = mapped_column(JSON)
    model_name: Mapped[str] = mapped_column(String)
    median_ms: Mapped[float] = mapped_column(Float)
    report: Mapped[str] = mapped_column(String)
    create_time: Mapped[datetime] = mapped_column(UtcTime, default=_now)


class SessionRow(Base):
    """A session of measurements on one platform, finished or to be resumed.

    `space` is empty for a comparison. `decision` holds what an onboarding has decided: when to stop, and why.
    `give_up_sequence` is the number of the outcome after which the session ended because too many networks in a row
    had failed.
    """

    __tablename__ = "session"

    session_id: Mapped[str] = mapped_column(String, primary_key=True)
    platform_key: Mapped[str] = mapped_column(ForeignKey("platform.key"), index=True)
    space: Mapped[str] = mapped_column(String)
    purpose: Mapped[str] = mapped_column(String)
    seed: Mapped[int] = mapped_column(Integer)
    create_time: Mapped[datetime] = mapped_column(UtcTime, default=_now)
    end_time: Mapped[datetime | None] = mapped_column(UtcTime)
    decision: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    give_up_sequence: Mapped[int | None] = mapped_column(Integer)
    probes: Mapped[list["ProbeRow"]] = relationship(order_by="ProbeRow.ordinal")


class ProbeRow(Base):
    """One measurement that a session planned: of a network, or of one side of a comparison."""

    __tablename__ = "probe"

    session_id: Mapped[str] = mapped_column(ForeignKey("session.session_id"), primary_key=True)
    ordinal: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    architecture: Mapped[str] = mapped_column(String)
    is_anchor_check: Mapped[bool] = mapped_column(default=False)
    state: Mapped[str] = mapped_column(String)
    reopen_count: Mapped[int] = mapped_column(Integer, default=0)
    attempts: Mapped[list["AttemptRow"]] = relationship(order_by="AttemptRow.number")


class AttemptRow(Base):
    """One attempt to measure a probe: a job of its own on the device, written before the device is asked for it.

    A host that was killed asks the device for the same job again. `request` holds what was asked for; it is null for
    attempts of stores that did not keep it. `sequence` is the store's own number of the outcome, null before there is
    one; it is that of the measurement where there is one, and `reason` and `failure` say why there is none.
    `series_id` names the job on the device that measures several probes one after the other; null where it is this
    attempt's own.
    """

    __tablename__ = "attempt"
    __table_args__ = (
        ForeignKeyConstraint(["session_id", "ordinal"], ["probe.session_id", "probe.ordinal"]),
        UniqueConstraint("session_id", "ordinal", "number"),
    )

    job_id: Mapped[str] = mapped_column(String, primary_key=True)
    session_id: Mapped[str] = mapped_column(String)
    ordinal: Mapped[int] = mapped_column(Integer)
    number: Mapped[int] = mapped_column(Integer)
    request: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    sequence: Mapped[int | None] = mapped_column(Integer)
    reason: Mapped[str | None] = mapped_column(String)
    failure: Mapped[str | None] = mapped_column(String)
    series_id: Mapped[str | None] = mapped_column(String)


class StatusRow(Base):
    """Status of a session with some number of samples, as the procedure that runs it describes it.

    `sequence` is the number of the last outcome that it takes into account.
    """

    __tablename__ = "session_status"

    session_id: Mapped[str] = mapped_column(ForeignKey("session.session_id"), primary_key=True)
    sample_count: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    sequence: Mapped[int] = mapped_column(Integer)
    record: Mapped[dict[str, Any]] = mapped_column(JSON)

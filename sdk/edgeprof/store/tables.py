"""Tables of the host's store. A change here needs a migration in `migrations/versions`; a test compares the two."""

from datetime import datetime, timezone
from typing import Any

from sqlalchemy import JSON, DateTime, Float, ForeignKey, Integer, String, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship


def _now() -> datetime:
    return datetime.now(timezone.utc)


class Base(DeclarativeBase):
    """Registry of all tables."""


class DeviceRow(Base):
    """A device that this host has connected to."""

    __tablename__ = "device"

    device_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    address: Mapped[str] = mapped_column(String(255))
    description: Mapped[dict[str, Any]] = mapped_column(JSON)
    last_seen_time: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=_now, onupdate=_now)


class PlatformRow(Base):
    """A device with a setting: what measurements and profiles belong to."""

    __tablename__ = "platform"

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    device_id: Mapped[str] = mapped_column(String(64), index=True)
    name: Mapped[str] = mapped_column(String(255))
    setting: Mapped[dict[str, Any]] = mapped_column(JSON)


class MeasurementRow(Base):
    """One measurement with every raw sample and its conditions, as the agent reported it."""

    __tablename__ = "measurement"

    job_id: Mapped[str] = mapped_column(String(128), primary_key=True)
    platform_key: Mapped[str] = mapped_column(ForeignKey("platform.key"), index=True)
    model_sha256: Mapped[str] = mapped_column(String(64), index=True)
    median_ms: Mapped[float] = mapped_column(Float)
    verdict: Mapped[str] = mapped_column(String(32))
    record: Mapped[dict[str, Any]] = mapped_column(JSON)
    create_time: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=_now)


class SessionRow(Base):
    """A session of measurements of one search space on one platform, finished or to be resumed."""

    __tablename__ = "session"

    session_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    platform_key: Mapped[str] = mapped_column(ForeignKey("platform.key"), index=True)
    space: Mapped[str] = mapped_column(String(64))
    purpose: Mapped[str] = mapped_column(String(64))
    seed: Mapped[int] = mapped_column(Integer)
    create_time: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=_now)
    end_time: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    probes: Mapped[list["ProbeRow"]] = relationship(order_by="ProbeRow.ordinal")


class ProbeRow(Base):
    """One measurement that a session planned, written before the device is asked for it.

    The row holds the job id, so that a host that was killed asks the device for the same job again.
    """

    __tablename__ = "probe"
    __table_args__ = (UniqueConstraint("session_id", "ordinal"),)

    job_id: Mapped[str] = mapped_column(String(128), primary_key=True)
    session_id: Mapped[str] = mapped_column(ForeignKey("session.session_id"), index=True)
    ordinal: Mapped[int] = mapped_column(Integer)
    architecture: Mapped[str] = mapped_column(String)
    is_anchor_check: Mapped[bool] = mapped_column(default=False)
    state: Mapped[str] = mapped_column(String(16))
    failure: Mapped[str | None] = mapped_column(String)

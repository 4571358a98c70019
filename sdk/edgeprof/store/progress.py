"""Sessions that have not ended: how far each has come."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session as DatabaseSession

from edgeprof.store.records import SessionRecord
from edgeprof.store.tables import AttemptRow, MeasurementRow, PlatformRow, ProbeRow, SessionRow


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenSession:
    """A session of measurements that runs, or that was interrupted and can be resumed.

    Args:
        record: The session.
        purpose: What it is for.
        device_id: Id of its device.
        platform: Readable name of device and setting.
        begin_time: When it was begun, in UTC.
        last_time: When its last measurement was stored, in UTC; None before there is one.
        counts: Its probes by their state.
        is_running: Whether a process is at it now; otherwise it was interrupted.
    """

    record: SessionRecord
    purpose: str
    device_id: str
    platform: str
    begin_time: datetime
    last_time: datetime | None
    counts: dict[str, int]
    is_running: bool


def session_identity(platform_key: str, space: str, seed: int, purpose: str) -> str:
    """Return what the lock of a session stands for: processes that ask for the same are at the same session."""
    return f"{platform_key} {space} {seed} {purpose}"


def select_open_sessions(
    rows: DatabaseSession, is_locked: Callable[[str], bool], *, limit: int | None = None
) -> Iterator[OpenSession]:
    """Yield the sessions that have not ended, the one that measured last first.

    Args:
        rows: An open transaction.
        is_locked: Says of the identity of a session whether a process holds its lock.
        limit: At most so many; None for all.
    """
    last = func.max(MeasurementRow.create_time)
    query = (
        select(SessionRow, PlatformRow.name, PlatformRow.device_id, last)
        .join(PlatformRow, PlatformRow.key == SessionRow.platform_key)
        .outerjoin(AttemptRow, AttemptRow.session_id == SessionRow.session_id)
        .outerjoin(MeasurementRow, MeasurementRow.job_id == AttemptRow.job_id)
        .where(SessionRow.end_time.is_(None))
        .group_by(SessionRow.session_id, PlatformRow.key)
        .order_by(func.coalesce(last, SessionRow.create_time).desc())
        .limit(limit)
    )
    for session, platform, device_id, last_time in rows.execute(query).all():
        states = select(ProbeRow.state, func.count()).where(ProbeRow.session_id == session.session_id)
        yield OpenSession(
            record=SessionRecord(
                session_id=session.session_id, space=session.space, seed=session.seed, is_resumed=True
            ),
            purpose=session.purpose,
            device_id=device_id,
            platform=platform,
            begin_time=session.create_time,
            last_time=last_time,
            counts={state: count for state, count in rows.execute(states.group_by(ProbeRow.state))},
            is_running=is_locked(session_identity(session.platform_key, session.space, session.seed, session.purpose)),
        )

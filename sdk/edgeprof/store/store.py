"""The store: what this host has measured, and the sessions in which it measures.

Everything is on disk when a method returns: what is planned is written before the device is asked for it, and what was
measured before the next measurement starts.
"""

import json
import os
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import lru_cache
from typing import Any, cast

from sqlalchemy import delete, select
from sqlalchemy.orm import Session as DatabaseSession
from sqlalchemy.orm import selectinload

from edgeprof.store.measurement_store import MeasurementStore
from edgeprof.store.platform import Platform
from edgeprof.store.progress import OpenSession, select_open_sessions, session_identity
from edgeprof.store.records import (
    Attempt,
    MeasurementRequest,
    Probe,
    ProbeState,
    SessionRecord,
    SessionStatus,
    series_part_id,
)
from edgeprof.store.shared_rows import lock_counter, merge_platform, next_sequence
from edgeprof.store.tables import AttemptRow, PlatformRow, ProbeRow, SessionRow, StatusRow
from edgeprof_proto.record_json import from_json


class Store(MeasurementStore):
    """Devices, platforms, measurements and sessions of this host.

    Args:
        place: A file, made, with its folder, where it does not exist; or `postgresql+psycopg://user@host/database`.
            None for `$EDGEPROF_STORE`, or a file in the user's data folder.

    Raises:
        StoreError: If it cannot be read or written, is no store, or was written by a newer edgeprof.
    """

    @contextmanager
    def session(self, platform: Platform, space: str, seed: int, *, purpose: str) -> Iterator[SessionRecord]:
        """The unfinished session of this platform, space, seed and purpose, or a new one, for this process alone.

        Another process that asks for the same session waits until the block has ended.

        Raises:
            StoreError: If the session cannot be locked.
        """
        identity = session_identity(platform.key, space, seed, purpose)
        with self._database.session_lock(identity, purpose=f"{purpose.split()[0]} of {platform.name}"):
            yield self.resume_or_begin_session(platform, space, seed, purpose=purpose)

    def resume_or_begin_session(self, platform: Platform, space: str, seed: int, *, purpose: str) -> SessionRecord:
        """The unfinished session of this platform, space, seed and purpose, or a new one."""
        with self._database.writing() as rows:
            merge_platform(rows, platform)
            # Two processes that begin the same session at the same moment do so one after the other.
            rows.get_one(PlatformRow, platform.key, with_for_update={"key_share": True})
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

    def sessions(self, platform: Platform, space: str, *, purpose: str | None = None) -> list[SessionRecord]:
        """All sessions in which networks of a search space were measured on a platform, the first begun first.

        Args:
            platform: The platform.
            space: Name of the search space.
            purpose: What they were for; None for anything.
        """
        with self._database.reading() as rows:
            query = select(SessionRow).where(SessionRow.platform_key == platform.key, SessionRow.space == space)
            if purpose is not None:
                query = query.where(SessionRow.purpose == purpose)
            return [
                SessionRecord(session_id=row.session_id, space=space, seed=row.seed, is_resumed=True)
                for row in rows.scalars(query.order_by(SessionRow.create_time))
            ]

    def open_sessions(self, *, limit: int | None = None) -> list[OpenSession]:
        """The sessions that run, or that were interrupted, the one that measured last first; all without a limit."""
        with self._database.reading() as rows:
            return list(select_open_sessions(rows, self._database.is_session_locked, limit=limit))

    def end_session(self, session: SessionRecord, end_time: datetime) -> None:
        """Mark a session as finished: it is not resumed any more."""
        with self._database.writing() as rows:
            rows.get_one(SessionRow, session.session_id).end_time = end_time
            self._forget_decoded(rows, session.session_id)

    def plan_probes(
        self, session: SessionRecord, architectures: Sequence[str], *, is_anchor_check: bool = False
    ) -> None:
        """Write what will be measured next, in this order."""
        with self._database.writing() as rows:
            first = len(rows.get_one(SessionRow, session.session_id).probes)
            for ordinal, architecture in enumerate(architectures, start=first):
                rows.add(
                    ProbeRow(
                        session_id=session.session_id,
                        ordinal=ordinal,
                        architecture=architecture,
                        is_anchor_check=is_anchor_check,
                        state="planned",
                    )
                )

    def begin_attempt(self, session: SessionRecord, probe: Probe, request: MeasurementRequest) -> Attempt:
        """Write the next attempt to measure a probe, with a job id of its own."""
        with self._database.writing() as rows:
            row = self._new_attempt(rows, session, probe, request)
            rows.add(row)
            return _attempt(row)

    def begin_series(
        self, session: SessionRecord, models: Sequence[tuple[Probe, str]], request: MeasurementRequest
    ) -> str:
        """Write the next attempt to measure each of some probes, all by one job.

        Args:
            session: The session.
            models: The probes, each with the SHA-256 of its model, in the order in which they are measured.
            request: What is asked for of each.

        Returns:
            Id of the job.
        """
        series_id = f"{session.session_id}-series-{uuid.uuid4().hex[:8]}"
        with self._database.writing() as rows:
            for probe, model_sha256 in models:
                row = self._new_attempt(rows, session, probe, request)
                row.job_id, row.series_id = series_part_id(series_id, model_sha256), series_id
                rows.add(row)
        return series_id

    def end_series(self, series_id: str) -> None:
        """Forget the attempts of a series that has ended which have no outcome: their models were not tried."""
        with self._database.writing() as rows:
            rows.execute(delete(AttemptRow).where(AttemptRow.series_id == series_id, AttemptRow.sequence.is_(None)))

    def end_attempt(self, attempt: Attempt, reason: str, failure: str, *, is_given_up: bool) -> None:
        """Write that an attempt has failed.

        Args:
            attempt: The attempt.
            reason: Why, for machines.
            failure: Why, for people.
            is_given_up: Whether its probe is not to be measured any more.
        """
        with self._database.writing() as rows:
            row = rows.get_one(AttemptRow, attempt.job_id)
            # PostgreSQL keeps no NUL, which what a device tells may hold.
            row.sequence, row.reason, row.failure = next_sequence(rows), reason, failure.replace("\0", "\ufffd")
            if is_given_up:
                rows.get_one(ProbeRow, (row.session_id, row.ordinal)).state = "failed"

    def probes(self, session: SessionRecord) -> list[Probe]:
        """All probes of a session in the order of the plan, with their attempts and measurements."""
        with self._database.reading() as rows:
            query = (
                select(ProbeRow)
                .where(ProbeRow.session_id == session.session_id)
                .order_by(ProbeRow.ordinal)
                .options(selectinload(ProbeRow.attempts))
            )
            return [self._probe(rows, row) for row in rows.scalars(query)]

    def give_up_sequence(self, session: SessionRecord) -> int:
        """Number of the outcome after which too many failures last ended the session; 0 where none did."""
        with self._database.reading() as rows:
            return rows.get_one(SessionRow, session.session_id).give_up_sequence or 0

    def give_up(self, session: SessionRecord, reopened: Sequence[Probe]) -> None:
        """Write that too many failures end the session, and which probes the next run is to try once more."""
        with self._database.writing() as rows:
            rows.get_one(SessionRow, session.session_id).give_up_sequence = lock_counter(rows).last
            for probe in reopened:
                row = rows.get_one(ProbeRow, (session.session_id, probe.ordinal))
                row.state, row.reopen_count = "planned", row.reopen_count + 1

    def record_status(self, session: SessionRecord, status: SessionStatus) -> None:
        """Write the status of a session with some number of samples; it replaces an earlier one with as many."""
        with self._database.writing() as rows:
            rows.merge(
                StatusRow(
                    session_id=session.session_id,
                    sample_count=status.sample_count,
                    sequence=status.sequence,
                    record=status.record,
                )
            )

    def statuses(self, session: SessionRecord) -> list[SessionStatus]:
        """The statuses of a session, by the number of samples."""
        with self._database.reading() as rows:
            query = select(StatusRow).where(StatusRow.session_id == session.session_id).order_by(StatusRow.sample_count)
            return [
                SessionStatus(sample_count=row.sample_count, sequence=row.sequence, record=row.record)
                for row in rows.scalars(query)
            ]

    def record_decision(self, session: SessionRecord, decision: Mapping[str, Any]) -> None:
        """Write what the procedure that runs a session has decided, in values of JSON."""
        with self._database.writing() as rows:
            rows.get_one(SessionRow, session.session_id).decision = dict(decision)

    def decision(self, session: SessionRecord) -> dict[str, Any] | None:
        """What the procedure that runs a session has decided; None where nothing is decided yet."""
        with self._database.reading() as rows:
            return rows.get_one(SessionRow, session.session_id).decision

    def decisions(self, platform: Platform, *, purpose: str) -> list[dict[str, Any]]:
        """What the finished sessions of a platform and purpose have decided, the newest first."""
        with self._database.reading() as rows:
            query = select(SessionRow.decision).where(
                SessionRow.platform_key == platform.key,
                SessionRow.purpose == purpose,
                SessionRow.end_time.is_not(None),
                SessionRow.decision.is_not(None),
            )
            return [dict(found) for found in rows.scalars(query.order_by(SessionRow.end_time.desc())) if found]

    @staticmethod
    def _new_attempt(
        rows: DatabaseSession, session: SessionRecord, probe: Probe, request: MeasurementRequest
    ) -> AttemptRow:
        number = len(rows.get_one(ProbeRow, (session.session_id, probe.ordinal)).attempts) + 1
        return AttemptRow(
            job_id=f"{session.session_id}-{probe.ordinal:04d}-{number}",
            session_id=session.session_id,
            ordinal=probe.ordinal,
            number=number,
            request=request.as_json(),
        )

    def _probe(self, rows: DatabaseSession, row: ProbeRow) -> Probe:
        attempts = tuple(_attempt(attempt) for attempt in row.attempts)
        measured = [item for item in attempts if item.sequence is not None and item.reason is None]
        return Probe(
            ordinal=row.ordinal,
            architecture=row.architecture,
            is_anchor_check=row.is_anchor_check,
            state=cast(ProbeState, row.state),
            measurement=self._decoded(rows, measured[-1].job_id) if measured else None,
            attempts=attempts,
            reopen_count=row.reopen_count,
        )


@contextmanager
def opened(store: Store | str | os.PathLike[str] | None) -> Iterator[Store]:
    """Yield a store that is open inside the block.

    Args:
        store: A store, which stays open afterwards; a file or an address, or None for the user's own, which is opened
            and closed.
    """
    if isinstance(store, Store):
        yield store
        return
    with Store(store) as own:
        yield own


def _attempt(row: AttemptRow) -> Attempt:
    return Attempt(
        job_id=row.job_id,
        number=row.number,
        request=None if row.request is None else _request(json.dumps(row.request)),
        sequence=row.sequence,
        reason=row.reason,
        failure=row.failure,
        series_id=row.series_id,
    )


@lru_cache(maxsize=8)
def _request(text: str) -> MeasurementRequest:
    # All attempts of a session ask for the same, and a session reads them all before each measurement.
    return from_json(MeasurementRequest, json.loads(text))

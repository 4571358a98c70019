"""Which results can be deleted, and how: what a session in progress needs stays, and so does half of a session.

The networks of a session are known relative to each other, so its results go together or not at all.
"""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import delete, select
from sqlalchemy.orm import Session as DatabaseSession

from edgeprof.store.portions import portions
from edgeprof.store.shared_rows import lock_counter
from edgeprof.store.tables import AttemptRow, MeasurementRow, OtherResultRow, ProbeRow, SessionRow, StatusRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Deletable:
    """What of some results can be deleted; each is named by its number.

    Args:
        numbers: Those that can.
        in_progress: Those that stay, since their sessions have not ended.
        in_part: Those that stay, since other results of their sessions are not to go.
        sessions: Ids of the sessions whose results are all among `numbers`.
    """

    numbers: frozenset[int]
    in_progress: frozenset[int]
    in_part: frozenset[int]
    sessions: frozenset[str]


def find_deletable(rows: DatabaseSession, numbers: Collection[int]) -> Deletable:
    """Return what of some results can be deleted.

    Args:
        rows: An open transaction.
        numbers: Their numbers.
    """
    wanted = frozenset(numbers)
    in_progress: set[int] = set()
    ended: defaultdict[str, set[int]] = defaultdict(set)
    query = (
        select(MeasurementRow.sequence, SessionRow.session_id, SessionRow.end_time)
        .join(AttemptRow, AttemptRow.job_id == MeasurementRow.job_id)
        .join(SessionRow, SessionRow.session_id == AttemptRow.session_id)
    )
    for number, session_id, end_time in rows.execute(query):
        (in_progress if end_time is None else ended[session_id]).add(number)
    whole = {session_id for session_id, its_numbers in ended.items() if its_numbers <= wanted}
    in_part = wanted & {number for session_id in ended.keys() - whole for number in ended[session_id]}
    return Deletable(
        numbers=wanted - in_progress - in_part,
        in_progress=wanted & in_progress,
        in_part=in_part,
        sessions=frozenset(whole),
    )


def delete_results(rows: DatabaseSession, numbers: Collection[int]) -> Deletable:
    """Delete what can be deleted of some results, and return what that was.

    Of a session stays what it has decided, which tells where the profile of a device is.

    Args:
        rows: An open transaction.
        numbers: Their numbers.
    """
    lock_counter(rows)
    found = find_deletable(rows, numbers)
    for table in (StatusRow, AttemptRow, ProbeRow):
        for some in portions(found.sessions):
            rows.execute(delete(table).where(table.session_id.in_(some)))
    for portion in portions(found.numbers):
        rows.execute(delete(MeasurementRow).where(MeasurementRow.sequence.in_(portion)))
        rows.execute(delete(OtherResultRow).where(OtherResultRow.sequence.in_(portion)))
    return found

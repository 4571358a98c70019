"""Rows that several processes write at the same time: devices, platforms, and the counter of outcomes."""

from contextlib import suppress

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session as DatabaseSession

from edgeprof.store.platform import Platform
from edgeprof.store.tables import CounterRow, DeviceRow, PlatformRow
from edgeprof_proto.record_json import to_json

_OUTCOMES = 1
"""Key of the only counter."""


def merge_platform(rows: DatabaseSession, platform: Platform) -> None:
    """Write a platform, which may be there already."""
    row = PlatformRow(
        key=platform.key, device_id=platform.device_id, name=platform.name, setting=to_json(platform.setting)
    )
    merge_shared(rows, row, row.key)


def merge_shared(rows: DatabaseSession, row: DeviceRow | PlatformRow, key: str) -> None:
    """Write a row that may be there already, or that another process writes at this moment.

    Args:
        rows: An open transaction.
        row: The row.
        key: Its primary key.
    """
    if rows.get(type(row), key) is None:
        with suppress(IntegrityError), rows.begin_nested():
            rows.merge(row)
    rows.merge(row)


def lock_counter(rows: DatabaseSession) -> CounterRow:
    """Return the counter of outcomes, which no other process reads or changes until the transaction has ended.

    Outcomes become visible in the order of their numbers.
    """
    return rows.get_one(CounterRow, _OUTCOMES, with_for_update=True)


def next_sequence(rows: DatabaseSession) -> int:
    """The store's own number of the outcome that is written next: one more than all before."""
    counter = lock_counter(rows)
    counter.last += 1
    return counter.last

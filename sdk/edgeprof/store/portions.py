"""Ids in portions: a statement of SQLite takes only so many."""

from collections.abc import Collection, Iterator
from itertools import islice
from typing import TypeVar

PORTION_COUNT = 500
"""Ids in one statement."""

Item = TypeVar("Item")


def portions(items: Collection[Item]) -> Iterator[list[Item]]:
    """Yield all items, at most `PORTION_COUNT` at a time.

    Args:
        items: The items.
    """
    remaining = iter(items)
    while some := list(islice(remaining, PORTION_COUNT)):
        yield some

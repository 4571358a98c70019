"""Says of a run that failed which of its inputs were generated although their values decide what runs."""

from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

from edgeprof_agent.errors import RunFailedError
from edgeprof_proto.records.generated_input import GeneratedInput

_Item = TypeVar("_Item")

_NAMED_COUNT = 5


def explained(items: Iterable[_Item], inputs: Sequence[GeneratedInput]) -> Iterator[_Item]:
    """Yield what runs give, and explain the failure of one.

    Args:
        items: What runs give.
        inputs: What each run is given.

    Raises:
        RunFailedError: If a run failed.
    """
    try:
        yield from items
    except RunFailedError as error:
        names = [repr(item.name) for item in inputs if item.deciding_operators and not item.is_given]
        if not names:
            raise
        raise RunFailedError(
            f"{error}; the values of {', '.join(names[:_NAMED_COUNT])} decide what runs and were generated: give real "
            "ones (--inputs)"
        ) from error

"""Arguments of the public calls, checked before anything is measured: numbers with their ranges, texts and lists."""

import math
import operator
from typing import Any

from edgeprof.errors import InvalidArgumentError

DEFAULT_RUNTIME = "onnxruntime"
"""Runtime where none is named and the device has it."""

MAX_SEED = 2**63 - 1
"""The store and every generator of random numbers take seeds up to it."""

MAX_REPETITION_COUNT = 1_000
"""Repetitions of an evaluation at most."""

MAX_NETWORK_COUNT = 10_000_000
"""Networks that one call may draw, train or measure at most; the largest published table has half a million."""

MAX_RESULT_NUMBER = 2**31 - 1
"""Largest number of a result: the widest that every database takes."""

MAX_JOB_COUNT = 4_096
"""Parts of a computation that run at the same time at most."""

MAX_PAIR_COUNT = 10_000
"""Pairs of a comparison at most."""


def require_count(name: str, value: int, lowest: int, highest: int) -> int:
    """Return a whole number that lies in its range.

    Args:
        name: What it is, for the message.
        value: The number.
        lowest: Smallest that is allowed.
        highest: Largest that is allowed.

    Raises:
        InvalidArgumentError: If it is no whole number, or lies outside.
    """
    try:
        number = operator.index(value)
    except TypeError:
        number = lowest - 1
    if isinstance(value, bool) or not lowest <= number <= highest:
        raise InvalidArgumentError(f"{name} must be a whole number of {lowest} to {highest}, got {str(value)[:40]}")
    return number


def require_seed(value: int) -> int:
    """Return a seed that every generator takes.

    Raises:
        InvalidArgumentError: If it is no whole number of 0 to `MAX_SEED`.
    """
    return require_count("a seed", value, 0, MAX_SEED)


def require_number(name: str, value: float, lowest: float, highest: float) -> float:
    """Return a number that lies in its range.

    Args:
        name: What it is with its unit, for the message.
        value: The number.
        lowest: Smallest that is allowed.
        highest: Largest that is allowed.

    Raises:
        InvalidArgumentError: If it is no finite number, or lies outside.
    """
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not math.isfinite(value) or not lowest <= value <= highest:
        raise InvalidArgumentError(f"{name} must be {lowest:g} to {highest:g}, got {str(value)[:40]}")
    return float(value)


def as_list(value: Any, kind: type | tuple[type, ...]) -> tuple[Any, ...]:
    """Return a list of values where one alone may be given: a text is one value, not a list of its letters.

    Args:
        value: The list, or one value.
        kind: What one value is.
    """
    return (value,) if isinstance(value, kind) else tuple(value)

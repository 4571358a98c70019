"""Numbers of a page in words: each with its unit, digits that mean something, and its interval."""

import math
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

NOT_REPORTED: Final = "not reported"


def ms(value: float | None) -> str:
    """A latency with four digits.

    Args:
        value: Milliseconds; None where it is not known.
    """
    return NOT_REPORTED if value is None else f"{value:.4g} ms"


def ms_interval(record: dict[str, Any]) -> str:
    """The interval of a median.

    Args:
        record: Holds its ends as `lower_ms` and `upper_ms`; None where there were too few blocks for one, or another
            tool told none.
    """
    if record["lower_ms"] is None or record["upper_ms"] is None:
        return "no interval"
    return f"{record['lower_ms']:.4g} to {record['upper_ms']:.4g} ms"


def percent(value: float | None) -> str:
    """A share.

    Args:
        value: The share; None where it is not known.
    """
    return NOT_REPORTED if value is None else f"{value:.1%}"


def correlation(value: float | None) -> str:
    """A correlation with three digits.

    Args:
        value: The correlation; None where all values are alike.
    """
    return "not defined" if value is None or not math.isfinite(value) else f"{value:.3f}"


def memory(value: float | None) -> str:
    """A size.

    Args:
        value: Bytes; None where it is not known.
    """
    if value is None:
        return NOT_REPORTED
    return f"{value / 2**20:.4g} MiB" if value < 2**30 else f"{value / 2**30:.3g} GiB"


def seconds(value: float | None) -> str:
    """A duration.

    Args:
        value: Seconds; None where it is not known.
    """
    if value is None:
        return NOT_REPORTED
    return f"{value:.3g} s" if value < 120 else f"{value / 60:.3g} min"


def moment(value: str | None) -> str:
    """A time as people write it, in UTC.

    Args:
        value: The time in ISO 8601; None where it is not known.
    """
    return NOT_REPORTED if value is None else f"{datetime.fromisoformat(value):%Y-%m-%d %H:%M} UTC"


def plain(value: str) -> str:
    """A name of the contract in words.

    Args:
        value: Such as `too_few_runs`.
    """
    return value.replace("_", " ")


def evidence(number: dict[str, Any], field: str) -> str:
    """A number of a verdict or its limit, with the unit that its name tells.

    Args:
        number: The evidence.
        field: `value` or `limit`.
    """
    value = float(number[field])
    if number["name"].endswith("_count"):
        return f"{value:.0f}"
    return ms(value) if number["name"].endswith("_ms") else percent(value)


_FUNCTIONS: Final = (ms, ms_interval, percent, correlation, memory, seconds, moment, plain, evidence)

FILTERS: Final[dict[str, Callable[..., str]]] = {function.__name__: function for function in _FUNCTIONS}
"""What templates call these functions by: their names."""

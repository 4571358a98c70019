"""Times of operators from an engine's profile, in windows of runs: how many runs, and one record for all runtimes.

A window's value is the mean of its runs, and an operator's time the median of its windows: a stall of the device in one
of them does not change it.
"""

import dataclasses
import itertools
import statistics
import time
from collections.abc import Callable, Iterable, Sequence

from edgeprof_proto.records.graph import MAX_TEXT_LENGTH
from edgeprof_proto.records.measurement import OperatorTime

WINDOW_COUNT = 5
"""Windows into which the profiled runs are divided, where there are as many."""

PROFILED_RUN_COUNT = 20
"""Runs that are profiled at most. Profiles tell whole microseconds: the mean of four runs tells a quarter of one."""

PROFILE_DURATION_S = 3.0
"""Time after which no further run is profiled, in seconds."""

MIN_RUN_COUNT = 2

MAX_SHAPE_COUNT = 32
"""Shapes of one operator that are told."""

_DIGITS = 6
"""Digits of a time in milliseconds: nanoseconds."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ProfiledOperator:
    """An operator in the order of execution, with the mean time of each window of runs, in milliseconds."""

    name: str
    type: str
    window_ms: tuple[float, ...]
    shapes: tuple[str, ...] = ()
    provider: str = ""
    node_index: int | None = None


def repeat_run(run_once: Callable[[], object]) -> int:
    """Run a model once to warm it up, and then as often as its profile needs.

    Args:
        run_once: Runs it.

    Returns:
        The number of runs behind the warm-up.
    """
    run_once()
    start_s, count = time.monotonic(), 0
    while count < MIN_RUN_COUNT or (count < PROFILED_RUN_COUNT and time.monotonic() - start_s < PROFILE_DURATION_S):
        run_once()
        count += 1
    return count


def windows_of(run_ms: Sequence[float]) -> tuple[float, ...]:
    """Return the mean of each window of runs.

    Args:
        run_ms: Time of each run, in milliseconds, in the order taken.
    """
    count = min(WINDOW_COUNT, len(run_ms))
    ends = [len(run_ms) * number // count for number in range(count + 1)]
    return tuple(statistics.fmean(run_ms[start:end]) for start, end in itertools.pairwise(ends))


def operator_times(operators: Iterable[ProfiledOperator]) -> list[OperatorTime]:
    """Return the record of each operator, with its share of the times of all.

    Args:
        operators: In the order of execution, each with at least one window.
    """
    profiled = list(operators)
    times_ms = [round(statistics.median(operator.window_ms), _DIGITS) for operator in profiled]
    total_ms = sum(times_ms)
    return [
        OperatorTime(
            name=operator.name[:MAX_TEXT_LENGTH],
            type=operator.type,
            time_ms=time_ms,
            share=time_ms / total_ms if total_ms else 0.0,
            shapes=operator.shapes[:MAX_SHAPE_COUNT],
            provider=operator.provider,
            window_ms=tuple(round(value, _DIGITS) for value in operator.window_ms),
            node_index=operator.node_index,
        )
        for operator, time_ms in zip(profiled, times_ms, strict=True)
    ]


def shape_text(sizes: Iterable[object]) -> str:
    """Return a shape as the records of operators hold it, for example "1x16x32x32".

    Args:
        sizes: The sizes.
    """
    return "x".join(map(str, sizes))

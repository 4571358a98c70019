"""How far the median of a measurement may be off."""

import math
import statistics
from collections.abc import Iterable

from edgeprof_proto.records import Measurement

SESSION_RELATIVE_SD = 0.01
"""Medians of the same network differ by 1 to 2 % between two workers on a quiet machine, however many runs each takes:
where pages and buffers happen to lie. More runs do not show it, so it is added."""

WHOLE_MS = 1.0
"""Some devices time in whole milliseconds; their medians then hide up to half of one."""


def clock_resolution_ms(measurements: Iterable[Measurement]) -> float:
    """Step of the clock that took the runs: 1.0 where every run is whole milliseconds, else 0.0 for a fine clock."""
    runs = (value for item in measurements for block in item.timed_blocks for value in block.latency_ms)
    return WHOLE_MS if all(value == round(value) for value in runs) else 0.0


def median_relative_sd(measurement: Measurement) -> float:
    """Standard deviation of a measurement's median, relative to the median.

    The medians of the timed blocks say how far the device itself wanders while it measures; single runs do not, since
    neighbouring runs are slow together.

    Args:
        measurement: A measurement with two timed blocks or more.
    """
    block_medians = [statistics.median(block.latency_ms) for block in measurement.timed_blocks]
    spread = statistics.stdev(block_medians) if len(block_medians) > 1 else 0.0
    of_mean = spread / math.sqrt(len(block_medians))
    return math.hypot(SESSION_RELATIVE_SD, of_mean / measurement.median_ms)

"""Uncertainty of the median of a measurement."""

import math
import statistics

from edgeprof_proto.records.measurement import Measurement
from edgeprof_proto.shared.interval import SESSION_RELATIVE_SD

REPEAT_SD = 0.02
"""Standard deviation between measurements of one model some time apart, relative to its latency: two agree within 1.4
to 2.7 % in the median on five settings of a shared machine. No scatter inside one measurement tells it."""


def median_relative_sd(measurement: Measurement) -> float:
    """Standard deviation of a measurement's median, relative to the median.

    Args:
        measurement: A measurement with two timed blocks or more.
    """
    block_medians = [statistics.median(block.latency_ms) for block in measurement.timed_blocks]
    spread = statistics.stdev(block_medians) if len(block_medians) > 1 else 0.0
    return relative_sd_of_median(spread / measurement.median_ms, len(block_medians))


def relative_sd_of_median(block_spread: float, block_count: int) -> float:
    """Standard deviation of the median over blocks of runs, relative to it.

    The scatter of block medians shows how much the device itself varies during a measurement. The scatter of single
    runs does not, since consecutive runs are correlated.

    Args:
        block_spread: Standard deviation of the medians of the blocks, relative to their level.
        block_count: Number of blocks.
    """
    return math.hypot(SESSION_RELATIVE_SD, block_spread / math.sqrt(block_count))

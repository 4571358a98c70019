"""Confidence interval of a median from blocks of runs, without assumptions about the distribution.

Consecutive runs are correlated, so a thousand runs are not a thousand independent observations; each block's median is
one observation. Of `k` observations, those of rank `j` from below and from above enclose the population's median with a
probability given by the binomial distribution. The greatest `j` that keeps the wanted level is taken.

Source:
    Sign-test interval of a median, textbook statistics (Conover, "Practical Nonparametric Statistics", section 3.2).
"""

import math
import statistics
from collections.abc import Sequence

from edgeprof_proto.records.measurement import LatencyBlock, MedianInterval

LEVEL = 0.9
"""Confidence level: share of repeated measurements whose interval contains the median over all of them."""

MIN_BLOCK_COUNT = 5
"""Fewest blocks for an interval of that level: four blocks all lie on one side with probability 1/8."""

LEVEL_SD_COUNT = 1.645
"""Half-width of the interval of a normal distribution at that level, in standard deviations."""

SESSION_RELATIVE_SD = 0.01
"""Standard deviation of the median between worker processes, relative to it. Medians of one network differ by 1 to 2 %
between two workers on an idle machine, for any number of runs, since memory pages and buffers are placed differently.
Blocks of one worker do not show this spread, so it is added."""

MIN_HALF_WIDTH = LEVEL_SD_COUNT * SESSION_RELATIVE_SD
"""Smallest half-width of an interval from a single worker, relative to the median."""


def middle_ranks(count: int, level: float) -> tuple[int, int] | None:
    """Return the ranks, from 0, of the two sorted observations that enclose the median.

    Args:
        count: Number of independent observations.
        level: Confidence level, between 0 and 1.

    Returns:
        Rank of the lower and of the upper one; None where there are too few observations: 0.9 needs 5.
    """
    outside, found = 0.0, None
    for rank in range(count // 2):
        outside += 2 * math.comb(count, rank) / 2**count
        if 1 - outside < level:
            break
        found = (rank, count - 1 - rank)
    return found


def median_interval(blocks: Sequence[LatencyBlock], level: float = LEVEL) -> MedianInterval | None:
    """Compute the median of timed blocks and its interval, including the spread between workers.

    Args:
        blocks: Timed blocks of one worker.
        level: Confidence level, between 0 and 1.

    Returns:
        The interval; None where there are too few blocks for this level.
    """
    block_medians = sorted(statistics.median(block.latency_ms) for block in blocks)
    ranks = middle_ranks(len(block_medians), level)
    if ranks is None:
        return None
    median_ms = statistics.median(value for block in blocks for value in block.latency_ms)
    session_ms = statistics.NormalDist().inv_cdf((1 + level) / 2) * SESSION_RELATIVE_SD * median_ms
    lower_ms, upper_ms = (block_medians[rank] for rank in ranks)
    # With blocks of unequal size the median over all runs may lie outside the interval of block medians.
    return MedianInterval(
        median_ms=median_ms,
        lower_ms=median_ms - math.hypot(max(0.0, median_ms - lower_ms), session_ms),
        upper_ms=median_ms + math.hypot(max(0.0, upper_ms - median_ms), session_ms),
        level=level,
    )


def needed_ms(timed_ms: float, interval: MedianInterval, target_half_width: float) -> float:
    """Estimate the time that an interval needs: the part due to blocks shrinks with the square root of their number.

    Args:
        timed_ms: Time of the timed runs so far, in milliseconds.
        interval: Their interval.
        target_half_width: Target half-width, relative to the median, above `MIN_HALF_WIDTH`.

    Returns:
        Time of timed runs, including those so far, in milliseconds.
    """
    of_blocks = max(0.0, interval.half_width**2 - MIN_HALF_WIDTH**2)
    wanted = target_half_width**2 - MIN_HALF_WIDTH**2
    return timed_ms * of_blocks / wanted

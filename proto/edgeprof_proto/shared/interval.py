"""The interval of a median that comes from blocks: free of assumptions about the distribution of the runs.

Neighbouring runs are slow together, so a thousand of them do not know a thousand things. What counts as one
observation is the median of a block. Of `k` observations the one of rank `j` from below and the one of rank `j` from
above hold their population's median between them with a probability that the binomial distribution tells, whatever that
population looks like; the greatest `j` that keeps the wanted level is taken.

Source:
    Sign-test interval of a median, textbook statistics (Conover, "Practical Nonparametric Statistics", section 3.2).
"""

import math
import statistics
from collections.abc import Sequence

from edgeprof_proto.records.measurement import LatencyBlock, MedianInterval

LEVEL = 0.9
"""Share of repeated measurements whose interval holds the median that all of them together tell."""

MIN_BLOCK_COUNT = 5
"""Blocks from which an interval of that level can be told: all of four lie on one side one time in eight."""

LEVEL_SD_COUNT = 1.645
"""Half-width of a normal distribution's interval of that level, in standard deviations."""

SESSION_RELATIVE_SD = 0.01
"""Medians of the same network differ by 1 to 2 % between two workers on a quiet machine, however many runs each takes:
where pages and buffers happen to lie. More runs do not show it, so it is added."""

MIN_HALF_WIDTH = LEVEL_SD_COUNT * SESSION_RELATIVE_SD
"""No measurement by a single worker tells its median better than this, relative to it."""


def middle_ranks(count: int, level: float) -> tuple[int, int] | None:
    """Ranks, from 0, of the two sorted observations between which the median lies.

    Args:
        count: Number of independent observations.
        level: Probability wanted, between 0 and 1.

    Returns:
        Rank of the lower and of the upper one; None where even the extremes are not that sure: 0.9 needs 5.
    """
    outside, found = 0.0, None
    for rank in range(count // 2):
        outside += 2 * math.comb(count, rank) / 2**count
        if 1 - outside < level:
            break
        found = (rank, count - 1 - rank)
    return found


def median_interval(blocks: Sequence[LatencyBlock], level: float = LEVEL) -> MedianInterval | None:
    """Compute the median of timed blocks and its interval, the differences between workers included.

    Args:
        blocks: Timed blocks of one worker.
        level: Share of repeats whose interval is to hold the median.

    Returns:
        The interval; None where the blocks are too few to tell one of this level.
    """
    block_medians = sorted(statistics.median(block.latency_ms) for block in blocks)
    ranks = middle_ranks(len(block_medians), level)
    if ranks is None:
        return None
    median_ms = statistics.median(value for block in blocks for value in block.latency_ms)
    session_ms = statistics.NormalDist().inv_cdf((1 + level) / 2) * SESSION_RELATIVE_SD * median_ms
    lower_ms, upper_ms = (block_medians[rank] for rank in ranks)
    # The median over the runs may lie outside the medians of unequal blocks: a side is never negative.
    return MedianInterval(
        median_ms=median_ms,
        lower_ms=median_ms - math.hypot(max(0.0, median_ms - lower_ms), session_ms),
        upper_ms=median_ms + math.hypot(max(0.0, upper_ms - median_ms), session_ms),
        level=level,
    )


def needed_ms(blocks: Sequence[LatencyBlock], interval: MedianInterval, target_half_width: float) -> float:
    """Estimate how long to measure for an interval: its part that blocks narrow shrinks with the root of their number.

    Args:
        blocks: The timed blocks so far.
        interval: Their interval.
        target_half_width: Half-width wanted, relative to the median, above `MIN_HALF_WIDTH`.

    Returns:
        Time inside timed runs, those so far included, in milliseconds.
    """
    of_blocks = max(0.0, interval.half_width**2 - MIN_HALF_WIDTH**2)
    wanted = target_half_width**2 - MIN_HALF_WIDTH**2
    return sum(sum(block.latency_ms) for block in blocks) * of_blocks / wanted

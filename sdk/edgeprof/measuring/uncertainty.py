"""Uncertainty of the median of a measurement."""

import math

from edgeprof_proto.shared.interval import SESSION_RELATIVE_SD

REPEAT_SD = 0.02
"""Standard deviation between measurements of one model some time apart, relative to its latency: two agree within 1.4
to 2.7 % in the median on five settings of a shared machine. No scatter inside one measurement tells it."""


def relative_sd_of_median(window_spread: float, window_count: int) -> float:
    """Standard deviation of the median over windows of runs, relative to it.

    The scatter of their medians shows how much the device itself varies during a measurement. The scatter of single
    runs does not, since consecutive runs are correlated.

    Args:
        window_spread: Standard deviation of the medians of the windows, relative to their level.
        window_count: Number of windows.
    """
    return math.hypot(SESSION_RELATIVE_SD, window_spread / math.sqrt(window_count))

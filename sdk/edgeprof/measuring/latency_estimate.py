"""Latency estimate: how fast a device runs a network when nothing disturbs it.

Disturbances only slow a device down. So of all windows of runs that were ever timed of a network, in whichever
measurement, the fastest was disturbed least, and the windows that agree with it give the estimate. On a machine that
shares its processor, stretches from a tenth of a second to many seconds take half as long again; a median over
everything, or over the last measurement alone, then reflects contention with other processes.

A window is a part of a block of runs, short enough to lie between two disturbances. On one shared machine, five
onboardings of NAS-Bench-201 through four engines, estimates from windows instead of whole blocks lowered the median
error of unseen networks from 13.8, 31.8, 4.5, 2.7 and 7.5 % to 12.6, 10.6, 3.8, 1.5 and 5.6 %.
"""

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from edgeprof.measuring.uncertainty import relative_sd_of_median
from edgeprof_proto.records.measurement import Measurement

WINDOW_MS = 50.0
"""Shortest window, in milliseconds of runs; where runs are long, one of `WINDOW_RUN_COUNT` runs or a whole block."""

WINDOW_RUN_COUNT = 10
"""Fewest runs of a window that is shorter than its block: of fewer the median scatters."""

UNDISTURBED_SHARE = 0.05
"""A window is undisturbed when its median exceeds the fastest window's by at most this share of it: windows on a quiet
device differ by less, contention costs more."""

NOISE_SD_COUNT = 4.0
"""... or by at most so many standard deviations of its median. The fastest of a hundred windows lies 2.5 of them below
their middle by chance."""

CONVERGED_WINDOW_COUNT = 3
"""Undisturbed windows that a converged estimate has at least: two may agree by chance."""

CONVERGED_ATTEMPT_COUNT = 2
"""Measurements, some time apart, that they must come from: a slow stretch may outlast a whole measurement, whose
windows then agree with each other."""

MEDIAN_SD = math.sqrt(math.pi / 2)
"""Standard deviation of a median, relative to that of the mean of as many runs."""

QUARTILE_SD = 0.6745
"""Distance of the quartile of a normal distribution from its middle, in standard deviations."""

WHOLE_MS = 1.0
"""Some devices time in whole milliseconds; their medians are then rounded by up to half of one."""

KEPT_COUNT = 512
"""Estimates that are kept: a session asks for those of all its networks before each step, and one of them is new."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LatencyEstimate:
    """How fast a device runs a network when nothing disturbs it.

    Args:
        latency_ms: Median of the runs of all undisturbed windows, in milliseconds.
        relative_sd: Standard deviation of `latency_ms`, relative to it.
        window_counts: Undisturbed windows of each measurement, in the order given.
        resolution_ms: Step of the clock: 1.0 where every run is whole milliseconds, else 0.0 for a fine one.
        drift_uncertainty: Natural logarithm of how much slower than at its best the device may have been during all
            measurements, as its anchor says; 0 where the anchor was not slower. It is part of `relative_sd`.
    """

    latency_ms: float
    relative_sd: float
    window_counts: tuple[int, ...]
    resolution_ms: float
    drift_uncertainty: float = 0.0

    @property
    def is_converged(self) -> bool:
        """Whether enough windows of enough measurements agree, and the anchor was not slower around them."""
        agreeing_count = sum(count > 0 for count in self.window_counts)
        is_agreed = agreeing_count >= CONVERGED_ATTEMPT_COUNT and sum(self.window_counts) >= CONVERGED_WINDOW_COUNT
        return is_agreed and self.drift_uncertainty == 0

    def with_drift_uncertainty(self, drift_uncertainty: float) -> "LatencyEstimate":
        """The same estimate with a drift uncertainty, added to its standard deviation in quadrature.

        Args:
            drift_uncertainty: Natural logarithm of how much slower the device may have been.
        """
        relative_sd = math.hypot(self.relative_sd, drift_uncertainty)
        return dataclasses.replace(self, relative_sd=relative_sd, drift_uncertainty=drift_uncertainty)


def estimate_latency(measurements: Sequence[Measurement]) -> LatencyEstimate:
    """Estimate the latency of one network on one platform from all its measurements.

    The median is over the runs, not over the medians of the windows: where nothing was disturbed it equals the
    measurement's own median, and a median of a few medians scatters more.

    Args:
        measurements: One or more, in any order.
    """
    return _estimate(_Identities(tuple(measurements)))


@dataclass(frozen=True, slots=True, eq=False)
class _Identities:
    """Measurements as a key: equal where they are the same objects, whose thousands of runs are not looked at."""

    measurements: tuple[Measurement, ...]

    def __hash__(self) -> int:
        return hash(tuple(map(id, self.measurements)))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Identities) and list(map(id, self.measurements)) == list(map(id, other.measurements))


@lru_cache(KEPT_COUNT)
def _estimate(key: _Identities) -> LatencyEstimate:
    measurements = key.measurements
    windows, origin = [], []
    for index, measurement in enumerate(measurements):
        for block in measurement.timed_blocks:
            parts = _windows(np.array(block.latency_ms))
            windows += parts
            origin += [index] * len(parts)
    medians = np.array([np.median(window) for window in windows])
    resolution_ms = WHOLE_MS if all((window == window.round()).all() for window in windows) else 0.0
    is_undisturbed = medians <= medians.min() + _agreement_ms(windows, medians, resolution_ms)
    count = int(is_undisturbed.sum())
    latency_ms = float(np.median(np.concatenate([windows[index] for index in np.flatnonzero(is_undisturbed)])))
    # The scatter of fewer windows is unknown; the widest that would still count as agreement is an upper bound.
    spread = UNDISTURBED_SHARE if count < CONVERGED_WINDOW_COUNT else medians[is_undisturbed].std(ddof=1) / latency_ms
    return LatencyEstimate(
        latency_ms=latency_ms,
        relative_sd=relative_sd_of_median(spread, count),
        window_counts=tuple(np.bincount(np.array(origin)[is_undisturbed], minlength=len(measurements)).tolist()),
        resolution_ms=resolution_ms,
    )


def _windows(block: NDArray[np.float64]) -> list[NDArray[np.float64]]:
    """Divide the runs of a block, in milliseconds, into windows."""
    count = min(int(block.sum() / WINDOW_MS), len(block) // WINDOW_RUN_COUNT)
    return np.array_split(block, max(count, 1))


def _agreement_ms(windows: list[NDArray[np.float64]], medians: NDArray[np.float64], resolution_ms: float) -> float:
    """By how much the median of an undisturbed window may exceed the fastest."""
    fastest = int(medians.argmin())
    noise = MEDIAN_SD * _run_relative_sd(windows, medians) / math.sqrt(len(windows[fastest]))
    return max(max(UNDISTURBED_SHARE, NOISE_SD_COUNT * noise) * float(medians[fastest]), resolution_ms)


def _run_relative_sd(windows: list[NDArray[np.float64]], medians: NDArray[np.float64]) -> float:
    """Scatter of single runs, relative to the median of their window.

    From the faster half of each window only: the slower half holds the disturbed runs.
    """
    faster = np.concatenate(
        [1 - window[window < median] / median for window, median in zip(windows, medians, strict=True)]
    )
    return float(np.median(faster)) / QUARTILE_SD if len(faster) else 0.0

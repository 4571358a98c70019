"""Latency estimate: how fast a device runs a network when nothing disturbs it.

Disturbances only slow a device down. So of all blocks of runs that were ever timed of a network, in whichever
measurement, the fastest was disturbed least, and the blocks that agree with it give the estimate. On a machine that
shares its processor, stretches of seconds take half as long again; a median over everything, or over the last
measurement alone, then reflects contention with other processes.
"""

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edgeprof.measuring.uncertainty import relative_sd_of_median
from edgeprof_proto.records.measurement import Measurement

UNDISTURBED_SHARE = 0.05
"""A block is undisturbed when its median exceeds the fastest block's by at most this share of it: blocks on a quiet
device differ by less, contention costs more."""

NOISE_SD_COUNT = 4.0
"""... or by at most so many standard deviations of its median. The fastest of fifteen blocks lies 1.7 of them below
their middle by chance, and the slowest as far above it."""

CONVERGED_BLOCK_COUNT = 3
"""Undisturbed blocks that a converged estimate has at least: two may agree by chance."""

CONVERGED_ATTEMPT_COUNT = 2
"""Measurements, some time apart, that they must come from: a slow stretch may outlast a whole measurement, whose blocks
then agree with each other."""

MEDIAN_SD = math.sqrt(math.pi / 2)
"""Standard deviation of a median, relative to that of the mean of as many runs."""

QUARTILE_SD = 0.6745
"""Distance of the quartile of a normal distribution from its middle, in standard deviations."""

WHOLE_MS = 1.0
"""Some devices time in whole milliseconds; their medians are then rounded by up to half of one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LatencyEstimate:
    """How fast a device runs a network when nothing disturbs it.

    Args:
        latency_ms: Median of the runs of all undisturbed blocks, in milliseconds.
        relative_sd: Standard deviation of `latency_ms`, relative to it.
        block_counts: Undisturbed blocks of each measurement, in the order given.
        resolution_ms: Step of the clock: 1.0 where every run is whole milliseconds, else 0.0 for a fine one.
        drift_uncertainty: Natural logarithm of how much slower than at its best the device may have been during all
            measurements, as its anchor says; 0 where the anchor was not slower. It is part of `relative_sd`.
    """

    latency_ms: float
    relative_sd: float
    block_counts: tuple[int, ...]
    resolution_ms: float
    drift_uncertainty: float = 0.0

    @property
    def is_converged(self) -> bool:
        """Whether enough blocks of enough measurements agree, and the anchor was not slower around them."""
        agreeing_count = sum(count > 0 for count in self.block_counts)
        is_agreed = agreeing_count >= CONVERGED_ATTEMPT_COUNT and sum(self.block_counts) >= CONVERGED_BLOCK_COUNT
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

    The median is over the runs, not over the medians of the blocks: where nothing was disturbed it equals the
    measurement's own median, and a median of a few medians scatters more.

    Args:
        measurements: One or more, in any order.
    """
    origin = np.array([index for index, item in enumerate(measurements) for _ in item.timed_blocks])
    blocks = [np.array(block.latency_ms) for item in measurements for block in item.timed_blocks]
    medians = np.array([np.median(block) for block in blocks])
    resolution_ms = WHOLE_MS if all((block == block.round()).all() for block in blocks) else 0.0
    is_undisturbed = medians <= medians.min() + _agreement_ms(blocks, medians, resolution_ms)
    count = int(is_undisturbed.sum())
    latency_ms = float(np.median(np.concatenate([blocks[index] for index in np.flatnonzero(is_undisturbed)])))
    # The scatter of fewer blocks is unknown; the widest that would still count as agreement is an upper bound.
    spread = UNDISTURBED_SHARE if count < CONVERGED_BLOCK_COUNT else medians[is_undisturbed].std(ddof=1) / latency_ms
    return LatencyEstimate(
        latency_ms=latency_ms,
        relative_sd=relative_sd_of_median(spread, count),
        block_counts=tuple(np.bincount(origin[is_undisturbed], minlength=len(measurements)).tolist()),
        resolution_ms=resolution_ms,
    )


def _agreement_ms(blocks: list[NDArray[np.float64]], medians: NDArray[np.float64], resolution_ms: float) -> float:
    """By how much the median of an undisturbed block may exceed the fastest."""
    fastest = int(medians.argmin())
    noise = MEDIAN_SD * _run_relative_sd(blocks, medians) / math.sqrt(len(blocks[fastest]))
    return max(max(UNDISTURBED_SHARE, NOISE_SD_COUNT * noise) * float(medians[fastest]), resolution_ms)


def _run_relative_sd(blocks: list[NDArray[np.float64]], medians: NDArray[np.float64]) -> float:
    """Scatter of single runs, relative to the median of their block.

    From the faster half of each block only: the slower half holds the disturbed runs.
    """
    faster = np.concatenate([1 - block[block < median] / median for block, median in zip(blocks, medians, strict=True)])
    return float(np.median(faster)) / QUARTILE_SD if len(faster) else 0.0

"""Which architectures to measure: those that lower the variance of all predictions most."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from edgeprof_predictor.samplers.base import check_count
from edgeprof_predictor.spaces import FloatArray

VARIANCE_FLOOR: Final = 1e-12
"""Variances below are divided by as if they were this: what was measured without noise has none left."""


def choose_by_variance(
    covariance: FloatArray,
    noise: FloatArray,
    count: int,
    *,
    typical_count: int | None = None,
    level: FloatArray | None = None,
    first: int | None = None,
) -> tuple[NDArray[np.int64], FloatArray]:
    """Choose distinct architectures, each with the largest gain after those before. No latency is needed.

    The gain of a candidate `x` is the share by which it lowers the summed variance of typical candidates `y`, averaged
    over models: `sum_y cov(x, y)^2 / (var(x) + noise(x)) / sum_y var(y)`.

    Args:
        covariance: Of all candidates, under one model or several.
        noise: Variance of a measurement of each candidate.
        count: How many to choose.
        typical_count: The first so many candidates stand for the space; all where not given.
        level: What all typical candidates have in common. The variance in this direction does not count: any sample
            lowers it.
        first: The candidate that comes first whatever its gain, if any.

    Shapes:
        covariance: `h x n x n`.  noise: `h x n`.  level: `h x t`, of the typical candidates.
        returns: `count` indices, and the covariances after their measurement: `h x n x n`.

    Raises:
        SampleCountError: If there are fewer candidates than asked for.
    """
    check_count(covariance.shape[1], count)
    typical = slice(typical_count)
    direction = None if level is None else level / np.linalg.norm(level, axis=1, keepdims=True)
    chosen: list[int] = []
    while len(chosen) < count:
        variance = np.maximum(np.einsum("hii->hi", covariance), 0.0)
        lowered = (covariance[:, typical] ** 2).sum(axis=1)
        if direction is not None:
            lowered -= np.einsum("hr,hrn->hn", direction, covariance[:, typical]) ** 2
        before = variance[:, typical].sum(axis=1, keepdims=True)
        gain = (lowered / np.maximum(variance + noise, VARIANCE_FLOOR) / np.maximum(before, VARIANCE_FLOOR)).mean(
            axis=0
        )
        gain[chosen] = -np.inf
        chosen.append(int(gain.argmax()) if chosen or first is None else first)
        covariance = conditioned(covariance, chosen[-1], noise[:, chosen[-1]])
    return np.array(chosen, dtype=np.int64), covariance


def conditioned(covariance: FloatArray, index: int, noise: FloatArray) -> FloatArray:
    """Return covariances `h x n x n` after a measurement of one architecture.

    Args:
        covariance: Before it.
        index: The architecture.
        noise: Variance of the measurement: `h`.
    """
    column = covariance[:, :, index]
    left = np.maximum(column[:, index] + noise, VARIANCE_FLOOR)
    after: FloatArray = covariance - column[:, :, None] * column[:, None, :] / left[:, None, None]
    return after

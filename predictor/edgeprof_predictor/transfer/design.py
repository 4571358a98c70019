"""Choose what to measure by the variance that it lowers, before anything is measured."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edgeprof_predictor.spaces import FloatArray


def informative_order(covariance: FloatArray, noise: float, count: int) -> NDArray[np.int64]:
    """Return the candidates that lower the summed variance most, one after the other.

    The level common to all is left out of that sum: any sample lowers it.

    Args:
        covariance: Of the candidates: `n x n`.
        noise: Variance of a measurement.
        count: At most `n`.
    """
    left = covariance + 100.0 * covariance.diagonal().mean()
    chosen: list[int] = []
    for _ in range(count):
        gain = np.mean((left - left.mean(axis=0)) ** 2, axis=0) / (left.diagonal() + noise)
        gain[chosen] = -np.inf
        best = int(np.argmax(gain))
        chosen.append(best)
        left = left - np.outer(left[:, best], left[best]) / (left[best, best] + noise)
    return np.array(chosen, dtype=np.int64)

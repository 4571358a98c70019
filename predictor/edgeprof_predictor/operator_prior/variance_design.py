"""Which architectures to measure: those that lower the variance of all predictions most."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from edgeprof_predictor.spaces import FloatArray

JITTER: Final = 1e-12
"""Added to variances: one that was chosen has none left where measurements have no noise."""


def choose_by_variance(
    covariance: FloatArray, count: int, noise: float, first: int | None = None
) -> tuple[NDArray[np.int64], float]:
    """Return distinct architectures, each with the largest gain after those before, and the variance that is left.

    Args:
        covariance: Of all candidates, `n x n`.
        count: How many.
        noise: Variance of a measurement.
        first: The candidate that comes first whatever its gain, if any.

    Returns:
        `count` indices, and the mean variance of all candidates after them.
    """
    chosen: list[int] = []
    for _ in range(count):
        variance = np.maximum(np.diagonal(covariance), 0.0)
        gain = (covariance**2).sum(axis=0) / (variance + noise + JITTER)
        gain[chosen] = -1.0
        index = int(gain.argmax()) if chosen or first is None else first
        column = covariance[:, index]
        covariance = covariance - np.outer(column, column) / (column[index] + noise)
        chosen.append(index)
    return np.array(chosen, dtype=np.int64), float(np.mean(np.diagonal(covariance)))

"""Draws among hyper-parameter samples by their weights."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edgeprof_predictor.spaces import FloatArray


def effective_count(log_weights: FloatArray) -> float:
    """Return to how many equal weights these amount (Kong 1992): 1 to their number."""
    weights = np.exp(log_weights - log_weights.max())
    return float(weights.sum() ** 2 / (weights**2).sum())


def resample(log_weights: FloatArray, count: int) -> NDArray[np.int64]:
    """Return indices in proportion to weights, at evenly spaced quantiles (systematic resampling): `count`."""
    weights = np.exp(log_weights - log_weights.max())
    cumulative = np.cumsum(weights) / weights.sum()
    positions = (np.arange(count) + 0.5) / count
    return np.minimum(np.searchsorted(cumulative, positions), len(weights) - 1)

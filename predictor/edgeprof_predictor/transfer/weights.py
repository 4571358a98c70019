"""Weights on the references: learnt on the source space, equal, or between."""

from __future__ import annotations

from typing import Final

import numpy as np

from edgeprof_predictor.spaces import FloatArray
from edgeprof_predictor.tables.latency_table import LatencyTable

SOURCE_PENALTY: Final = 1e-3
"""Of the ridge on the source space, as a share of the references' mean variance."""


def centred_log(table: LatencyTable) -> FloatArray:
    """Return log latency less each platform's mean: `n x p`."""
    log_latency = np.log(table.latency_ms).T
    centred: FloatArray = log_latency - log_latency.mean(axis=0)
    return centred


def source_weights(columns: FloatArray, target: FloatArray) -> tuple[FloatArray, float]:
    """Return ridge weights and the share of the target's variance that they leave.

    Shapes:
        columns: `n x m`, centred.  target: `n`, centred.  returns: `m`.
    """
    count, width = columns.shape
    penalty = SOURCE_PENALTY * float(np.mean(columns**2))
    weights = np.linalg.solve(columns.T @ columns / count + penalty * np.eye(width), columns.T @ target / count)
    left = float(np.mean((target - columns @ weights) ** 2) / np.mean(target**2))
    return weights, left


def prior_weights(from_source: FloatArray) -> FloatArray:
    """Return the weights of `hyperparameter_grid.MEANS`: `m` to `m x 4`."""
    equal = np.full(len(from_source), 1.0 / len(from_source))
    return np.stack([from_source, (from_source + equal) / 2.0, equal, np.zeros(len(equal))], axis=1)

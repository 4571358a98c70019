"""Covariance of two architectures' accuracies at one task: proxies, smooth in all proxies, decisions."""

from __future__ import annotations

from typing import Final

import numpy as np

from edgeprof_predictor.accuracy.beliefs import Beliefs
from edgeprof_predictor.accuracy.features import TaskFeatures, agreement
from edgeprof_predictor.spaces import FloatArray

JITTER: Final = 1e-6


def covariance(
    beliefs: Beliefs, weight_covariance: FloatArray, first: TaskFeatures, second: TaskFeatures
) -> FloatArray:
    """Return the covariance of normal accuracies at one task, noise left out: `n x n'`.

    Args:
        beliefs: Variances and lengths.
        weight_covariance: Of the proxies' weights.
        first: `n` architectures of a space.
        second: `n'` architectures of the same.

    Source:
        The linear and the squared exponential kernel of Rasmussen and Williams, Gaussian Processes for Machine
        Learning, chapter 4; the kernel of decisions is ours.
    """
    lengths = (first.scores**2).sum(axis=1)[:, None] + (second.scores**2).sum(axis=1)[None, :]
    distances = np.maximum(lengths - 2.0 * first.scores @ second.scores.T, 0.0)
    differing = 1.0 - agreement(first.choices, second.choices)
    found: FloatArray = first.weighed @ weight_covariance @ second.weighed.T
    found += beliefs.smooth * np.exp(-0.5 * distances / beliefs.length**2)
    found += beliefs.decisions * np.exp(-differing / beliefs.decisions_length)
    return found


def variance(beliefs: Beliefs, weight_covariance: FloatArray, features: TaskFeatures) -> FloatArray:
    """Return the diagonal of the covariance of some architectures with themselves: `n`."""
    linear: FloatArray = ((features.weighed @ weight_covariance) * features.weighed).sum(axis=1)
    return linear + beliefs.smooth + beliefs.decisions

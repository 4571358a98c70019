"""Weights of zero-cost proxies before a task is seen: how they are distributed over the tasks of other spaces."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from edgeprof_predictor.accuracy.features import TaskFeatures
from edgeprof_predictor.spaces import FloatArray

ROUND_COUNT: Final = 15
"""Rounds of expectation maximisation; more change nothing that is printed."""

PRIOR_TASK_COUNT: Final = 5.0
"""Tasks that the covariance set beforehand counts as."""

MEAN_TASK_COUNT: Final = 0.5
"""Tasks with weights of zero that are added to the mean."""

FIRST_NOISE: Final = 0.5
"""Variance of an accuracy that proxies do not explain, in the first round."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WeightPrior:
    """Normal distribution of the weights of normal scores, and of smoothed ones, in a task's normal accuracy.

    Shapes:
        mean: `w`.  covariance: `w x w`.
    """

    mean: FloatArray
    covariance: FloatArray


def learn_weight_prior(
    features: Sequence[TaskFeatures], accuracies: Sequence[FloatArray], *, weight_count: int, variance: float
) -> WeightPrior:
    """Return the distribution of weights over tasks.

    Tasks of one space are alike, so all `t` of them count as the root of `t`. Which proxies tasks agree on matters as
    much as their mean: a weight that differs from space to space gets a large variance, and samples decide it.

    Args:
        features: Of each task; none leaves what was set beforehand.
        accuracies: Normal accuracies of each.
        weight_count: `w`, two for each proxy.
        variance: Of a weight, set beforehand.

    Source:
        Hierarchical linear regression by expectation maximisation, Dempster, Laird and Rubin 1977, section 4.
    """
    mean, covariance = np.zeros(weight_count), variance * np.eye(weight_count)
    if not features:
        return WeightPrior(mean=mean, covariance=covariance)
    spaces = [task.space for task in features]
    shares = np.array([1.0 / np.sqrt(spaces.count(space)) for space in spaces])
    rows = [task.weighed for task in features]
    squares = [row.T @ row for row in rows]
    products = [row.T @ values for row, values in zip(rows, accuracies, strict=True)]
    totals = [float(values @ values) for values in accuracies]
    noises = [FIRST_NOISE] * len(features)
    for _ in range(ROUND_COUNT):
        inverse = np.linalg.inv(covariance)
        weights, spreads = [], []
        for index, (square, product) in enumerate(zip(squares, products, strict=True)):
            spread = np.linalg.inv(square / noises[index] + inverse)
            weight = spread @ (product / noises[index] + inverse @ mean)
            left = totals[index] - 2.0 * weight @ product + weight @ square @ weight + np.trace(spread @ square)
            noises[index] = max(float(left) / features[index].count, 1e-6)
            weights.append(weight)
            spreads.append(spread)
        mean = shares @ np.stack(weights) / (shares.sum() + MEAN_TASK_COUNT)
        covariance = PRIOR_TASK_COUNT * variance * np.eye(weight_count)
        for share, weight, spread in zip(shares, weights, spreads, strict=True):
            covariance += share * (spread + np.outer(weight - mean, weight - mean))
        covariance /= PRIOR_TASK_COUNT + shares.sum()
    return WeightPrior(mean=mean, covariance=covariance)

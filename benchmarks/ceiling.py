"""The best rank correlation and error that nearly all measurements of a platform allow: a ceiling for few samples."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edgeprof_predictor import metrics
from edgeprof_predictor.methods.baselines.boosting import Boosting
from edgeprof_predictor.samples import Samples
from edgeprof_predictor.spaces import ChoiceArray, FloatArray, SearchSpace

FOLD_COUNT: Final = 10
PENALTIES: Final = np.logspace(-3, 3, 13)

MOST_OPTIONS: Final = 64
"""Options of all decisions together up to which pairs of them are features: FBNet's 198 have 20,000 pairs, and its
latencies are sums over layers."""


def ceiling(
    space: SearchSpace, choices: ChoiceArray, latency_ms: FloatArray, *, fold_count: int = FOLD_COUNT
) -> tuple[float, float]:
    """Return the best Spearman and the lowest median error that nearly all measurements of a setting give.

    Each tenth is predicted from the other nine. For either figure the best regressor counts, which makes the ceiling
    optimistic.

    Args:
        space: Knows the costs of its architectures.
        choices: All that were measured: `n x l`.
        latency_ms: Their latencies: `n`.
        fold_count: Tenths that are predicted; one is enough where there are thousands of architectures.
    """
    predicted: dict[int, list[FloatArray]] = {}
    order = np.random.default_rng(0).permutation(len(choices))
    folds = np.array_split(order, FOLD_COUNT)[:fold_count]
    for rest in folds:
        for number, values in enumerate(predict_rest(space, choices, latency_ms, np.setdiff1d(order, rest), rest)):
            predicted.setdefault(number, []).append(values)
    measured_ms, found = latency_ms[np.concatenate(folds)], [np.concatenate(values) for values in predicted.values()]
    return (
        max(metrics.spearman(measured_ms, values) for values in found),
        min(metrics.median_ape(measured_ms, values) for values in found),
    )


def predict_rest(
    space: SearchSpace, choices: ChoiceArray, latency_ms: FloatArray, fit: NDArray[np.int64], rest: NDArray[np.int64]
) -> Iterator[FloatArray]:
    """Predict log latency and milliseconds by ridge on three sets of features, and log latency by boosting."""
    cells = choices, space.pruned(choices)
    costs = space.costs(choices)
    assert costs is not None  # the layers of this space are known
    amounts = np.column_stack([costs.amounts.reshape(len(choices), -1), costs.depth])
    one_hot = np.hstack([space.one_hot(cell) for cell in cells])
    described = np.hstack([one_hot, amounts / amounts.std(axis=0, ddof=0).clip(min=1e-9)])
    feature_sets = [one_hot, described]
    if sum(space.choice_counts) <= MOST_OPTIONS:
        feature_sets.append(np.hstack([described, *(pairs(space.one_hot(cell)) for cell in cells)]))
    for features in feature_sets:
        yield np.exp(ridge(features[fit], np.log(latency_ms[fit]), features[rest]))
        yield ridge(features[fit], latency_ms[fit], features[rest])
    for cell in cells if np.any(cells[0] != cells[1]) else cells[:1]:
        regressor = Boosting(space, ()).fit_regressor(Samples.of(cell[fit], latency_ms[fit]), seed=0)
        yield np.exp(regressor(cell[rest]))


def pairs(one_hot: FloatArray) -> FloatArray:
    """Return the products of all pairs of columns that are both set in some row: `n x w`."""
    first, second = np.triu_indices(one_hot.shape[1], k=1)
    products: FloatArray = one_hot[:, first] * one_hot[:, second]
    return products[:, products.any(axis=0)]


def ridge(features: FloatArray, target: FloatArray, others: FloatArray) -> FloatArray:
    """Predict others by ridge regression, with the penalty of the smallest leave-one-out error."""
    centre, mean = features.mean(axis=0), target.mean()
    left, singular, right = np.linalg.svd(features - centre, full_matrices=False)
    projected = left.T @ (target - mean)
    best_error, weights = np.inf, np.zeros(len(centre))
    for penalty in PENALTIES:
        kept = singular**2 / (singular**2 + penalty)
        remaining = (1 - left**2 @ kept - 1 / len(target)).clip(min=1e-3)
        error = np.mean(((target - mean - left @ (kept * projected)) / remaining) ** 2)
        if error < best_error:
            best_error, weights = error, right.T @ (singular / (singular**2 + penalty) * projected)
    predicted: FloatArray = mean + (others - centre) @ weights
    return predicted

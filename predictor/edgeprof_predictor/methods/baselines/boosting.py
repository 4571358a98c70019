"""Gradient boosting of small trees on the decisions, from the new platform's samples alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from edgeprof_predictor.methods.pointwise import LogLatency
from edgeprof_predictor.methods.single_platform import SinglePlatformRegressor
from edgeprof_predictor.samples import Samples
from edgeprof_predictor.spaces import ChoiceArray, FloatArray

TREE_COUNT: Final = 200
TREE_DEPTH: Final = 3
LEARNING_RATE: Final = 0.1
"""Common defaults (Friedman 2001 recommends at most 0.1 and small trees); not tuned to any table."""

SHRINKAGE: Final = 1.0
"""Samples of value 0 that every leaf is taken to hold besides its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tree:
    """A leaf with a value, or a question about one option with a tree for no and one for yes."""

    value: float
    column: int = -1
    absent: _Tree | None = None
    present: _Tree | None = None

    def predict(self, one_hot: NDArray[np.bool_]) -> FloatArray:
        """Return the values of the leaves that `n` encodings end in."""
        if self.absent is None or self.present is None:
            return np.full(len(one_hot), self.value)
        asked = one_hot[:, self.column]
        values = np.empty(len(one_hot))
        values[~asked], values[asked] = self.absent.predict(one_hot[~asked]), self.present.predict(one_hot[asked])
        return values


class Boosting(SinglePlatformRegressor):
    """Trees of log latency, each fitted to what those before it left.

    Source:
        Friedman 2001, least-squares boosting. Written out: on yes-or-no columns a tree is a few
        matrix products, which is no reason for another dependency.
    """

    name: ClassVar[str] = "boosting"

    def fit_regressor(self, samples: Samples, *, seed: int) -> LogLatency:
        """Return the sum of the trees."""
        one_hot = self.space.one_hot(samples.choices) > 0
        mean = float(np.log(samples.latency_ms).mean())
        residual = np.log(samples.latency_ms) - mean
        trees = []
        for _ in range(TREE_COUNT):
            trees.append(_grow(one_hot, residual, TREE_DEPTH))
            residual = residual - LEARNING_RATE * trees[-1].predict(one_hot)

        def log_latency(choices: ChoiceArray) -> FloatArray:
            asked = self.space.one_hot(choices) > 0
            total: FloatArray = mean + LEARNING_RATE * np.sum([tree.predict(asked) for tree in trees], axis=0)
            return total

        return log_latency


def _grow(one_hot: NDArray[np.bool_], residual: FloatArray, depth: int) -> _Tree:
    """Return the tree whose splits explain most, greedily."""
    total, count = float(residual.sum()), len(residual)
    value = total / (count + SHRINKAGE)
    if depth == 0 or count < 2:
        return _Tree(value=value)
    present_sum, present_count = residual @ one_hot, one_hot.sum(axis=0)
    gains = present_sum**2 / (present_count + SHRINKAGE) + (total - present_sum) ** 2 / (
        count - present_count + SHRINKAGE
    )
    gains[(present_count == 0) | (present_count == count)] = -np.inf
    column = int(gains.argmax())
    if gains[column] <= total**2 / (count + SHRINKAGE):
        return _Tree(value=value)
    asked = one_hot[:, column]
    return _Tree(
        value=value,
        column=column,
        absent=_grow(one_hot[~asked], residual[~asked], depth - 1),
        present=_grow(one_hot[asked], residual[asked], depth - 1),
    )

"""The exact posterior of source tasks, from the trained networks of each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from scipy.linalg import cholesky, solve_triangular

from edgeprof_predictor.accuracy.beliefs import Beliefs
from edgeprof_predictor.accuracy.features import TaskFeatures, joined
from edgeprof_predictor.accuracy.kernel import covariance
from edgeprof_predictor.accuracy.target import Explained, SourcePosterior
from edgeprof_predictor.accuracy.weight_prior import WeightPrior, learn_weight_prior
from edgeprof_predictor.spaces import FloatArray

CHUNK_COUNT: Final = 2048
"""Candidates that are worked on at a time, to bound memory."""


class ExactSourcePosterior(SourcePosterior):
    """What source tasks say: those of other spaces by the weights of proxies, those of the target's own by all.

    Args:
        beliefs: Constants of the method.
        features: Of each source task.
        accuracies: Normal accuracies of each.
    """

    def __init__(self, beliefs: Beliefs, features: Sequence[TaskFeatures], accuracies: Sequence[FloatArray]) -> None:
        super().__init__(beliefs)
        self._sources: Final = tuple(zip(features, accuracies, strict=True))
        self._by_space: dict[str, tuple[WeightPrior, tuple[_Conditioned, ...]]] = {}

    def weight_prior(self, space: str) -> WeightPrior:
        """Return the weights that proxies have in the tasks of other spaces."""
        return self._of(space)[0]

    def own_space(self, target: TaskFeatures) -> list[Explained]:
        """Return what the sources of the target's space explain, for each of `task_shares`; empty without any."""
        return [conditioned.at(target) for conditioned in self._of(target.space)[1]]

    def _of(self, space: str) -> tuple[WeightPrior, tuple[_Conditioned, ...]]:
        own = [source for source in self._sources if source[0].space == space]
        # All spaces without a source use the same.
        key = space if own else ""
        if key not in self._by_space:
            others = [source for source in self._sources if source[0].space != space]
            prior = learn_weight_prior(
                [features for features, _ in others],
                [accuracies for _, accuracies in others],
                weight_count=self._sources[0][0].weighed.shape[1],
                variance=self.beliefs.weight_variance,
            )
            shares = self.beliefs.task_shares if own else ()
            self._by_space[key] = prior, tuple(_Conditioned(self.beliefs, prior, own, share) for share in shares)
        return self._by_space[key]


class _Conditioned:
    """A Gaussian process of one space conditioned on the normal accuracies of its source tasks."""

    def __init__(
        self, beliefs: Beliefs, prior: WeightPrior, sources: Sequence[tuple[TaskFeatures, FloatArray]], share: float
    ) -> None:
        self._beliefs, self._prior, self._shared = beliefs, prior, 1.0 - share
        self._features = joined([features for features, _ in sources])
        task = np.repeat(np.arange(len(sources)), [features.count for features, _ in sources])
        matrix = covariance(beliefs, prior.covariance, self._features, self._features)
        matrix *= np.where(task[:, None] == task[None, :], 1.0, self._shared)
        matrix[np.diag_indices_from(matrix)] += beliefs.source_noise
        values = np.concatenate([accuracies for _, accuracies in sources]) - self._features.weighed @ prior.mean
        self._factor: FloatArray = cholesky(matrix, lower=True, overwrite_a=True)
        self._white: FloatArray = solve_triangular(self._factor, values, lower=True)

    def at(self, target: TaskFeatures) -> Explained:
        shifts, rows = [], []
        for part in np.array_split(np.arange(target.count), -(-target.count // CHUNK_COUNT)):
            cross = self._shared * covariance(
                self._beliefs, self._prior.covariance, self._features, target.subset(part)
            )
            white = solve_triangular(self._factor, cross, lower=True).T
            shifts.append(white @ self._white)
            # Half the memory of a double, and far more digits than the kernels are known to.
            rows.append(white.astype(np.float32))
        return Explained(shift=np.concatenate(shifts), rows=np.concatenate(rows))

"""The posterior of a target task, given source tasks and a few of its own trained networks."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cholesky, solve_triangular

from edgeprof_predictor.accuracy.features import TaskFeatures
from edgeprof_predictor.accuracy.kernel import JITTER, Pairs, Scales, covariance, variance
from edgeprof_predictor.spaces import FloatArray

OFFSET_VARIANCE: Final = 1.0
"""Variance of a constant on all normal accuracies of the target, since the few trained need not be average."""

OTHER_SPACE_COUNT: Final = 150
"""Networks of each source of another search space that are used."""

OWN_SPACE_COUNT: Final = 800
"""Networks of each source of the target's search space that are used: as many as a public table has. Mean rank
correlation on 15 left-out tasks, 10 samples, one seed: 150 .803, 450 .818, 800 .827. As many of the other spaces, too,
took five times as long and improved nothing."""

CHUNK_COUNT: Final = 2048
"""Candidates that are worked on at a time, to bound memory."""


def without_sources(scales: Scales, target: TaskFeatures) -> TargetPosterior:
    """Return the distribution of a target's candidates by the kernels alone."""
    return TargetPosterior(scales, target, np.zeros(target.count), np.zeros((target.count, 0), dtype=np.float32))


class SourcePosterior(ABC):
    """The posterior of the normal accuracies of any task given source tasks."""

    scales: Scales

    @abstractmethod
    def at(self, target: TaskFeatures) -> TargetPosterior:
        """Return the posterior of the target's candidates given all sources."""

    @abstractmethod
    def without_own_space(self, target: TaskFeatures) -> TargetPosterior | None:
        """Return it given the sources of other search spaces; None where there are none, or only those."""


class ExactSourcePosterior(SourcePosterior):
    """The exact posterior, from the trained networks of the source tasks.

    Tasks of the target's own space inform most, so more of their networks are used.

    Args:
        scales: Of the kernels.
        features: Of each source task, in random order.
        accuracies: Normal accuracies of each.
    """

    def __init__(self, scales: Scales, features: Sequence[TaskFeatures], accuracies: Sequence[FloatArray]) -> None:
        self.scales = scales
        self._features: Sequence[TaskFeatures] = tuple(features)
        self._accuracies: Sequence[FloatArray] = tuple(accuracies)
        self._by_space: dict[tuple[str, bool], _Conditioned] = {}

    def without_own_space(self, target: TaskFeatures) -> TargetPosterior | None:
        """Return it given the sources of other search spaces; None where there are none, or only those."""
        own_count = sum(part.space == target.space for part in self._features)
        if own_count in (0, len(self._features)):
            return None
        return self._conditioned(target.space, with_own=False).at(target)

    def at(self, target: TaskFeatures) -> TargetPosterior:
        """Return the posterior of the target's candidates given the sources."""
        return self._conditioned(target.space, with_own=True).at(target)

    def _conditioned(self, space: str, *, with_own: bool) -> _Conditioned:
        # All spaces without a source use the same.
        key = space if any(part.space == space for part in self._features) else "", with_own
        if key not in self._by_space:
            used = [
                (part, accuracies, OWN_SPACE_COUNT if part.space == space else OTHER_SPACE_COUNT)
                for part, accuracies in zip(self._features, self._accuracies, strict=True)
                if with_own or part.space != space
            ]
            self._by_space[key] = _Conditioned(
                self.scales,
                [part.subset(np.arange(min(count, part.count))) for part, _, count in used],
                [accuracies[:count] for _, accuracies, count in used],
            )
        return self._by_space[key]


class _Conditioned:
    """A Gaussian process conditioned on the normal accuracies of some trained networks.

    Letters: `m` trained networks of all sources.
    """

    def __init__(self, scales: Scales, features: Sequence[TaskFeatures], accuracies: Sequence[FloatArray]) -> None:
        self._scales, self._features = scales, features
        values = np.concatenate(accuracies)
        matrix = covariance(scales, Pairs.of(features, features)) + scales.noise * np.eye(len(values))
        self._factor: FloatArray = cholesky(matrix, lower=True, overwrite_a=True)
        self._white: FloatArray = solve_triangular(self._factor, values, lower=True)

    def at(self, target: TaskFeatures) -> TargetPosterior:
        means, whites = [], []
        for part in np.array_split(np.arange(target.count), -(-target.count // CHUNK_COUNT)):
            cross = covariance(self._scales, Pairs.of(self._features, [target.subset(part)]))
            white = solve_triangular(self._factor, cross, lower=True).T
            means.append(white @ self._white)
            # Half the memory of a double, and far more digits than the kernels are known to.
            whites.append(white.astype(np.float32))
        return TargetPosterior(self._scales, target, np.concatenate(means), np.concatenate(whites))


class TargetPosterior:
    """Mean and covariance of the normal accuracies of a target's candidates.

    Letters: `n` candidates, `m` trained networks of the sources.

    Args:
        scales: Of the kernels.
        target: Its candidates.
        mean: What the sources expect.
        explained: Rows whose inner products are the covariance that the sources explain.

    Shapes:
        mean: `n`.  explained: `n x m`.
    """

    def __init__(self, scales: Scales, target: TaskFeatures, mean: FloatArray, explained: NDArray[np.float32]) -> None:
        self.mean: Final = mean
        self.noise: Final = scales.noise
        self._scales, self._target, self._explained = scales, target, explained
        explained_variance = np.einsum("nm,nm->n", explained, explained).astype(np.float64)
        self.variance: Final[FloatArray] = np.maximum(
            variance(scales, target) - explained_variance + OFFSET_VARIANCE, JITTER
        )
        self._columns: dict[int, FloatArray] = {}

    @property
    def explained(self) -> FloatArray:
        """Return the covariance of all candidates that the sources explain: `n x n`."""
        rows = self._explained.astype(np.float64)
        explained: FloatArray = rows @ rows.T
        return explained

    @property
    def count(self) -> int:
        """Number of candidates: `n`."""
        return len(self.mean)

    def covariance(self, indices: NDArray[np.int64]) -> FloatArray:
        """Return the covariance of some candidates with each other: `k` to `k x k`."""
        few = self._target.subset(indices)
        before = covariance(self._scales, Pairs.of([few], [few]))
        rows = self._explained[indices]
        found: FloatArray = before - (rows @ rows.T).astype(np.float64) + OFFSET_VARIANCE
        return found

    def columns(self, indices: NDArray[np.int64]) -> FloatArray:
        """Return the covariance of all candidates with some: `k` to `n x k`; each is computed once."""
        new = np.array([index for index in indices.tolist() if index not in self._columns], dtype=np.int64)
        if len(new):
            few = self._target.subset(new)
            before = covariance(self._scales, Pairs.of([self._target], [few]))
            explained = (self._explained @ self._explained[new].T).astype(np.float64)
            found = before - explained + OFFSET_VARIANCE
            self._columns.update(zip(new.tolist(), found.T, strict=True))
        return np.stack([self._columns[index] for index in indices.tolist()], axis=1)

    def weights(self, indices: NDArray[np.int64]) -> FloatArray:
        """Return the regression weights of candidates on trained ones: `k` to `n x k`."""
        columns = self.columns(indices)
        matrix = columns[indices] + self.noise * np.eye(len(indices))
        found: FloatArray = np.linalg.solve(matrix, columns.T).T
        return found

    def learn(self, indices: NDArray[np.int64], latent: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return mean and variance of each candidate once some are trained, noise left out.

        Shapes:
            indices, latent: `k`.  returns: `n` and `n`.
        """
        weights = self.weights(indices)
        explained = (weights * self.columns(indices)).sum(axis=1)
        mean: FloatArray = self.mean + weights @ (latent - self.mean[indices])
        return mean, np.maximum(self.variance - explained, JITTER)

    def log_marginal_likelihood(self, indices: NDArray[np.int64], latent: FloatArray) -> float:
        """Return the log marginal likelihood of normal accuracies of trained candidates, up to a constant: `k`, `k`."""
        matrix = self.columns(indices)[indices] + self.noise * np.eye(len(indices))
        factor = np.linalg.cholesky(matrix)
        white = np.linalg.solve(factor, latent - self.mean[indices])
        return float(-0.5 * (white**2).sum() - np.log(np.diagonal(factor)).sum())

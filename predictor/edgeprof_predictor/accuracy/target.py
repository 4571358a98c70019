"""What is known of a target task before and after a few of its networks are trained."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cholesky, solve_triangular

from edgeprof_predictor.accuracy.features import Features
from edgeprof_predictor.accuracy.kernel import JITTER, Pairs, Scales, covariance, variance
from edgeprof_predictor.spaces import FloatArray

OFFSET_VARIANCE: Final = 1.0
"""Of a constant on all normal accuracies of the target: the few trained are not its middle."""

CHUNK_COUNT: Final = 2048
"""Candidates that are worked on at a time, to bound memory."""


def without_sources(scales: Scales, target: Features) -> TargetBelief:
    """Return what the scales of the kernels alone say of a target's candidates."""
    return TargetBelief(scales, target, np.zeros(target.count), np.zeros((target.count, 0), dtype=np.float32))


class Teaching(ABC):
    """What source tasks say of any other, in whichever form that is kept."""

    scales: Scales

    @abstractmethod
    def look_at(self, target: Features) -> TargetBelief:
        """Return what all sources say of the target's candidates."""

    @abstractmethod
    def of_others(self, target: Features) -> TargetBelief | None:
        """Return what sources of other search spaces say of the target's; None where there are none, or only those."""


class SourcePosterior(Teaching):
    """What the trained networks of the source tasks say of any other.

    Letters: `m` trained networks of all sources.

    Args:
        scales: Of the kernels.
        features: Of each source task.
        accuracies: Normal accuracies of each.
    """

    def __init__(self, scales: Scales, features: Sequence[Features], accuracies: Sequence[FloatArray]) -> None:
        self.scales = scales
        self._features: Sequence[Features] = tuple(features)
        self._accuracies: Sequence[FloatArray] = tuple(accuracies)
        values = np.concatenate(accuracies)
        matrix = covariance(scales, Pairs.of(features, features)) + scales.noise * np.eye(len(values))
        self._factor: FloatArray = cholesky(matrix, lower=True, overwrite_a=True)
        self._white: FloatArray = solve_triangular(self._factor, values, lower=True)

    def of_others(self, target: Features) -> TargetBelief | None:
        """Return what sources of other search spaces say of the target's; None where there are none, or only those."""
        kept = [index for index, part in enumerate(self._features) if part.space != target.space]
        if len(kept) in (0, len(self._features)):
            return None
        features, accuracies = [self._features[index] for index in kept], [self._accuracies[index] for index in kept]
        return SourcePosterior(self.scales, features, accuracies).look_at(target)

    def look_at(self, target: Features) -> TargetBelief:
        """Return what the sources say of the target's candidates."""
        means, whites = [], []
        for part in np.array_split(np.arange(target.count), -(-target.count // CHUNK_COUNT)):
            cross = covariance(self.scales, Pairs.of(self._features, [target.subset(part)]))
            white = solve_triangular(self._factor, cross, lower=True).T
            means.append(white @ self._white)
            # Half the memory of a double, and far more digits than the kernels are known to.
            whites.append(white.astype(np.float32))
        return TargetBelief(self.scales, target, np.concatenate(means), np.concatenate(whites))


class TargetBelief:
    """Mean and covariance of the normal accuracies of a target's candidates.

    Letters: `n` candidates, `m` trained networks of the sources.

    Args:
        scales: Of the kernels.
        target: Its candidates.
        mean: What the sources expect.
        explained: Rows whose products are the covariance that the sources explain.

    Shapes:
        mean: `n`.  explained: `n x m`.
    """

    def __init__(self, scales: Scales, target: Features, mean: FloatArray, explained: NDArray[np.float32]) -> None:
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
        """Return how much each candidate leans on each trained one: `k` to `n x k`."""
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

    def log_evidence(self, indices: NDArray[np.int64], latent: FloatArray) -> float:
        """Return how likely normal accuracies of trained candidates were, as a logarithm up to a constant: `k`, `k`."""
        matrix = self.columns(indices)[indices] + self.noise * np.eye(len(indices))
        factor = np.linalg.cholesky(matrix)
        white = np.linalg.solve(factor, latent - self.mean[indices])
        return float(-0.5 * (white**2).sum() - np.log(np.diagonal(factor)).sum())

"""The posterior of a target task, given source tasks and a few of its own trained networks."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edgeprof_predictor.accuracy.beliefs import Beliefs
from edgeprof_predictor.accuracy.features import TaskFeatures
from edgeprof_predictor.accuracy.kernel import JITTER, covariance, variance
from edgeprof_predictor.accuracy.weight_prior import WeightPrior
from edgeprof_predictor.spaces import FloatArray

OFFSET_VARIANCE: Final = 1.0
"""Variance of a constant on all normal accuracies of the target, since the few trained need not be average."""


class SourcePosterior(ABC):
    """What source tasks say of any task.

    Args:
        beliefs: Constants of the method.
    """

    def __init__(self, beliefs: Beliefs) -> None:
        self.beliefs: Final = beliefs

    @abstractmethod
    def weight_prior(self, space: str) -> WeightPrior:
        """Return the weights that proxies have in the tasks of other spaces."""

    @abstractmethod
    def own_space(self, target: TaskFeatures) -> list[Explained]:
        """Return what the sources of the target's space explain, for each of `task_shares`; empty without any."""

    def at(self, target: TaskFeatures) -> tuple[TargetPosterior, ...]:
        """Return the posteriors of the target's candidates, those that rely most on the sources first.

        The last ones take nothing from the sources of the target's own space, which the target may be unlike.
        """
        prior = self.weight_prior(target.space)
        nothing = Explained(shift=np.zeros(target.count), rows=np.zeros((target.count, 0), dtype=np.float32))
        return tuple(
            TargetPosterior(self.beliefs, prior, target, explained, noise=noise)
            for explained in (*self.own_space(target), nothing)
            for noise in self.beliefs.noises
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Explained:
    """What the sources of the target's own space explain of `n` candidates.

    Shapes:
        shift: `n`, added to the mean that the weights of proxies give.
        rows: `n x m`; their inner products are subtracted from the covariance.
    """

    shift: FloatArray
    rows: NDArray[np.float32]


class TargetPosterior:
    """Mean and covariance of the normal accuracies of a target's candidates under one hypothesis.

    Letters: `n` candidates.

    Args:
        beliefs: Constants of the method.
        prior: Of the proxies' weights.
        target: The candidates.
        explained: By the sources of the target's space.
        noise: Variance of an accuracy that nothing explains.
    """

    def __init__(
        self,
        beliefs: Beliefs,
        prior: WeightPrior,
        target: TaskFeatures,
        explained: Explained,
        *,
        noise: float,
    ) -> None:
        self.beliefs: Final = beliefs
        self.noise: Final = noise + JITTER
        self.mean: Final[FloatArray] = target.weighed @ prior.mean + explained.shift
        self._prior, self._target = prior, target
        self._rows = explained.rows
        explained_variance = np.einsum("nm,nm->n", self._rows, self._rows).astype(np.float64)
        self.variance: Final[FloatArray] = np.maximum(
            variance(beliefs, prior.covariance, target) - explained_variance + OFFSET_VARIANCE, JITTER
        )
        self._columns: dict[int, FloatArray] = {}

    @property
    def count(self) -> int:
        """Number of candidates: `n`."""
        return len(self.mean)

    def covariance(self, indices: NDArray[np.int64]) -> FloatArray:
        """Return the covariance of some candidates with each other: `k` to `k x k`."""
        few = self._target.subset(indices)
        rows = self._rows[indices]
        before = covariance(self.beliefs, self._prior.covariance, few, few)
        found: FloatArray = before - (rows @ rows.T).astype(np.float64) + OFFSET_VARIANCE
        return found

    def columns(self, indices: NDArray[np.int64]) -> FloatArray:
        """Return the covariance of all candidates with some: `k` to `n x k`; each is computed once."""
        new = np.array([index for index in indices.tolist() if index not in self._columns], dtype=np.int64)
        if len(new):
            before = covariance(self.beliefs, self._prior.covariance, self._target, self._target.subset(new))
            found = before - (self._rows @ self._rows[new].T).astype(np.float64) + OFFSET_VARIANCE
            self._columns.update(zip(new.tolist(), found.T, strict=True))
        return np.stack([self._columns[index] for index in indices.tolist()], axis=1)

    def weights(self, indices: NDArray[np.int64]) -> FloatArray:
        """Return the regression weights of candidates on trained ones: `k` to `n x k`."""
        columns = self.columns(indices)
        matrix = columns[indices] + self.noise * np.eye(len(indices))
        found: FloatArray = np.linalg.solve(matrix, columns.T).T
        return found

    def learn(self, indices: NDArray[np.int64], latent: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return mean and variance of each candidate once some are trained, noise included.

        Trained networks that the others predict better, or worse, than expected scale all variances.

        Shapes:
            indices, latent: `k`.  returns: `n` and `n`.

        Source:
            Leave-one-out predictions: Rasmussen and Williams, Gaussian Processes for Machine Learning, section 5.4.2.
        """
        weights = self.weights(indices)
        explained = (weights * self.columns(indices)).sum(axis=1)
        mean: FloatArray = self.mean + weights @ (latent - self.mean[indices])
        inverse = np.linalg.inv(self.columns(indices)[indices] + self.noise * np.eye(len(indices)))
        left_out = (inverse @ (latent - self.mean[indices])) ** 2 / np.diagonal(inverse)
        degrees = self.beliefs.degrees
        scale = (degrees + float(left_out.sum())) / (degrees + len(indices))
        return mean, scale * (np.maximum(self.variance - explained, JITTER) + self.noise)

    def log_marginal_likelihood(self, indices: NDArray[np.int64], latent: FloatArray) -> float:
        """Return the log marginal likelihood of normal accuracies of trained candidates, up to a constant: `k`, `k`.

        Source:
            A multivariate t distribution, as the scale of the variances has an inverse gamma prior: Gelman et al.,
            Bayesian Data Analysis, section 14.2.
        """
        misfit, log_determinant = self._misfit(indices, latent)
        degrees = self.beliefs.degrees
        return -0.5 * (log_determinant + (degrees + len(indices)) * float(np.log1p(misfit / degrees)))

    def _misfit(self, indices: NDArray[np.int64], latent: FloatArray) -> tuple[float, float]:
        """Return the squared distance of trained networks from the mean, in deviations, and the log determinant."""
        factor = np.linalg.cholesky(self.columns(indices)[indices] + self.noise * np.eye(len(indices)))
        white = np.linalg.solve(factor, latent - self.mean[indices])
        return float((white**2).sum()), 2.0 * float(np.log(np.diagonal(factor)).sum())

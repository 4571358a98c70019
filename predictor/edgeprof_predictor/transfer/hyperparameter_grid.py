"""A grid of hyper-parameters: mean, kernel variances and noise, weighed by marginal likelihoods on known platforms."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from edgeprof_predictor.spaces import FloatArray

MEANS: Final = ("source", "half", "equal", "none")
"""Weights on the references before any sample: those of the source space, equal ones, half of each, or none."""

SIZES: Final[Mapping[str, tuple[float, ...]]] = {
    "hwl": (0.1, 0.4, 1.5),
    "vec": (0.0, 0.06),
    "counts": (0.0, 0.2),
    "costs": (0.03, 0.1, 0.4),
}
"""Variances of each kernel for an average architecture, as shares of the references' variance of log latency."""

NOISES: Final = (0.003, 0.03, 0.3, 1.0)
"""Noise variances, in the same unit; the largest is for phones whose clock counts whole milliseconds."""

OFFSET_VARIANCE: Final = 100.0
"""Variance of the speed of a platform, in the same unit: practically unbounded."""

BROAD_SHARE: Final = 0.1
"""Share of the prior that is uniform, since a new platform may be unlike all known ones."""


@dataclass(frozen=True, slots=True, eq=False)
class HyperparameterGrid:
    """All points of the grid: a mean, a variance for each group, and a noise.

    Letters: `c` points, `g` groups.

    Args:
        groups: Names of the groups there are.
        means: Rows of `MEANS`.
        sizes: Of each group.
        noises: Variances.

    Shapes:
        means: `c`.  sizes: `c x g`.  noises: `c`.
    """

    groups: tuple[str, ...]
    means: NDArray[np.int64]
    sizes: FloatArray
    noises: FloatArray

    @classmethod
    def of(cls, groups: tuple[str, ...]) -> HyperparameterGrid:
        """Return the grid for these groups."""
        grid = itertools.product(range(len(MEANS)), *(SIZES[group] for group in groups), NOISES)
        table = np.array(list(grid))
        return cls(groups, table[:, 0].astype(np.int64), table[:, 1:-1], table[:, -1])

    def subset(self, rows: NDArray[np.int64]) -> HyperparameterGrid:
        """Return some of the points."""
        return HyperparameterGrid(self.groups, self.means[rows], self.sizes[rows], self.noises[rows])

    def covariance(self, grams: FloatArray, extra: FloatArray) -> FloatArray:
        """Return the covariance of samples under each: `g x k x k` to `c x k x k`.

        Args:
            grams: Of each group.
            extra: Known variance of each sample's measurement, in the same unit: `k`.
        """
        noise = self.noises[:, None, None] * np.eye(len(extra)) + np.diag(extra)
        total: FloatArray = np.tensordot(self.sizes, grams, 1) + OFFSET_VARIANCE + noise
        return total

    def log_marginal_likelihood(self, covariance: FloatArray, residuals: FloatArray) -> FloatArray:
        """Return the log marginal likelihood of each point.

        Shapes:
            covariance: `c x k x k`.  residuals: `MEANS x k`.  returns: `c`.
        """
        count, size = covariance.shape[:2]
        # One factorisation gives determinant and residuals at once: these stand as another row.
        joined = np.zeros((count, size + 1, size + 1))
        joined[:, :size, :size] = covariance
        joined[:, size, :size] = residuals[self.means]
        joined[:, size, size] = 1e12
        lower = np.linalg.cholesky(joined)
        log_determinant = np.log(np.diagonal(lower, axis1=1, axis2=2)[:, :size]).sum(axis=1)
        found: FloatArray = -0.5 * np.sum(lower[:, size, :size] ** 2, axis=1) - log_determinant
        return found


def learned_log_prior(log_likelihoods: FloatArray, closeness: FloatArray) -> FloatArray:
    """Return the log prior of the points: mean posterior over known platforms, and a uniform share.

    Args:
        log_likelihoods: Log marginal likelihood of each point on each known platform, left out: `p x c`.
        closeness: Weight of each of those platforms: `p`.
    """
    count = log_likelihoods.shape[1]
    if not len(log_likelihoods):
        return np.full(count, -np.log(count))
    posteriors = np.exp(log_likelihoods - logsumexp(log_likelihoods, axis=1, keepdims=True))
    shown = closeness @ posteriors / closeness.sum()
    prior: FloatArray = np.log(BROAD_SHARE / count + (1.0 - BROAD_SHARE) * shown)
    return prior

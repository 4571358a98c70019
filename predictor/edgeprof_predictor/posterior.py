"""The probabilistic model of one platform: a prior, a few samples, many ways to weigh them.

How large each kernel is, which mean holds and how noisy the platform is are not known. So a few
thousand combinations are drawn from broad ranges, each weighed by the marginal likelihood of the
samples, and predictions are averaged over them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edgeprof_predictor.prior import AMPLITUDES, Basis, Prior
from edgeprof_predictor.samples import Samples
from edgeprof_predictor.spaces import FloatArray

HYPOTHESIS_COUNT: Final = 4000
"""Combinations drawn."""

KEPT_COUNT: Final = 48
"""Combinations that predict, drawn from the weighed ones."""

NOISE_RANGE: Final = (1e-5, 0.04)
"""Variance of a relative latency between two networks that all kernels hold for equal: from .3 %
to 20 %, which spans look-up tables and busy phones."""

ABSENT_SHARE: Final = 0.1
"""Share of the combinations in which a kernel is missing altogether."""

OFFSET_VARIANCE: Final = 0.1
"""Of a constant part of the relative latency, the same for all networks."""

SCALE_VARIANCE: Final = 0.3
"""Of a factor on the mean: samples tell the scale only through the architectures they are."""

RELATIVE_FLOOR: Final = 0.02
"""Below this share of the scale a predicted latency bends to stay positive, order kept."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Hypotheses:
    """Combinations of mean, amplitudes and noise.

    Letters: `h` combinations, `j` kernels.

    Shapes:
        mean_index: `h`.  amplitudes: `h x j`.  noise: `h`.
    """

    mean_index: NDArray[np.int64]
    amplitudes: FloatArray
    noise: FloatArray

    @classmethod
    def draw(cls, prior: Prior, *, seed: int) -> Hypotheses:
        """Draw combinations, logarithms uniform in their ranges."""
        generator = np.random.default_rng(seed)
        lowest, highest = np.log([AMPLITUDES[name] for name in prior.kernel_names]).T
        uniform = generator.random((HYPOTHESIS_COUNT, len(lowest)))
        amplitudes = np.exp(lowest + (highest - lowest) * uniform)
        amplitudes[generator.random(amplitudes.shape) < ABSENT_SHARE] = 0.0
        return cls(
            mean_index=generator.integers(0, prior.reference.means.shape[1], HYPOTHESIS_COUNT),
            amplitudes=amplitudes,
            noise=np.exp(generator.uniform(math.log(NOISE_RANGE[0]), math.log(NOISE_RANGE[1]), HYPOTHESIS_COUNT)),
        )

    def __len__(self) -> int:
        return len(self.noise)

    def __getitem__(self, indices: NDArray[np.int64]) -> Hypotheses:
        return Hypotheses(
            mean_index=self.mean_index[indices], amplitudes=self.amplitudes[indices], noise=self.noise[indices]
        )

    def of_mean(self, mean_index: int) -> Hypotheses:
        """Return the combinations with this mean."""
        return self[np.flatnonzero(self.mean_index == mean_index)]

    def tensors(self) -> dict[str, NDArray[np.generic]]:
        """Return what to save."""
        return {f"hypotheses.{name}": getattr(self, name) for name in ("mean_index", "amplitudes", "noise")}

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, NDArray[np.generic]]) -> Hypotheses:
        """Return what `tensors` was saved from."""
        return cls(
            mean_index=tensors["hypotheses.mean_index"].astype(np.int64),
            amplitudes=tensors["hypotheses.amplitudes"].astype(np.float64),
            noise=tensors["hypotheses.noise"].astype(np.float64),
        )

    def means(self, basis: Basis) -> FloatArray:
        """Return the mean of each combination: `h x n`."""
        means: FloatArray = basis.means[:, self.mean_index].T
        return means

    def covariance(self, first: Basis, second: Basis) -> FloatArray:
        """Return the covariance of relative latencies, noise left out: `h x n x n'`."""
        kernels = np.tensordot(self.amplitudes, first.cross(second), axes=1)
        scale = SCALE_VARIANCE * self.means(first)[:, :, None] * self.means(second)[:, None, :]
        covariance: FloatArray = kernels + OFFSET_VARIANCE + scale
        return covariance

    def variance(self, basis: Basis) -> FloatArray:
        """Return the variance of relative latencies, noise left out: `h x n`."""
        variance: FloatArray = (
            self.amplitudes @ basis.diagonal() + OFFSET_VARIANCE + SCALE_VARIANCE * self.means(basis) ** 2
        )
        return variance


class Posterior:
    """What is known of a platform after its samples.

    Letters: `n` architectures, `k` samples, `h` combinations kept.

    Args:
        prior: What was known before.
        hypotheses: Combinations that count, all alike.
        samples: Measurements; none are allowed.
    """

    def __init__(self, prior: Prior, hypotheses: Hypotheses, samples: Samples) -> None:
        self.prior: Final = prior
        self.hypotheses: Final = hypotheses
        self.samples: Final = samples
        self._basis = prior.basis(samples.choices)
        self._condition()

    @classmethod
    def infer(cls, prior: Prior, hypotheses: Hypotheses, samples: Samples) -> Posterior:
        """Weigh combinations by how well they explain the samples, and keep a fair few."""
        everything = cls(prior, hypotheses, samples)
        return cls(prior, hypotheses[_resample(everything.log_likelihood)], samples)

    def _condition(self) -> None:
        """Learn from the samples, for each combination on its own."""
        latency_ms, count = self.samples.latency_ms, self.samples.count
        hypotheses = self.hypotheses
        means = hypotheses.means(self._basis)
        log_scale = np.zeros(len(hypotheses))
        if count:
            log_scale = (np.log(latency_ms) - np.log(np.maximum(means, RELATIVE_FLOOR))).mean(axis=1)
        relative = latency_ms / np.exp(log_scale)[:, None]
        covariance = hypotheses.covariance(self._basis, self._basis)
        noise = (hypotheses.noise[:, None] + self.samples.relative_sd**2) * np.maximum(relative, RELATIVE_FLOOR) ** 2
        noise += (self.samples.resolution_ms / np.exp(log_scale)[:, None]) ** 2 / 12.0
        diagonal = np.arange(count)
        covariance[:, diagonal, diagonal] += noise + 1e-9
        factor = np.linalg.cholesky(covariance)
        self._whitener = np.linalg.inv(factor)
        self._white_residuals = (self._whitener @ (relative - means)[:, :, None])[:, :, 0]
        log_determinant = np.log(factor[:, diagonal, diagonal]).sum(axis=1)
        self.scale: FloatArray = np.exp(log_scale)
        self.log_likelihood: FloatArray = (
            -0.5 * (self._white_residuals**2).sum(axis=1) - log_determinant - count * log_scale
        )

    def predict(self, basis: Basis) -> tuple[FloatArray, FloatArray]:
        """Return mean and standard deviation of measured latencies.

        Shapes:
            returns: `n` and `n`, in milliseconds; without samples relative to the space's mean.
        """
        means, variances = self.predict_each(basis)
        scaled = _positive(means, RELATIVE_FLOOR) * self.scale[:, None]
        mean = scaled.mean(axis=0)
        noise = self.hypotheses.noise[:, None] * scaled**2 + self.samples.resolution_ms**2 / 12.0
        spread = (variances * self.scale[:, None] ** 2 + noise).mean(axis=0) + scaled.var(axis=0)
        return mean, np.sqrt(spread)

    def predict_each(self, basis: Basis) -> tuple[FloatArray, FloatArray]:
        """Return mean and variance of relative latencies, noise left out: `h x n` each."""
        covariance = self.hypotheses.covariance(basis, self._basis)
        white = covariance @ np.swapaxes(self._whitener, 1, 2)
        means = self.hypotheses.means(basis) + (white @ self._white_residuals[:, :, None])[:, :, 0]
        variances = self.hypotheses.variance(basis) - (white**2).sum(axis=2)
        return means, np.maximum(variances, 0.0)

    def covariance(self, basis: Basis, count: int) -> FloatArray:
        """Return covariances given the samples, as shares of the prior mean: `count x n x n`.

        Args:
            basis: The `n` architectures.
            count: Combinations for which to return them.
        """
        few = np.linspace(0, len(self.hypotheses) - 1, count).round().astype(np.int64)
        hypotheses = self.hypotheses[few]
        prior = hypotheses.covariance(basis, basis)
        white = self._whitener[few] @ hypotheses.covariance(self._basis, basis)
        means = np.maximum(hypotheses.means(basis), RELATIVE_FLOOR)
        shares: FloatArray = (prior - np.swapaxes(white, 1, 2) @ white) / means[:, :, None] / means[:, None, :]
        return shares


def _resample(log_likelihood: FloatArray) -> NDArray[np.int64]:
    """Draw combinations in proportion to their likelihood, evenly spaced instead of by chance."""
    weights = np.exp(log_likelihood - log_likelihood.max())
    cumulative = np.cumsum(weights) / weights.sum()
    positions = (np.arange(KEPT_COUNT) + 0.5) / KEPT_COUNT
    return np.minimum(np.searchsorted(cumulative, positions), len(weights) - 1)


def _positive(values: FloatArray, floor: float) -> FloatArray:
    """Bend values below the floor so that they stay positive, order kept."""
    bent = floor * np.exp(np.minimum(values / floor - 1.0, 0.0))
    return np.where(values > floor, values, bent)

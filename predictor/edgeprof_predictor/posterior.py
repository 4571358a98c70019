"""The probabilistic model of one platform: a prior, a few samples, many ways to weigh them.

How large each kernel is, which mean holds and how noisy the platform is are not known. So a few
thousand combinations are drawn from broad ranges, each weighed by the marginal likelihood of the
samples, and predictions are averaged over them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from edgeprof_predictor.prior import AMPLITUDES, Basis, Prior
from edgeprof_predictor.samples import Samples
from edgeprof_predictor.spaces import ChoiceArray, FloatArray

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

    mean_index: np.ndarray[tuple[int], np.dtype[np.int64]]
    amplitudes: FloatArray
    noise: FloatArray

    @classmethod
    def draw(cls, prior: Prior, *, seed: int) -> Hypotheses:
        """Draw combinations, logarithms uniform in their ranges."""
        generator = np.random.default_rng(seed)
        ranges = np.log([AMPLITUDES[name] for name in prior.kernel_names])
        amplitudes = np.exp(generator.uniform(ranges[:, 0], ranges[:, 1], (HYPOTHESIS_COUNT, len(ranges))))
        amplitudes[generator.random(amplitudes.shape) < ABSENT_SHARE] = 0.0
        return cls(
            mean_index=generator.integers(0, prior.reference.means.shape[1], HYPOTHESIS_COUNT),
            amplitudes=amplitudes,
            noise=np.exp(generator.uniform(*np.log(NOISE_RANGE), HYPOTHESIS_COUNT)),
        )

    def __len__(self) -> int:
        return len(self.noise)

    def __getitem__(self, indices: FloatArray) -> Hypotheses:
        return Hypotheses(
            mean_index=self.mean_index[indices], amplitudes=self.amplitudes[indices], noise=self.noise[indices]
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
        hypotheses: Combinations drawn for that prior.
        samples: Measurements; none are allowed.
    """

    def __init__(self, prior: Prior, hypotheses: Hypotheses, samples: Samples) -> None:
        self.prior: Final = prior
        self.samples: Final = samples
        self._basis = prior.basis(samples.choices)
        scale, factor, residuals, log_likelihood = self._weigh(hypotheses)
        kept = _resample(log_likelihood)
        self.hypotheses: Final = hypotheses[kept]
        self.scale: Final = scale[kept]
        self._factor = factor[kept]
        self._white_residuals = np.linalg.solve(self._factor, residuals[kept][:, :, None])[:, :, 0]

    def _weigh(self, hypotheses: Hypotheses) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
        """Return scale `h`, Cholesky factor `h x k x k`, residuals `h x k`, log likelihood `h`."""
        latency_ms, count = self.samples.latency_ms, self.samples.count
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
        residuals = relative - means
        white = np.linalg.solve(factor, residuals[:, :, None])[:, :, 0]
        log_determinant = np.log(factor[:, diagonal, diagonal]).sum(axis=1)
        return np.exp(log_scale), factor, residuals, -0.5 * (white**2).sum(axis=1) - log_determinant - count * log_scale

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
        cross = basis.cross(self._basis)
        means, variances = self.hypotheses.means(basis), self.hypotheses.variance(basis)
        sample_means = self.hypotheses.means(self._basis)
        for index in range(len(self.hypotheses)):
            covariance = np.tensordot(self.hypotheses.amplitudes[index], cross, axes=1) + OFFSET_VARIANCE
            covariance += SCALE_VARIANCE * means[index][:, None] * sample_means[index]
            white = np.linalg.solve(self._factor[index], covariance.T)
            variances[index] -= (white**2).sum(axis=0)
            means[index] = means[index] + self._white_residuals[index] @ white
        return means, np.maximum(variances, 0.0)

    def covariance(self, basis: Basis) -> FloatArray:
        """Return the covariance of relative latencies given the samples: `h x n x n`."""
        prior = self.hypotheses.covariance(basis, basis)
        white = np.linalg.solve(self._factor, self.hypotheses.covariance(self._basis, basis))
        posterior: FloatArray = prior - np.swapaxes(white, 1, 2) @ white
        return posterior


def _resample(log_likelihood: FloatArray) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Draw combinations in proportion to their likelihood, evenly spaced instead of by chance."""
    weights = np.exp(log_likelihood - log_likelihood.max())
    cumulative = np.cumsum(weights) / weights.sum()
    positions = (np.arange(KEPT_COUNT) + 0.5) / KEPT_COUNT
    return np.minimum(np.searchsorted(cumulative, positions), len(weights) - 1)


def _positive(values: FloatArray, floor: float) -> FloatArray:
    """Bend values below the floor so that they stay positive, order kept."""
    bent = floor * np.exp(np.minimum(values / floor - 1.0, 0.0))
    return np.where(values > floor, values, bent)

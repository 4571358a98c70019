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

from edgeprof_predictor.methods.default.prior import AMPLITUDES, Basis, Prior
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

OFFSET_VARIANCE: Final = 0.06
"""Of a constant part of the relative latency, the same for all networks."""

SCALE_VARIANCE: Final = 0.3
"""Of a factor on the mean: samples tell the scale only through the architectures they are."""

OUTLIER_SHARE: Final = 0.03
"""Of measurements that say nothing of the network: a phone that was busy, a typing error in a
published table."""

OUTLIER_LOG_ODDS: Final = math.log(OUTLIER_SHARE / (1.0 - OUTLIER_SHARE))
"""What it costs a combination to hold a sample for an outlier."""

OUTLIER_VARIANCE: Final = 0.25
"""Relative variance of such a measurement, 50 %."""

PLAUSIBLE_CORRELATION: Final = 0.6
PLAUSIBILITY_SD: Final = 0.1
"""Predictions that correlate worse with physics are held for less likely, by this scale: on all
machines arithmetic and traffic take time."""

PLAUSIBILITY_COUNT: Final = 60
"""Architectures over which that correlation is taken."""

SHARE_FLOOR: Final = 0.05
"""Relative latency below which errors are no longer taken as shares of it: they would know no bound."""

RELATIVE_FLOOR: Final = 0.02
"""Below this share of the scale a predicted latency bends to stay positive, order kept."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Hypotheses:
    """Combinations of mean, amplitudes and noise.

    Letters: `h` combinations, `j` kernels.

    Shapes:
        mean_index: `h`.  amplitudes: `h x j`.  noise: `h`.  log_prior: `h`, up to a constant, how
        much each counts before anything is measured.
    """

    mean_index: NDArray[np.int64]
    amplitudes: FloatArray
    noise: FloatArray
    log_prior: FloatArray

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
            log_prior=np.zeros(HYPOTHESIS_COUNT),
        )

    def __len__(self) -> int:
        return len(self.noise)

    def __getitem__(self, indices: NDArray[np.int64]) -> Hypotheses:
        return Hypotheses(
            mean_index=self.mean_index[indices],
            amplitudes=self.amplitudes[indices],
            noise=self.noise[indices],
            log_prior=self.log_prior[indices],
        )

    def of_mean(self, mean_index: int) -> Hypotheses:
        """Return the combinations with this mean."""
        return self[np.flatnonzero(self.mean_index == mean_index)]

    def tensors(self) -> dict[str, NDArray[np.generic]]:
        """Return what to save."""
        names = ("mean_index", "amplitudes", "noise", "log_prior")
        return {f"hypotheses.{name}": getattr(self, name) for name in names}

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, NDArray[np.generic]]) -> Hypotheses:
        """Return what `tensors` was saved from."""
        return cls(
            mean_index=tensors["hypotheses.mean_index"].astype(np.int64),
            amplitudes=tensors["hypotheses.amplitudes"].astype(np.float64),
            noise=tensors["hypotheses.noise"].astype(np.float64),
            log_prior=tensors["hypotheses.log_prior"].astype(np.float64),
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
        log_weights = everything.log_likelihood + hypotheses.log_prior
        if samples.count and prior.prices is not None:
            log_weights += everything._log_plausibility()
        return cls(prior, hypotheses[_resample(log_weights)], samples)

    def joined(self, samples: Samples) -> Posterior:
        """Return what is known after more samples: the combinations are weighed anew, by what these tell."""
        everything = Posterior(self.prior, self.hypotheses, self.samples.joined(samples))
        kept = _resample(everything.log_likelihood - self.log_likelihood)
        return Posterior(self.prior, self.hypotheses[kept], everything.samples)

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
        residuals = relative - means
        outlier_variance = OUTLIER_VARIANCE * np.maximum(means, RELATIVE_FLOOR) ** 2
        outlier_counts = _admit_outliers(covariance, residuals, outlier_variance)
        factor = np.linalg.cholesky(covariance)
        self._whitener = np.linalg.inv(factor)
        self._white_residuals = (self._whitener @ residuals[:, :, None])[:, :, 0]
        log_determinant = np.log(factor[:, diagonal, diagonal]).sum(axis=1)
        self.scale: FloatArray = np.exp(log_scale)
        self.log_likelihood: FloatArray = (
            -0.5 * (self._white_residuals**2).sum(axis=1)
            - log_determinant
            - count * log_scale
            + OUTLIER_LOG_ODDS * outlier_counts
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
        means, white = self._means(basis)
        variances = self.hypotheses.variance(basis) - (white**2).sum(axis=2)
        return means, np.maximum(variances, 0.0)

    def _means(self, basis: Basis) -> tuple[FloatArray, FloatArray]:
        """Return mean relative latencies, `h x n`, and the whitened covariance with the samples, `h x n x k`."""
        white = self.hypotheses.covariance(basis, self._basis) @ np.swapaxes(self._whitener, 1, 2)
        return self.hypotheses.means(basis) + (white @ self._white_residuals[:, :, None])[:, :, 0], white

    def _log_plausibility(self) -> FloatArray:
        """Return how well what each combination predicts agrees with physics: `h`, at most 0.

        A few odd samples are easily explained by a platform on which larger networks run faster.
        There is none.
        """
        basis = self.prior.reference[:PLAUSIBILITY_COUNT]
        means, _ = self._means(basis)
        line = basis.means[:, self.prior.unsampled_mean]
        line, means = line - line.mean(), means - means.mean(axis=1, keepdims=True)
        correlation = means @ line / np.maximum(np.linalg.norm(means, axis=1) * np.linalg.norm(line), 1e-12)
        shortfall: FloatArray = np.maximum(PLAUSIBLE_CORRELATION - correlation, 0.0) / PLAUSIBILITY_SD
        return -0.5 * shortfall**2

    def log_errors(self, basis: Basis) -> FloatArray:
        """Return the logarithm of the relative error that each combination expects: `h`.

        The error is the median over architectures of the standard deviation, noise and the
        distance to the other combinations included.
        """
        means, variances = self.predict_each(basis)
        means = np.maximum(means, SHARE_FLOOR)
        latency_ms = means * self.scale[:, None]
        noise = self.hypotheses.noise[:, None] + (self.samples.resolution_ms / latency_ms) ** 2 / 12.0
        squares = variances / means**2 + noise + (latency_ms / latency_ms.mean(axis=0) - 1.0) ** 2
        log_errors: FloatArray = 0.5 * np.log(np.median(squares, axis=1))
        return log_errors

    def covariance(self, basis: Basis, count: int) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return what some combinations believe, given the samples, in relative latency.

        Each combination's own doubt, and that they disagree: where half of them hold a sample for
        an outlier and half for a property of the platform, a network like it decides.

        Args:
            basis: The `n` architectures.
            count: Combinations.

        Shapes:
            returns: covariances `count x n x n`, prior means `count x n`, noise `count`.
        """
        few = np.linspace(0, len(self.hypotheses) - 1, count).round().astype(np.int64)
        hypotheses = self.hypotheses[few]
        prior = hypotheses.covariance(basis, basis)
        means, white = self._means(basis)
        prior_means = np.maximum(hypotheses.means(basis), RELATIVE_FLOOR)
        covariance: FloatArray = prior - white[few] @ np.swapaxes(white[few], 1, 2)
        # Without samples combinations were drawn to differ, and their kernels say by how much.
        if self.samples.count:
            covariance += self._disagreement(means) * prior_means[:, :, None] * prior_means[:, None, :]
        return covariance, prior_means, hypotheses.noise

    def _disagreement(self, means: FloatArray) -> FloatArray:
        """Return the covariance over combinations of their predictions, as shares of latency: `h x n` to `n x n`."""
        latency_ms = np.maximum(means, RELATIVE_FLOOR) * self.scale[:, None]
        shares = latency_ms / latency_ms.mean(axis=0) - 1.0
        covariance: FloatArray = shares.T @ shares / len(shares)
        return covariance


def _admit_outliers(covariance: FloatArray, residuals: FloatArray, outlier_variance: FloatArray) -> NDArray[np.int64]:
    """Let combinations hold samples for outliers where that explains them better.

    One sample after the other, the one that gains most; covariances grow in place.

    Shapes:
        covariance: `h x k x k`.  residuals, outlier_variance: `h x k`.
        returns: `h`, outliers of each combination.
    """
    counts = np.zeros(len(residuals), dtype=np.int64)
    undecided = np.arange(len(residuals)) if residuals.shape[1] > 2 else np.zeros(0, dtype=np.int64)
    is_outlier = np.zeros(residuals.shape, dtype=np.bool_)
    for _ in range(residuals.shape[1] // 3):
        precision = np.linalg.inv(covariance[undecided])
        pulls = (precision @ residuals[undecided][:, :, None])[:, :, 0]
        growth = 1.0 + outlier_variance[undecided] * np.einsum("hkk->hk", precision)
        gains = 0.5 * pulls**2 * outlier_variance[undecided] / growth - 0.5 * np.log(growth) + OUTLIER_LOG_ODDS
        gains[is_outlier[undecided]] = -np.inf
        worst = gains.argmax(axis=1)
        is_better = gains.max(axis=1) > 0
        undecided, worst = undecided[is_better], worst[is_better]
        is_outlier[undecided, worst] = True
        covariance[undecided, worst, worst] += outlier_variance[undecided, worst]
        counts[undecided] += 1
    return counts


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

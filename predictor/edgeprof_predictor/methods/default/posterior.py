"""The probabilistic model of one platform after its samples: Gaussian processes averaged over hyper-parameters.

Hyper-parameter samples are weighed by the marginal likelihood of the measurements and resampled; predictions are
averaged over those that are kept.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edgeprof_predictor.methods.default.hyperparameter_samples import HyperparameterSamples
from edgeprof_predictor.methods.default.prior import Basis, Prior
from edgeprof_predictor.methods.expected_error import MEDIAN_DEVIATIONS
from edgeprof_predictor.samples import Samples
from edgeprof_predictor.spaces import FloatArray

KEPT_COUNT: Final = 48
"""Hyper-parameter samples that predict, resampled by their weights."""

PLAUSIBLE_CORRELATION: Final = 0.6
PLAUSIBILITY_SD: Final = 0.1
"""Hyper-parameter samples whose predictions correlate worse than this with the cost-based latency get less weight, by a
normal distribution of this deviation: on all machines arithmetic and memory traffic take time."""

PLAUSIBILITY_COUNT: Final = 60
"""Architectures over which that correlation is taken."""

MOVE_COUNT: Final = 12
"""Metropolis steps of a move. With half as many, intervals after 100 samples are a little too narrow."""

SHARE_FLOOR: Final = 0.05
"""Relative latency below which errors are taken as shares of this value: shares of smaller ones have no bound."""

RELATIVE_FLOOR: Final = 0.02
"""Share of the scale below which a predicted latency is bent so that it stays positive and in order."""

OUTLIER_SHARE: Final = 0.03
"""Prior share of samples that are outliers: measured while a phone was busy, or misprinted in a published table."""

OUTLIER_VARIANCE: Final = 0.25
"""Relative variance of an outlier (deviation 50 %)."""

_LOG_ODDS: Final = math.log(OUTLIER_SHARE / (1.0 - OUTLIER_SHARE))

JITTER: Final = 1e-9
"""Added to variances, so that an architecture that was measured twice is no obstacle."""


class Posterior:
    """Relative latencies on one platform given its samples.

    Letters: `n` architectures, `k` samples, `h` hyper-parameter samples kept.

    Args:
        prior: Means and kernels.
        hyper_samples: Hyper-parameters over which predictions are averaged, with equal weights.
        samples: Measurements; none are allowed.
    """

    def __init__(self, prior: Prior, hyper_samples: HyperparameterSamples, samples: Samples) -> None:
        self.prior: Final = prior
        self.hyper_samples: Final = hyper_samples
        self.samples: Final = samples
        self._basis = prior.basis(samples.choices)
        means, count = hyper_samples.means(self._basis), samples.count
        log_scale = np.zeros(len(hyper_samples))
        if count:
            log_scale = (np.log(samples.latency_ms) - np.log(np.maximum(means, RELATIVE_FLOOR))).mean(axis=1)
        self.scale: FloatArray = np.exp(log_scale)
        """Milliseconds of a relative latency of 1: `h`; 1 without samples."""
        residuals = samples.latency_ms / self.scale[:, None] - means
        covariance = hyper_samples.covariance(self._basis, self._basis)
        diagonal = np.arange(count)
        covariance[:, diagonal, diagonal] += self._noise(covariance, means, residuals) + JITTER
        outlier_log_odds = _admit_outliers(
            covariance, residuals, OUTLIER_VARIANCE * np.maximum(means, RELATIVE_FLOOR) ** 2
        )
        factor = np.linalg.cholesky(covariance)
        self._whitener = np.linalg.inv(factor)
        self._white_residuals = (self._whitener @ residuals[:, :, None])[:, :, 0]
        log_determinant = np.log(factor[:, diagonal, diagonal]).sum(axis=1)
        self.log_likelihood: FloatArray = (
            -0.5 * (self._white_residuals**2).sum(axis=1) - log_determinant - count * log_scale + outlier_log_odds
        )
        """Marginal likelihood of each hyper-parameter sample, up to a constant: `h`."""

    @classmethod
    def infer(cls, prior: Prior, hyper_samples: HyperparameterSamples, samples: Samples) -> Posterior:
        """Weigh hyper-parameter samples by marginal likelihood and prior, and resample `KEPT_COUNT` of them."""
        everything = cls(prior, hyper_samples, samples)
        log_weights = (everything._log_density() if samples.count else 0.0) + hyper_samples.log_prior
        return cls(prior, hyper_samples[_resample(log_weights)], samples)

    def joined(self, samples: Samples) -> Posterior:
        """Return the posterior after more samples.

        Hyper-parameter samples are weighed again by the new samples and resampled; the copies are then moved by
        Metropolis steps that leave them as likely, so that predictions are averaged over as many different ones as
        before.

        Source:
            The resample-move algorithm: Gilks and Berzuini 2001.
        """
        known, generator = self.samples.joined(samples), np.random.default_rng(self.samples.count + samples.count)
        log_weights = Posterior(self.prior, self.hyper_samples, known).log_likelihood - self.log_likelihood
        hyper_samples = self.hyper_samples[_resample(log_weights)]
        log_density = Posterior(self.prior, hyper_samples, known)._log_density()
        for _ in range(MOVE_COUNT):
            proposed = Posterior(self.prior, hyper_samples.moved(self.prior, generator), known)
            proposed_density = proposed._log_density()
            is_taken = np.log(generator.random(len(log_density))) < proposed_density - log_density
            log_density = np.where(is_taken, proposed_density, log_density)
            hyper_samples = hyper_samples.replaced(proposed.hyper_samples, is_taken)
        return Posterior(self.prior, hyper_samples, known)

    def _log_density(self) -> FloatArray:
        """Return the log density of the hyper-parameter samples, up to a constant and to their flat prior: `h`."""
        plausibility = self._log_plausibility() if self.prior.cost_models is not None else 0.0
        log_density: FloatArray = self.log_likelihood + plausibility
        return log_density

    def _noise(self, covariance: FloatArray, means: FloatArray, residuals: FloatArray) -> FloatArray:
        """Return the noise variance of the samples, in proportion to the squares of what is predicted for them.

        In proportion to what was measured, a spuriously fast sample would count as the most precise one. A slow sample
        is taken by what was measured: contention makes devices slower, and where it did, the sample tells less.
        Predicted is by the prior mean first, then by the model with that noise.

        Shapes:
            covariance: `h x k x k`, noise left out.  means, residuals: `h x k`.  returns: `h x k`.
        """
        shares = self.hyper_samples.noise[:, None] + self.samples.relative_sd**2
        rounding = (self.samples.resolution_ms / self.scale[:, None]) ** 2 / 12.0
        diagonal = np.arange(self.samples.count)
        noise = shares * np.maximum(means, RELATIVE_FLOOR) ** 2 + rounding
        noisy = covariance.copy()
        noisy[:, diagonal, diagonal] += noise + JITTER
        predicted = means + residuals - noise * np.linalg.solve(noisy, residuals[:, :, None])[:, :, 0]
        measured = np.maximum(means + residuals, RELATIVE_FLOOR)
        by_model: FloatArray = shares * np.maximum(predicted, measured) ** 2 + rounding
        return by_model

    @property
    def dual(self) -> FloatArray:
        """What covariances with the samples are multiplied by in the predicted mean: `h x k`."""
        dual: FloatArray = (np.swapaxes(self._whitener, 1, 2) @ self._white_residuals[:, :, None])[:, :, 0]
        return dual

    def predict(self, basis: Basis) -> tuple[FloatArray, FloatArray]:
        """Return mean and standard deviation of measured latencies.

        Shapes:
            returns: `n` and `n`, in milliseconds; without samples relative to the space's mean.
        """
        means, variances = self.predict_each(basis)
        scaled = _positive(means) * self.scale[:, None]
        mean = scaled.mean(axis=0)
        noise = self.hyper_samples.noise[:, None] * scaled**2 + self.samples.resolution_ms**2 / 12.0
        spread = (variances * self.scale[:, None] ** 2 + noise).mean(axis=0) + scaled.var(axis=0)
        return mean, np.sqrt(spread)

    def predict_each(self, basis: Basis) -> tuple[FloatArray, FloatArray]:
        """Return mean and variance of relative latencies, noise left out: `h x n` each."""
        means, white = self._means(basis)
        variances = self.hyper_samples.variance(basis) - (white**2).sum(axis=2)
        return means, np.maximum(variances, 0.0)

    def draw(self, basis: Basis, count: int, *, seed: int) -> FloatArray:
        """Return draws of relative latencies, noise left out: `count` for each hyper-parameter sample, `h count x n`.

        Args:
            basis: The `n` architectures.
            count: Draws for each hyper-parameter sample.
            seed: Of the draws.
        """
        means, covariance = self._joint(basis, np.arange(len(self.hyper_samples)))
        generator = np.random.default_rng(seed)
        values, vectors = np.linalg.eigh(covariance)
        factors = vectors * np.sqrt(np.maximum(values, 0.0))[:, None, :]
        normal = generator.standard_normal((len(means), len(basis), count))
        drawn = means[:, None, :] + np.swapaxes(factors @ normal, 1, 2)
        return _positive(drawn.reshape(-1, len(basis)))

    def _means(self, basis: Basis) -> tuple[FloatArray, FloatArray]:
        """Return mean relative latencies, `h x n`, and the whitened covariance with the samples, `h x n x k`."""
        white = self.hyper_samples.covariance(basis, self._basis) @ np.swapaxes(self._whitener, 1, 2)
        return self.hyper_samples.means(basis) + (white @ self._white_residuals[:, :, None])[:, :, 0], white

    def _joint(self, basis: Basis, few: NDArray[np.int64]) -> tuple[FloatArray, FloatArray]:
        """Return mean relative latencies, `h x n`, and under some hyper-parameter samples their covariance, `n x n`."""
        means, white = self._means(basis)
        covariance: FloatArray = self.hyper_samples[few].covariance(basis, basis)
        return means, covariance - white[few] @ np.swapaxes(white[few], 1, 2)

    def _log_plausibility(self) -> FloatArray:
        """Return the log weight by the correlation of predictions with the cost-based latency: `h`, at most 0.

        A few outliers can be explained by a platform on which larger networks run faster; there is none.
        """
        basis = self.prior.space_sample[:PLAUSIBILITY_COUNT]
        # Of thousands of hyper-parameter samples: their covariances are not made.
        hyper_samples = self.hyper_samples
        means = hyper_samples.means(basis) + hyper_samples.covariance_times(basis, self._basis, self.dual)
        line = basis.means[:, self.prior.unsampled_mean]
        line, means = line - line.mean(), means - means.mean(axis=1, keepdims=True)
        correlation = means @ line / np.maximum(np.linalg.norm(means, axis=1) * np.linalg.norm(line), 1e-12)
        shortfall: FloatArray = np.maximum(PLAUSIBLE_CORRELATION - correlation, 0.0) / PLAUSIBILITY_SD
        return -0.5 * shortfall**2

    def expected_error(self, basis: Basis) -> float:
        """Return the median relative error to expect over some architectures: the median over hyper-parameter samples.

        Of each it follows from the variance, noise and the distance to the mean of all hyper-parameter samples
        included.
        """
        means, variances = self.predict_each(basis)
        means = np.maximum(means, SHARE_FLOOR)
        latency_ms = means * self.scale[:, None]
        noise = self.hyper_samples.noise[:, None] + (self.samples.resolution_ms / latency_ms) ** 2 / 12.0
        squares = variances / means**2 + noise + (latency_ms / latency_ms.mean(axis=0) - 1.0) ** 2
        return MEDIAN_DEVIATIONS * float(np.exp(0.5 * np.median(np.log(np.median(squares, axis=1)))))

    def covariance(self, basis: Basis, count: int) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return the posterior covariance of relative latencies under some hyper-parameter samples.

        The covariance of their predictions is added: where half of them treat a sample as an outlier and half do not,
        a measurement of a similar network decides.

        Args:
            basis: The `n` architectures.
            count: Hyper-parameter samples.

        Shapes:
            returns: covariances `count x n x n`, prior means `count x n`, noise `count`.
        """
        few = np.linspace(0, len(self.hyper_samples) - 1, count).round().astype(np.int64)
        means, covariance = self._joint(basis, few)
        hyper_samples = self.hyper_samples[few]
        prior_means = np.maximum(hyper_samples.means(basis), RELATIVE_FLOOR)
        # Without samples, predictions differ because of the drawn hyper-parameters; the kernels hold that variance.
        if self.samples.count:
            latency_ms = np.maximum(means, RELATIVE_FLOOR) * self.scale[:, None]
            shares = latency_ms / latency_ms.mean(axis=0) - 1.0
            disagreement = shares.T @ shares / len(shares)
            covariance += disagreement * prior_means[:, :, None] * prior_means[:, None, :]
        return covariance, prior_means, hyper_samples.noise


def _admit_outliers(covariance: FloatArray, residuals: FloatArray, outlier_variance: FloatArray) -> FloatArray:
    """Treat samples as outliers where that raises the likelihood, separately for each hyper-parameter sample.

    One sample after the other, the one with the largest gain first; their variance is added to the covariance in place.

    Shapes:
        covariance: `h x k x k`.  residuals, outlier_variance: `h x k`.
        returns: `h`, log prior odds of the outliers.
    """
    is_outlier = np.zeros(residuals.shape, dtype=np.bool_)
    undecided = np.arange(len(residuals))
    for _ in range(residuals.shape[1] // 3):
        precision = np.linalg.inv(covariance[undecided])
        pulls = (precision @ residuals[undecided][:, :, None])[:, :, 0]
        growth = 1.0 + outlier_variance[undecided] * np.einsum("hkk->hk", precision)
        gains = 0.5 * pulls**2 * outlier_variance[undecided] / growth - 0.5 * np.log(growth) + _LOG_ODDS
        gains[is_outlier[undecided]] = -np.inf
        worst = gains.argmax(axis=1)
        is_better = gains.max(axis=1) > 0
        undecided, worst = undecided[is_better], worst[is_better]
        is_outlier[undecided, worst] = True
        covariance[undecided, worst, worst] += outlier_variance[undecided, worst]
    log_odds: FloatArray = _LOG_ODDS * is_outlier.sum(axis=1)
    return log_odds


def _resample(log_likelihood: FloatArray) -> NDArray[np.int64]:
    """Return indices in proportion to likelihoods, at evenly spaced quantiles (systematic resampling)."""
    weights = np.exp(log_likelihood - log_likelihood.max())
    cumulative = np.cumsum(weights) / weights.sum()
    positions = (np.arange(KEPT_COUNT) + 0.5) / KEPT_COUNT
    return np.minimum(np.searchsorted(cumulative, positions), len(weights) - 1)


def _positive(values: FloatArray) -> FloatArray:
    """Replace values below the floor by positive ones in the same order."""
    bent = RELATIVE_FLOOR * np.exp(np.minimum(values / RELATIVE_FLOOR - 1.0, 0.0))
    return np.where(values > RELATIVE_FLOOR, values, bent)

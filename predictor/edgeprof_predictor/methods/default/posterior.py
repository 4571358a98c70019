"""The probabilistic model of one platform after its samples: Gaussian processes averaged over hyper-parameters.

Hyper-parameter samples are weighed by the marginal likelihood of the measurements and resampled; predictions are
averaged over those that are kept.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from edgeprof_predictor.methods.default.hyperparameter_samples import HyperparameterSamples
from edgeprof_predictor.methods.default.outliers import OUTLIER_VARIANCE, admit_outliers
from edgeprof_predictor.methods.default.prior import Basis, Prior
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

EFFECTIVE_SHARE: Final = 0.5
"""Share of the hyper-parameter samples that must count effectively after further samples; else they are moved."""

MOVE_COUNT: Final = 12
"""Metropolis steps of a move. With half as many, intervals after 100 samples are a little too narrow."""

MIN_PART_COUNT: Final = 5
"""Samples joined at once to fewer."""

SHARE_FLOOR: Final = 0.05
"""Relative latency below which errors are taken as shares of this value: shares of smaller ones have no bound."""

RELATIVE_FLOOR: Final = 0.02
"""Share of the scale below which a predicted latency is bent so that it stays positive and in order."""

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
        outlier_log_odds = admit_outliers(
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

        Hyper-parameter samples are weighed again by the new samples and resampled. Where few of them have most of the
        weight, the copies of these are moved, so that predictions are averaged over as many different ones as before.
        Many samples are taken in parts, none larger than what was known before it.

        Source:
            The resample-move algorithm: Gilks and Berzuini 2001.
        """
        posterior, start = self, 0
        while start < samples.count:
            part = samples[start : start + max(posterior.samples.count, MIN_PART_COUNT)]
            known, hyper_samples = posterior.samples.joined(part), posterior.hyper_samples
            log_weights = Posterior(self.prior, hyper_samples, known).log_likelihood - posterior.log_likelihood
            posterior, start = Posterior(self.prior, hyper_samples[_resample(log_weights)], known), start + part.count
            if _effective_count(log_weights) < EFFECTIVE_SHARE * len(hyper_samples):
                posterior = posterior._moved()
        return posterior

    def _moved(self) -> Posterior:
        """Return the posterior with its hyper-parameter samples moved by Metropolis steps that leave it as likely."""
        generator = np.random.default_rng(self.samples.count)
        hyper_samples, log_density = self.hyper_samples, self._log_density()
        for _ in range(MOVE_COUNT):
            proposed = Posterior(self.prior, hyper_samples.moved(self.prior, generator), self.samples)
            proposed_density = proposed._log_density()
            is_taken = np.log(generator.random(len(log_density))) < proposed_density - log_density
            log_density = np.where(is_taken, proposed_density, log_density)
            hyper_samples = hyper_samples.replaced(proposed.hyper_samples, is_taken)
        return Posterior(self.prior, hyper_samples, self.samples)

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
        means, white = self._means(basis)
        generator = np.random.default_rng(seed)
        values, vectors = np.linalg.eigh(_posterior_covariance(self.hyper_samples, basis, white))
        factors = vectors * np.sqrt(np.maximum(values, 0.0))[:, None, :]
        normal = generator.standard_normal((len(means), len(basis), count))
        drawn = means[:, None, :] + np.swapaxes(factors @ normal, 1, 2)
        return _positive(drawn.reshape(-1, len(basis)))

    def _means(self, basis: Basis) -> tuple[FloatArray, FloatArray]:
        """Return mean relative latencies, `h x n`, and the whitened covariance with the samples, `h x n x k`."""
        white = self.hyper_samples.covariance(basis, self._basis) @ np.swapaxes(self._whitener, 1, 2)
        return self.hyper_samples.means(basis) + (white @ self._white_residuals[:, :, None])[:, :, 0], white

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

    def log_errors(self, basis: Basis) -> FloatArray:
        """Return the logarithm of the relative error that each hyper-parameter sample expects: `h`.

        The error is the median over architectures of the standard deviation, noise and the distance to the mean of all
        hyper-parameter samples included.
        """
        means, variances = self.predict_each(basis)
        means = np.maximum(means, SHARE_FLOOR)
        latency_ms = means * self.scale[:, None]
        noise = self.hyper_samples.noise[:, None] + (self.samples.resolution_ms / latency_ms) ** 2 / 12.0
        squares = variances / means**2 + noise + (latency_ms / latency_ms.mean(axis=0) - 1.0) ** 2
        log_errors: FloatArray = 0.5 * np.log(np.median(squares, axis=1))
        return log_errors

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
        hyper_samples = self.hyper_samples[few]
        means, white = self._means(basis)
        prior_means = np.maximum(hyper_samples.means(basis), RELATIVE_FLOOR)
        covariance = _posterior_covariance(hyper_samples, basis, white[few])
        # Without samples, predictions differ because of the drawn hyper-parameters; the kernels hold that variance.
        if self.samples.count:
            latency_ms = np.maximum(means, RELATIVE_FLOOR) * self.scale[:, None]
            shares = latency_ms / latency_ms.mean(axis=0) - 1.0
            disagreement = shares.T @ shares / len(shares)
            covariance += disagreement * prior_means[:, :, None] * prior_means[:, None, :]
        return covariance, prior_means, hyper_samples.noise


def _effective_count(log_weights: FloatArray) -> float:
    """Return to how many equal weights these amount (Kong 1992): 1 to their number."""
    weights = np.exp(log_weights - log_weights.max())
    return float(weights.sum() ** 2 / (weights**2).sum())


def _resample(log_likelihood: FloatArray) -> NDArray[np.int64]:
    """Return indices in proportion to likelihoods, at evenly spaced quantiles (systematic resampling)."""
    weights = np.exp(log_likelihood - log_likelihood.max())
    cumulative = np.cumsum(weights) / weights.sum()
    positions = (np.arange(KEPT_COUNT) + 0.5) / KEPT_COUNT
    return np.minimum(np.searchsorted(cumulative, positions), len(weights) - 1)


def _posterior_covariance(hyper_samples: HyperparameterSamples, basis: Basis, white: FloatArray) -> FloatArray:
    """Return the covariance of relative latencies given the samples, noise left out: `h x n x n`.

    Shapes:
        white: `h x n x k`, the whitened covariance with the samples.
    """
    covariance: FloatArray = hyper_samples.covariance(basis, basis) - white @ np.swapaxes(white, 1, 2)
    return covariance


def _positive(values: FloatArray) -> FloatArray:
    """Replace values below the floor by positive ones in the same order."""
    bent = RELATIVE_FLOOR * np.exp(np.minimum(values / RELATIVE_FLOOR - 1.0, 0.0))
    return np.where(values > RELATIVE_FLOOR, values, bent)

"""Which sources a platform's predictions rest on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edgeprof_predictor.methods.default.posterior import Posterior
from edgeprof_predictor.methods.default.prior import SCALE_VARIANCE
from edgeprof_predictor.spaces import FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceUse:
    """How much a source counts in the predictions of a platform.

    Args:
        platform: The source.
        trust: How much it counted beforehand, 1 at most.
        share: Its part of what all sources contribute, 0 to 1.
    """

    platform: str
    trust: float
    share: float


def source_uses(posterior: Posterior) -> tuple[SourceUse, ...]:
    """Return all sources with their shares, the largest first.

    A predicted latency is a linear function of the latencies on the sources and of what else is known. A source's
    contribution is its coefficient, mean over the hyper-parameter samples, times the spread of its latencies over the
    search space.

    Args:
        posterior: The model of the platform.
    """
    prior = posterior.prior
    sources = prior.sources
    if not sources.platforms:
        return ()
    spread = prior.source_latencies(prior.feature_map.space_sample_choices).std(axis=0)
    contributions = np.abs(_coefficients(posterior).mean(axis=0)) * spread
    shares = contributions / max(float(contributions.sum()), 1e-12)
    found = [
        SourceUse(platform=platform, trust=trust, share=share)
        for platform, trust, share in zip(sources.platforms, sources.trusts.tolist(), shares.tolist(), strict=True)
    ]
    return tuple(sorted(found, key=lambda use: -use.share))


def _coefficients(posterior: Posterior) -> FloatArray:
    """Return the coefficient of each source in the prediction of each hyper-parameter sample: `h x p`."""
    prior, hyper_samples = posterior.prior, posterior.hyper_samples
    sources = prior.sources
    basis, dual = prior.basis(posterior.samples.choices), posterior.dual
    # The mean over the sources is one of the means, and half of others: as many of these as there are by costs alone.
    by_costs_count = (prior.space_sample.means.shape[1] - 1) // 2
    parts = np.array([1.0, *[0.0] * by_costs_count, *[0.5] * by_costs_count])[hyper_samples.mean_index]
    scale = 1.0 + SCALE_VARIANCE * (hyper_samples.means(basis) * dual).sum(axis=1)
    of_mean = (parts * scale)[:, None] * sources.trusts / sources.trusts.sum()
    # The factor of the sources' residuals holds each latency less the mean, scaled.
    amplitudes = hyper_samples.amplitudes[:, [prior.kernel_names.index("sources")]]
    of_residuals = amplitudes * (dual @ basis.factors["sources"]) / sources.residual_scales
    if prior.own_platforms:
        of_own = hyper_samples.amplitudes[:, [prior.kernel_names.index("own")]] * (dual @ basis.factors["own"])
        of_residuals = of_residuals + of_own * np.sqrt(prior.own_weights)
    coefficients: FloatArray = (
        of_mean + of_residuals - of_residuals.sum(axis=1, keepdims=True) * sources.trusts / sources.trusts.sum()
    )
    return coefficients

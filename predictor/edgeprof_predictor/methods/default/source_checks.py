"""Calibrate the model on left-out source platforms."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np

from edgeprof_predictor.methods.base import INTERVAL_DEVIATIONS, INTERVAL_SHARE
from edgeprof_predictor.methods.default.calibration import (
    ERROR_FLOOR,
    SAMPLE_COUNTS,
    Calibration,
    correlation_shifts,
    error_log_sds,
    fisher,
    median_error,
)
from edgeprof_predictor.methods.default.hyperprior import MarginalLikelihoods
from edgeprof_predictor.methods.default.informative_design import Informative
from edgeprof_predictor.methods.default.posterior import Posterior
from edgeprof_predictor.methods.default.prior import Prior
from edgeprof_predictor.methods.platform_families import left_out_families
from edgeprof_predictor.networks.embedding_table import nearest_platform
from edgeprof_predictor.samples import Samples
from edgeprof_predictor.spaces import FloatArray
from edgeprof_predictor.tables.latency_table import LatencyTable

CHECKED_COUNT: Final = 400
"""Architectures of each left-out source that are predicted; the others are candidates for samples."""


def calibrate(prior: Prior, likelihoods: MarginalLikelihoods, sources: LatencyTable, *, seed: int) -> Calibration:
    """Leave out each family of sources in turn and compare the predictions for it with its latencies.

    Interval factors are at least 1: sources with little noise do not show how noisy a new platform is.

    Args:
        prior: Knows all sources.
        likelihoods: Leave-one-platform-out marginal likelihoods of the hyper-parameter samples.
        sources: Latencies of the sources.
        seed: Of the architectures checked.
    """
    order = np.random.default_rng(seed).permutation(len(sources.choices))
    checked, candidates = np.split(order, [min(CHECKED_COUNT, len(order) // 2)])
    counts = tuple(count for count in SAMPLE_COUNTS if count <= len(candidates))
    found = []
    for family in left_out_families(sources):
        sampler = Informative(prior.without(family), likelihoods.weighed(without=family))
        differences = [
            _differences(sampler, sources.subset(candidates), sources.subset(checked), platform, counts, seed=seed)
            for platform in family
        ]
        reach, error, shift = np.moveaxis(np.array(differences), -1, 0)
        below, above = np.minimum(error, 0.0), np.maximum(error, 0.0)
        found.append(np.mean([reach**2, below**2, above**2, shift, shift**2], axis=1))
    if not found:
        return Calibration.broad()
    by_family = np.moveaxis(np.array(found), 1, -1)
    lower_sds, upper_sds = error_log_sds(by_family[:, :, 1:3])
    return Calibration(
        sample_counts=counts,
        interval_factors=tuple(np.maximum(np.sqrt(by_family[:, :, 0].mean(axis=0)), 1.0).tolist()),
        error_log_sds=upper_sds,
        lower_error_log_sds=lower_sds,
        correlation_shifts=correlation_shifts(by_family[:, :, 3:]),
    )


def _differences(
    sampler: Informative,
    candidates: LatencyTable,
    checked: LatencyTable,
    platform: str,
    counts: Sequence[int],
    *,
    seed: int,
) -> FloatArray:
    """Return for each count the needed width over the predicted one and two differences, measured less expected.

    The differences are those of the logarithm of the error, and of the correlation with the source that is best over
    the samples (Fisher's transformation; measured over all architectures that are checked). Samples are chosen together
    from one count to the next, not one at a time as in an onboarding: that takes too long here.

    Args:
        sampler: Of a prior without the platform's family.
        candidates: Architectures that may be samples.
        checked: Architectures that are predicted.
        platform: The one that was left out.
        counts: Ascending numbers of samples.
        seed: Of the choice of samples.

    Shapes:
        returns: `counts x 3`.
    """
    prior, latency_ms, checked_ms = sampler.prior, candidates.latencies_of(platform), checked.latencies_of(platform)
    basis, chosen = prior.basis(checked.choices), np.zeros(0, dtype=np.int64)
    samples, differences = Samples.none(prior.feature_map.space), []
    for count in counts:
        rest = np.setdiff1d(np.arange(len(latency_ms)), chosen)
        added = sampler(candidates.choices[rest], count - len(chosen), measured=samples, seed=seed)
        chosen = np.concatenate([chosen, rest[added]])
        samples = Samples.of(candidates.choices[chosen], latency_ms[chosen])
        posterior = Posterior.infer(prior, sampler.hyper_samples, samples)
        mean, sd = posterior.predict(basis)
        deviations = np.abs(np.log(checked_ms / mean)) / np.sqrt(np.log1p((sd / mean) ** 2))
        measured = float(np.median(np.abs(mean / checked_ms - 1.0)))
        error = math.log(max(measured, ERROR_FLOOR) / median_error(posterior.log_errors(basis)))
        reach = float(np.quantile(deviations, INTERVAL_SHARE)) / INTERVAL_DEVIATIONS
        differences.append((reach, error, _correlation_shift(prior, samples, checked, platform)))
    return np.array(differences)


def _correlation_shift(prior: Prior, samples: Samples, checked: LatencyTable, platform: str) -> float:
    """Return how the best source's correlation over all architectures differs from that over the samples."""
    on_samples = prior.source_latencies(samples.choices).T
    nearest, correlation = nearest_platform(prior.sources.platforms, on_samples, samples.latency_ms)
    if nearest is None:
        return 0.0
    over_all = np.corrcoef(np.log(checked.latencies_of(nearest)), np.log(checked.latencies_of(platform)))[0, 1]
    return float(fisher(over_all) - fisher(np.array(correlation)))

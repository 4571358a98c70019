"""Calibrate the model on left-out source platforms."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from edgeprof_predictor.methods.base import INTERVAL_DEVIATIONS, INTERVAL_SHARE
from edgeprof_predictor.methods.default.basis import Basis
from edgeprof_predictor.methods.default.calibration import (
    ERROR_FLOOR,
    SAMPLE_COUNTS,
    Calibration,
    correlation_shifts,
    error_log_sds,
    fisher,
    median_error,
)
from edgeprof_predictor.methods.default.hyperparameter_samples import HyperparameterSamples
from edgeprof_predictor.methods.default.hyperprior import MarginalLikelihoods
from edgeprof_predictor.methods.default.informative_design import Informative
from edgeprof_predictor.methods.default.platform_families import left_out_families
from edgeprof_predictor.methods.default.posterior import Posterior
from edgeprof_predictor.methods.default.prior import Prior
from edgeprof_predictor.networks.embedding_table import nearest_platform
from edgeprof_predictor.samples import Samples
from edgeprof_predictor.spaces import FloatArray
from edgeprof_predictor.tables.latency_table import LatencyTable

CHECKED_COUNT: Final = 400
"""Architectures of each left-out source that are predicted; the others are candidates for samples."""


def calibrate(
    prior: Prior,
    hyper_samples: HyperparameterSamples,
    likelihoods: MarginalLikelihoods,
    sources: LatencyTable,
    *,
    seed: int,
) -> Calibration:
    """Leave out each family of sources in turn and compare the predictions for it with its latencies.

    Interval factors are at least 1: sources with little noise do not show how noisy a new platform is.

    Args:
        prior: Knows all sources.
        hyper_samples: Drawn for that prior.
        likelihoods: Leave-one-platform-out marginal likelihoods of the hyper-parameter samples.
        sources: Latencies of the sources.
        seed: Of the architectures checked.
    """
    found = left_out_families(sources)
    if not found:
        return Calibration.broad()
    order = np.random.default_rng(seed).permutation(len(sources.choices))
    checked, candidates = np.split(order, [min(CHECKED_COUNT, len(order) // 2)])
    counts = tuple(count for count in SAMPLE_COUNTS if count <= len(candidates))
    reaches, errors = np.zeros((len(found), len(counts))), np.zeros((len(found), len(counts), 2))
    shifts = np.zeros((len(found), len(counts), 2))
    for index, family in enumerate(found):
        check = _Check(prior.without(family), likelihoods.weigh(hyper_samples, without=family), counts, seed)
        ratios = [
            check.ratios(sources.subset(candidates), sources.subset(checked), platform=platform) for platform in family
        ]
        reach, error, shift = np.moveaxis(np.array(ratios), -1, 0)
        reaches[index] = np.mean(reach**2, axis=0)
        for side, part in enumerate((np.minimum(error, 0.0), np.maximum(error, 0.0))):
            errors[index, :, side] = np.mean(part**2, axis=0)
        shifts[index, :, 0], shifts[index, :, 1] = np.mean(shift, axis=0), np.mean(shift**2, axis=0)
    lower_sds, upper_sds = error_log_sds(errors)
    return Calibration(
        sample_counts=counts,
        interval_factors=tuple(np.maximum(np.sqrt(reaches.mean(axis=0)), 1.0).tolist()),
        error_log_sds=upper_sds,
        lower_error_log_sds=lower_sds,
        correlation_shifts=correlation_shifts(shifts),
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Check:
    """A model fitted without a family, compared with the latencies of its members."""

    prior: Prior
    hyper_samples: HyperparameterSamples
    counts: tuple[int, ...]
    seed: int

    def ratios(self, candidates: LatencyTable, checked: LatencyTable, *, platform: str) -> FloatArray:
        """Return for each count the needed width over the predicted one and two differences, measured less expected.

        The differences are those of the logarithm of the error, and of the correlation with the source that is best
        over the samples (Fisher's transformation; measured over all architectures that are checked).

        Samples are chosen together from one count to the next, not one at a time as in an onboarding: that takes too
        long here.

        Shapes:
            returns: `counts x 3`.
        """
        choose, basis = Informative(self.prior, self.hyper_samples), self.prior.basis(checked.choices)
        latency_ms, checked_ms = candidates.latencies_of(platform), checked.latencies_of(platform)
        samples, chosen = Samples.none(self.prior.feature_map.space), np.zeros(0, dtype=np.int64)
        ratios = []
        for count in self.counts:
            rest = np.setdiff1d(np.arange(len(latency_ms)), chosen)
            added = choose(candidates.choices[rest], count - len(chosen), measured=samples, seed=self.seed)
            chosen = np.concatenate([chosen, rest[added]])
            samples = Samples.of(candidates.choices[chosen], latency_ms[chosen])
            posterior = Posterior.infer(self.prior, self.hyper_samples, samples)
            shift = _correlation_shift(posterior, checked, platform)
            ratios.append((*_ratios(posterior, basis, checked_ms), shift))
        return np.array(ratios)


def _correlation_shift(posterior: Posterior, checked: LatencyTable, platform: str) -> float:
    """Return how the best source's correlation over all architectures differs from that over the samples."""
    samples, prior = posterior.samples, posterior.prior
    platforms = prior.sources.platforms
    on_samples = prior.source_latencies(samples.choices).T
    nearest, correlation = nearest_platform(platforms, on_samples, samples.latency_ms)
    if nearest is None:
        return 0.0
    over_all = np.corrcoef(np.log(checked.latencies_of(nearest)), np.log(checked.latencies_of(platform)))[0, 1]
    return float(fisher(over_all) - fisher(np.array(correlation)))


def _ratios(posterior: Posterior, checked: Basis, checked_ms: FloatArray) -> tuple[float, float]:
    mean, sd = posterior.predict(checked)
    deviations = np.abs(np.log(checked_ms / mean)) / np.sqrt(np.log1p((sd / mean) ** 2))
    reach = float(np.quantile(deviations, INTERVAL_SHARE)) / INTERVAL_DEVIATIONS
    measured = float(np.median(np.abs(mean / checked_ms - 1.0)))
    return reach, math.log(max(measured, ERROR_FLOOR) / median_error(posterior.log_errors(checked)))

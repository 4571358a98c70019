"""Calibrate the model on left-out source platforms: the width of its intervals and its expected error."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edgeprof_predictor.methods.base import INTERVAL_DEVIATIONS, INTERVAL_SHARE
from edgeprof_predictor.methods.default.hyperparameter_samples import HyperparameterSamples
from edgeprof_predictor.methods.default.hyperprior import MarginalLikelihoods
from edgeprof_predictor.methods.default.informative_design import Informative
from edgeprof_predictor.methods.default.platform_families import families
from edgeprof_predictor.methods.default.posterior import Posterior
from edgeprof_predictor.methods.default.prior import Basis, Prior
from edgeprof_predictor.methods.expected_error import MEDIAN_DEVIATIONS, ExpectedError
from edgeprof_predictor.samples import Samples
from edgeprof_predictor.spaces import FloatArray
from edgeprof_predictor.tables.latency_table import LatencyTable

SAMPLE_COUNTS: Final = (3, 5, 10, 20)
"""Numbers of samples at which intervals and expected errors are checked."""

CHECKED_COUNT: Final = 400
"""Architectures of each left-out source that are predicted; the others are candidates for samples."""

ERROR_FLOOR: Final = 0.002
"""Smallest measured error that counts: on tables without noise the error may be nearly 0, on no device is it."""

MIN_ERROR_LOG_SD: Final = 0.25
"""Smallest standard deviation of the logarithm of an expected error: the next platform may differ more from the sources
than these do from each other. Set by hand; twice as much makes onboarding measure more samples."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """Corrections of the model's intervals and expected errors, by number of samples.

    Args:
        sample_counts: Ascending numbers of samples; between them corrections are interpolated.
        interval_factors: On the model's standard deviations, at least 1.
        error_log_sds: Root mean square of the logarithm of measured over expected median error. The expected error
            itself is not corrected: its bias on one kind of platform does not carry over to another.
    """

    sample_counts: tuple[int, ...]
    interval_factors: tuple[float, ...]
    error_log_sds: tuple[float, ...]

    def tensors(self) -> dict[str, NDArray[np.generic]]:
        """Return what to save."""
        return {
            "calibration.sample_counts": np.array(self.sample_counts, dtype=np.int64),
            "calibration.interval_factors": np.array(self.interval_factors),
            "calibration.error_log_sds": np.array(self.error_log_sds),
        }

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, NDArray[np.generic]]) -> Calibration:
        """Return what `tensors` was saved from."""
        names = ("sample_counts", "interval_factors", "error_log_sds")
        return cls(**{name: tuple(tensors[f"calibration.{name}"].tolist()) for name in names})

    def interval_factor(self, sample_count: int) -> float:
        """Return the factor on standard deviations for a number of samples."""
        return float(np.interp(sample_count, self.sample_counts, self.interval_factors))

    def expected_error(self, log_errors: FloatArray, sample_count: int) -> ExpectedError:
        """Return the median error to expect.

        Args:
            log_errors: What each hyper-parameter sample expects, as `Posterior.log_errors` returns it.
            sample_count: Number of samples.
        """
        log_sd = float(np.interp(sample_count, self.sample_counts, self.error_log_sds))
        return ExpectedError.of_log_sd(_median_error(log_errors), log_sd)


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
    order = np.random.default_rng(seed).permutation(len(sources.choices))
    checked, candidates = np.split(order, [min(CHECKED_COUNT, len(order) // 2)])
    counts = tuple(count for count in SAMPLE_COUNTS if count <= len(candidates))
    found = families(sources)
    reaches, errors = np.zeros((len(found), len(counts))), np.zeros((len(found), len(counts)))
    for index, family in enumerate(found):
        check = _Check(prior.without(family), likelihoods.weigh(hyper_samples, without=family), counts, seed)
        ratios = [
            check.ratios(sources.subset(candidates), sources.subset(checked), platform=platform) for platform in family
        ]
        reaches[index], errors[index] = np.mean(np.square(ratios), axis=0).T
    return Calibration(
        sample_counts=counts,
        interval_factors=tuple(np.maximum(np.sqrt(reaches.mean(axis=0)), 1.0).tolist()),
        error_log_sds=tuple(np.maximum(np.sqrt(errors.mean(axis=0)), MIN_ERROR_LOG_SD).tolist()),
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Check:
    """A model fitted without a family, compared with the latencies of its members."""

    prior: Prior
    hyper_samples: HyperparameterSamples
    counts: tuple[int, ...]
    seed: int

    def ratios(self, candidates: LatencyTable, checked: LatencyTable, *, platform: str) -> FloatArray:
        """Return two ratios for each count: needed to predicted width, and the log of measured to expected error.

        Samples are chosen together from one count to the next, not one at a time as in an onboarding: that takes too
        long here.

        Shapes:
            returns: `counts x 2`.
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
            ratios.append(_ratios(posterior, basis, checked_ms))
        return np.array(ratios)


def _ratios(posterior: Posterior, checked: Basis, checked_ms: FloatArray) -> tuple[float, float]:
    mean, sd = posterior.predict(checked)
    deviations = np.abs(np.log(checked_ms / mean)) / np.sqrt(np.log1p((sd / mean) ** 2))
    reach = float(np.quantile(deviations, INTERVAL_SHARE)) / INTERVAL_DEVIATIONS
    measured = float(np.median(np.abs(mean / checked_ms - 1.0)))
    return reach, math.log(max(measured, ERROR_FLOOR) / _median_error(posterior.log_errors(checked)))


def _median_error(log_errors: FloatArray) -> float:
    return MEDIAN_DEVIATIONS * float(np.exp(np.median(log_errors)))

"""Learn from left-out source platforms how far the model's promises hold.

Two promises: that 90 % of latencies lie in their interval, and how large the median error is.
"""

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
"""Sample counts at which promises are checked."""

CHECKED_COUNT: Final = 400
"""Architectures of each left-out source on which promises are checked; the others are candidates."""

ERROR_FLOOR: Final = 0.002
"""Smallest real error that counts: platforms that are sums without noise would promise too much."""

MIN_ERROR_LOG_SD: Final = 0.25
"""Smallest doubt in a promised error, as the spread of its logarithm: however alike the sources
are, the next platform may differ more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """Corrections of what the model says, by number of samples.

    Args:
        sample_counts: Ascending numbers of samples; between them corrections are interpolated.
        interval_factors: On the model's standard deviations, at least 1.
        error_log_sds: By how much real and expected median error differ, as the root mean square of
            the logarithm of their ratio. The expected error itself is not corrected: by how much
            it is wrong on one kind of platform tells nothing of the next kind.
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
            log_errors: What each combination expects, as `Posterior.log_errors` has it.
            sample_count: Number of samples.
        """
        log_sd = float(np.interp(sample_count, self.sample_counts, self.error_log_sds))
        return ExpectedError.of_doubt(_median_error(log_errors), log_sd)


def calibrate(
    prior: Prior,
    hyper_samples: HyperparameterSamples,
    likelihoods: MarginalLikelihoods,
    sources: LatencyTable,
    *,
    seed: int,
) -> Calibration:
    """Leave out each family of sources in turn and see how far what the model says holds for it.

    An interval factor below 1 is never returned: quiet sources cannot tell how noisy a new
    platform will be.

    Args:
        prior: Knows all sources.
        hyper_samples: Drawn for that prior.
        likelihoods: What sources make of the combinations.
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
        promises = [
            check.promises(sources.subset(candidates), sources.subset(checked), platform=platform)
            for platform in family
        ]
        reaches[index], errors[index] = np.mean(np.square(promises), axis=0).T
    return Calibration(
        sample_counts=counts,
        interval_factors=tuple(np.maximum(np.sqrt(reaches.mean(axis=0)), 1.0).tolist()),
        error_log_sds=tuple(np.maximum(np.sqrt(errors.mean(axis=0)), MIN_ERROR_LOG_SD).tolist()),
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Check:
    """What a model promises that does not know a family, against what is true of its members."""

    prior: Prior
    hyper_samples: HyperparameterSamples
    counts: tuple[int, ...]
    seed: int

    def promises(self, candidates: LatencyTable, checked: LatencyTable, *, platform: str) -> FloatArray:
        """Return, for each count, needed over claimed reach of the interval, and log of real over expected error.

        Samples are chosen between the counts only, not one at a time, which takes too long here.

        Shapes:
            returns: `counts x 2`.
        """
        choose, basis = Informative(self.prior, self.hyper_samples), self.prior.basis(checked.choices)
        latency_ms, checked_ms = candidates.latencies_of(platform), checked.latencies_of(platform)
        samples, chosen = Samples.none(self.prior.feature_map.space), np.zeros(0, dtype=np.int64)
        promises = []
        for count in self.counts:
            rest = np.setdiff1d(np.arange(len(latency_ms)), chosen)
            added = choose(candidates.choices[rest], count - len(chosen), measured=samples, seed=self.seed)
            chosen = np.concatenate([chosen, rest[added]])
            samples = Samples.of(candidates.choices[chosen], latency_ms[chosen])
            posterior = Posterior.infer(self.prior, self.hyper_samples, samples)
            promises.append(_promise(posterior, basis, checked_ms))
        return np.array(promises)


def _promise(posterior: Posterior, checked: Basis, checked_ms: FloatArray) -> tuple[float, float]:
    mean, sd = posterior.predict(checked)
    deviations = np.abs(np.log(checked_ms / mean)) / np.sqrt(np.log1p((sd / mean) ** 2))
    reach = float(np.quantile(deviations, INTERVAL_SHARE)) / INTERVAL_DEVIATIONS
    real = float(np.median(np.abs(mean / checked_ms - 1.0)))
    return reach, math.log(max(real, ERROR_FLOOR) / _median_error(posterior.log_errors(checked)))


def _median_error(log_errors: FloatArray) -> float:
    return MEDIAN_DEVIATIONS * float(np.exp(np.median(log_errors)))

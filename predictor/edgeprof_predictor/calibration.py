"""Learn from left-out source platforms how far the model's promises hold.

Two promises: that 90 % of latencies lie in their interval, and how large the median error is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edgeprof_predictor.dataset import LatencyTable
from edgeprof_predictor.expectation import MEDIAN_DEVIATIONS, ExpectedError
from edgeprof_predictor.families import families
from edgeprof_predictor.hyperprior import Evidence
from edgeprof_predictor.methods.base import INTERVAL_DEVIATIONS, INTERVAL_SHARE
from edgeprof_predictor.posterior import Hypotheses, Posterior
from edgeprof_predictor.prior import Basis, Prior
from edgeprof_predictor.samplers import Informative
from edgeprof_predictor.samples import Samples
from edgeprof_predictor.spaces import FloatArray

SAMPLE_COUNTS: Final = (3, 5, 10, 20)
"""Sample counts at which promises are checked."""

CHECKED_COUNT: Final = 400
"""Architectures of each left-out source on which promises are checked; the others are candidates."""

ERROR_FLOOR: Final = 0.002
"""Smallest real error that counts: platforms that are sums without noise would promise too much."""

PROMISE_LOG_SD_MIN: Final = 0.25
"""Smallest doubt in a promised error, as the spread of its logarithm: however alike the sources
are, the next platform may differ more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """Corrections of what the model says, by number of samples.

    Args:
        sample_counts: Ascending numbers of samples; between them corrections are interpolated.
        interval_factors: On the model's standard deviations, at least 1.
        error_factors: Median error over the standard deviation that the model expects: half way, in
            logarithms, from what a normal distribution has to what left-out sources have, since a
            platform unlike them all is harder than any of them.
        error_log_sds: Spread of the logarithm of that ratio from platform to platform.
    """

    sample_counts: tuple[int, ...]
    interval_factors: tuple[float, ...]
    error_factors: tuple[float, ...]
    error_log_sds: tuple[float, ...]

    def tensors(self) -> dict[str, NDArray[np.generic]]:
        """Return what to save."""
        return {
            "calibration.sample_counts": np.array(self.sample_counts, dtype=np.int64),
            "calibration.interval_factors": np.array(self.interval_factors),
            "calibration.error_factors": np.array(self.error_factors),
            "calibration.error_log_sds": np.array(self.error_log_sds),
        }

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, NDArray[np.generic]]) -> Calibration:
        """Return what `tensors` was saved from."""
        names = ("sample_counts", "interval_factors", "error_factors", "error_log_sds")
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
        learned = float(np.exp(np.interp(sample_count, self.sample_counts, np.log(self.error_factors))))
        # As with intervals: quiet sources must not talk a new platform's error down.
        factor = max(learned, MEDIAN_DEVIATIONS)
        log_sd = float(np.interp(sample_count, self.sample_counts, self.error_log_sds))
        return ExpectedError.of_doubt(factor * float(np.exp(np.median(log_errors))), log_sd)


def calibrate(
    prior: Prior, hypotheses: Hypotheses, evidence: Evidence, sources: LatencyTable, *, seed: int
) -> Calibration:
    """Leave out each family of sources in turn and see how far what the model says holds for it.

    An interval factor below 1 is never returned: quiet sources cannot tell how noisy a new
    platform will be.

    Args:
        prior: Knows all sources.
        hypotheses: Drawn for that prior.
        evidence: What sources make of the combinations.
        sources: Latencies of the sources.
        seed: Of the architectures checked.
    """
    order = np.random.default_rng(seed).permutation(len(sources.choices))
    checked, candidates = np.split(order, [min(CHECKED_COUNT, len(order) // 2)])
    counts = [count for count in SAMPLE_COUNTS if count <= len(candidates)]
    found, nothing = families(sources), Samples.none(prior.feature_map.space)
    reaches, errors = np.zeros((len(found), len(counts))), np.zeros((len(found), len(counts)))
    for index, family in enumerate(found):
        rest, weighed = prior.without(family), evidence.weigh(hypotheses, without=family)
        chosen = Informative(rest, weighed)(sources.choices[candidates], max(counts), measured=nothing, seed=seed)
        measured, basis = candidates[chosen], rest.basis(sources.choices[checked])
        ratios = []
        for name in family:
            latency_ms = sources.latencies_of(name)
            samples = Samples.of(sources.choices[measured], latency_ms[measured])
            ratios.append(_ratios(rest, weighed, samples, basis, latency_ms[checked], counts))
        reaches[index] = np.mean([np.square(reach) for reach, _ in ratios], axis=0)
        errors[index] = np.mean([np.log(error) for _, error in ratios], axis=0)
    return Calibration(
        sample_counts=tuple(counts),
        interval_factors=tuple(np.maximum(np.sqrt(reaches.mean(axis=0)), 1.0).tolist()),
        error_factors=tuple(np.sqrt(MEDIAN_DEVIATIONS * np.exp(errors.mean(axis=0))).tolist()),
        error_log_sds=tuple(np.maximum(errors.std(axis=0), PROMISE_LOG_SD_MIN).tolist()),
    )


def _ratios(
    prior: Prior,
    hypotheses: Hypotheses,
    samples: Samples,
    checked: Basis,
    checked_ms: FloatArray,
    counts: list[int],
) -> tuple[FloatArray, FloatArray]:
    """Return needed over claimed reach of the interval, and real over expected error, for each count."""
    reaches, errors = [], []
    for count in counts:
        posterior = Posterior.infer(prior, hypotheses, Samples.of(samples.choices[:count], samples.latency_ms[:count]))
        mean, sd = posterior.predict(checked)
        deviations = np.abs(np.log(checked_ms / mean)) / np.sqrt(np.log1p((sd / mean) ** 2))
        reaches.append(float(np.quantile(deviations, INTERVAL_SHARE)) / INTERVAL_DEVIATIONS)
        real = float(np.median(np.abs(mean / checked_ms - 1.0)))
        errors.append(max(real, ERROR_FLOOR) / float(np.exp(np.median(posterior.log_errors(checked)))))
    return np.array(reaches), np.array(errors)

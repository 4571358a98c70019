"""Corrections of the model that left-out source platforms show: interval widths and expected errors."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edgeprof_predictor.methods.base import INTERVAL_DEVIATIONS, INTERVAL_SHARE
from edgeprof_predictor.methods.default.hyperprior import MarginalLikelihoods
from edgeprof_predictor.methods.default.informative_design import Informative
from edgeprof_predictor.methods.default.posterior import Posterior
from edgeprof_predictor.methods.default.prior import Prior
from edgeprof_predictor.methods.expected_error import UPPER_DEVIATIONS, UPPER_QUANTILE, ExpectedError
from edgeprof_predictor.methods.onboarding_method import described
from edgeprof_predictor.methods.platform_families import left_out_families
from edgeprof_predictor.samples import Samples
from edgeprof_predictor.spaces import FloatArray
from edgeprof_predictor.tables.latency_table import LatencyTable

SAMPLE_COUNTS: Final = (3, 5, 10, 20)
"""Numbers of samples at which the model is compared with left-out sources."""

BROAD_INTERVAL_FACTOR: Final = 1.4
"""Factor on deviations where no source could be left out: about the largest that the published splits show."""

BROAD_ERROR_LOG_SDS: Final = (1.2, 0.7)
BROAD_WEIGHT: Final = 4
"""Deviations of the logarithm of measured over expected error to either side, before any source is left out, and the
number of families that they count as. Set by hand with the published splits in view: platforms there were up to four
times easier than expected (look-up tables above all), seldom twice as hard. A larger weight widens the stated ranges of
platforms that are like the sources; with a smaller one more errors leave them."""

ERROR_FLOOR: Final = 0.002
"""Median errors below are not told apart: on tables without noise they may be nearly 0, on no device are they."""

CHECKED_COUNT: Final = 400
"""Architectures of each left-out source that are predicted; the others are candidates for samples."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """Corrections by number of samples.

    Args:
        sample_counts: Ascending numbers of samples; between them corrections are interpolated.
        interval_factors: On the model's standard deviations, at least 1.
        error_log_sds: Standard deviation of the logarithm of measured over expected median error where that is larger
            than expected, enlarged for the small number of families. The expected error itself is not corrected: its
            bias on one kind of platform does not carry over to another.
        lower_error_log_sds: The same where it is smaller.
    """

    sample_counts: tuple[int, ...]
    interval_factors: tuple[float, ...]
    error_log_sds: tuple[float, ...]
    lower_error_log_sds: tuple[float, ...]

    @classmethod
    def broad(cls, interval_factor: float = BROAD_INTERVAL_FACTOR) -> Calibration:
        """Return the corrections for sources of which none can be left out."""
        count = len(SAMPLE_COUNTS)
        lower, upper = error_log_sds(np.zeros((0, count, 2)))
        return cls(
            sample_counts=SAMPLE_COUNTS,
            interval_factors=(interval_factor,) * count,
            error_log_sds=upper,
            lower_error_log_sds=lower,
        )

    def tensors(self) -> dict[str, NDArray[np.generic]]:
        """Return what to save."""
        return {f"calibration.{field.name}": np.array(getattr(self, field.name)) for field in fields(self)}

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, NDArray[np.generic]]) -> Calibration:
        """Return what `tensors` was saved from.

        Files of earlier releases hold one deviation of errors for both sides; profiles before that, one factor alone.
        """
        saved = described(tensors, "calibration.")
        if not saved:
            return cls.broad(tensors["interval_factor"].item())
        saved = {"lower_error_log_sds": saved["error_log_sds"]} | saved
        return cls(**{field.name: tuple(saved[field.name].tolist()) for field in fields(cls)})

    def interval_factor(self, sample_count: int) -> float:
        """Return the factor on standard deviations for a number of samples."""
        return self._at(sample_count, self.interval_factors)

    def _at(self, sample_count: int, corrections: tuple[float, ...]) -> float:
        return float(np.interp(sample_count, self.sample_counts, corrections))

    def expected_error(self, error: float, sample_count: int) -> ExpectedError:
        """Return the median error to expect with its range.

        Args:
            error: What the model expects.
            sample_count: Number of samples.
        """
        lower_sd, upper_sd = (self._at(sample_count, sds) for sds in (self.lower_error_log_sds, self.error_log_sds))
        expected = ExpectedError.of_log_sds(error, lower_sd, upper_sd)
        return expected if expected.lower >= ERROR_FLOOR else replace(expected, lower=0.0)


def error_log_sds(mean_squares: FloatArray) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return standard deviations of the logarithm of measured over expected error on the next platform.

    Args:
        mean_squares: Of that logarithm's part below 0, and of that above 0, for each left-out family and number of
            samples.

    Shapes:
        mean_squares: `f x c x 2`.  returns: below and above, `c` each.

    Source:
        Two halves of normal distributions; for each the predictive distribution of a normal variable of unknown
        variance, Student's t, here as the deviation of the normal distribution with the same end.
    """
    from scipy import stats  # half a second of import that loading and predicting do not need

    freedom = len(mean_squares) + BROAD_WEIGHT
    # Half of the errors are on either side, so the mean square of a side is twice that of its part.
    variance = (2.0 * mean_squares.sum(axis=0) + BROAD_WEIGHT * np.square(BROAD_ERROR_LOG_SDS)) / freedom
    lower, upper = (np.sqrt(variance) * float(stats.t.ppf(UPPER_QUANTILE, freedom)) / UPPER_DEVIATIONS).T
    return tuple(lower.tolist()), tuple(upper.tolist())


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
        reach, error = np.moveaxis(np.array(differences), -1, 0)
        below, above = np.minimum(error, 0.0), np.maximum(error, 0.0)
        found.append(np.mean([reach**2, below**2, above**2], axis=1))
    if not found:
        return Calibration.broad()
    by_family = np.moveaxis(np.array(found), 1, -1)
    lower_sds, upper_sds = error_log_sds(by_family[:, :, 1:])
    return Calibration(
        sample_counts=counts,
        interval_factors=tuple(np.maximum(np.sqrt(by_family[:, :, 0].mean(axis=0)), 1.0).tolist()),
        error_log_sds=upper_sds,
        lower_error_log_sds=lower_sds,
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
    """Return for each count the needed width over the predicted one, and the log of measured over expected error.

    Samples are chosen together from one count to the next, not one at a time as in an onboarding: that takes too long
    here.

    Args:
        sampler: Of a prior without the platform's family.
        candidates: Architectures that may be samples.
        checked: Architectures that are predicted.
        platform: The one that was left out.
        counts: Ascending numbers of samples.
        seed: Of the choice of samples.

    Shapes:
        returns: `counts x 2`.
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
        error = math.log(max(measured, ERROR_FLOOR) / posterior.expected_error(basis))
        reach = float(np.quantile(deviations, INTERVAL_SHARE)) / INTERVAL_DEVIATIONS
        differences.append((reach, error))
    return np.array(differences)

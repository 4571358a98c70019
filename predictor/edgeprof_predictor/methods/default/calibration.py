"""Corrections of the model that left-out source platforms show: interval widths, expected errors, correlations."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edgeprof_predictor.methods.expected_error import MEDIAN_DEVIATIONS, UPPER_DEVIATIONS, UPPER_QUANTILE, ExpectedError
from edgeprof_predictor.methods.onboarding_method import described
from edgeprof_predictor.spaces import FloatArray

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
        correlation_shifts: Lower end of the correlation with the best source over all architectures, less that over
            the samples, both by Fisher's transformation: the source is the best of many, so it correlates worse than
            over the samples. There is no upper end: where sources are alike, it does not hold for a platform that is
            not. Empty where too few families could be left out.
    """

    sample_counts: tuple[int, ...]
    interval_factors: tuple[float, ...]
    error_log_sds: tuple[float, ...]
    lower_error_log_sds: tuple[float, ...]
    correlation_shifts: tuple[float, ...] = ()

    @classmethod
    def broad(cls) -> Calibration:
        """Return the corrections for sources of which none can be left out."""
        count = len(SAMPLE_COUNTS)
        lower, upper = error_log_sds(np.zeros((0, count, 2)))
        return cls(
            sample_counts=SAMPLE_COUNTS,
            interval_factors=(BROAD_INTERVAL_FACTOR,) * count,
            error_log_sds=upper,
            lower_error_log_sds=lower,
        )

    def tensors(self) -> dict[str, NDArray[np.generic]]:
        """Return what to save."""
        return {f"calibration.{field.name}": np.array(getattr(self, field.name)) for field in fields(self)}

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, NDArray[np.generic]]) -> Calibration:
        """Return what `tensors` was saved from.

        Files of earlier releases know no shifts of correlations, and one deviation of errors for both sides.
        """
        saved = described(tensors, "calibration.")
        saved = {"lower_error_log_sds": saved["error_log_sds"], "correlation_shifts": np.zeros(0)} | saved
        return cls(**{field.name: tuple(saved[field.name].tolist()) for field in fields(cls)})

    def interval_factor(self, sample_count: int) -> float:
        """Return the factor on standard deviations for a number of samples."""
        return self._at(sample_count, self.interval_factors)

    def _at(self, sample_count: int, corrections: tuple[float, ...]) -> float:
        return float(np.interp(sample_count, self.sample_counts, corrections))

    def expected_error(self, log_errors: FloatArray, sample_count: int) -> ExpectedError:
        """Return the median error to expect.

        Args:
            log_errors: What each hyper-parameter sample expects, as `Posterior.log_errors` returns it.
            sample_count: Number of samples.
        """
        lower_sd, upper_sd = (self._at(sample_count, sds) for sds in (self.lower_error_log_sds, self.error_log_sds))
        expected = ExpectedError.of_log_sds(median_error(log_errors), lower_sd, upper_sd)
        return expected if expected.lower >= ERROR_FLOOR else replace(expected, lower=0.0)

    def correlation_lower(self, correlation: float, sample_count: int) -> float | None:
        """Return what the correlation over all architectures with the best source exceeds in 90 % of cases.

        Args:
            correlation: With that source over the samples.
            sample_count: Number of samples.

        Shapes:
            returns: None where it is not known, or for fewer samples than were checked.
        """
        if not self.correlation_shifts or sample_count < self.sample_counts[0] or math.isnan(correlation):
            return None
        return math.tanh(fisher(np.array(correlation)).item() + self._at(sample_count, self.correlation_shifts))


def median_error(log_errors: FloatArray) -> float:
    """Return the median relative error of the errors that hyper-parameter samples expect: `h`, logarithms."""
    return MEDIAN_DEVIATIONS * float(np.exp(np.median(log_errors)))


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
    freedom = len(mean_squares) + BROAD_WEIGHT
    # Half of the errors are on either side, so the mean square of a side is twice that of its part.
    variance = (2.0 * mean_squares.sum(axis=0) + BROAD_WEIGHT * np.square(BROAD_ERROR_LOG_SDS)) / freedom
    lower, upper = (np.sqrt(variance) * _student_deviations(freedom) / UPPER_DEVIATIONS).T
    return tuple(lower.tolist()), tuple(upper.tolist())


def correlation_shifts(shifts: FloatArray) -> tuple[float, ...]:
    """Return what 90 % of shifts of a correlation exceed, by Student's t.

    Args:
        shifts: Mean and mean square for each left-out family and number of samples.

    Shapes:
        shifts: `f x c x 2`.  returns: `c`; none for fewer than three families, whose spread says nothing.
    """
    count = len(shifts)
    if count < 3:
        return ()
    mean, square = shifts.mean(axis=0).T
    sd = np.sqrt(np.maximum(square - mean**2, 0.0) * count / (count - 1) * (1.0 + 1.0 / count))
    return tuple((mean - _student_deviations(count - 1) * sd).tolist())


def fisher(correlation: FloatArray) -> FloatArray:
    """Return Fisher's transformation of correlations; those of 1 are taken as .9999."""
    transformed: FloatArray = np.arctanh(np.clip(correlation, -0.9999, 0.9999))
    return transformed


def _student_deviations(freedom: int) -> float:
    from scipy import stats  # half a second of import that loading and predicting do not need

    return float(stats.t.ppf(UPPER_QUANTILE, freedom))

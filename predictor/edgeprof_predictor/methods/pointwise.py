"""What methods without a probabilistic model share: one latency, one spread."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from edgeprof_predictor.methods.base import PlatformPredictor, Prediction
from edgeprof_predictor.methods.expected_error import MEDIAN_DEVIATIONS
from edgeprof_predictor.samples import Samples
from edgeprof_predictor.spaces import ChoiceArray, FloatArray

UNKNOWN_LOG_SD: Final = 0.5
"""Standard deviation of log latency around a prediction, assumed with fewer than three samples."""

FOLD_COUNT: Final = 5
"""Parts of the samples that are predicted from the others to estimate the spread."""

LogLatency = Callable[[ChoiceArray], FloatArray]
"""Natural logarithms of milliseconds for `n x l` choices: `n`."""


class PointwisePredictor(PlatformPredictor):
    """A latency for each architecture and one spread for all.

    Args:
        log_latency: What is expected.
        log_sd: Standard deviation of log latency around it.
        is_relative: Whether there was no sample.
        checked_count: Samples whose errors the spread was estimated from; 0 where it is assumed.
    """

    def __init__(self, log_latency: LogLatency, log_sd: float, *, is_relative: bool, checked_count: int = 0) -> None:
        self.checked_count = checked_count
        self._log_latency = log_latency
        self._log_sd = max(log_sd, 1e-3)
        self._is_relative = is_relative

    def predict(self, choices: ChoiceArray) -> Prediction:
        """Return the latencies with intervals of equal ratio."""
        log_sd = np.full(len(choices), self._log_sd)
        return Prediction.lognormal(np.exp(self._log_latency(choices)), log_sd, is_relative=self._is_relative)

    @property
    def expected_error(self) -> float:
        """Median relative error to expect, from the spread."""
        return MEDIAN_DEVIATIONS * self._log_sd

    def error_after(self, candidates: ChoiceArray, count: int = 1) -> float:
        """Return the same error: such methods do not estimate the effect of further samples."""
        return self.expected_error


def spread(errors: FloatArray, *, fitted_count: int) -> float:
    """Return the standard deviation of log latency that errors on the samples suggest.

    Args:
        errors: Of log latency, on samples to which only `fitted_count` numbers were fitted: `k`.
        fitted_count: Numbers fitted to the same samples.
    """
    if len(errors) <= max(fitted_count, 2):
        return UNKNOWN_LOG_SD
    return float(np.sqrt((errors**2).sum() / (len(errors) - fitted_count)))


def fit_pointwise(
    fit: Callable[[Samples], LogLatency], samples: Samples, *, checked_count: int = FOLD_COUNT
) -> PointwisePredictor:
    """Fit to all samples; estimate the spread by cross-validation.

    Args:
        fit: Returns the regressor fitted to samples; called without any, too.
        samples: Of the platform.
        checked_count: Parts to predict; fewer save time where a fit is slow.
    """
    log_sd, checked = UNKNOWN_LOG_SD, 0
    if samples.count > 2:
        folds = np.array_split(np.arange(samples.count), min(FOLD_COUNT, samples.count))
        errors = []
        for fold in folds[:checked_count]:
            rest = np.setdiff1d(np.arange(samples.count), fold)
            regressor = fit(Samples.of(samples.choices[rest], samples.latency_ms[rest]))
            errors.append(np.log(samples.latency_ms[fold]) - regressor(samples.choices[fold]))
        log_sd, checked = spread(np.concatenate(errors), fitted_count=0), sum(map(len, errors))
    return PointwisePredictor(fit(samples), log_sd, is_relative=samples.count == 0, checked_count=checked)

"""Predict samples from the other samples: intervals for methods without their own, and a comparison of methods."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np

from edgeprof_predictor import metrics
from edgeprof_predictor.methods.base import INTERVAL_DEVIATIONS, INTERVAL_SHARE, Prediction
from edgeprof_predictor.samples import Samples
from edgeprof_predictor.spaces import ChoiceArray, FloatArray

MAX_FOLD_COUNT: Final = 10
"""Parts of the samples that are left out in turn: up to ten samples one at a time, more in ten parts."""

MIN_COUNT: Final = 3
"""Samples without which none is left out: two of them give no more than a scale."""


class Predicts(Protocol):
    """What was adapted to some samples."""

    def predict(self, choices: ChoiceArray) -> Prediction:
        """Return latencies with intervals: `n x l` to `n`."""
        ...


Adapt = Callable[[Samples], Predicts]


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOutScore:
    """How well a method predicts each sample of a platform from the others.

    Args:
        method: Its name.
        median_error: Median relative error.
        spearman: Rank correlation of predicted and measured latency.
        interval_coverage: Share of the samples inside their 90 % interval.
    """

    method: str
    median_error: float
    spearman: float
    interval_coverage: float


def predict_left_out(adapt: Adapt, samples: Samples) -> Prediction:
    """Predict each sample by what was adapted without it.

    Args:
        adapt: Returns the predictor of some samples.
        samples: `MIN_COUNT` at least.

    Shapes:
        returns: `k` latencies, in the order of the samples.
    """
    columns = np.zeros((3, samples.count))
    order = np.arange(samples.count)
    for fold in range(min(MAX_FOLD_COUNT, samples.count)):
        is_out = order % MAX_FOLD_COUNT == fold
        predicted = adapt(samples.where(~is_out)).predict(samples.choices[is_out])
        columns[:, is_out] = predicted.latency_ms, predicted.lower_ms, predicted.upper_ms
    latency_ms, lower_ms, upper_ms = columns
    return Prediction(latency_ms=latency_ms, lower_ms=lower_ms, upper_ms=upper_ms)


def left_out_errors(adapt: Adapt, samples: Samples) -> FloatArray:
    """Return log of measured over predicted latency of each sample, predicted from the others.

    Shapes:
        returns: `k`; none where there are fewer than `MIN_COUNT` samples.
    """
    if samples.count < MIN_COUNT:
        return np.zeros(0)
    errors: FloatArray = np.log(samples.latency_ms / predict_left_out(adapt, samples).latency_ms)
    return errors


def score_left_out(method: str, adapt: Adapt, samples: Samples) -> LeftOutScore:
    """Score a method by samples that it predicts from the others.

    Args:
        method: Its name.
        adapt: Returns its predictor of some samples.
        samples: `MIN_COUNT` at least.
    """
    predicted, measured_ms = predict_left_out(adapt, samples), samples.latency_ms
    return LeftOutScore(
        method=method,
        median_error=metrics.median_ape(measured_ms, predicted.latency_ms),
        spearman=metrics.spearman(measured_ms, predicted.latency_ms),
        interval_coverage=metrics.interval_coverage(measured_ms, predicted.lower_ms, predicted.upper_ms),
    )


def interval_log_sd(errors: FloatArray) -> float:
    """Return the deviation of a normal distribution whose 90 % interval is that of errors like these.

    Args:
        errors: Of log latency, of samples that were predicted from the others: `k`, one at least.

    Source:
        The predictive distribution of a normal variable of mean 0 and unknown variance, Student's t. A quantile of
        the errors themselves (split conformal prediction) has no end at 90 % for fewer than nine samples.
    """
    from scipy import stats  # half a second of import that the default method does not need

    reach = float(stats.t.ppf((1 + INTERVAL_SHARE) / 2, len(errors)))
    return reach * float(np.sqrt(np.mean(errors**2))) / INTERVAL_DEVIATIONS

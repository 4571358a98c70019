"""Metrics of predictions: ranks, milliseconds, intervals.

All take `n` actual and `n` predicted latencies; shares lie between 0 and 1.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edgeprof_predictor.errors import EncodingError
from edgeprof_predictor.spaces import FloatArray


def spearman(actual: FloatArray, predicted: FloatArray) -> float:
    """Return the rank correlation, ties averaged; 0 when one side does not vary."""
    _check(actual, predicted)
    if np.ptp(actual) == 0 or np.ptp(predicted) == 0:
        return 0.0
    from scipy import stats  # takes longer to import than all else that a command needs which shows no ranks

    return float(stats.spearmanr(actual, predicted).statistic)


def kendall_tau(actual: FloatArray, predicted: FloatArray) -> float:
    """Return Kendall's tau-b; 0 when one side does not vary."""
    _check(actual, predicted)
    if np.ptp(actual) == 0 or np.ptp(predicted) == 0:
        return 0.0
    from scipy import stats

    return float(stats.kendalltau(actual, predicted).statistic)


def median_ape(actual: FloatArray, predicted: FloatArray) -> float:
    """Return the median absolute error as a share of the actual latency."""
    return float(np.median(_relative_errors(actual, predicted)))


def mape(actual: FloatArray, predicted: FloatArray) -> float:
    """Return the mean absolute error as a share of the actual latency."""
    return float(np.mean(_relative_errors(actual, predicted)))


def share_within(actual: FloatArray, predicted: FloatArray, *, error: float) -> float:
    """Return the share of predictions whose relative error is at most `error`."""
    return float(np.mean(_relative_errors(actual, predicted) <= error))


def interval_coverage(actual: FloatArray, lower: FloatArray, upper: FloatArray) -> float:
    """Return the share of actual latencies inside their interval."""
    _check(actual, lower)
    _check(actual, upper)
    return float(np.mean((actual >= lower) & (actual <= upper)))


def interval_width_ratio(predicted: FloatArray, lower: FloatArray, upper: FloatArray) -> float:
    """Return the median width of the intervals as a share of the predicted latency."""
    _check(predicted, lower)
    _check(predicted, upper)
    return float(np.median((upper - lower) / predicted))


def sample_deviation(values: Sequence[float]) -> float:
    """Return the standard deviation of repetitions around their mean, such as over seeds; nan with fewer than two.

    The sum of squares is divided by one less than their number: over two or three seeds the deviation around their own
    mean would be too small by a factor of 1.41 or 1.22.
    """
    return float(np.std(values, ddof=1)) if len(values) > 1 else float("nan")


def _relative_errors(actual: FloatArray, predicted: FloatArray) -> FloatArray:
    _check(actual, predicted)
    errors: FloatArray = np.abs(predicted / actual - 1.0)
    return errors


def _check(first: FloatArray, second: FloatArray) -> None:
    if first.ndim != 1 or first.shape != second.shape or len(first) < 1:
        raise EncodingError(f"metrics compare two lists of equal length, got shapes {first.shape} and {second.shape}")

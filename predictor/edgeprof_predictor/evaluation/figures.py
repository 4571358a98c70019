"""Figures of predictions against measured latencies."""

from __future__ import annotations

from edgeprof_predictor import metrics
from edgeprof_predictor.methods.base import PlatformPredictor
from edgeprof_predictor.spaces import ChoiceArray, FloatArray


def prediction_figures(predictor: PlatformPredictor, choices: ChoiceArray, actual: FloatArray) -> dict[str, float]:
    """Return errors, ranks and coverage by the names of `Score`; all but ranks are nan where latencies are relative.

    Args:
        predictor: Adapted to the platform.
        choices: Architectures that were no samples.
        actual: Their latencies.

    Shapes:
        choices: `n x l`.  actual: `n`.
    """
    prediction = predictor.predict(choices)
    predicted, lower, upper = prediction.latency_ms, prediction.lower_ms, prediction.upper_ms
    expected = predictor.expectation
    figures = {
        "median_ape": metrics.median_ape(actual, predicted),
        "mape": metrics.mape(actual, predicted),
        "within_5_percent": metrics.share_within(actual, predicted, error=0.05),
        "within_10_percent": metrics.share_within(actual, predicted, error=0.1),
        "interval_coverage": metrics.interval_coverage(actual, lower, upper),
        "interval_width_ratio": metrics.interval_width_ratio(predicted, lower, upper),
        "expected_error": expected.error,
        "expected_lower": expected.lower,
        "expected_upper": expected.upper,
    }
    if prediction.is_relative:
        figures = dict.fromkeys(figures, float("nan"))
    ranks = {
        "spearman": metrics.spearman(actual, predicted),
        "kendall_tau": metrics.kendall_tau(actual, predicted),
    }
    return figures | ranks

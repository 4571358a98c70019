from __future__ import annotations

import numpy as np
import pytest

from edgeprof_predictor import metrics
from edgeprof_predictor.errors import EncodingError


def test_ties_count_as_their_mean_rank() -> None:
    # Ranks 1, 2.5, 2.5, 4 against 1, 2, 3, 4.
    assert metrics.spearman(np.array([1.0, 2, 2, 3]), np.array([1.0, 2, 3, 4])) == pytest.approx(0.9486833)


def test_a_side_that_does_not_vary_has_no_rank_correlation() -> None:
    assert metrics.spearman(np.array([1.0, 2.0]), np.array([3.0, 3.0])) == 0.0
    assert metrics.kendall_tau(np.array([3.0, 3.0]), np.array([1.0, 2.0])) == 0.0


def test_errors_are_shares_of_the_actual_latency() -> None:
    actual, predicted = np.array([10.0, 10.0, 100.0]), np.array([11.0, 8.0, 100.0])
    assert metrics.median_ape(actual, predicted) == pytest.approx(0.1)
    assert metrics.mape(actual, predicted) == pytest.approx(0.1)
    assert metrics.share_within(actual, predicted, error=0.1001) == pytest.approx(2 / 3)


def test_coverage_counts_the_ends_of_the_interval() -> None:
    actual = np.array([1.0, 2.0, 3.0, 4.0])
    lower, upper = np.array([1.0, 1.0, 1.0, 5.0]), np.array([1.0, 2.0, 2.0, 6.0])
    assert metrics.interval_coverage(actual, lower, upper) == 0.5


def test_the_deviation_of_repetitions_is_that_of_a_sample() -> None:
    assert metrics.sample_deviation([0.9, 0.8]) == pytest.approx(0.1 / np.sqrt(2.0))
    assert np.isnan(metrics.sample_deviation([0.9]))


def test_lists_of_different_length_are_refused() -> None:
    with pytest.raises(EncodingError, match="equal length"):
        metrics.spearman(np.array([1.0, 2.0]), np.array([1.0]))

"""Proxies are ranked, and smoothed by decisions; accuracies of trained networks keep their distances."""

from __future__ import annotations

import numpy as np
import pytest

from edgeprof_predictor import metrics
from edgeprof_predictor.accuracy.features import normal_ranks, read_features
from edgeprof_predictor.accuracy.ordering import normal_accuracies
from edgeprof_predictor.accuracy.task import Candidates
from edgeprof_predictor.spaces import CHOICE_TYPE


def noisy_candidates(count: int) -> tuple[Candidates, np.ndarray]:
    """Return candidates with a proxy of which half is noise, and what it would be without."""
    generator = np.random.default_rng(0)
    choices = generator.integers(0, 4, (count, 5)).astype(CHOICE_TYPE)
    plain = (choices * generator.normal(size=5)).sum(axis=1)
    noisy = plain + plain.std() * generator.normal(size=count)
    scores = np.stack([noisy, np.full(count, 3.0)], axis=1)
    return Candidates(space="river", choices=choices, proxies=("jacov", "flat"), scores=scores), plain


def test_smoothing_by_decisions_averages_the_noise_of_a_proxy_out() -> None:
    candidates, plain = noisy_candidates(300)
    features = read_features(candidates, ("flat", "jacov", "missing"))
    assert metrics.spearman(features.scores[:, 1], plain) < 0.8
    assert metrics.spearman(features.smoothed[:, 1], plain) > 0.95
    assert not features.smoothed[:, [0, 2]].any()
    assert features.weighed.shape == (300, 6)
    assert features.subset(np.arange(7)).smoothed == pytest.approx(features.smoothed[:7])


def test_few_candidates_with_many_decisions_are_smoothed_without_complaint() -> None:
    candidates, _ = noisy_candidates(2)
    features = read_features(candidates, ("jacov",))
    assert np.all(np.isfinite(features.weighed))


def test_trained_networks_keep_their_order_and_distances_and_have_no_unit() -> None:
    accuracy = np.array([10.0, 90.0, 91.0, 91.0, 94.0, 93.9])
    found = normal_accuracies(accuracy)
    assert np.array_equal(np.argsort(found, kind="stable"), np.argsort(accuracy, kind="stable"))
    assert normal_accuracies(accuracy / 100.0 - 3.0) == pytest.approx(found)
    assert found[4] - found[5] < 0.1 * (found[5] - found[2])
    assert found.mean() == pytest.approx(0.0)
    assert found.std() == pytest.approx(normal_ranks(accuracy).std())


@pytest.mark.parametrize("accuracy", [np.array([70.0]), np.full(3, 70.0)])
def test_networks_that_reach_the_same_are_all_in_the_middle(accuracy: np.ndarray) -> None:
    assert not normal_accuracies(accuracy).any()


def test_most_networks_alike_do_not_put_one_that_differs_out_of_reach() -> None:
    found = normal_accuracies(np.array([70.0] * 9 + [70.1]))
    assert np.all(np.isfinite(found))
    assert found.std() == pytest.approx(normal_ranks(np.array([70.0] * 9 + [70.1])).std())

"""Posteriors are weighed by what was observed."""

from __future__ import annotations

import numpy as np
import pytest
from predictor.accuracy.tasks import make_task, sources

from edgeprof_predictor.accuracy.default import DefaultAccuracy
from edgeprof_predictor.accuracy.features import normal_ranks, read_features
from edgeprof_predictor.accuracy.mixture import Mixture
from edgeprof_predictor.accuracy.target import TargetPosterior
from edgeprof_predictor.accuracy.task import AccuracyTask, Trained
from edgeprof_predictor.accuracy.weight_prior import learn_weight_prior


def posteriors(task: AccuracyTask) -> tuple[TargetPosterior, ...]:
    """Return the posteriors of a task: under the lowest noise, by how much they take from the tasks of its space."""
    method = DefaultAccuracy.fit_sources(sources(), seed=0)
    found = method.sources.at(read_features(task.candidates, method.proxies))
    return found[:: len(method.sources.beliefs.noises)]


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_no_posterior_is_scored_on_what_it_or_another_placed(sign: float) -> None:
    task = make_task("river/planes", seed=9)
    parts = posteriors(task)
    indices = np.arange(12)
    trained = Trained(indices=indices, accuracy=sign * task.accuracy[indices])
    first, last = Mixture(parts).predict(trained), Mixture(parts[::-1]).predict(trained)
    assert first.mean == pytest.approx(last.mean)
    assert first.sd == pytest.approx(last.sd)


def test_a_task_that_its_space_expects_is_predicted_by_its_space_and_a_contrary_one_is_not() -> None:
    task = make_task("river/planes", seed=9)
    parts = posteriors(task)
    indices = np.arange(12)
    by_sign = []
    for sign in (1.0, -1.0):
        trained = Trained(indices=indices, accuracy=sign * task.accuracy[indices])
        mean = Mixture(parts).predict(trained).mean
        most, least = (Mixture([part]).predict(trained).mean for part in (parts[0], parts[-1]))
        by_sign.append(float(np.abs(mean - most).mean() - np.abs(mean - least).mean()))
    assert by_sign[0] < 0 < by_sign[1]


def test_networks_that_are_predicted_worse_than_expected_widen_all_deviations() -> None:
    task = make_task("river/planes", seed=9)
    part = posteriors(task)[0]
    indices = np.arange(12)
    as_expected, contrary = part.mean[indices], -2.0 * part.mean[indices]
    assert np.all(part.learn(indices, contrary)[1] > 1.5 * part.learn(indices, as_expected)[1])


def test_a_proxy_that_tasks_agree_on_gets_a_mean_and_one_that_they_dispute_a_variance() -> None:
    weights = ((1.0, 0.8, 0.0), (1.0, -0.8, 0.0), (1.0, 0.8, 0.0), (1.0, -0.8, 0.0))
    tasks = [make_task(f"space{seed}/x", weights=w, seed=seed) for seed, w in enumerate(weights)]
    features = [read_features(task.candidates, task.candidates.proxies) for task in tasks]
    prior = learn_weight_prior(features, [normal_ranks(task.accuracy) for task in tasks], weight_count=6, variance=0.05)
    assert prior.mean[0] > 0.4
    assert abs(prior.mean[1]) < 0.1
    assert prior.covariance[1, 1] > 2.0 * prior.covariance[0, 0]


def test_without_another_space_nothing_is_known_of_weights() -> None:
    prior = learn_weight_prior([], [], weight_count=2, variance=0.05)
    assert not prior.mean.any()
    assert prior.covariance == pytest.approx(0.05 * np.eye(2))

from __future__ import annotations

import numpy as np
import pytest
from predictor.accuracy.tasks import make_task, sources

from edgeprof_predictor import metrics
from edgeprof_predictor.accuracy.base import AccuracyPrediction
from edgeprof_predictor.accuracy.default import DefaultAccuracy
from edgeprof_predictor.accuracy.task import AccuracyTask, Candidates, Trained
from edgeprof_predictor.errors import SampleCountError, TableError


@pytest.fixture(scope="module")
def method() -> DefaultAccuracy:
    return DefaultAccuracy.fit_sources(sources(), seed=0)


def trained_on(task: AccuracyTask, indices: np.ndarray) -> Trained:
    return Trained(indices=indices, accuracy=task.accuracy[indices])


def predict(method: DefaultAccuracy, task: AccuracyTask, count: int) -> tuple[AccuracyPrediction, Trained]:
    predictor = method.predictor_for(task.candidates)
    trained = trained_on(task, predictor.choose(count, trained=Trained.none(), seed=0))
    return predictor.predict(trained, seed=0), trained


@pytest.mark.parametrize("name", ["river/planes", "sea/birds"])
def test_a_task_is_ranked_before_anything_is_trained_and_better_with_ten(method: DefaultAccuracy, name: str) -> None:
    task = make_task(name, seed=9)
    before, _ = predict(method, task, 0)
    after, trained = predict(method, task, 10)
    assert before.is_relative
    assert not after.is_relative
    rest = np.setdiff1d(np.arange(task.candidates.count), trained.indices)
    assert metrics.spearman(task.accuracy, before.accuracy) > 0.7
    assert metrics.spearman(task.accuracy[rest], after.accuracy[rest]) > 0.85
    inside = metrics.interval_coverage(task.accuracy[rest], after.lower[rest], after.upper[rest])
    assert 0.75 <= inside <= 1.0


def test_choosing_one_at_a_time_names_others_than_those_trained(method: DefaultAccuracy) -> None:
    task = make_task("sea/birds", seed=3)
    predictor = method.predictor_for(task.candidates)
    together = predictor.choose(6, trained=Trained.none(), seed=0)
    trained = Trained.none()
    for _ in range(6):
        (index,) = predictor.choose(1, trained=trained, seed=0)
        trained = trained.joined(int(index), float(task.accuracy[index]))
    assert trained.indices.tolist() == together.tolist()
    with pytest.raises(SampleCountError, match="84 candidates are left"):
        predictor.choose(85, trained=trained, seed=0)


def test_predictions_do_not_depend_on_the_unit_of_accuracy(method: DefaultAccuracy) -> None:
    task = make_task("sea/birds", seed=4)
    scaled = AccuracyTask(name=task.name, candidates=task.candidates, accuracy=task.accuracy / 100.0 - 3.0)
    percent, _ = predict(method, task, 8)
    share, _ = predict(method, scaled, 8)
    assert share.accuracy == pytest.approx(percent.accuracy / 100.0 - 3.0)
    assert share.upper == pytest.approx(percent.upper / 100.0 - 3.0)


def test_a_factor_on_intervals_widens_them_and_moves_no_accuracy(method: DefaultAccuracy) -> None:
    task = make_task("sea/birds", seed=4)
    predictor = method.predictor_for(task.candidates)
    trained = trained_on(task, np.arange(10))
    plain, wide = (part.predict(trained, seed=0) for part in (predictor, predictor.with_interval_factor(2.0)))
    assert np.array_equal(wide.accuracy, plain.accuracy)
    assert np.all((wide.lower < plain.lower) & (wide.upper > plain.upper))


def test_networks_that_all_reach_the_same_only_rank(method: DefaultAccuracy) -> None:
    task = make_task("sea/birds", seed=5)
    prediction = method.predictor_for(task.candidates).predict(
        Trained(indices=np.arange(3), accuracy=np.full(3, 50.0)), seed=0
    )
    assert prediction.is_relative


def test_a_task_that_contradicts_all_sources_is_told_and_an_ordinary_one_is_not(method: DefaultAccuracy) -> None:
    ordinary = make_task("sea/birds", seed=6)
    odd = AccuracyTask(name="sea/odd", candidates=ordinary.candidates, accuracy=-ordinary.accuracy)
    for task, is_odd in ((ordinary, False), (odd, True)):
        predictor = method.predictor_for(task.candidates)
        trained = trained_on(task, predictor.choose(10, trained=Trained.none(), seed=0))
        assert (predictor.warning(trained) is not None) == is_odd
        assert predictor.warning(Trained.none()) is None


def test_candidates_without_a_known_proxy_are_predicted_by_decisions_and_told(method: DefaultAccuracy) -> None:
    task = make_task("river/planes", seed=7)
    bare = Candidates(
        space="river", choices=task.candidates.choices, proxies=("mine",), scores=task.candidates.scores[:, :1]
    )
    predictor = method.predictor_for(bare)
    trained = trained_on(task, predictor.choose(10, trained=Trained.none(), seed=0))
    assert "no proxy" in str(predictor.warning(trained))
    assert metrics.spearman(task.accuracy, predictor.predict(trained, seed=0).accuracy) > 0.2


def test_missing_infinite_and_constant_scores_change_little(method: DefaultAccuracy) -> None:
    task = make_task("sea/birds", seed=8)
    scores = task.candidates.scores.copy()
    scores[0, 0], scores[1, 0], scores[2, 1] = np.nan, np.inf, -np.inf
    scores[:, 2] = 7.0
    candidates = Candidates(
        space="sea", choices=task.candidates.choices, proxies=task.candidates.proxies, scores=scores
    )
    prediction, _ = predict(method, AccuracyTask(name="sea/x", candidates=candidates, accuracy=task.accuracy), 10)
    assert np.all(np.isfinite(prediction.accuracy))
    assert metrics.spearman(task.accuracy, prediction.accuracy) > 0.75


def test_without_sources_or_with_other_decisions_in_one_space_it_says_so(method: DefaultAccuracy) -> None:
    with pytest.raises(TableError, match="there is none"):
        DefaultAccuracy.fit_sources([], seed=0)
    task = make_task("river/planes", seed=1)
    shorter = Candidates(
        space="river", choices=task.candidates.choices[:, :3], proxies=(), scores=np.zeros((task.candidates.count, 0))
    )
    with pytest.raises(TableError, match="5 decisions in one task and 3 in another"):
        method.predictor_for(shorter)


def test_the_same_seed_gives_the_same_prediction() -> None:
    task = make_task("sea/birds", seed=2, count=40)
    first, second = (
        DefaultAccuracy.fit_sources(sources()[:2], seed=3).predictor_for(task.candidates) for _ in range(2)
    )
    trained = trained_on(task, np.arange(5))
    assert np.array_equal(first.predict(trained, seed=0).accuracy, second.predict(trained, seed=0).accuracy)

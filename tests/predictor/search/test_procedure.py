from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from predictor.search.world import LateUpperConfidenceBound, accuracy_task, adapted, truth

from edgeprof_predictor.accuracy.registry import get_accuracy_method
from edgeprof_predictor.accuracy.task import AccuracyTask
from edgeprof_predictor.errors import JournalError, NothingKeepsLimitError, SearchError, TrainingError
from edgeprof_predictor.methods.default.method import DefaultMethod
from edgeprof_predictor.methods.default.predictor import DefaultPredictor
from edgeprof_predictor.samples import Samples
from edgeprof_predictor.search.guides import (
    ExpectedImprovement,
    Guide,
    RandomSearch,
    TopPredicted,
)
from edgeprof_predictor.search.latency import JoinedPosterior, MeasuredLatency, PlatformPosterior
from edgeprof_predictor.search.pool import GrowingPool
from edgeprof_predictor.search.procedure import Budget, Search, TrainFunction
from edgeprof_predictor.search.state import SearchState
from edgeprof_predictor.search.tables import TableLookup
from edgeprof_predictor.spaces import Architecture, FloatArray, SearchSpace, get_space
from edgeprof_predictor.tables.latency_table import LatencyTable

Run = Callable[..., Search]


@pytest.fixture(scope="module")
def task(world: LatencyTable, space: SearchSpace) -> AccuracyTask:
    return accuracy_task(world, space)


@pytest.fixture(scope="module")
def lookup(task: AccuracyTask, space: SearchSpace) -> TableLookup:
    return TableLookup(task, space)


@pytest.fixture(scope="module")
def platform(method: DefaultMethod, world: LatencyTable) -> DefaultPredictor:
    return adapted(method, world)


@pytest.fixture(scope="module")
def meter(lookup: TableLookup, world: LatencyTable) -> Callable[[str], MeasuredLatency]:
    latency_ms = dict(zip(lookup.pool.architectures, truth(world).tolist(), strict=True))
    return lambda text: MeasuredLatency(latency_ms=latency_ms[text])


def ridge(guide: type[LateUpperConfidenceBound] | type[ExpectedImprovement] | type[TopPredicted]) -> Guide:
    return guide(get_accuracy_method("ridge-zcp").fit_sources((), seed=0))


def search(
    lookup: TableLookup,
    state: SearchState | None = None,
    *,
    train: TrainFunction | None = None,
    count: int = 12,
    **more: object,
) -> Search:
    budget = more.pop("budget", Budget(training_count=count, measurement_count=30))
    guide = more.pop("guide", ridge(LateUpperConfidenceBound))
    return Search(lookup.pool, guide, train or lookup, state or SearchState(None, {}), budget=budget, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("guide", [LateUpperConfidenceBound, ExpectedImprovement, TopPredicted])
def test_a_guide_finds_better_networks_than_chance(
    guide: type[LateUpperConfidenceBound], lookup: TableLookup, task: AccuracyTask
) -> None:
    guided = search(lookup, guide=ridge(guide), count=25).run()
    by_chance = [search(lookup, guide=RandomSearch(), count=25, seed=seed).run() for seed in range(3)]
    assert len(guided.trained) == 25
    assert guided.chosen.accuracy == max(found.accuracy for found in guided.trained if found.accuracy)
    assert (guided.chosen.accuracy or 0.0) > max(result.chosen.accuracy or 0.0 for result in by_chance)


@pytest.mark.parametrize("share", [0.1, 0.5])
def test_an_answer_keeps_the_limit_and_is_measured(
    share: float,
    lookup: TableLookup,
    platform: DefaultPredictor,
    world: LatencyTable,
    meter: Callable[[str], MeasuredLatency],
) -> None:
    limit_ms = float(np.quantile(truth(world), share))
    result = search(lookup, latency=PlatformPosterior(platform), limit_ms=limit_ms, meter=meter).run()
    assert result.chosen.is_measured
    assert meter(result.chosen.architecture).latency_ms <= limit_ms
    assert result.measurement_count <= 30
    assert all(found.keeps_limit for found in result.front)
    accuracies = [found.accuracy for found in result.front]
    assert accuracies == sorted(accuracies, key=lambda value: value or 0.0)


def test_the_slowest_of_several_platforms_counts_and_the_device_is_asked_once(
    lookup: TableLookup,
    platform: DefaultPredictor,
    method: DefaultMethod,
    world: LatencyTable,
    meter: Callable[[str], MeasuredLatency],
) -> None:
    other = method.adapt(Samples.of(world.choices[:4], 2.0 * truth(world)[:4]), seed=0)
    asked: list[str] = []

    def measure(text: str) -> MeasuredLatency:
        asked.append(text)
        return meter(text)

    posterior = JoinedPosterior([PlatformPosterior(platform), PlatformPosterior(other)])
    limit_ms = 2.0 * float(np.quantile(truth(world), 0.5))
    result = search(lookup, latency=posterior, limit_ms=limit_ms, meter=measure, count=3).run()
    assert len(asked) == len(set(asked)) == result.measurement_count
    assert result.chosen.keeps_limit
    slower = other.predict(world.choices).latency_ms
    assert result.chosen.latency_ms == pytest.approx(slower[lookup.pool.index(result.chosen.architecture)])


def test_weights_must_be_as_many_as_platforms(platform: DefaultPredictor) -> None:
    with pytest.raises(SearchError, match="as many weights"):
        JoinedPosterior([PlatformPosterior(platform)], (0.5, 0.5))


def test_without_a_device_only_an_interval_within_the_limit_counts(
    lookup: TableLookup, platform: DefaultPredictor, world: LatencyTable
) -> None:
    limit_ms = float(np.quantile(truth(world), 0.5))
    result = search(lookup, latency=PlatformPosterior(platform), limit_ms=limit_ms).run()
    assert all((found.upper_ms or np.inf) <= limit_ms for found in result.trained)
    assert result.measurement_count == 0


def test_a_limit_that_nothing_keeps_names_the_fastest_known(
    lookup: TableLookup,
    platform: DefaultPredictor,
    world: LatencyTable,
    meter: Callable[[str], MeasuredLatency],
) -> None:
    limit_ms = 0.5 * float(truth(world).min())
    for device in (None, meter):
        with pytest.raises(NothingKeepsLimitError, match="fastest known is"):
            search(lookup, latency=PlatformPosterior(platform), limit_ms=limit_ms, meter=device).run()


def test_without_trainings_the_predictor_alone_chooses(
    lookup: TableLookup,
    platform: DefaultPredictor,
    world: LatencyTable,
    meter: Callable[[str], MeasuredLatency],
) -> None:
    limit_ms = float(np.quantile(truth(world), 0.5))
    result = search(lookup, count=0, latency=PlatformPosterior(platform), limit_ms=limit_ms, meter=meter).run()
    assert result.chosen.accuracy is None
    assert result.chosen.is_measured
    assert result.chosen.keeps_limit


def test_a_network_that_the_device_cannot_run_is_no_answer(
    lookup: TableLookup, platform: DefaultPredictor, world: LatencyTable
) -> None:
    limit_ms = float(np.quantile(truth(world), 0.5))
    refusing = search(
        lookup,
        latency=PlatformPosterior(platform),
        limit_ms=limit_ms,
        meter=lambda text: "an operator is missing",
        count=3,
    )
    with pytest.raises(NothingKeepsLimitError):
        refusing.run()


def test_measurements_narrow_the_intervals_of_others(platform: DefaultPredictor, world: LatencyTable) -> None:
    before = PlatformPosterior(platform)
    measured = [MeasuredLatency(latency_ms=value) for value in truth(world)[20:40]]
    after = before.learn(world.choices[20:40], measured)
    rest, latency_ms = world.choices[40:], truth(world)[40:]

    def error(posterior: PlatformPosterior) -> float:
        return float(np.median(np.abs(np.log(posterior.predict(rest).latency_ms / latency_ms))))

    assert error(after) < error(before)
    assert after.is_measured(world.choices[20:40]).all()
    np.testing.assert_allclose(after.predict(world.choices[20:40]).upper_ms, truth(world)[20:40])


def test_a_training_that_raises_ends_the_run_once_and_is_then_left_out(lookup: TableLookup, tmp_path: Path) -> None:
    whole = search(lookup, count=8).run()
    bad = whole.trained[5].architecture

    def train(text: str) -> float:
        if text == bad:
            raise RuntimeError("out of\nmemory")
        return lookup(text)

    path = tmp_path / "state"
    with pytest.raises(TrainingError, match="RuntimeError: out of memory") as caught:
        search(lookup, SearchState(path, {}), train=train, count=8).run()
    assert bad in str(caught.value)
    assert len(SearchState(path, {}).accuracies) == 5
    result = search(lookup, SearchState(path, {}), train=train, count=8).run()
    assert len(result.trained) == 8
    assert bad not in {found.architecture for found in result.trained}
    assert result.failures == {bad: "RuntimeError: out of memory"}


def test_an_accuracy_that_is_no_number_is_a_failure(lookup: TableLookup) -> None:
    with pytest.raises(TrainingError, match="accuracy is nan"):
        search(lookup, train=lambda text: float("nan"), count=2).run()


def test_more_budget_goes_on_from_what_is_known(lookup: TableLookup, tmp_path: Path) -> None:
    trained: list[str] = []

    def train(text: str) -> float:
        trained.append(text)
        return lookup(text)

    first = search(lookup, SearchState(tmp_path / "state", {}), train=train, count=6).run()
    second = search(lookup, SearchState(tmp_path / "state", {}), train=train, count=9).run()
    assert len(trained) == len(set(trained)) == 9
    assert second.trained[:6] == first.trained


def test_the_state_of_another_search_is_refused(lookup: TableLookup, tmp_path: Path) -> None:
    search(lookup, SearchState(tmp_path / "state", {"search space": "fbnet"}), count=1).run()
    with pytest.raises(JournalError, match="another search space"):
        SearchState(tmp_path / "state", {"search space": "nasbench201"})


def test_a_limit_needs_to_know_latencies(lookup: TableLookup, platform: DefaultPredictor) -> None:
    with pytest.raises(SearchError, match="profile"):
        search(lookup, limit_ms=5.0)
    with pytest.raises(SearchError, match="above 0"):
        search(lookup, latency=PlatformPosterior(platform), limit_ms=0.0)


SEARCH_THAT_KILLS_ITSELF = """
import os, signal, sys
from pathlib import Path
from predictor.search.test_procedure import fbnet_search

def train(text, state):
    if len(state.accuracies) == 4:
        os.kill(os.getpid(), signal.SIGKILL)

fbnet_search(Path(sys.argv[1]), train).run()
"""


def fbnet_search(path: Path, on_training: Callable[[str, SearchState], None]) -> Search:
    """A search of a space too large to walk through: candidates are drawn, and neighbours of leaders join them."""
    space, state = get_space("fbnet"), SearchState(path, {})

    def scores(architectures: Sequence[Architecture]) -> FloatArray:
        costs = space.costs(space.choices(architectures))
        assert costs is not None
        return costs.totals[:, :2]

    def train(text: str) -> float:
        on_training(text, state)
        return float(sum(space.parse(text).choices))

    pool = GrowingPool(space, proxies=("flops", "params"), source=scores, state=state, count=60, seed=0)
    return Search(pool, ridge(LateUpperConfidenceBound), train, state, budget=Budget(training_count=9, batch_count=3))


def test_a_kill_loses_nothing_and_the_search_goes_on_as_if_there_was_none(tmp_path: Path) -> None:
    command = [sys.executable, "-c", SEARCH_THAT_KILLS_ITSELF, str(tmp_path / "killed")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[2]), *sys.path])}
    assert subprocess.run(command, env=environment, check=False).returncode == -signal.SIGKILL
    trained: list[str] = []
    resumed = fbnet_search(tmp_path / "killed", lambda text, _: trained.append(text)).run()
    whole = fbnet_search(tmp_path / "whole", lambda text, _: None).run()
    assert resumed.trained == whole.trained
    assert trained == [found.architecture for found in whole.trained[4:]]
    draws = SearchState(tmp_path / "killed", {}).candidates
    assert len(draws) == 3
    assert len(draws[1][0]) == 3

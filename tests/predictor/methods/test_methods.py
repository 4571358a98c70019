from __future__ import annotations

import numpy as np
import pytest

from edgeprof_predictor import metrics
from edgeprof_predictor.errors import EncodingError, TableError, UnknownMethodError
from edgeprof_predictor.evaluation import Protocol, evaluate
from edgeprof_predictor.methods.base import Prediction
from edgeprof_predictor.methods.baselines.flops import Flops
from edgeprof_predictor.methods.multi_predict.method import MultiPredict
from edgeprof_predictor.methods.registry import METHOD_NAMES, get_method
from edgeprof_predictor.networks.hyperparameters import TransferHyperparameters
from edgeprof_predictor.samples import Samples
from edgeprof_predictor.spaces import CategoricalSpace, SearchSpace
from edgeprof_predictor.tables.latency_table import LatencyTable

SOURCES = tuple(f"source_{index}" for index in range(6))
UNSEEN = ("unseen_0", "unseen_1")


@pytest.mark.parametrize("name", METHOD_NAMES)
def test_a_method_is_found_by_its_own_name(name: str) -> None:
    assert get_method(name).name == name


def test_an_unknown_method_is_answered_with_the_known_ones() -> None:
    with pytest.raises(UnknownMethodError, match=f"'oracles'.*{', '.join(METHOD_NAMES)}"):
        get_method("oracles")


@pytest.fixture(scope="module")
def multi_predict(space: SearchSpace, world: LatencyTable, quick: TransferHyperparameters) -> MultiPredict:
    return MultiPredict.fit_sources(space, world.select(SOURCES), seed=0, hyperparameters=quick)


@pytest.mark.parametrize("count", [0, 1, 2, 10])
def test_the_papers_method_predicts_with_any_number_of_samples(
    multi_predict: MultiPredict, world: LatencyTable, count: int
) -> None:
    samples = Samples.of(world.choices[:count], world.latencies_of(UNSEEN[0])[:count])
    predictor = multi_predict.adapt(samples, seed=0)
    prediction = predictor.predict(world.choices)
    assert prediction.is_relative == (count == 0)
    assert (predictor.source_platform in SOURCES) == (count >= 2)
    if count == 10:
        assert metrics.spearman(world.latencies_of(UNSEEN[0]), prediction.latency_ms) > 0.7


@pytest.mark.parametrize("count", [0, 1, 2, 3, 10])
def test_flops_keep_their_order_with_any_number_of_samples(space: SearchSpace, world: LatencyTable, count: int) -> None:
    method = Flops.fit_sources(space, world, seed=0)
    samples = Samples.of(world.choices[:count], world.latencies_of(UNSEEN[0])[:count])
    predicted = method.adapt(samples, seed=0).predict(world.choices).latency_ms
    assert metrics.spearman(method.flops(world.choices), predicted) > 0.999


def test_flops_need_a_space_with_costs(world: LatencyTable) -> None:
    with pytest.raises(EncodingError, match="knows no costs"):
        Flops.fit_sources(CategoricalSpace("table", (5,) * 6), world, seed=0)


def test_an_interval_that_misses_its_latency_is_refused() -> None:
    one = np.ones(1)
    with pytest.raises(EncodingError, match="enclose"):
        Prediction(latency_ms=one, lower_ms=2 * one, upper_ms=3 * one)


def protocol(**changes: object) -> Protocol:
    fields = {
        "train": SOURCES,
        "test": UNSEEN,
        "sample_counts": (0, 4),
        "seeds": (0, 1),
        "pretrain_samples": 100,
        "methods": (Flops,),
    }
    return Protocol(**(fields | changes))  # type: ignore[arg-type]


def test_an_evaluation_scores_every_method_platform_count_and_seed(space: SearchSpace, world: LatencyTable) -> None:
    scores = list(evaluate(space, world, protocol()))
    assert [(score.platform, score.sample_count, score.seed) for score in scores] == [
        (platform, count, seed) for seed in (0, 1) for platform in UNSEEN for count in (0, 4)
    ]
    for score in scores:
        assert np.isnan(score.median_ape) == (score.sample_count == 0)
        assert score.spearman > 0.3
        assert score.as_row()["method"] == "flops"


def test_a_platform_in_train_and_test_is_refused() -> None:
    with pytest.raises(TableError, match="not for both: source_0"):
        protocol(test=("source_0",))


def test_a_table_with_fewer_architectures_than_asked_for_is_refused(space: SearchSpace, world: LatencyTable) -> None:
    with pytest.raises(TableError, match="500 architectures, the protocol needs 501"):
        list(evaluate(space, world, protocol(pretrain_samples=501)))

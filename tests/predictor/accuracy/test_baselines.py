from __future__ import annotations

import numpy as np
import pytest
from predictor.accuracy.tasks import make_task, sources

from edgeprof_predictor import metrics
from edgeprof_predictor.accuracy.registry import ACCURACY_METHOD_NAMES, get_accuracy_method
from edgeprof_predictor.accuracy.task import Trained
from edgeprof_predictor.errors import SampleCountError, TableError, UnknownMethodError

TARGET = make_task("sea/birds", seed=11)
PLAIN = [name for name in ACCURACY_METHOD_NAMES if name not in ("default", "brp-nas")]


@pytest.mark.parametrize("name", PLAIN)
def test_a_method_ranks_with_what_it_reads_and_draws_the_same_samples_as_the_others(name: str) -> None:
    method = get_accuracy_method(name).fit_sources(sources()[:1], seed=0)
    predictor = method.predictor_for(TARGET.candidates)
    chosen = predictor.choose(20, trained=Trained.none(), seed=5)
    ridge = get_accuracy_method("ridge-zcp").fit_sources([], seed=0).predictor_for(TARGET.candidates)
    assert np.array_equal(chosen, ridge.choose(20, trained=Trained.none(), seed=5))
    prediction = predictor.predict(Trained(indices=chosen, accuracy=TARGET.accuracy[chosen]), seed=0)
    rest = np.setdiff1d(np.arange(TARGET.candidates.count), chosen)
    least = 0.2 if method.encoding == "vec" else 0.6
    assert metrics.spearman(TARGET.accuracy[rest], prediction.accuracy[rest]) > least
    assert np.all(prediction.lower < prediction.upper)


@pytest.mark.parametrize("name", ["transfer-ridge", "transfer-zcp"])
def test_one_source_ranks_without_samples_and_several_are_refused(name: str) -> None:
    method = get_accuracy_method(name)
    prediction = (
        method.fit_sources(sources()[:1], seed=0).predictor_for(TARGET.candidates).predict(Trained.none(), seed=0)
    )
    assert prediction.is_relative
    assert metrics.spearman(TARGET.accuracy, prediction.accuracy) > 0.5
    with pytest.raises(TableError, match="from one source to the target, got 3"):
        method.fit_sources(sources(), seed=0)


def test_a_graph_network_learns_the_decisions_of_a_few_networks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edgeprof_predictor.networks.graph_training.FEW_SAMPLES_STEP_COUNT", 20)
    predictor = get_accuracy_method("brp-nas").fit_sources([], seed=0).predictor_for(TARGET.candidates)
    prediction = predictor.predict(Trained(indices=np.arange(30), accuracy=TARGET.accuracy[:30]), seed=0)
    assert metrics.spearman(TARGET.accuracy[30:], prediction.accuracy[30:]) > 0.1


def test_more_samples_than_candidates_and_an_unknown_method_are_refused() -> None:
    predictor = get_accuracy_method("ridge-zcp").fit_sources([], seed=0).predictor_for(TARGET.candidates)
    with pytest.raises(SampleCountError, match="90 candidates are left"):
        predictor.choose(91, trained=Trained.none(), seed=0)
    with pytest.raises(UnknownMethodError, match=r"no accuracy predictor 'guess'.*brp-nas, default"):
        get_accuracy_method("guess")

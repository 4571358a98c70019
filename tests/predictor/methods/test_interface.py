"""What every baseline and variant must do, on a small space."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from predictor.methods.tables import SPACE, table

from edgeprof_predictor.errors import SampleCountError
from edgeprof_predictor.methods.base import Method
from edgeprof_predictor.methods.baselines.brp_nas import BrpNasLatency
from edgeprof_predictor.methods.baselines.help import MetaHyperparameters
from edgeprof_predictor.methods.registry import get_method
from edgeprof_predictor.metrics import spearman
from edgeprof_predictor.networks.graph_network import GraphHyperparameters
from edgeprof_predictor.networks.hyperparameters import HARDWARE_TRANSFER
from edgeprof_predictor.samples import Samples
from edgeprof_predictor.spaces import get_space

QUICK_TRANSFER = replace(HARDWARE_TRANSFER, source_epochs=15, source_learning_rate=0.004)
SETTINGS: dict[str, dict[str, Any]] = {
    "maple": {"hyperparameters": QUICK_TRANSFER},
    "multi-predict": {"hyperparameters": QUICK_TRANSFER},
    "help": {"hyperparameters": MetaHyperparameters(episodes=80, tasks=4, layer_width=20, meta_learning_rate=0.003)},
    "multi-predict-index": {"hyperparameters": QUICK_TRANSFER},
    "multi-predict-sample": {"hyperparameters": QUICK_TRANSFER},
    "multi-predict-mean": {"hyperparameters": QUICK_TRANSFER},
    "multi-predict-random": {"hyperparameters": QUICK_TRANSFER},
    "multi-predict-gcn": {"hyperparameters": QUICK_TRANSFER},
}
NAMES = ("boosting", "brp-nas", "layerwise", "nearest", "ridge", "scratch-vec", *SETTINGS)
TARGET = "platform_2"


@pytest.fixture(scope="module", params=NAMES)
def method(request: pytest.FixtureRequest) -> Method:
    name = request.param
    sources = table().select([platform for platform in table().platforms if platform != TARGET])
    method_class: Any = get_method(name)
    if name == "brp-nas":

        class SmallBrpNas(BrpNasLatency):
            hyperparameters = GraphHyperparameters(graph_width=64, graph_depth=2, layer_widths=(64, 1))
            most_epochs = 200

        method_class = SmallBrpNas
    fitted: Method = method_class.fit_sources(SPACE, sources, seed=0, **SETTINGS.get(name, {}))
    return fitted


def _samples(method: Method, count: int) -> Samples:
    known = table()
    chosen = method.choose_samples(known.choices, count, measured=Samples.none(SPACE), seed=0)
    assert len(set(chosen.tolist())) == count
    return Samples.of(known.choices[chosen], known.latencies_of(TARGET)[chosen])


def test_many_samples_let_every_method_rank_the_platform(method: Method) -> None:
    predictor = method.adapt(_samples(method, 60), seed=0)
    prediction = predictor.predict(table().choices)
    assert not prediction.is_relative
    assert spearman(table().latencies_of(TARGET), prediction.latency_ms) > 0.8
    assert 0.0 < predictor.expected_error < 1.0


@pytest.mark.parametrize("count", [0, 1, 2, 5])
def test_few_samples_or_none_give_a_prediction(method: Method, count: int) -> None:
    prediction = method.adapt(_samples(method, count), seed=0).predict(table().choices[:7])
    assert prediction.latency_ms.shape == (7,)
    assert prediction.is_relative is (count == 0)


def test_equal_samples_are_no_obstacle(method: Method) -> None:
    samples = _samples(method, 4)
    prediction = method.adapt(Samples.of(samples.choices, np.full(4, 7.0)), seed=0).predict(table().choices)
    assert np.all(np.isfinite(prediction.upper_ms))


def test_the_same_seed_gives_the_same_prediction(method: Method) -> None:
    samples = _samples(method, 5)
    first, second = (method.adapt(samples, seed=3).predict(table().choices).latency_ms for _ in range(2))
    assert np.array_equal(first, second)


def test_more_samples_than_candidates_are_refused(method: Method) -> None:
    with pytest.raises(SampleCountError, match="cannot choose 4 of 3"):
        method.choose_samples(table().choices[:3], 4, measured=Samples.none(SPACE), seed=0)


def test_parameters_rank_networks_before_anything_is_measured() -> None:
    space = get_space("nasbench201")
    choices = space.choices(
        [
            space.parse("|skip_connect~0|+|none~0|none~1|+|none~0|none~1|skip_connect~2|"),
            space.parse("|nor_conv_3x3~0|+|none~0|nor_conv_3x3~1|+|nor_conv_3x3~0|none~1|nor_conv_3x3~2|"),
        ]
    )
    from edgeprof_predictor.methods.baselines.parameters import Parameters

    method = Parameters(space, ())
    small, large = method.adapt(Samples.none(space), seed=0).predict(choices).latency_ms
    assert small < large
    scaled = method.adapt(Samples.of(choices, np.array([2.0, 10.0])), seed=0).predict(choices).latency_ms
    assert scaled == pytest.approx([2.0, 10.0])

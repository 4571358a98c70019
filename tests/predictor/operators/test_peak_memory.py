from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from predictor.operators.drawn import drawn_networks

from edgeprof_predictor._profile_file import read_parts
from edgeprof_predictor.errors import OperatorModelError, ProfileError
from edgeprof_predictor.operators.graph import Graph, Node, Tensor
from edgeprof_predictor.operators.hyperparameters import Hyperparameters
from edgeprof_predictor.operators.live_memory import LiveMemory, live_memory_of
from edgeprof_predictor.operators.networks import MeasuredNetwork
from edgeprof_predictor.operators.peak_memory import LEVEL_BYTES, MeasuredMemory, PeakMemoryModel
from edgeprof_predictor.operators.profile import OperatorProfile
from edgeprof_predictor.profile_file import ProfileFile

ENGINE_BYTES = 50e6
FACTORS = (2.0, 3.0, 1.2, 1.6)
SCATTER = 0.1


def drawn(count: int, seed: int) -> list[MeasuredMemory]:
    """Networks of an engine with these factors, each with an error of its own."""
    random = np.random.default_rng(seed)
    found = []
    for _ in range(count):
        parts = np.exp(random.uniform(11, 18, 3))
        model_bytes = float(np.array([LEVEL_BYTES, *parts]) @ FACTORS * np.exp(SCATTER * random.standard_normal()))
        need = LiveMemory.from_parts(parts.tolist())
        found.append(MeasuredMemory(need=need, engine_bytes=ENGINE_BYTES, model_bytes=model_bytes))
    return found


def test_level_and_factors_of_an_engine_are_learned_and_intervals_hold() -> None:
    model = PeakMemoryModel.fit(drawn(60, 0))
    assert model is not None
    assert np.exp(model.log_factors) == pytest.approx(FACTORS, rel=0.15)
    new = drawn(200, 1)
    predicted = [model.predict(one.need) for one in new]
    errors = [
        abs(guess.peak_bytes / (one.engine_bytes + one.model_bytes) - 1)
        for one, guess in zip(new, predicted, strict=True)
    ]
    assert np.median(errors) < 0.08
    inside = [
        guess.lower_bytes <= one.engine_bytes + one.model_bytes <= guess.upper_bytes
        for one, guess in zip(new, predicted, strict=True)
    ]
    assert 0.85 <= np.mean(inside) <= 0.99
    assert all(guess.peak_bytes == guess.engine_bytes + guess.model_bytes for guess in predicted)


def test_one_network_gives_a_wide_interval_and_none_gives_nothing() -> None:
    many, one = drawn(60, 0), drawn(1, 2)
    wide, narrow = PeakMemoryModel.fit(one), PeakMemoryModel.fit(many)
    assert wide is not None and narrow is not None
    need = many[0].need
    assert wide.predict(need).upper_bytes > narrow.predict(need).upper_bytes > narrow.predict(need).peak_bytes
    assert PeakMemoryModel.fit([]) is None
    nothing = dataclasses.replace(one[0], model_bytes=0.0)
    assert PeakMemoryModel.fit([nothing]) is None
    with pytest.raises(OperatorModelError, match="must be in"):
        dataclasses.replace(one[0], engine_bytes=float("nan"))


GRAPH = Graph(
    engine="onnxruntime",
    nodes=(
        Node(
            name="product",
            type="MatMul",
            inputs=(Tensor((8, 256)),),
            outputs=(Tensor((8, 256)),),
            weights=(Tensor((256, 256)),),
            sources=(-1,),
            window_us=(10.0,),
        ),
    ),
)


def profile_of(memory_bytes: tuple[float, float] | None) -> OperatorProfile:
    network = MeasuredNetwork.of_graph("own", GRAPH, 12.0, memory_bytes=memory_bytes)
    others = drawn_networks(Hyperparameters.initial(), 5, probes=4, models=1)
    return OperatorProfile.fit([*others, network], platform={"name": "pi"}, provenance={})


def test_a_profile_predicts_memory_from_its_file_and_says_nothing_where_none_was_reported(tmp_path: Path) -> None:
    profile = profile_of((ENGINE_BYTES, 40e6))
    before = profile.predict(GRAPH).memory
    assert before is not None and before.engine_bytes == ENGINE_BYTES
    assert before.lower_bytes < ENGINE_BYTES + 40e6 < before.upper_bytes
    profile.save(tmp_path / "pi.edgeprof")
    again = ProfileFile(tmp_path / "pi.edgeprof").operator_profile()
    assert again.predict(GRAPH).memory == before
    (kept,) = [network for network in again.model.networks if network.name == "own"]
    assert kept.memory is not None and kept.memory.need == live_memory_of(GRAPH)
    assert profile_of(None).predict(GRAPH).memory is None


def test_a_profile_without_stored_memory_model_learns_it_anew_and_a_damaged_one_is_refused(tmp_path: Path) -> None:
    profile = profile_of((ENGINE_BYTES, 40e6))
    profile.save(tmp_path / "pi.edgeprof")
    (part,) = read_parts(tmp_path / "pi.edgeprof")
    assert profile.memory is not None and part.document["memory"] == profile.memory.to_json()
    older = dataclasses.replace(part, document={"operators": part.document["operators"]})
    again = OperatorProfile.of_part(older, "pi.edgeprof")
    assert again.predict(GRAPH).memory == profile.predict(GRAPH).memory
    for change in ({"scatter": 0}, {"covariance": [1.0]}, {"log_factors": [0, 0, 0, 1e9]}, {"degrees": "many"}):
        memory = {**part.document["memory"], **change}
        with pytest.raises(ProfileError, match="onboard"):
            OperatorProfile.of_part(
                dataclasses.replace(part, document={**part.document, "memory": memory}), "pi.edgeprof"
            )

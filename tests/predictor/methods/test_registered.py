"""Methods of the registry as they onboard a device: kept in a profile, with intervals from left-out samples."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edgeprof_predictor import metrics
from edgeprof_predictor.errors import ProfileError
from edgeprof_predictor.methods.base import PlatformPredictor
from edgeprof_predictor.methods.baselines.brp_nas import BrpNasLatency
from edgeprof_predictor.methods.baselines.help import Help
from edgeprof_predictor.methods.baselines.scratch import Scratch
from edgeprof_predictor.methods.left_out import interval_log_sd, left_out_errors, predict_left_out, score_left_out
from edgeprof_predictor.methods.pair_network_method import PairNetworkMethod
from edgeprof_predictor.methods.pointwise import PointwisePredictor
from edgeprof_predictor.methods.registered import RegisteredMethod, RegisteredPredictor
from edgeprof_predictor.methods.registry import METHOD_NAMES
from edgeprof_predictor.networks.graph_network import GraphHyperparameters
from edgeprof_predictor.profile import Profile
from edgeprof_predictor.profile_file import ProfileFile
from edgeprof_predictor.samples import Samples
from edgeprof_predictor.spaces import SearchSpace
from edgeprof_predictor.tables.latency_table import LatencyTable

SOURCES = tuple(f"source_{index}" for index in range(6))
REGISTERED = [name for name in METHOD_NAMES if name not in ("default", "no-sources")]
"""All that an onboarding wraps; the other two onboard devices as they are."""


@pytest.fixture(autouse=True)
def brief(monkeypatch: pytest.MonkeyPatch) -> None:
    """Train for a moment only."""
    few = replace(PairNetworkMethod.hyperparameters, source_epochs=8, target_epochs=5, source_learning_rate=0.003)
    monkeypatch.setattr(PairNetworkMethod, "hyperparameters", few)
    monkeypatch.setattr(Help, "hyperparameters", replace(Help.hyperparameters, episodes=5, tasks=2))
    monkeypatch.setattr(Scratch, "hyperparameters", replace(Scratch.hyperparameters, source_epochs=5))
    monkeypatch.setattr(BrpNasLatency, "most_epochs", 2)
    small = GraphHyperparameters(graph_width=8, graph_depth=2, layer_widths=(8, 1))
    monkeypatch.setattr(BrpNasLatency, "hyperparameters", small)


def samples(world: LatencyTable, count: int) -> Samples:
    return Samples.of(world.choices[:count], world.latencies_of("unseen_0")[:count])


def adapted(name: str, space: SearchSpace, world: LatencyTable, count: int) -> RegisteredPredictor:
    sources = world.select(SOURCES).subset(range(60))
    return RegisteredMethod.fit(name, space, sources, seed=3).adapt(samples(world, count), seed=4)


@pytest.mark.parametrize("name", REGISTERED)
def test_a_profile_of_any_method_predicts_what_it_did_before_it_was_saved(
    name: str, space: SearchSpace, world: LatencyTable, tmp_path: Path
) -> None:
    predictor = adapted(name, space, world, 5)
    profile = Profile(predictor=predictor, platform={"device_id": "a"}, provenance={})
    profile.save(tmp_path / "a.edgeprof")
    loaded = ProfileFile(tmp_path / "a.edgeprof").profile()
    before, after = predictor.predict(world.choices[20:60]), loaded.predictor.predict(world.choices[20:60])
    np.testing.assert_allclose(after.latency_ms, before.latency_ms, rtol=1e-5)
    np.testing.assert_allclose(after.upper_ms, before.upper_ms, rtol=1e-5)
    assert loaded.predictor.document() == predictor.document()
    assert loaded.source_platform == profile.source_platform
    assert loaded.expected_error == pytest.approx(profile.expected_error)
    assert loaded.samples.count == 5


def test_a_profile_of_an_unknown_method_is_refused_in_one_sentence(
    space: SearchSpace, world: LatencyTable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    predictor = adapted("nearest", space, world, 3)
    document = predictor.document() | {"method": "of-tomorrow"}
    monkeypatch.setattr(predictor, "document", lambda: document)
    Profile(predictor=predictor, platform={}, provenance={}).save(tmp_path / "a.edgeprof")
    with pytest.raises(ProfileError, match="cannot be used here: there is no method 'of-tomorrow'"):
        ProfileFile(tmp_path / "a.edgeprof").profile()


def test_parts_of_a_graph_that_do_not_run_change_no_prediction(space: SearchSpace, world: LatencyTable) -> None:
    predictor = adapted("ridge", space, world, 10)
    assert np.array_equal(
        predictor.predict(world.choices).latency_ms, predictor.predict(space.pruned(world.choices)).latency_ms
    )


def test_more_samples_join_those_of_the_profile(space: SearchSpace, world: LatencyTable) -> None:
    few = adapted("ridge", space, world, 5)
    more = Samples.of(world.choices[5:40], world.latencies_of("unseen_0")[5:40])
    joined = few.joined(more)
    assert joined.samples.count == 40
    truth = world.latencies_of("unseen_0")[100:]
    errors = [metrics.median_ape(truth, one.predict(world.choices[100:]).latency_ms) for one in (few, joined)]
    assert errors[1] < errors[0]


@pytest.mark.parametrize("count", [0, 1, 2])
def test_fewer_than_three_samples_leave_the_error_unknown(count: int, space: SearchSpace, world: LatencyTable) -> None:
    predictor = adapted("nearest", space, world, count)
    prediction = predictor.predict(world.choices[:5])
    assert prediction.is_relative == (count == 0)
    assert predictor.expected_error > 0.3


def median_of(some: Samples) -> PlatformPredictor:
    """Predicts the median of what it was adapted to."""
    middle = float(np.log(np.median(some.latency_ms)))
    return PointwisePredictor(lambda choices: np.full(len(choices), middle), 0.1, is_relative=False)


def test_each_sample_is_predicted_from_the_others_alone(world: LatencyTable) -> None:
    latency_ms = np.array([1.0, 2.0, 4.0])
    some = Samples.of(world.choices[:3], latency_ms)
    np.testing.assert_allclose(predict_left_out(median_of, some).latency_ms, [3.0, 2.5, 1.5])
    np.testing.assert_allclose(left_out_errors(median_of, some), np.log(latency_ms / [3.0, 2.5, 1.5]))
    assert not len(left_out_errors(median_of, some[:2]))
    score = score_left_out("median", median_of, some)
    assert (score.method, score.spearman) == ("median", -1.0)
    assert score.median_error == pytest.approx(0.625)


def test_intervals_from_left_out_samples_hold_nine_in_ten() -> None:
    generator = np.random.default_rng(0)
    for count in (3, 10):
        held = []
        for _ in range(1000):
            errors = 0.2 * generator.standard_normal(count + 1)
            held.append(abs(errors[-1]) <= 1.645 * interval_log_sd(errors[:-1]))
        assert np.mean(held) == pytest.approx(0.9, abs=0.04)

"""Only models that may be the fastest are measured."""

from pathlib import Path

import onnx
import pytest
from sdk.operator_models.small_networks import write_model

import edgeprof
from edgeprof.operator_models.listener import ModelOnboardingListener
from edgeprof.operator_models.named_models import ModelToMeasure
from edgeprof.operator_models.race import MAX_ROUND_COUNT, RankedModel, next_to_measure
from edgeprof.operator_models.ranking import Ranking
from edgeprof.testing import SimulatedDevice
from edgeprof_proto.records.job_spec import JobKind
from edgeprof_proto.records.measurement import Measurement


def predicted(name: str, lower_ms: float, upper_ms: float) -> RankedModel:
    return RankedModel(name=name, latency_ms=(lower_ms + upper_ms) / 2, lower_ms=lower_ms, upper_ms=upper_ms)


def measured(name: str, latency_ms: float, count: int = 1) -> RankedModel:
    lower_ms, upper_ms = latency_ms * 0.99, latency_ms * 1.01
    return RankedModel(name=name, latency_ms=latency_ms, lower_ms=lower_ms, upper_ms=upper_ms, measurement_count=count)


def due(*models: RankedModel) -> list[str]:
    return [model.name for model in next_to_measure(models)]


def test_those_are_measured_first_that_may_be_faster_than_the_one_predicted_fastest() -> None:
    assert due(predicted("a", 2.0, 3.0), predicted("b", 1.5, 9.0), predicted("c", 5.0, 6.0)) == ["a", "b"]


def test_then_those_that_may_be_faster_than_the_fastest_measured_one_and_no_others() -> None:
    assert due(measured("b", 3.8), predicted("a", 3.5, 4.5), predicted("c", 5.0, 6.0)) == ["a"]
    models = [measured("b", 1.8), predicted("a", 2.0, 3.0), predicted("c", 5.0, 6.0)]
    assert due(*models) == []
    assert Ranking(platform="here", models=tuple(models)).is_fastest_certain


def test_a_model_of_which_nothing_is_known_is_measured_and_one_that_failed_is_not() -> None:
    unknown = RankedModel(name="u", latency_ms=None)
    failed = RankedModel(name="f", latency_ms=None, failure="it could not be measured")
    assert due(measured("b", 1.8), unknown, failed) == ["u"]
    assert due(measured("b", 1.8), failed) == []
    assert due(failed) == []


def test_overlapping_intervals_leave_the_fastest_uncertain() -> None:
    models = (measured("a", 1.80), measured("b", 1.81))
    assert not Ranking(platform="here", models=models).is_fastest_certain
    assert 0.5 < Ranking(platform="here", models=models).certainty < 0.9
    apart = (measured("a", 1.80), measured("b", 2.81), predicted("c", 5.0, 6.0))
    assert Ranking(platform="here", models=apart).certainty > 0.9999


def test_those_that_may_be_the_fastest_are_measured_again_in_turn_until_it_is_certain_or_they_had_their_rounds() -> (
    None
):
    assert due(measured("a", 1.80, 2), measured("b", 1.81, 1), measured("c", 2.5)) == ["b"]
    assert due(measured("a", 1.80, 2), measured("b", 1.81, 2), measured("c", 2.5)) == ["a", "b"]
    assert due(measured("a", 1.80, 5), measured("b", 1.81, 5), measured("c", 2.5)) == []


class Interrupted(ModelOnboardingListener):
    """Ends the host after two measurements."""

    def __init__(self) -> None:
        self.count = 0

    def on_model_measured(self, model: ModelToMeasure, measurement: Measurement) -> None:
        self.count += 1
        if self.count == 2:
            raise KeyboardInterrupt


def test_without_a_profile_all_are_measured_briefly_by_one_job_and_an_interrupted_call_goes_on(
    simulated_device: SimulatedDevice, tmp_path: Path
) -> None:
    models = [write_model(tmp_path / f"m{channels}.onnx", channels) for channels in (8, 128, 512)]
    with edgeprof.connect(simulated_device.address) as client:
        with pytest.raises(KeyboardInterrupt):
            edgeprof.rank_models(client, models, listener=Interrupted())
        found = edgeprof.rank_models(client, models)
        jobs = list(client.jobs())
    assert not found.is_predicted and found.models[0].name == "m8.onnx" and found.measured_count == 3
    assert 0.95 < found.certainty <= 1 and found.is_fastest_certain
    assert [job.spec.kind for job in jobs] == [JobKind.SERIES] and found.measurement_count == 3
    assert all(job.acknowledge_time is not None for job in jobs), "the device need not keep what is stored"


def test_a_model_that_fails_is_told_and_the_others_are_ranked_in_rounds(
    simulated_device: SimulatedDevice, tmp_path: Path
) -> None:
    # The first two take the same time, and nothing runs the last.
    models = [write_model(tmp_path / f"m{name}.onnx", 8, name) for name in ("a", "b")]
    models.append(write_model(tmp_path / "wrong.onnx", 512))
    wrong = onnx.load(models[-1])
    wrong.graph.node[0].input[1] = "m"
    onnx.save(wrong, models[-1])
    with edgeprof.connect(simulated_device.address) as client:
        found = edgeprof.rank_models(client, models, setting=simulated_device.setting)
    first, second, last = found.models
    assert {first.name, second.name} == {"ma.onnx", "mb.onnx"} and 0.3 < found.certainty < 0.95
    assert first.measurement_count == second.measurement_count == MAX_ROUND_COUNT
    assert last.name == "wrong.onnx" and last.failure and not last.is_measured

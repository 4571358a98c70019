"""Only models that may be the fastest are measured."""

from pathlib import Path

import pytest
from sdk.operator_models.small_networks import write_model

import edgeprof
from edgeprof.operator_models.listener import ModelOnboardingListener
from edgeprof.operator_models.probe_files import ModelToMeasure
from edgeprof.operator_models.ranking import RankedModel, Ranking, next_to_measure
from edgeprof.testing import SimulatedDevice
from edgeprof_proto.records.measurement import Measurement


def predicted(name: str, lower_ms: float, upper_ms: float) -> RankedModel:
    return RankedModel(name=name, latency_ms=(lower_ms + upper_ms) / 2, lower_ms=lower_ms, upper_ms=upper_ms)


def measured(name: str, latency_ms: float, count: int = 1) -> RankedModel:
    lower_ms, upper_ms = latency_ms * 0.99, latency_ms * 1.01
    return RankedModel(name=name, latency_ms=latency_ms, lower_ms=lower_ms, upper_ms=upper_ms, measurement_count=count)


def test_the_model_whose_interval_reaches_lowest_is_measured_first() -> None:
    due = next_to_measure([predicted("a", 2.0, 3.0), predicted("b", 1.5, 9.0), predicted("c", 5.0, 6.0)])
    assert due is not None and due.name == "b"


def test_nothing_is_measured_that_cannot_be_faster_than_the_fastest_measured() -> None:
    models = [measured("b", 1.8), predicted("a", 2.0, 3.0), predicted("c", 5.0, 6.0)]
    assert next_to_measure(models) is None
    assert Ranking(platform="here", models=tuple(models)).is_fastest_certain


def test_a_model_of_which_nothing_is_known_is_measured_and_one_that_failed_is_not() -> None:
    unknown = RankedModel(name="u", latency_ms=None)
    failed = RankedModel(name="f", latency_ms=None, failure="it could not be measured")
    due = next_to_measure([measured("b", 1.8), unknown, failed])
    assert due is unknown
    assert next_to_measure([measured("b", 1.8), failed]) is None


def test_overlapping_intervals_leave_the_fastest_uncertain() -> None:
    models = (measured("a", 1.80), measured("b", 1.81))
    assert not Ranking(platform="here", models=models).is_fastest_certain
    assert 0.5 < Ranking(platform="here", models=models).certainty < 0.9
    apart = (measured("a", 1.80), measured("b", 2.81), predicted("c", 5.0, 6.0))
    assert Ranking(platform="here", models=apart).certainty > 0.9999


def test_those_that_may_be_the_fastest_are_measured_again_in_turn_until_it_is_certain_or_they_had_their_rounds() -> (
    None
):
    close = [measured("a", 1.80, 2), measured("b", 1.81, 1), measured("c", 2.5)]
    due = next_to_measure(close)
    assert due is not None and due.name == "b"
    assert next_to_measure([measured("a", 1.80, 5), measured("b", 1.81, 5), measured("c", 2.5)]) is None


class Interrupted(ModelOnboardingListener):
    """Ends the host after two measurements."""

    def __init__(self) -> None:
        self.count = 0

    def on_model_measured(self, model: ModelToMeasure, measurement: Measurement) -> None:
        self.count += 1
        if self.count == 2:
            raise KeyboardInterrupt


def test_without_a_profile_all_are_measured_briefly_and_an_interrupted_call_goes_on(
    simulated_device: SimulatedDevice, tmp_path: Path
) -> None:
    models = [write_model(tmp_path / f"m{channels}.onnx", channels) for channels in (8, 128, 512)]
    with edgeprof.connect(simulated_device.address) as client:
        with pytest.raises(KeyboardInterrupt):
            edgeprof.rank_models(client, models, listener=Interrupted())
        known = len(list(client.jobs()))
        found = edgeprof.rank_models(client, models)
    assert not found.is_predicted and found.models[0].name == "m8.onnx" and found.measured_count == 3
    assert 0.95 < found.certainty <= 1 and found.is_fastest_certain
    assert known <= 2 and found.measurement_count <= 3 * 2

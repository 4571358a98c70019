"""Latencies that operators predict, as one more mean of the default method."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from edgeprof_predictor import metrics
from edgeprof_predictor.errors import EncodingError
from edgeprof_predictor.methods.default.method import DefaultMethod
from edgeprof_predictor.methods.default.operator_mean import PredictedLatencies
from edgeprof_predictor.methods.default.prior import OPERATORS
from edgeprof_predictor.profile import Profile
from edgeprof_predictor.profile_file import ProfileFile
from edgeprof_predictor.samples import Samples
from edgeprof_predictor.spaces import ChoiceArray, FloatArray, SearchSpace
from edgeprof_predictor.tables.latency_table import LatencyTable

LEVEL = 0.15
"""How much too slow the operators say that networks are, in logs."""


@dataclass(frozen=True)
class Device:
    """A device with the latencies of 120 networks predicted from their operators, and those of others to compare."""

    method: DefaultMethod
    choices: ChoiceArray
    latency_ms: FloatArray

    def samples(self, count: int) -> Samples:
        return Samples.of(self.choices[:count], self.latency_ms[:count])

    def median_ape(self, method: DefaultMethod, count: int) -> float:
        found = method.adapt(self.samples(count), seed=0).predict(self.choices[20:])
        return metrics.median_ape(self.latency_ms[20:], found.latency_ms)


@pytest.fixture(scope="module")
def method(space: SearchSpace) -> DefaultMethod:
    return DefaultMethod.without_sources(space, seed=0).for_pruned_graphs()


@pytest.fixture(scope="module")
def device(method: DefaultMethod, world: LatencyTable) -> Device:
    connected = np.flatnonzero(method.space.is_connected(world.choices))
    table = world.subset(connected)
    latency_ms = table.latencies_of("unseen_0")
    errors = LEVEL + 0.04 * np.random.default_rng(1).standard_normal(120)
    predicted = PredictedLatencies(choices=table.choices[:120], log_ms=np.log(latency_ms[:120]) + errors, level_sd=0.2)
    known = method.with_predicted(predicted)
    return Device(method=known, choices=table.choices[120:], latency_ms=latency_ms[120:])


def test_without_a_sample_operators_tell_milliseconds(device: Device) -> None:
    found = device.method.adapt(Samples.none(device.method.space), seed=0).predict(device.choices)
    assert not found.is_relative
    assert metrics.spearman(device.latency_ms, found.latency_ms) > 0.97
    assert abs(float(np.median(np.log(found.latency_ms / device.latency_ms))) - LEVEL) < 0.03
    assert metrics.interval_coverage(device.latency_ms, found.lower_ms, found.upper_ms) > 0.9


def test_few_samples_tell_the_level(device: Device, method: DefaultMethod) -> None:
    errors = [device.median_ape(device.method, count) for count in (1, 3, 10)]
    assert errors[0] < 0.08 and errors[1] < 0.06 and errors[2] < 0.04
    assert errors[1] < device.median_ape(method, 3)


def test_samples_move_the_weight_away_from_operators_that_mislead(device: Device) -> None:
    known = device.method.prior.predicted
    assert known is not None
    upside_down = PredictedLatencies(choices=known.choices, log_ms=-known.log_ms, level_sd=known.level_sd)
    misled = device.method.with_predicted(upside_down)
    shares = [one.adapt(device.samples(10), seed=0).mean_shares()[OPERATORS] for one in (device.method, misled)]
    assert shares[0] > 0.8 and shares[1] < 0.1


def test_its_profile_predicts_the_same_when_loaded(device: Device, tmp_path: Path) -> None:
    predictor = device.method.adapt(device.samples(3), seed=0)
    Profile(predictor=predictor, platform={}, provenance={}).save(tmp_path / "board.edgeprof")
    loaded = ProfileFile(tmp_path / "board.edgeprof").profile()
    expected = predictor.predict(device.choices)
    assert loaded.predictor.predict(device.choices).latency_ms == pytest.approx(expected.latency_ms)
    more = Samples.of(device.choices[3:6], device.latency_ms[3:6])
    assert loaded.predictor.adapted.joined(more).posterior.samples.count == 6


def test_too_few_networks_are_refused(device: Device) -> None:
    with pytest.raises(EncodingError, match="the operators of 5 networks are known; 20 are needed"):
        PredictedLatencies(choices=device.choices[:5], log_ms=np.zeros(5), level_sd=0.2)

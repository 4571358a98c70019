from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from predictor.operators.drawn import drawn_networks

from edgeprof_predictor.errors import OperatorModelError
from edgeprof_predictor.operators.calibration import Calibration, LeftOut
from edgeprof_predictor.operators.hyperparameters import Hyperparameters
from edgeprof_predictor.operators.prediction import predict_records
from edgeprof_predictor.operators.profile import OperatorProfile
from edgeprof_predictor.operators.records import untimed
from edgeprof_predictor.operators.second_opinion import HostLatencies, SecondOpinion
from edgeprof_predictor.profile_file import ProfileFile

NAMES = [f"model {number}" for number in range(12)]


def opinion(host_error: float, own_error: float, seed: int = 0) -> SecondOpinion:
    rng = np.random.default_rng(seed)
    latencies = {name: float(np.exp(rng.uniform(5, 10))) for name in NAMES}
    host = {
        name: 0.5 * latency * float(np.exp(host_error * rng.standard_normal())) for name, latency in latencies.items()
    }
    left_out = [LeftOut(network=name, log_error=own_error * float(rng.standard_normal()), sd=0.2) for name in NAMES]
    calibration = Calibration.of_left_out(left_out)
    found = SecondOpinion.of_models(calibration, latencies, host)
    assert found is not None
    return found


def test_a_host_that_resembles_the_setting_is_trusted() -> None:
    found = opinion(host_error=0.02, own_error=0.2)
    assert found.weight > 0.6
    assert found.level == pytest.approx(math.log(2), abs=0.05)
    assert found.width < 0.8


def test_a_host_that_does_not_resemble_it_says_nothing() -> None:
    found = opinion(host_error=0.6, own_error=0.1)
    assert found.weight == 0.0
    assert found.combined(3.0, 1000.0) == 3.0


def test_the_opinions_are_averaged_in_logs() -> None:
    found = SecondOpinion(level=1.0, weight=0.25, error=0.1, width=1.0)
    assert found.combined(4.0, math.exp(5.0)) == pytest.approx(0.75 * 4 + 0.25 * 6)


def test_fewer_than_four_models_give_no_opinion() -> None:
    calibration = Calibration.of_left_out([LeftOut(network="a", log_error=0.1, sd=0.2)])
    assert SecondOpinion.of_models(calibration, {"a": 1.0}, {"a": 1.0}) is None


def test_a_profile_keeps_latencies_of_the_host_and_damaged_ones_are_refused(tmp_path: Path) -> None:
    networks = drawn_networks(Hyperparameters.initial(), 5, probes=3, models=6)
    host = HostLatencies(
        host={"host": "laptop"}, latencies_us={network.name: network.latency_us / 2 for network in networks[3:]}
    )
    fitted = OperatorProfile.fit(networks, platform={"name": "pi"}, provenance={})
    assert fitted.second_opinion() is None
    profile = replace(fitted, host=host)
    profile.save(tmp_path / "pi.edgeprof")
    again = ProfileFile(tmp_path / "pi.edgeprof").operator_profile()
    assert again.host == host
    found = again.second_opinion()
    assert found is not None and found.level == pytest.approx(math.log(2)) and found.weight > 0
    assert again.with_networks(networks[:1]).host == host
    for value in (0.0, -1.0, math.inf, math.nan):
        with pytest.raises(OperatorModelError, match="above 0 us"):
            HostLatencies(host={}, latencies_us={"a": value})


def test_a_prediction_with_the_opinion_keeps_its_shares() -> None:
    networks = drawn_networks(Hyperparameters.initial(), 5, probes=3, models=6)
    profile = OperatorProfile.fit(networks[:-1], platform={}, provenance={})
    before = predict_records(profile.model, untimed(networks[-1].records))
    found = SecondOpinion(level=0.5, weight=0.4, error=0.1, width=0.7)
    after = found.added_to(before, 1_000.0)
    assert after.latency_ms is not None and after.lower_ms is not None and after.upper_ms is not None
    assert math.log(after.latency_ms * 1e3) == pytest.approx(found.combined(before.log_us, 1_000.0))
    assert math.log(after.upper_ms / after.lower_ms) == pytest.approx(0.7 * 2 * before.half_width)
    assert sum(one.time_us for one in after.operators) == pytest.approx(after.latency_ms * 1e3)
    assert [one.share for one in after.operators] == [one.share for one in before.operators]

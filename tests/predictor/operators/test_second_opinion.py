from __future__ import annotations

import math

import numpy as np
import pytest

from edgeprof_predictor.operators.calibration import Calibration, LeftOut
from edgeprof_predictor.operators.second_opinion import SecondOpinion

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

"""Latencies of whole networks join a model that knows no times of operators."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from predictor.operators.drawn import drawn_networks

from edgeprof_predictor.operator_prior.space_totals import Level, predict_totals
from edgeprof_predictor.operators.hyperparameters import Hyperparameters
from edgeprof_predictor.operators.networks import MeasuredNetwork
from edgeprof_predictor.operators.records import untimed
from edgeprof_predictor.operators.totals import TotalsModel

HYPER = Hyperparameters.initial()
KNOWN = Level(mean=0.0, sd=1e-6)
WIDE = Level(mean=0.0, sd=0.5)


def model_and_networks(seed: int) -> tuple[TotalsModel, list[MeasuredNetwork]]:
    networks = drawn_networks(HYPER, seed, probes=20, models=10)
    return TotalsModel.fit(networks[:20], HYPER), networks[20:]


def errors_of(model: TotalsModel, measured: list[MeasuredNetwork], others: list[MeasuredNetwork]) -> np.ndarray:
    found = predict_totals(model, [untimed(one.records) for one in others], measured, KNOWN)
    return found.log_us - np.log([one.latency_us for one in others])


def test_networks_that_are_measured_make_others_of_the_same_operators_known() -> None:
    before, after = np.zeros((2, 3))
    for seed in range(3):
        model, networks = model_and_networks(seed)
        before[seed] = np.abs(errors_of(model, [], networks)).mean()
        # A network with a few more of its last operator.
        last = [replace(one, records=(*one.records, *one.records[-1:])) for one in networks]
        longer = [replace(one, latency_us=one.latency_us + (one.records[-1].time_us or 0.0)) for one in last]
        after[seed] = np.abs(errors_of(model, networks, longer)).mean()
    assert (after < 0.6 * before).all()


@pytest.mark.parametrize("seed", [5, 6, 7, 8])
def test_what_a_network_is_told_by_others_is_what_a_model_without_it_tells(seed: int) -> None:
    model, networks = model_and_networks(seed)
    found = predict_totals(model, [], networks, KNOWN)
    without = predict_totals(model, [untimed(networks[0].records)], networks[1:], KNOWN)
    # The logs are made linear at another mode.
    assert found.left_out[0] == pytest.approx(math.log(networks[0].latency_us) - without.log_us[0], abs=0.03)


def test_networks_that_are_all_slower_make_predictions_slower_and_one_alone_is_no_error_of_its_own() -> None:
    model, networks = model_and_networks(5)
    slower = [replace(one, latency_us=1.3 * one.latency_us) for one in networks]
    new = [untimed(networks[0].records)]
    plain, found = (predict_totals(model, new, measured[1:], WIDE) for measured in (networks, slower))
    assert found.log_us[0] - plain.log_us[0] == pytest.approx(math.log(1.3), abs=0.02)
    assert plain.level.mean < found.level.mean and found.level.sd < WIDE.sd
    alone = predict_totals(model, [], slower[:1], WIDE)
    assert abs(alone.left_out[0]) < abs(alone.alone[0])

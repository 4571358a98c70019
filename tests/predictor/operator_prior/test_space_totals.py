from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from predictor.operators.drawn import drawn_networks

from edgeprof_predictor.operator_prior.space_totals import Level, predict_totals
from edgeprof_predictor.operators.hyperparameters import Hyperparameters
from edgeprof_predictor.operators.model import OperatorModel
from edgeprof_predictor.operators.networks import MeasuredNetwork
from edgeprof_predictor.operators.records import untimed

HYPER = Hyperparameters.initial()
KNOWN = Level(mean=0.0, sd=1e-6)
WIDE = Level(mean=0.0, sd=0.5)


def slower(network: MeasuredNetwork, factor: float) -> MeasuredNetwork:
    records = tuple(replace(one, time_us=(one.time_us or 0.0) * factor) for one in network.records)
    return replace(network, records=records, latency_us=network.latency_us * factor)


def test_operators_of_measured_networks_join_as_if_the_model_were_fitted_anew() -> None:
    networks = drawn_networks(HYPER, 0, probes=10, models=6)
    new = [untimed(network.records) for network in networks[14:]]
    found = predict_totals(OperatorModel.fit(networks[:10], HYPER), new, networks[10:14], KNOWN)
    anew = OperatorModel.fit(networks[:14], HYPER)
    assert found.log_us == pytest.approx([anew.total(records).log_us for records in new], abs=1e-4)


def test_what_a_measured_network_is_told_by_others_is_what_a_model_without_it_tells() -> None:
    networks = drawn_networks(HYPER, 1, probes=10, models=4)
    model = OperatorModel.fit(networks[:10], HYPER)
    found = predict_totals(model, [], networks[10:], KNOWN)
    without = predict_totals(model, [untimed(networks[10].records)], networks[11:], KNOWN)
    assert found.left_out[0] == pytest.approx(np.log(networks[10].latency_us) - without.log_us[0], abs=1e-4)


def test_the_level_of_a_space_is_told_by_its_networks() -> None:
    networks = drawn_networks(HYPER, 2, probes=10, models=12)
    model = OperatorModel.fit(networks[:10], HYPER)
    plain = predict_totals(model, [], networks[10:], WIDE)
    found = predict_totals(model, [], [slower(network, 1.3) for network in networks[10:]], WIDE)
    assert found.level.mean - plain.level.mean == pytest.approx(np.log(1.3), abs=0.01)
    assert found.level.sd < 0.05
    assert found.left_out == pytest.approx(plain.left_out, abs=0.02)


def test_without_measured_networks_the_level_stays_what_it_was() -> None:
    networks = drawn_networks(HYPER, 3, probes=6, models=1)
    model = OperatorModel.fit(networks[:6], HYPER)
    new = [untimed(networks[6].records)]
    found = predict_totals(model, new, [], Level(mean=-0.2, sd=0.08))
    assert found.level == Level(mean=-0.2, sd=pytest.approx(0.08))
    assert found.log_us[0] == pytest.approx(model.total(new[0]).log_us - 0.2)

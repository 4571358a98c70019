from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from predictor.operators.drawn import drawn_networks, random_record

from edgeprof_predictor.errors import OperatorModelError
from edgeprof_predictor.operators.blend import OPERATOR_SHARE, BlendedModel
from edgeprof_predictor.operators.hyperparameters import Hyperparameters
from edgeprof_predictor.operators.model import OperatorModel, total_of
from edgeprof_predictor.operators.networks import MeasuredNetwork, thinned
from edgeprof_predictor.operators.prediction import predict_records
from edgeprof_predictor.operators.records import untimed
from edgeprof_predictor.operators.totals import TotalsModel

HYPER = Hyperparameters.initial()


# The blend expects what it met on real settings, smaller errors than these: it takes more models to tell it.
@pytest.mark.parametrize(("kind", "measured_count"), [(BlendedModel, 38), (OperatorModel, 18), (TotalsModel, 18)])
def test_intervals_cover_what_is_drawn_from_the_model(
    kind: type[BlendedModel] | type[OperatorModel] | type[TotalsModel], measured_count: int
) -> None:
    covered = []
    for seed in range(12):
        networks = drawn_networks(HYPER, seed, probes=10, models=measured_count + 2)
        model = kind.fit(networks[:measured_count], HYPER)
        for network in networks[measured_count:]:
            prediction = predict_records(model, untimed(network.records))
            assert prediction.lower_ms is not None and prediction.upper_ms is not None
            covered.append(prediction.lower_ms <= network.latency_us / 1e3 <= prediction.upper_ms)
    assert 0.82 <= np.mean(covered) <= 0.99


def test_more_networks_lower_the_error() -> None:
    few, many = [], []
    for seed in range(8):
        networks = drawn_networks(HYPER, seed, probes=0, models=40)
        unseen = networks[30:]
        for model, errors in (
            (OperatorModel.fit(networks[:2], HYPER), few),
            (OperatorModel.fit(networks[:30], HYPER), many),
        ):
            for network in unseen:
                total = model.total(untimed(network.records))
                errors.append(abs(total.log_us - math.log(network.latency_us)))
    assert np.median(many) < 0.8 * np.median(few)


def test_times_of_operators_say_more_than_totals() -> None:
    of_operators, of_totals = [], []
    for seed in range(6):
        networks = drawn_networks(HYPER, seed, probes=5, models=25)
        for network in networks[20:]:
            for kind, errors in ((OperatorModel, of_operators), (TotalsModel, of_totals)):
                total = kind.fit(networks[:20], HYPER).total(untimed(network.records))
                errors.append(abs(total.log_us - math.log(network.latency_us)))
    assert np.median(of_operators) < np.median(of_totals)


def test_a_blend_is_a_mean_of_both_in_logs() -> None:
    networks = drawn_networks(HYPER, 4, probes=5, models=12)
    model, records = BlendedModel.fit(networks[:-1], HYPER), untimed(networks[-1].records)
    parts = (model.operators.total(records), model.totals.total(records))
    blended = model.total(records)
    assert blended.log_us == pytest.approx(OPERATOR_SHARE * parts[0].log_us + (1 - OPERATOR_SHARE) * parts[1].log_us)
    assert min(part.sd for part in parts) <= blended.sd <= max(part.sd for part in parts)
    assert len(model.calibration.left_out) == 11
    errors = [
        {one.network: one.log_error for one in part.calibration.left_out} for part in (model.operators, model.totals)
    ]
    for one in model.calibration.left_out:
        expected = OPERATOR_SHARE * errors[0][one.network] + (1 - OPERATOR_SHARE) * errors[1][one.network]
        assert one.log_error == pytest.approx(expected)


def test_the_variance_of_a_sum_is_that_of_simulated_sums() -> None:
    rng = np.random.default_rng(0)
    root = 0.1 * rng.standard_normal((3, 3))
    guesses, mean, covariance = np.array([10.0, 20.0, 5.0]), np.array([0.1, -0.2, 0.3]), root @ root.T
    total = total_of(guesses, mean, covariance)
    draws = np.log((guesses * np.exp(rng.multivariate_normal(mean, covariance, 20_000))).sum(1))
    assert total.log_us == pytest.approx(draws.mean(), abs=0.02)
    assert total.sd == pytest.approx(draws.std(), rel=0.05)
    assert total.shares.sum() == pytest.approx(1.0)


def test_thinning_keeps_what_costs_most_of_each_network() -> None:
    networks = drawn_networks(HYPER, 0, probes=2, models=4, size=10)
    kept = thinned(networks, max_records=20)
    assert sum(len(network.records) for network in kept) == 20
    for network in kept:
        whole = next(one for one in networks if one.name == network.name)
        shortest_kept = min(record.time_us or 0.0 for record in network.records)
        left = [record for record in whole.records if record not in network.records]
        assert all((record.time_us or 0.0) <= shortest_kept for record in left)


def test_without_a_timed_operator_the_error_says_what_to_use() -> None:
    network = drawn_networks(HYPER, 0, probes=0, models=1)[0]
    untimed_network = MeasuredNetwork(name="a", records=untimed(network.records), latency_us=10.0)
    with pytest.raises(OperatorModelError, match="use totals"):
        OperatorModel.fit([untimed_network], HYPER)


def test_small_operators_that_totals_leave_out_make_no_network_slower() -> None:
    generator = np.random.default_rng(0)
    networks = []
    for number in range(61):
        drawn = [random_record(generator) for _ in range(60)]
        small = {"flops": 1e4, "activation_bytes": 1e4, "weight_bytes": 1e3}
        records = tuple(replace(one, sizes=replace(one.sizes, **small)) for one in drawn)
        latency_us = 2 * sum(record.guess_us for record in records)
        networks.append(MeasuredNetwork(name=str(number), records=records, latency_us=latency_us))
    model = TotalsModel.fit(networks[1:], HYPER)
    assert model.total(networks[0].records).log_us == pytest.approx(math.log(networks[0].latency_us), abs=0.02)


def test_a_network_without_operators_is_refused() -> None:
    networks = drawn_networks(HYPER, 0, probes=0, models=3)
    for model in (OperatorModel.fit(networks, HYPER), TotalsModel.fit(networks, HYPER)):
        with pytest.raises(OperatorModelError, match="no operator that takes time"):
            model.total(())


@pytest.mark.parametrize("latency_us", [0.0, -1.0, math.nan, math.inf])
def test_a_latency_that_is_no_time_is_refused(latency_us: float) -> None:
    with pytest.raises(OperatorModelError, match="must be above 0 us"):
        MeasuredNetwork(name="a", records=(), latency_us=latency_us)

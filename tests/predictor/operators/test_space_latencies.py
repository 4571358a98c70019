from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from predictor.operators.drawn import drawn_networks

from edgeprof_predictor.operators.blend import BlendedModel
from edgeprof_predictor.operators.hyperparameters import Hyperparameters
from edgeprof_predictor.operators.model import OperatorModel
from edgeprof_predictor.operators.space_latencies import predict_space
from edgeprof_predictor.operators.totals import TotalsModel

HYPER = Hyperparameters.initial()
NETWORKS = drawn_networks(HYPER, seed=1, probes=12, models=6)
PROBES, MODELS = NETWORKS[:12], NETWORKS[12:]
RECORDS = [network.records for network in MODELS]


def test_operators_that_join_say_what_they_say_when_fitted_together() -> None:
    joined = OperatorModel.fit(PROBES, HYPER).joined(MODELS[:3])
    fitted = OperatorModel.fit([*PROBES, *MODELS[:3]], HYPER)
    for records in RECORDS[3:]:
        one, other = joined.total(records), fitted.total(records)
        assert one.log_us == pytest.approx(other.log_us, abs=1e-6)
        assert one.sd == pytest.approx(other.sd, abs=1e-6)


@pytest.mark.parametrize("kind", [OperatorModel, TotalsModel, BlendedModel])
def test_many_networks_at_once_are_predicted_as_one_by_one(
    kind: type[OperatorModel] | type[TotalsModel] | type[BlendedModel],
) -> None:
    model = kind.fit([*PROBES, *MODELS[:2]], HYPER)
    alone = model.operators if isinstance(model, BlendedModel) else model
    one_by_one = [alone.total(records).log_us + alone.calibration.level for records in RECORDS]
    at_once = predict_space(model, RECORDS)
    np.testing.assert_allclose(at_once.log_us, one_by_one, atol=1e-9)
    assert not len(at_once.left_out_log_us)


def test_a_level_common_to_measured_networks_is_that_of_the_others() -> None:
    model = OperatorModel.fit(PROBES, HYPER)
    slow = [
        replace(
            network,
            latency_us=network.latency_us * 1.5,
            records=tuple(replace(record, time_us=1.5 * (record.time_us or 0.0)) for record in network.records),
        )
        for network in MODELS[:3]
    ]
    shifts = predict_space(model, RECORDS, slow).log_us - predict_space(model, RECORDS, MODELS[:3]).log_us
    np.testing.assert_allclose(shifts, math.log(1.5), atol=0.02)


def test_a_left_out_network_is_predicted_by_the_others() -> None:
    model = OperatorModel.fit(PROBES, HYPER)
    found = predict_space(model, RECORDS[:3], MODELS[:3])
    measured = np.log([network.latency_us for network in MODELS[:3]])
    for position in range(3):
        others = [network for number, network in enumerate(MODELS[:3]) if number != position]
        alone = predict_space(model, [RECORDS[position]], others).log_us[0]
        # The level is that of all three, which the two do not know.
        assert found.left_out_log_us[position] == pytest.approx(alone, abs=0.2)
    assert np.abs(found.log_us - measured).max() < np.abs(found.left_out_log_us - measured).max()

from __future__ import annotations

import math

import numpy as np
import pytest
from predictor.operators.drawn import drawn_networks

from edgeprof_predictor.operators.blend import BlendedModel
from edgeprof_predictor.operators.hyperparameters import Hyperparameters
from edgeprof_predictor.operators.model import OperatorModel
from edgeprof_predictor.operators.space_latencies import LEVEL_SD, Level, log_errors, predict_space
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
    at_once = predict_space(model, RECORDS, level=Level(mean=0.1, sd=0.1))
    np.testing.assert_allclose(at_once.log_us, np.array(one_by_one) + 0.1, atol=1e-9)
    assert at_once.level.mean == pytest.approx(0.1)


def test_measured_networks_tell_the_level_of_the_others() -> None:
    model = OperatorModel.fit(PROBES, HYPER)
    slow = drawn_networks(HYPER, seed=1, probes=12, models=6)[12:]
    errors = log_errors(model, slow)
    latencies = predict_space(model, RECORDS, level=Level(), measured=slow[:3])
    assert latencies.level.mean == pytest.approx(np.mean(errors[:3]), rel=0.1)
    assert latencies.level.sd < LEVEL_SD / 3


def test_another_space_tells_the_level_but_for_what_spaces_differ_in() -> None:
    nothing, one, two = (Level.of_other_spaces(levels) for levels in ([], [0.2], [0.2, 0.2]))
    assert nothing == Level() and nothing.mean == 0.0
    assert 0.15 < one.mean < two.mean < 0.2
    assert two.sd < one.sd < nothing.sd
    assert math.isclose(one.given([]).mean, one.mean)

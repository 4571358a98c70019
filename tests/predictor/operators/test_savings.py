from __future__ import annotations

from dataclasses import replace

import pytest
from predictor.operators.drawn import drawn_networks

from edgeprof_predictor.operators.classes import OperatorClass
from edgeprof_predictor.operators.hyperparameters import Hyperparameters
from edgeprof_predictor.operators.model import OperatorModel
from edgeprof_predictor.operators.prediction import predict_records
from edgeprof_predictor.operators.records import untimed
from edgeprof_predictor.operators.savings import savings

HYPER = Hyperparameters.initial()
NETWORKS = drawn_networks(HYPER, 3, probes=60, models=10)
MODEL = OperatorModel.fit(NETWORKS[:-1], HYPER)


def test_the_costliest_operators_tell_what_they_would_save() -> None:
    prediction = predict_records(MODEL, untimed(NETWORKS[-1].records))
    found = savings(MODEL, prediction, count=3)
    assert [saving.operator for saving in found] == list(prediction.operators[:3])
    for saving in found:
        assert saving.removed_ms == pytest.approx(saving.operator.time_us / 1e3)


def test_half_the_channels_save_time_and_only_where_there_are_channels() -> None:
    records = untimed(NETWORKS[-1].records)
    dense = replace(
        records[0], operator_class=OperatorClass.DENSE, sizes=replace(records[0].sizes, flops=1e9, channels=512.0)
    )
    without = replace(records[1], operator_class=OperatorClass.SOFTMAX)
    prediction = predict_records(MODEL, (dense, without))
    by_class = {one.operator.record.operator_class: one for one in savings(MODEL, prediction)}
    halved_ms = by_class[OperatorClass.DENSE].halved_ms
    assert halved_ms is not None and 0 < halved_ms < by_class[OperatorClass.DENSE].removed_ms
    assert by_class[OperatorClass.SOFTMAX].halved_ms is None

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from predictor.operators.drawn import drawn_networks

from edgeprof_predictor.errors import OperatorModelError
from edgeprof_predictor.operators.classes import OperatorClass
from edgeprof_predictor.operators.exported import with_usual_tags
from edgeprof_predictor.operators.graph import Graph, Node, Tensor
from edgeprof_predictor.operators.hyperparameters import Hyperparameters
from edgeprof_predictor.operators.model import OperatorModel
from edgeprof_predictor.operators.networks import MeasuredNetwork
from edgeprof_predictor.operators.prediction import (
    EXPORTED_GRAPH_SD,
    NetworkPrediction,
    Verdict,
    predict_graph,
    predict_records,
)
from edgeprof_predictor.operators.records import OperatorRecord, untimed

HYPER = Hyperparameters.initial()
NETWORKS = drawn_networks(HYPER, 3, probes=60, models=10)
MODEL = OperatorModel.fit(NETWORKS[:-1], HYPER)
RECORDS = untimed(NETWORKS[-1].records)


def predicted(records: tuple[OperatorRecord, ...]) -> NetworkPrediction:
    return predict_records(MODEL, records)


def test_the_costliest_operators_come_first_and_sum_to_the_latency() -> None:
    prediction = predicted(RECORDS)
    times = [one.time_us for one in prediction.operators]
    assert times == sorted(times, reverse=True)
    assert prediction.latency_ms == pytest.approx(sum(times) / 1e3)
    assert len(prediction.costliest) == 5
    assert prediction.verdict is Verdict.KNOWN and prediction.remedy == ""


def test_an_unmeasured_implementation_makes_a_network_partly_known() -> None:
    records = (*RECORDS[:-2], *(replace(record, tag="new kernel") for record in RECORDS[-2:]))
    prediction = predicted(records)
    assert prediction.unknown_share > 0
    assert prediction.verdict is Verdict.PARTLY_KNOWN
    assert prediction.remedy.startswith("measure this model or one with")
    assert prediction.latency_ms is not None


def test_a_network_of_an_unmeasured_class_gets_no_sum() -> None:
    records = tuple(replace(record, operator_class=OperatorClass.RECURRENT, tag="LSTM") for record in RECORDS)
    prediction = predicted(records)
    assert prediction.verdict is Verdict.OUTSIDE
    assert prediction.latency_ms is None and prediction.lower_ms is None and prediction.upper_ms is None
    assert "LSTM" in prediction.remedy
    assert prediction.foreign_share == pytest.approx(1.0)


def test_a_type_that_no_table_holds_is_foreign() -> None:
    records = tuple(replace(record, tag="MyOp", is_known=False) for record in RECORDS)
    assert predicted(records).verdict is Verdict.OUTSIDE


def test_far_from_all_that_was_measured_the_interval_is_wide() -> None:
    far = tuple(
        replace(record, sizes=replace(record.sizes, flops=1e15, activation_bytes=1e12, positions=1e9))
        for record in RECORDS
    )
    near, prediction = predicted(RECORDS), predicted(far)
    assert prediction.sd > 2 * near.sd
    assert prediction.verdict is Verdict.PARTLY_KNOWN


def test_the_interval_holds_the_latency() -> None:
    prediction = predicted(RECORDS)
    assert prediction.lower_ms is not None and prediction.upper_ms is not None and prediction.latency_ms is not None
    assert prediction.lower_ms < prediction.latency_ms < prediction.upper_ms


def test_records_of_the_exported_graph_have_the_same_sum_and_a_wider_interval() -> None:
    own, exported = predicted(RECORDS), predict_records(MODEL, RECORDS, is_exported=True)
    assert exported.latency_ms == own.latency_ms
    quantile = (
        own.half_width / MODEL.calibration.scale / math.hypot(own.sd, math.sqrt(MODEL.calibration.level_variance))
    )
    assert exported.half_width == pytest.approx(math.hypot(own.half_width, quantile * EXPORTED_GRAPH_SD))
    assert exported.verdict is Verdict.PARTLY_KNOWN and "name the device" in exported.remedy


@pytest.mark.parametrize(
    ("engine", "kind"), [("onnxruntime", "Loop"), ("openvino", "TensorIterator"), ("litert", "WHILE")]
)
def test_how_often_a_loop_runs_is_not_guessed(engine: str, kind: str) -> None:
    nodes = (Node(name="a", type="Relu", outputs=(Tensor((4, 8)),)), Node(name="b", type=kind))
    with pytest.raises(OperatorModelError, match=rf"control flow \({kind}\)"):
        predict_graph(MODEL, Graph(engine=engine, nodes=nodes))


def test_operators_of_an_exported_graph_run_as_most_of_their_class_do() -> None:
    def record(tag: str, operator_class: OperatorClass = OperatorClass.CONVOLUTION, count: int = 1) -> OperatorRecord:
        return replace(RECORDS[0], tag=tag, operator_class=operator_class, count=count)

    measured = MeasuredNetwork(
        name="measured",
        records=(record("Conv"), record("Conv nchwc", count=3), record("FusedConv", count=9), record("Sum")),
        latency_us=100.0,
    )
    exported = (record("Conv"), record("ConvInteger"), record("Erf", OperatorClass.ACTIVATION))
    found = with_usual_tags(exported, [measured])
    assert [one.tag for one in found] == ["Conv nchwc", "FusedConv", "Erf"]

"""The trace of operators, opened by Perfetto's own importer."""

import dataclasses
import json
from pathlib import Path

import pytest
from factories import measurement_of
from sdk.measuring.perfetto_importer import PerfettoImporter

import edgeprof
from edgeprof.errors import OutputFileError
from edgeprof_proto.records.measurement import OperatorTime

OPERATORS = (
    OperatorTime(
        name="stem", type="Conv", time_ms=0.75, share=0.6, shapes=("1x16x32x32",), provider="NPU", window_ms=(0.7, 0.8)
    ),
    OperatorTime(name="nms", type="NonMaxSuppression", time_ms=0.375, share=0.3, provider="CPU"),
    OperatorTime(name="head", type="Gemm", time_ms=0.000021, share=0.0, shapes=("1x10", "1"), provider="NPU"),
    OperatorTime(name='a"b\\c\u2028\u00e9', type="Softmax", time_ms=0.125, share=0.1),
)


@pytest.fixture(scope="module")
def importer() -> PerfettoImporter:
    return PerfettoImporter()


def test_perfetto_shows_each_operator_on_the_track_of_its_provider(importer: PerfettoImporter, tmp_path: Path) -> None:
    measurement = dataclasses.replace(measurement_of(1.5), operators=OPERATORS)
    path = edgeprof.write_operator_trace(measurement, tmp_path / "operators.json", title="net.onnx on a board")
    trace = importer.open(path.read_bytes())
    slices = trace.query(
        "select ts, dur, slice.name as type, thread.name as track, process.name as process,"
        " extract_arg(slice.arg_set_id, 'args.name') as name, extract_arg(slice.arg_set_id, 'args.shapes') as shapes,"
        " extract_arg(slice.arg_set_id, 'args.share') as share from slice"
        " join thread_track on slice.track_id = thread_track.id join thread using (utid) join process using (upid)"
        " order by slice.id"
    )
    assert {row["process"] for row in slices} == {"net.onnx on a board: onnxruntime 1.2, float32"}
    of_operators = [row for row in slices if row["track"] in ("NPU", "CPU", "provider not reported")]
    assert [(row["track"], row["type"], row["name"]) for row in of_operators] == [
        (item.provider or "provider not reported", item.type, item.name) for item in OPERATORS
    ]
    # In nanoseconds, one behind the other.
    assert [(row["ts"], row["dur"]) for row in of_operators] == [
        (0, 750_000),
        (750_000, 375_000),
        (1_125_000, 21),
        (1_125_021, 125_000),
    ]
    assert [(row["shapes"], row["share"]) for row in of_operators][:2] == [("1x16x32x32", "60.00%"), ("", "30.00%")]
    beside = {row["track"]: (row["type"], row["dur"]) for row in slices if row not in of_operators}
    assert beside == {
        "measured median": ("median of the timed runs", 1_500_000),
        "sum of the operators": ("sum of the operators", 1_250_021),
    }
    faults = "select name, value from stats where severity in ('error', 'data_loss') and value > 0"
    assert trace.query(faults) == []


def test_a_trace_without_operators_shows_the_median_alone(importer: PerfettoImporter, tmp_path: Path) -> None:
    path = edgeprof.write_operator_trace(measurement_of(2.0), tmp_path / "operators.json")
    (row,) = importer.open(path.read_bytes()).query("select name, dur from slice")
    assert row == {"name": "median of the timed runs", "dur": 2_000_000}


def test_slices_of_many_operators_never_overlap(tmp_path: Path) -> None:
    operators = tuple(
        OperatorTime(name=str(index), type="Add", time_ms=0.0000004 * index, share=0.0, provider="CPU")
        for index in range(2_000)
    )
    measurement = dataclasses.replace(measurement_of(1.0), operators=operators)
    path = edgeprof.write_operator_trace(measurement, tmp_path / "operators.json")
    slices = [event for event in json.loads(path.read_text())["traceEvents"] if event.get("tid", 0) > 2]
    slices = [event for event in slices if event["ph"] == "X"]
    ends_ns = [round(1_000 * (event["ts"] + event["dur"])) for event in slices]
    starts_ns = [round(1_000 * event["ts"]) for event in slices]
    assert len(slices) == 2_000 and ends_ns[:-1] == starts_ns[1:]


def test_a_trace_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OutputFileError, match="cannot write"):
        edgeprof.write_operator_trace(measurement_of(1.0), tmp_path / "absent" / "operators.json")

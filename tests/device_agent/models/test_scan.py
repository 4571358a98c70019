"""A Scan runs its body as often as its sequences are long: by their shape, and before opset 9 by a value too."""

from pathlib import Path

import onnx
from device_agent.models.onnx_models import body_of, input_of, model_of, saved
from onnx import TensorProto, helper

from edgeprof_agent.models.input_use import InputUse, trace_inputs
from edgeprof_agent.runtimes.onnxruntime import OnnxRuntime
from edgeprof_proto.records.job_spec import Setting
from edgeprof_proto.shared.onnx_graph import read_model

INT64, FLOAT = TensorProto.INT64, TensorProto.FLOAT
node = helper.make_node


def scan_of(*inputs: onnx.ValueInfoProto, opset: int) -> onnx.ModelProto:
    """Adds up the rows of x; before opset 9 as many of them as `v` says."""
    body = body_of(
        [node("Add", ["sum", "row"], ["next"]), node("Identity", ["next"], ["each"])],
        [input_of("sum", (2,)), input_of("row", (2,))],
        *(("next", FLOAT), ("each", FLOAT)),
    )
    names = [value.name for value in inputs]
    return model_of(list(inputs), [node("Scan", names, ["last", "y"], body=body, num_scan_inputs=1)], opset=opset)


def scan_of_sequences() -> onnx.ModelProto:
    inputs = input_of("v", (1,), INT64), input_of("start", (1, 2)), input_of("x", (1, 3, 2))
    return scan_of(*inputs, opset=8)


def deciding_operators(model: onnx.ModelProto, folder: Path) -> dict[str, tuple[str, ...]]:
    """Run a model, and return for which operators its inputs decide what runs."""
    path = saved(model, folder)
    loaded = OnnxRuntime().load(path, Setting(runtime="onnxruntime"), input_seed=0)
    loaded.run_once()
    return {item.name: item.deciding_operators for item in loaded.inputs}


def test_the_lengths_of_sequences_decide_before_opset_9(tmp_path: Path) -> None:
    assert deciding_operators(scan_of_sequences(), tmp_path) == {"v": ("Scan",), "start": (), "x": ()}


def test_how_often_a_scan_runs_follows_from_shapes_since_opset_9(tmp_path: Path) -> None:
    model = scan_of(input_of("start", (2,)), input_of("x", (3, 2)), opset=17)
    assert deciding_operators(model, tmp_path) == {"start": (), "x": ()}
    assert trace_inputs(read_model(saved(model, tmp_path)), 1) == {"start": InputUse(), "x": InputUse()}

"""The probe suite as `.tflite` files: LiteRT computes of them what ONNX Runtime computes of the originals."""

from typing import Any

import numpy as np
import onnxruntime
import pytest
from ai_edge_litert.interpreter import Interpreter
from onnx import TensorProto, helper

from edgeprof.errors import ExportError
from edgeprof.exporters.onnx_to_tflite.conversion import ConvertedModel, convert
from edgeprof_predictor.operators.probes.suite import Probe, suite

PROBES = list(suite())

TOLERANCE = 1e-3
"""Largest difference, relative to the range of the output."""

REFUSED = {"recurrent-gru_narrow", "recurrent-gru_wide"}

SHORTENED = {"pooling-others", "other_convolution-enlarging", "other_convolution-volume"}
"""Parts of them cannot be written: pooling of volumes, a transposed convolution in groups."""


def interpreter_of(content: bytes) -> Any:
    interpreter = Interpreter(model_content=content, num_threads=1)
    interpreter.allocate_tensors()
    return interpreter


def outputs_of(converted: ConvertedModel, inputs: dict[str, Any]) -> dict[str, Any]:
    """What LiteRT computes, by ONNX's names and in its order of axes."""
    interpreter = interpreter_of(converted.content)
    for item in interpreter.get_input_details():
        values = np.transpose(inputs[item["name"]], converted.inputs[item["name"]])
        interpreter.set_tensor(item["index"], np.ascontiguousarray(values.astype(item["dtype"])))
    interpreter.invoke()
    details = interpreter.get_output_details()
    return {
        name: np.transpose(interpreter.get_tensor(item["index"]), np.argsort(order))
        for (name, order), item in zip(converted.outputs.items(), details, strict=True)
    }


def require_agreement(probe: Probe, converted: ConvertedModel) -> None:
    session = onnxruntime.InferenceSession(probe.model_bytes(), providers=["CPUExecutionProvider"])
    (inputs,) = probe.example_inputs(1)
    names = [item.name for item in session.get_outputs()]
    expected = dict(zip(names, session.run(None, inputs), strict=True))
    found = outputs_of(converted, inputs)
    assert set(found) == set(expected) or (probe.name in SHORTENED and set(found) < set(expected))
    for name, values in found.items():
        assert values.shape == expected[name].shape
        scale = float(np.ptp(expected[name])) or float(np.abs(expected[name]).max())
        difference = np.abs(values.astype(np.float64) - expected[name]).max()
        assert difference <= TOLERANCE * scale, f"{probe.name}: {name} differs by {difference / scale:.2g}"


@pytest.mark.parametrize("kind", dict.fromkeys(probe.kind for probe in PROBES))
def test_litert_computes_of_each_probe_what_onnx_runtime_does(kind: str) -> None:
    for probe in PROBES:
        if probe.kind != kind:
            continue
        if probe.name in REFUSED:
            with pytest.raises(ExportError, match="no built-in operator for GRU"):
                convert(probe.model())
            continue
        converted = convert(probe.model())
        assert bool(converted.left_out) == (probe.name in SHORTENED), converted.left_out
        require_agreement(probe, converted)


def operators_of(name: str) -> list[str]:
    (probe,) = [probe for probe in PROBES if probe.name == name]
    details = interpreter_of(convert(probe.model()).content)._get_ops_details()
    return [item["op_name"] for item in details if item["op_name"] != "DELEGATE"]


def test_what_converters_merge_is_merged_and_images_stay_in_one_order() -> None:
    mobile = operators_of("fused_image-mobile_relu6")
    assert set(mobile) <= {"CONV_2D", "DEPTHWISE_CONV_2D", "PAD", "ADD", "MEAN", "RESHAPE", "FULLY_CONNECTED"}
    assert "TRANSPOSE" not in operators_of("fused_image-convnext_28")
    text = operators_of("attention-text_64")
    assert text.count("GELU") == 1 and text.count("BATCH_MATMUL") == 2 and text.count("GATHER") == 1
    assert not {"POW", "TANH", "DIV"} & set(operators_of("fused_sequence-norm_before"))


def test_constants_that_nodes_state_or_repeat_are_constants_of_the_file() -> None:
    added = helper.make_tensor("added", TensorProto.FLOAT, [1], [2.0])
    stated = helper.make_node("Constant", [], ["stated"], value=added)
    repeated = helper.make_node("Identity", ["stated"], ["repeated"])
    value, result = (helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 4]) for name in ("x", "y"))
    nodes = [stated, repeated, helper.make_node("Add", ["x", "repeated"], ["y"])]
    converted = convert(helper.make_model(helper.make_graph(nodes, "adds", [value], [result])))
    found = outputs_of(converted, {"x": np.zeros((1, 4), dtype=np.float32)})
    np.testing.assert_array_equal(found["y"], np.full((1, 4), 2.0))


def test_a_graph_without_built_in_operators_is_refused_in_a_sentence() -> None:
    value = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 4])
    result = helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 4])
    graph = helper.make_graph([helper.make_node("Acosh", ["x"], ["y"])], "g", [value], [result])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    with pytest.raises(ExportError, match="TensorFlow Lite has no built-in operator for Acosh"):
        convert(model)


def test_what_is_looked_up_from_the_end_is_found() -> None:
    value = helper.make_tensor_value_info("x", TensorProto.FLOAT, [3, 4])
    result = helper.make_tensor_value_info("y", TensorProto.FLOAT, [2, 4])
    last = helper.make_tensor("last", TensorProto.INT64, [2], [-1, 0])
    graph = helper.make_graph([helper.make_node("Gather", ["x", "last"], ["y"])], "g", [value], [result], [last])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    rows = np.arange(12, dtype=np.float32).reshape(3, 4)
    assert (outputs_of(convert(model), {"x": rows})["y"] == rows[[2, 0]]).all()

"""The precision of a model is what its file computes in."""

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import onnx
import pytest
from onnx import TensorProto, helper

from edgeprof_proto.shared.onnx_fields import ModelContentError
from edgeprof_proto.shared.onnx_graph import parse_model, read_model
from edgeprof_proto.shared.onnx_precision import PRECISIONS, precision_of


def _weights(name: str, element_type: int, *shape: int) -> onnx.TensorProto:
    count = 1
    for size in shape:
        count *= size
    if element_type in (TensorProto.BFLOAT16, TensorProto.FLOAT8E4M3FN, TensorProto.INT4):
        bits = 4 if element_type == TensorProto.INT4 else 8 if element_type == TensorProto.FLOAT8E4M3FN else 16
        raw = bytes(count * bits // 8)
        return TensorProto(name=name, data_type=element_type, dims=shape, raw_data=raw)
    return helper.make_tensor(name, element_type, shape, [1] * count)


def _model(
    nodes: Sequence[onnx.NodeProto], weights: Sequence[onnx.TensorProto] = (), input_type: int = TensorProto.FLOAT
) -> onnx.ModelProto:
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", input_type, (1, 4))],
        [helper.make_tensor_value_info("y", input_type, None)],
        weights,
    )
    return helper.make_model(graph)


def _precision(model: onnx.ModelProto) -> str:
    return precision_of(parse_model(memoryview(model.SerializeToString())))


@pytest.mark.parametrize(
    ("element_type", "precision"),
    [
        (TensorProto.FLOAT, "float32"),
        (TensorProto.FLOAT16, "float16"),
        (TensorProto.BFLOAT16, "bfloat16"),
        (TensorProto.DOUBLE, "float64"),
        (TensorProto.FLOAT8E4M3FN, "float8"),
    ],
)
def test_a_model_computes_in_the_type_of_its_weights(element_type: int, precision: str) -> None:
    weights = _weights("w", element_type, 4, 4)
    # Shapes in 64-bit integers are no weights.
    shape = _weights("s", TensorProto.INT64, 2)
    nodes = [helper.make_node("Reshape", ["x", "s"], ["r"]), helper.make_node("MatMul", ["r", "w"], ["y"])]
    assert _precision(_model(nodes, [weights, shape])) == precision
    constant = helper.make_node("Constant", [], ["w"], value=weights)
    assert _precision(_model([constant, *nodes], [shape])) == precision


@pytest.mark.parametrize(
    ("operator", "precision"),
    [("QLinearMatMul", "int8"), ("MatMulInteger", "int8"), ("QGemm", "int8"), ("MatMulNBits", "int4")],
)
def test_quantised_operators_compute_in_integers(operator: str, precision: str) -> None:
    node = helper.make_node(operator, ["x", "w"], ["y"])
    assert _precision(_model([node], [_weights("scale", TensorProto.FLOAT, 1_000)])) == precision


@pytest.mark.parametrize(
    ("element_type", "precision"),
    [(TensorProto.INT8, "int8"), (TensorProto.UINT8, "int8"), (TensorProto.INT4, "int4"), (TensorProto.INT16, "int16")],
)
def test_a_product_of_dequantised_inputs_computes_in_integers(element_type: int, precision: str) -> None:
    nodes = [
        helper.make_node("DequantizeLinear", ["w", "scale"], ["d"]),
        helper.make_node("MatMul", ["x", "d"], ["y"]),
    ]
    weights = [_weights("w", element_type, 4, 4), _weights("scale", TensorProto.FLOAT, 1)]
    assert _precision(_model(nodes, weights)) == precision


@pytest.mark.parametrize(
    ("activation", "weight", "precision"),
    [
        (TensorProto.INT8, TensorProto.INT8, "int8"),
        (TensorProto.INT16, TensorProto.INT8, "int8"),
        (TensorProto.INT8, TensorProto.INT4, "int4"),
    ],
)
def test_the_narrowest_dequantised_input_decides(activation: int, weight: int, precision: str) -> None:
    # The bias of a convolution that is quantised by channel has 32 bits.
    types = {"x": activation, "w": weight, "b": TensorProto.INT32}
    nodes = [helper.make_node("DequantizeLinear", [name, "scale"], [f"{name}d"]) for name in types]
    nodes.append(helper.make_node("Conv", [f"{name}d" for name in types], ["y"]))
    weights = [_weights(name, element_type, 4, 4) for name, element_type in types.items()]
    assert _precision(_model(nodes, [*weights, _weights("scale", TensorProto.FLOAT, 1)])) == precision


def test_most_of_the_work_decides_where_a_model_mixes_precisions() -> None:
    def mixed(quantised_count: int, float_count: int) -> str:
        nodes = [helper.make_node("QLinearMatMul", ["x"], [f"q{index}"]) for index in range(quantised_count)]
        nodes += [helper.make_node("MatMul", ["x", "w"], [f"f{index}"]) for index in range(float_count)]
        return _precision(_model(nodes, [_weights("w", TensorProto.FLOAT, 4, 4)]))

    assert mixed(3, 1) == mixed(1, 1) == "int8"
    assert mixed(1, 3) == "float32"


def test_a_model_without_weights_computes_in_the_type_of_its_input() -> None:
    node = helper.make_node("Relu", ["x"], ["y"])
    assert _precision(_model([node], input_type=TensorProto.FLOAT16)) == "float16"
    assert _precision(_model([node], input_type=TensorProto.INT32)) == "int32"
    assert _precision(_model([node], input_type=TensorProto.STRING)) == "float32"


def test_work_in_branches_and_functions_counts() -> None:
    body = helper.make_graph([helper.make_node("MatMul", ["x", "w"], ["b"])], "b", [], [], [])
    branch = _model(
        [helper.make_node("If", ["x"], ["y"], then_branch=body, else_branch=body)],
        [_weights("w", TensorProto.FLOAT16, 4, 4), _weights("bias", TensorProto.FLOAT, 1_000)],
    )
    assert _precision(branch) == "float16"
    function = helper.make_function(
        "own", "f", ["a"], ["b"], [helper.make_node("ConvInteger", ["a"], ["b"])], [helper.make_opsetid("", 17)]
    )
    model = _model([helper.make_node("f", ["x"], ["y"], domain="own")])
    model.functions.append(function)
    assert _precision(model) == "int8"


def test_a_network_that_onnx_runtime_has_quantised_is_int8(tmp_path: Path, write_convolutions: Any) -> None:
    from onnxruntime import quantization  # takes a second to import

    path = write_convolutions(tmp_path / "model.onnx")
    assert precision_of(read_model(path)) == "float32"
    quantization.quantize_dynamic(path, tmp_path / "int8.onnx", weight_type=quantization.QuantType.QUInt8)
    assert precision_of(read_model(tmp_path / "int8.onnx")) == "int8"


def test_damaged_files_end_in_a_precision_or_a_sentence(tmp_path: Path, write_convolutions: Any) -> None:
    content = bytearray(write_convolutions(tmp_path / "model.onnx").read_bytes())
    generator = random.Random(0)
    for _ in range(500):
        damaged = bytearray(content[: generator.randrange(1, len(content))])
        for _ in range(generator.randrange(4)):
            damaged[generator.randrange(len(damaged))] = generator.randrange(256)
        try:
            assert precision_of(parse_model(memoryview(damaged))) in PRECISIONS
        except ModelContentError as error:
            assert str(error)

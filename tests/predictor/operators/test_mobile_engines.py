"""Layers of ncnn and operators of TensorFlow Lite as records: classes, tags, and what is computed with them."""

from typing import Any

import pytest

from edgeprof_predictor.operators.classes import OperatorClass as C
from edgeprof_predictor.operators.graph import Graph, Node, Tensor
from edgeprof_predictor.operators.records import OperatorRecord, records_of


def _record(engine: str, *, weight_type: str = "float32", **fields: Any) -> OperatorRecord:
    for name in ("inputs", "outputs", "weights"):
        kind = weight_type if name == "weights" else "float32"
        fields[name] = tuple(Tensor(shape, kind) for shape in fields.get(name, ()))
    (record,) = records_of(Graph(engine=engine, nodes=(Node(name="node", **fields),)))
    return record


@pytest.mark.parametrize(
    ("node", "expected", "tag"),
    [
        ({"type": "ConvolutionDepthWise", "inputs": [(6, 8, 8)], "outputs": [(6, 8, 8)], "weights": [(6, 1, 3, 3)],
          "attributes": {"group": (6,)}}, C.DEPTHWISE, "ConvolutionDepthWise"),
        ({"type": "Convolution", "inputs": [(6, 8, 8)], "outputs": [(4, 8, 8)], "weights": [(4, 6, 1, 1)]},
         C.POINTWISE, "Convolution"),
        ({"type": "Convolution1D", "inputs": [(6, 8)], "outputs": [(4, 8)], "weights": [(4, 6, 3)]},
         C.CONVOLUTION_1D, "Convolution1D"),
        ({"type": "Pooling", "inputs": [(6, 8, 8)], "outputs": [(6,)],
          "attributes": {"global": (1,), "mode": "average"}}, C.GLOBAL_POOLING, "Pooling average"),
        ({"type": "BinaryOp", "inputs": [(6, 8, 8), (6, 1, 1)], "outputs": [(6, 8, 8)],
          "attributes": {"operation": "Mul"}}, C.BROADCAST, "BinaryOp mul"),
        ({"type": "Permute", "inputs": [(6, 8, 8)], "outputs": [(8, 6, 8)], "attributes": {"perm": (1, 0, 2)}},
         C.TRANSPOSE, "Permute 1 0 2"),
        ({"type": "Gemm", "inputs": [(5, 6)], "outputs": [(5, 7)], "weights": [(7, 6)]}, C.DENSE, "Gemm"),
        ({"type": "MatMul", "inputs": [(2, 5, 6), (2, 6, 7)], "outputs": [(2, 5, 7)]}, C.MATRIX, "MatMul"),
    ],
)  # fmt: skip
def test_a_layer_of_ncnn_has_a_class_and_a_tag(node: dict[str, Any], expected: C, tag: str) -> None:
    record = _record("ncnn", **node)
    assert (record.operator_class, record.tag, record.is_known) == (expected, tag, True)


def test_a_convolution_of_ncnn_counts_as_one_with_a_batch() -> None:
    shapes = {"weights": [(8, 3, 3, 3)], "attributes": {"kernel_shape": (3, 3), "strides": (1, 1)}}
    ncnn = _record("ncnn", type="Convolution", inputs=[(3, 16, 16)], outputs=[(8, 16, 16)], **shapes)
    onnx = _record("onnx", type="Conv", inputs=[(1, 3, 16, 16)], outputs=[(1, 8, 16, 16)], **shapes)
    assert ncnn.sizes == onnx.sizes and ncnn.tag == "Convolution 3x3"


def test_int8_and_activations_with_a_layer_of_ncnn_are_seen() -> None:
    dense = {"type": "InnerProduct", "inputs": [(8, 2, 2)], "outputs": [(5,)], "weights": [(5, 32)]}
    record = _record("ncnn", weight_type="int8", **dense, attributes={"activation": "Sigmoid"})
    assert record.tag == "InnerProduct int8" and record.sizes.reduction == 32
    assert record.sizes.fused == 2 and record.sizes.exponentials == 5
    exponential = _record("ncnn", type="UnaryOp", inputs=[(8,)], outputs=[(8,)], attributes={"operation": "Exp"})
    assert exponential.sizes.exponentials == 8 and exponential.operator_class is C.ACTIVATION


def test_a_recurrent_layer_and_attention_of_ncnn_count_all_their_weights() -> None:
    lstm = _record("ncnn", type="LSTM", inputs=[(20, 6)], outputs=[(20, 5)], weights=[(1, 20, 6), (1, 20, 5)])
    assert (lstm.sizes.steps, lstm.sizes.weight_bytes) == (20, 20 * 4 * 220)
    attention = _record("ncnn", type="MultiHeadAttention", inputs=[(10, 8)], outputs=[(10, 8)], weights=[(8, 8)] * 4)
    assert attention.sizes.flops >= 2 * 10 * 4 * 64


def test_operators_of_tensorflow_lite_are_told_apart_by_kernels_and_by_types() -> None:
    node = {"type": "FULLY_CONNECTED", "inputs": [(1, 2, 2, 8)], "outputs": [(1, 5)], "weights": [(5, 32)]}
    record = _record("litert", **node, kernel="xnnpack", attributes={"activation": "Relu"})
    assert record.tag == "FULLY_CONNECTED xnnpack"
    assert (record.sizes.reduction, record.sizes.fused) == (32, 2)
    hybrid = _record("litert", weight_type="int8", **node, kernel="builtin-cpu")
    assert hybrid.tag == "FULLY_CONNECTED builtin-cpu int8 weights"
    mean = {"type": "MEAN", "inputs": [(1, 4, 4, 8)], "outputs": [(1, 8)], "attributes": {"axes": (1, 2)}}
    assert _record("litert", **mean).operator_class is C.GLOBAL_POOLING
    grouped = _record("litert", type="CONV_2D", inputs=[(1, 4, 4, 8)], outputs=[(1, 4, 4, 8)], weights=[(8, 3, 3, 4)])
    assert grouped.operator_class is C.GROUPED and grouped.sizes.groups == 2


def test_depthwise_convolutions_of_tensorflow_lite_with_windows_beyond_5x5_run_other_code() -> None:
    image = {"inputs": [(1, 16, 16, 8)], "outputs": [(1, 16, 16, 8)], "kernel": "xnnpack"}
    small, wide = (
        _record("litert", type="DEPTHWISE_CONV_2D", **image, weights=[(1, size, size, 8)]) for size in (5, 7)
    )
    assert (small.tag, wide.tag) == ("DEPTHWISE_CONV_2D xnnpack", "DEPTHWISE_CONV_2D xnnpack wide")
    assert small.operator_class is wide.operator_class is C.DEPTHWISE


def test_constants_that_are_unpacked_once_take_no_time() -> None:
    unpacking = Node(name="w", type="DEQUANTIZE", weights=(Tensor((8, 8), "float16"),), outputs=(Tensor((8, 8)),))
    assert records_of(Graph(engine="litert", nodes=(unpacking,))) == ()

"""TensorFlow Lite's operators, as LiteRT and tflite-runtime name them."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from edgeprof_predictor.operators.classes import Kind, OperatorClass
from edgeprof_predictor.operators.engines.by_shape import (
    class_of_convolution,
    class_of_elementwise,
    order_tag,
    with_depth_of_weights,
    with_fused_activation,
)
from edgeprof_predictor.operators.engines.layouts import channels_first, kernel_last
from edgeprof_predictor.operators.engines.tables import classes_by_name, names
from edgeprof_predictor.operators.graph import Node
from edgeprof_predictor.operators.shapes import kernel_area, weight_of

_BY_CLASS: Final[dict[OperatorClass, str]] = {
    OperatorClass.DEPTHWISE: "DEPTHWISE_CONV_2D",
    OperatorClass.TRANSPOSED_CONVOLUTION: "TRANSPOSE_CONV CONV_3D_TRANSPOSE",
    OperatorClass.CONVOLUTION_3D: "CONV_3D",
    OperatorClass.RECURRENT: (
        "LSTM UNIDIRECTIONAL_SEQUENCE_LSTM BIDIRECTIONAL_SEQUENCE_LSTM RNN UNIDIRECTIONAL_SEQUENCE_RNN"
    ),
    OperatorClass.NORMALISATION: "L2_NORMALIZATION LOCAL_RESPONSE_NORMALIZATION",
    OperatorClass.SOFTMAX: "SOFTMAX LOG_SOFTMAX",
    OperatorClass.ACTIVATION: (
        "RELU RELU6 RELU_N1_TO_1 LEAKY_RELU LOGISTIC TANH HARD_SWISH ELU GELU EXP LOG SQRT RSQRT ABS NEG SIN "
        "COS FLOOR CEIL ROUND SQUARE SIGN"
    ),
    OperatorClass.REDUCTION: "MEAN SUM REDUCE_MAX REDUCE_MIN REDUCE_PROD ARG_MAX ARG_MIN TOPK_V2 CUMSUM",
    OperatorClass.POOLING: "MAX_POOL_2D AVERAGE_POOL_2D L2_POOL_2D",
    OperatorClass.RESIZE: "RESIZE_BILINEAR RESIZE_NEAREST_NEIGHBOR",
    OperatorClass.TRANSPOSE: "TRANSPOSE DEPTH_TO_SPACE SPACE_TO_DEPTH BATCH_TO_SPACE_ND SPACE_TO_BATCH_ND",
    OperatorClass.CONCATENATION: "CONCATENATION PACK",
    OperatorClass.SLICING: "SLICE STRIDED_SLICE SPLIT SPLIT_V UNPACK",
    OperatorClass.GATHER: "GATHER GATHER_ND EMBEDDING_LOOKUP ONE_HOT SCATTER_ND",
    OperatorClass.PADDING: "PAD PADV2 MIRROR_PAD",
    OperatorClass.COPY: "CAST TILE BROADCAST_TO FILL RANGE REVERSE_V2",
    OperatorClass.QUANTISATION: "QUANTIZE DEQUANTIZE FAKE_QUANT",
    OperatorClass.VIEW: "RESHAPE SQUEEZE EXPAND_DIMS SHAPE",
}
_CLASSES: Final = classes_by_name(_BY_CLASS)
_SEVERAL_VALUES: Final = names(
    "ADD SUB MUL DIV POW MAXIMUM MINIMUM SQUARED_DIFFERENCE SELECT SELECT_V2 PRELU EQUAL GREATER LESS ADD_N"
)
_WITH_WEIGHTS: Final = names("CONV_2D DEPTHWISE_CONV_2D TRANSPOSE_CONV CONV_3D CONV_3D_TRANSPOSE FULLY_CONNECTED")
_WINDOWED_TYPES: Final = (_WITH_WEIGHTS - {"FULLY_CONNECTED"}) | names("MAX_POOL_2D AVERAGE_POOL_2D L2_POOL_2D")
_UNPACKING: Final = names("DEQUANTIZE DENSIFY")
_INTEGERS: Final = names("int8 uint8 int4 uint4")
MAX_UNROLLED_AREA: Final = 25
"""Largest window of a depthwise convolution that XNNPACK has fast code for: on x86-64 3x3 ran at 38, 5x5 at 30 and 7x7
at 2 G operations a second. Taken for one implementation, 3x3 and 5x5 were predicted twice too slow."""

_CONVOLUTIONS: Final = frozenset(
    {
        OperatorClass.CONVOLUTION,
        OperatorClass.POINTWISE,
        OperatorClass.DEPTHWISE,
        OperatorClass.GROUPED,
    }
)
"""Their sizes count an activation that is computed with them."""


def translate(node: Node) -> Kind:
    """Return class and tag: type, the kernels that run it (a delegate's or built-in ones), 8 bits, wide windows."""
    found, node = _classified(node)
    parts = [node.type, node.kernel, _integers(node)]
    if found is OperatorClass.DEPTHWISE and kernel_area(node, weight_of(node), 2) > MAX_UNROLLED_AREA:
        parts.append("wide")
    if node.type == "TRANSPOSE":
        parts.append(order_tag(node))
    return Kind(
        found or OperatorClass.OTHER,
        " ".join(filter(None, parts)),
        is_known=found is not None,
        # What is computed from constants alone is computed once, when the model is prepared.
        is_free=node.type in _UNPACKING and not node.inputs,
        node=node if found in _CONVOLUTIONS else with_fused_activation(node),
    )


def _classified(node: Node) -> tuple[OperatorClass | None, Node]:
    """Return the class of an operator, and the operator with its channels first where it has a window."""
    if node.type in _WINDOWED_TYPES:
        node = kernel_last(channels_first(node))
        if node.type == "DEPTHWISE_CONV_2D":  # one weight: 1, height, width, channels
            channels = node.outputs[0].shape[1:2] if node.outputs else ()
            node = replace(node, attributes={**node.attributes, "group": channels or (1,)})
    if node.type == "CONV_2D":
        return class_of_convolution(node), node
    if node.type == "BATCH_MATMUL":
        return OperatorClass.DENSE if node.weights else OperatorClass.MATRIX, node
    if node.type == "FULLY_CONNECTED":
        return OperatorClass.DENSE, with_depth_of_weights(node)
    if node.type in _SEVERAL_VALUES:
        return class_of_elementwise(node), node
    if node.type == "MEAN" and node.inputs and len(node.inputs[0].shape) == 4 and _is_spatial(node.numbers("axes")):
        return OperatorClass.GLOBAL_POOLING, node
    return _CLASSES.get(node.type), node


def _is_spatial(axes: tuple[int, ...]) -> bool:
    """Whether axes are the height and the width of images with the channels last."""
    return sorted(axis % 4 for axis in axes) == [1, 2]


def _integers(node: Node) -> str:
    """Return "int8" of an operator that computes in integers, "int8 weights" where its weights alone are some."""
    values = {value.element_type for value in (*node.inputs[:1], *node.outputs[:1])}
    if values & _INTEGERS:
        return "int8"
    weight = weight_of(node) if node.type in _WITH_WEIGHTS else None
    return f"{weight.element_type} weights" if weight is not None and weight.element_type in _INTEGERS else ""

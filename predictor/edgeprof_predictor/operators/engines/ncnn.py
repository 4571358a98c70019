"""ncnn's layers: shapes without a batch, parameters by ONNX's names where they have any."""

from __future__ import annotations

from collections.abc import Iterable
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
from edgeprof_predictor.operators.engines.tables import classes_by_name, names
from edgeprof_predictor.operators.graph import Node, Tensor

_BY_CLASS: Final[dict[OperatorClass, str]] = {
    OperatorClass.TRANSPOSED_CONVOLUTION: (
        "Deconvolution Deconvolution1D Deconvolution3D DeconvolutionDepthWise DeconvolutionDepthWise1D "
        "DeconvolutionDepthWise3D"
    ),
    OperatorClass.DENSE: "InnerProduct",
    OperatorClass.RECURRENT: "LSTM GRU RNN",
    OperatorClass.ATTENTION: "MultiHeadAttention SDPA RotaryEmbed",
    OperatorClass.NORMALISATION: "LayerNorm GroupNorm InstanceNorm RMSNorm LRN Normalize MVN",
    OperatorClass.SOFTMAX: "Softmax",
    OperatorClass.ACTIVATION: (
        "ReLU Sigmoid TanH GELU Swish Mish HardSwish HardSigmoid ELU SELU CELU Clip UnaryOp AbsVal Exp Log Power "
        "Softplus BNLL Threshold Erf Shrink GLU"
    ),
    OperatorClass.BROADCAST: "BatchNorm Scale Bias PReLU",
    OperatorClass.REDUCTION: "Reduction ArgMax CumulativeSum StatisticsPooling",
    OperatorClass.RESIZE: "Interp GridSample",
    OperatorClass.TRANSPOSE: "Permute PixelShuffle ShuffleChannel Reorg",
    OperatorClass.LAYOUT: "Packing",
    OperatorClass.CONCATENATION: "Concat",
    OperatorClass.SLICING: "Slice Crop",
    OperatorClass.GATHER: "Embed",
    OperatorClass.PADDING: "Padding",
    OperatorClass.COPY: "Tile Cast Fold Unfold CopyTo Diag Flip",
    OperatorClass.QUANTISATION: "Quantize Dequantize Requantize",
    OperatorClass.VIEW: "Reshape Flatten Squeeze ExpandDims Dropout",
}
_CLASSES: Final = classes_by_name(_BY_CLASS)
_CONVOLUTIONS: Final = names(
    "Convolution Convolution1D Convolution3D ConvolutionDepthWise ConvolutionDepthWise1D ConvolutionDepthWise3D"
)
_POOLINGS: Final = names("Pooling Pooling1D Pooling3D")
_PRODUCTS: Final = names("Gemm MatMul")
_SEVERAL_VALUES: Final = names("BinaryOp Eltwise")
_SAID_BY_ATTRIBUTE: Final = ("operation", "mode")
_BATCHED: Final = frozenset({OperatorClass.TRANSPOSED_CONVOLUTION, OperatorClass.RESIZE, OperatorClass.ATTENTION})


def translate(node: Node) -> Kind:
    """Return class and tag: layer type, operation or mode, what runs other code: 8 bits, a plain 3x3 window."""
    found, node = _classified(node)
    parts = [node.type, *(node.text(name).lower() for name in _SAID_BY_ATTRIBUTE)]
    if any(value.element_type == "int8" for value in node.weights):
        parts.append("int8")
    if found is OperatorClass.CONVOLUTION and _is_plain_3x3(node):
        parts.append("3x3")
    if node.type == "Permute":
        parts.append(order_tag(node))
    return Kind(
        found or OperatorClass.OTHER, " ".join(filter(None, parts)), is_known=found is not None, node=_as_sized(node)
    )


def _classified(node: Node) -> tuple[OperatorClass | None, Node]:
    """Return the class of a layer, and the layer with the axes that the sizes of this class expect."""
    if node.type in _CONVOLUTIONS:
        node = _batched(node)
        return class_of_convolution(node), node
    if node.type in _POOLINGS:
        is_global = bool(node.number("global", 0))
        return OperatorClass.GLOBAL_POOLING if is_global else OperatorClass.POOLING, _batched(node)
    if node.type in _PRODUCTS:
        return OperatorClass.DENSE if node.weights else OperatorClass.MATRIX, node
    if node.type in _SEVERAL_VALUES:
        return class_of_elementwise(node), node
    found = _CLASSES.get(node.type)
    if found is OperatorClass.DENSE:
        node = with_depth_of_weights(node)
    elif found in _BATCHED:
        node = _batched(node)
    return found, node


def _as_sized(node: Node) -> Node:
    """Return the layer with what the sizes read of functions with an exponential, and of attention's matrices."""
    if node.type == "UnaryOp":
        return replace(node, attributes={**node.attributes, "activation": node.text("operation")})
    if node.type == "MultiHeadAttention":
        # One matrix each of queries, keys, values and outputs: the sizes read one for all.
        elements, kind = sum(value.elements for value in node.weights), [value.element_type for value in node.weights]
        return replace(node, weights=(Tensor((elements,), kind[0]),) if kind else ())
    return node if node.type in _CONVOLUTIONS else with_fused_activation(node)


def _batched(node: Node) -> Node:
    return replace(node, inputs=_with_batch(node.inputs), outputs=_with_batch(node.outputs))


def _with_batch(values: Iterable[Tensor]) -> tuple[Tensor, ...]:
    return tuple(Tensor((1, *value.shape), value.element_type) for value in values)


def _is_plain_3x3(node: Node) -> bool:
    """Whether a convolution has the window that the engine has a faster algorithm for."""
    return node.numbers("kernel_shape") == (3, 3) and not {*node.numbers("strides"), *node.numbers("dilations")} - {1}

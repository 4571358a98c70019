"""Layers that hold weights, and what follows them: normalisations, activations, pooling."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from edgeprof_predictor.operators.probes.graph_builder import GraphBuilder, Shape, Value
from edgeprof_predictor.operators.probes.reshaping import reshape

Sizes = int | tuple[int, ...]
"""One size for all spatial dimensions, or one for each."""

DEPTHWISE = 0
"""In place of a number of groups: one for each channel."""


def binary(graph: GraphBuilder, operator: str, left: Value, right: Value) -> Value:
    """Combine two values element by element, the smaller repeated along the other."""
    return graph.node(operator, (left, right), np.broadcast_shapes(left.shape, right.shape))


def add(graph: GraphBuilder, left: Value, right: Value) -> Value:
    """Add two values."""
    return binary(graph, "Add", left, right)


def multiply(graph: GraphBuilder, left: Value, right: Value) -> Value:
    """Multiply two values element by element."""
    return binary(graph, "Mul", left, right)


def unary(graph: GraphBuilder, operator: str, value: Value, **attributes: Any) -> Value:
    """Apply a function to each element."""
    return graph.node(operator, (value,), value.shape, **attributes)


def convolution(
    graph: GraphBuilder,
    value: Value,
    channels: int,
    kernel: Sizes = 3,
    stride: Sizes = 1,
    *,
    groups: int = 1,
    dilation: Sizes = 1,
    activation: str = "none",
    has_bias: bool = True,
) -> Value:
    """Convolve, with as much padding as keeps the size at stride 1, and activate; any number of spatial dimensions.

    A kernel as large as its stride gets no padding: it cuts the image into patches.
    """
    rank = len(value.shape) - 2
    kernels, strides, dilations = (_sizes(size, rank) for size in (kernel, stride, dilation))
    groups = groups or channels
    pads = [
        0 if size == step and size > 1 else apart * (size - 1) // 2
        for size, step, apart in zip(kernels, strides, dilations, strict=True)
    ]
    spatial = _slid(value.shape[2:], kernels, strides, dilations, pads)
    inputs = value.shape[1] // groups
    weights = graph.weight(channels, inputs, *kernels, fan_in=inputs * math.prod(kernels), gain=_gain(activation))
    bias = (graph.bias(channels),) if has_bias else ()
    found = graph.node(
        "Conv",
        (value, weights, *bias),
        (value.shape[0], channels, *spatial),
        kernel_shape=list(kernels),
        strides=list(strides),
        dilations=list(dilations),
        pads=[*pads, *pads],
        group=groups,
    )
    return activate(graph, found, activation)


def transposed_convolution(
    graph: GraphBuilder,
    value: Value,
    channels: int,
    kernel: Sizes,
    stride: Sizes,
    *,
    groups: int = 1,
    activation: str = "none",
) -> Value:
    """Convolve so that each size grows by the stride, and activate."""
    rank = len(value.shape) - 2
    kernels, strides = _sizes(kernel, rank), _sizes(stride, rank)
    pads = [(size - step + 1) // 2 for size, step in zip(kernels, strides, strict=True)]
    extra = [step + 2 * low - size for size, step, low in zip(kernels, strides, pads, strict=True)]
    weights = graph.weight(
        value.shape[1],
        channels // groups,
        *kernels,
        fan_in=max(1, value.shape[1] // groups * math.prod(kernels) // math.prod(strides)),
        gain=_gain(activation),
    )
    found = graph.node(
        "ConvTranspose",
        (value, weights, graph.bias(channels)),
        (value.shape[0], channels, *(size * step for size, step in zip(value.shape[2:], strides, strict=True))),
        kernel_shape=list(kernels),
        strides=list(strides),
        pads=[*pads, *pads],
        output_padding=extra,
        group=groups,
    )
    return activate(graph, found, activation)


def dense(graph: GraphBuilder, value: Value, units: int, *, activation: str = "none", has_bias: bool = True) -> Value:
    """Multiply the last dimension by a matrix, add a bias and activate: Gemm for one row, else MatMul and Add."""
    width = value.shape[-1]
    gain = _gain(activation)
    if len(value.shape) == 2 and has_bias:
        weights = (graph.weight(units, width, fan_in=width, gain=gain), graph.bias(units))
        found = graph.node("Gemm", (value, *weights), (value.shape[0], units), transB=1)
    else:
        found = matmul(graph, value, graph.weight(width, units, fan_in=width, gain=gain))
        found = add(graph, graph.bias(units), found) if has_bias else found
    return activate(graph, found, activation)


def matmul(graph: GraphBuilder, left: Value, right: Value) -> Value:
    """Multiply matrices, in batches where there are more dimensions."""
    batch = np.broadcast_shapes(left.shape[:-2], right.shape[:-2])
    return graph.node("MatMul", (left, right), (*batch, left.shape[-2], right.shape[-1]))


def activate(graph: GraphBuilder, value: Value, name: str) -> Value:
    """Apply an activation as exporters write it: as one node where ONNX has one, else by its formula."""
    if name == "none":
        return value
    if name in _NODES:
        operator, attributes = _NODES[name]
        return unary(graph, operator, value, **attributes)
    if name == "relu6":
        return clip(graph, value, 0.0, 6.0)
    if name == "silu":
        return multiply(graph, value, unary(graph, "Sigmoid", value))
    if name == "mish":
        return multiply(graph, value, unary(graph, "Tanh", unary(graph, "Softplus", value)))
    if name == "prelu":
        slopes = graph.uniform((value.shape[1], *(1 for _ in value.shape[2:])), 0.2, 0.25)
        return graph.node("PRelu", (value, slopes), value.shape)
    if name == "gelu":
        scaled = binary(graph, "Div", value, graph.scalar(math.sqrt(2)))
        share = add(graph, unary(graph, "Erf", scaled), graph.scalar(1.0))
        return multiply(graph, multiply(graph, value, share), graph.scalar(0.5))
    assert name == "tanh gelu", name
    cube = binary(graph, "Pow", value, graph.scalar(3.0))
    inner = add(graph, value, multiply(graph, cube, graph.scalar(0.044715)))
    share = unary(graph, "Tanh", multiply(graph, inner, graph.scalar(math.sqrt(2 / math.pi))))
    return multiply(graph, multiply(graph, value, graph.scalar(0.5)), add(graph, share, graph.scalar(1.0)))


_NODES: dict[str, tuple[str, dict[str, float]]] = {
    "relu": ("Relu", {}),
    "hard swish": ("HardSwish", {}),
    "hard sigmoid": ("HardSigmoid", {"alpha": 1 / 6}),
    "sigmoid": ("Sigmoid", {}),
    "tanh": ("Tanh", {}),
    "leaky relu": ("LeakyRelu", {"alpha": 0.1}),
    "elu": ("Elu", {"alpha": 1.0}),
    "softplus": ("Softplus", {}),
    "erf": ("Erf", {}),
}


def clip(graph: GraphBuilder, value: Value, low: float, high: float) -> Value:
    """Limit each element to a range."""
    return graph.node("Clip", (value, graph.scalar(low), graph.scalar(high)), value.shape)


def layer_norm(graph: GraphBuilder, value: Value) -> Value:
    """Normalise over the last dimension."""
    width = value.shape[-1]
    return graph.node(
        "LayerNormalization",
        (value, graph.uniform((width,), 0.1, 1.0), graph.bias(width)),
        value.shape,
        axis=-1,
        epsilon=1e-5,
    )


def rms_norm(graph: GraphBuilder, value: Value) -> Value:
    """Normalise over the last dimension by the root mean square, by its formula."""
    squares = binary(graph, "Pow", value, graph.scalar(2.0))
    mean = add(graph, reduce(graph, "ReduceMean", squares, -1), graph.scalar(1e-6))
    factor = binary(graph, "Div", graph.scalar(1.0), unary(graph, "Sqrt", mean))
    return multiply(graph, graph.uniform((value.shape[-1],), 0.1, 1.0), multiply(graph, value, factor))


def batch_norm(graph: GraphBuilder, value: Value) -> Value:
    """Normalise each channel by constants."""
    channels = value.shape[1]
    scales = (graph.uniform((channels,), 0.1, 1.0), graph.bias(channels), graph.bias(channels))
    variance = graph.uniform((channels,), 0.2, 1.0)
    return graph.node("BatchNormalization", (value, *scales, variance), value.shape, epsilon=1e-5)


def instance_norm(graph: GraphBuilder, value: Value) -> Value:
    """Normalise each channel over its positions."""
    channels = value.shape[1]
    scales = (graph.uniform((channels,), 0.1, 1.0), graph.bias(channels))
    return graph.node("InstanceNormalization", (value, *scales), value.shape, epsilon=1e-5)


def group_norm(graph: GraphBuilder, value: Value, groups: int) -> Value:
    """Normalise each group of channels over them and their positions, as exporters write it."""
    channels, positions = value.shape[1], math.prod(value.shape[2:])
    ones = [1] * len(value.shape[2:])
    joined = reshape(graph, value, value.shape[0], groups, channels // groups * positions)
    normal = reshape(graph, instance_norm(graph, joined), *value.shape)
    scaled = multiply(graph, normal, graph.uniform((channels, *ones), 0.1, 1.0))
    return add(graph, scaled, graph.bias(channels, *ones))


def softmax(graph: GraphBuilder, value: Value, axis: int = -1) -> Value:
    """Normalise to shares along a dimension."""
    return graph.node("Softmax", (value,), value.shape, axis=axis)


def reduce(graph: GraphBuilder, operator: str, value: Value, *axes: int) -> Value:
    """Reduce dimensions to size 1."""
    reduced = {axis % len(value.shape) for axis in axes}
    shape = tuple(1 if axis in reduced else size for axis, size in enumerate(value.shape))
    if operator == "ReduceSum":
        # The one that takes its axes as an input in this operator set.
        return graph.node(operator, (value, graph.integers(*axes)), shape, keepdims=1)
    return graph.node(operator, (value,), shape, axes=list(axes), keepdims=1)


def pool(graph: GraphBuilder, operator: str, value: Value, kernel: Sizes, stride: Sizes, padding: int = 0) -> Value:
    """Pool by `MaxPool` or `AveragePool`."""
    rank = len(value.shape) - 2
    kernels, strides, pads = _sizes(kernel, rank), _sizes(stride, rank), _sizes(padding, rank)
    spatial = _slid(value.shape[2:], kernels, strides, (1,) * rank, pads)
    counted = {"count_include_pad": 1} if operator == "AveragePool" else {}
    return graph.node(
        operator,
        (value,),
        (*value.shape[:2], *spatial),
        kernel_shape=list(kernels),
        strides=list(strides),
        pads=[*pads, *pads],
        **counted,
    )


def global_average_pool(graph: GraphBuilder, value: Value) -> Value:
    """Average each channel over its positions."""
    return graph.node("GlobalAveragePool", (value,), (*value.shape[:2], *(1 for _ in value.shape[2:])))


def resize(graph: GraphBuilder, value: Value, factor: int, mode: str = "linear", corners: str = "half_pixel") -> Value:
    """Enlarge an image; corners says which points of the two images lie on each other."""
    shape = (*value.shape[:2], *(size * factor for size in value.shape[2:]))
    attributes: dict[str, Any] = {"mode": mode, "coordinate_transformation_mode": corners}
    if mode == "nearest":
        attributes |= {"coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
    factors = graph.floats([1.0, 1.0, *(float(factor) for _ in value.shape[2:])])
    return graph.node("Resize", (value, None, factors), shape, **attributes)


def _gain(activation: str) -> float:
    """Variance of weights that keeps the scale of values through the activation, roughly."""
    return 1.0 if activation in ("none", "sigmoid", "hard sigmoid", "tanh", "erf") else 2.0


def _sizes(size: Sizes, rank: int) -> tuple[int, ...]:
    return (size,) * rank if isinstance(size, int) else size


def _slid(sizes: Shape, kernels: Shape, strides: Shape, dilations: Shape, pads: Sequence[int]) -> Shape:
    """Return the sizes that a window leaves that slides over a value."""
    return tuple(
        (size + 2 * low - apart * (kernel - 1) - 1) // step + 1
        for size, kernel, step, apart, low in zip(sizes, kernels, strides, dilations, pads, strict=True)
    )

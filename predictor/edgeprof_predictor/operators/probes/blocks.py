"""Blocks that networks repeat: several layers that runtimes join into fewer operators."""

from __future__ import annotations

from edgeprof_predictor.operators.probes.graph_builder import GraphBuilder, Value
from edgeprof_predictor.operators.probes.layers import (
    DEPTHWISE,
    activate,
    add,
    convolution,
    dense,
    global_average_pool,
    layer_norm,
    multiply,
    pool,
)
from edgeprof_predictor.operators.probes.reshaping import concat, flatten, split, transpose


def squeeze_excite(graph: GraphBuilder, value: Value, hidden: int, gate: str = "sigmoid") -> Value:
    """Scale each channel by a share computed from the means of all."""
    means = global_average_pool(graph, value)
    inner = convolution(graph, means, hidden, 1, activation="relu")
    return multiply(graph, value, convolution(graph, inner, value.shape[1], 1, activation=gate))


def inverted_residual(
    graph: GraphBuilder,
    value: Value,
    channels: int,
    *,
    expansion: int = 4,
    kernel: int = 3,
    stride: int = 1,
    activation: str = "relu6",
    squeeze: int = 0,
) -> Value:
    """Widen, convolve each channel, narrow; added to the input where the shapes agree.

    Args:
        graph: The graph.
        value: The input.
        channels: Channels of the output.
        expansion: How much wider the inside is.
        kernel: Size of the depthwise convolution.
        stride: Its stride.
        activation: What follows the first two convolutions.
        squeeze: Hidden channels of a squeeze-excite block; 0 for none.
    """
    inside = value.shape[1] * expansion
    found = convolution(graph, value, inside, 1, activation=activation) if expansion > 1 else value
    found = convolution(graph, found, inside, kernel, stride, groups=DEPTHWISE, activation=activation)
    if squeeze:
        found = squeeze_excite(graph, found, squeeze, "hard sigmoid" if activation == "hard swish" else "sigmoid")
    found = convolution(graph, found, channels, 1)
    return add(graph, value, found) if found.shape == value.shape else found


def residual(graph: GraphBuilder, value: Value, channels: int, stride: int = 1, activation: str = "relu") -> Value:
    """Two 3x3 convolutions, added to the input or to a projection of it."""
    found = convolution(graph, value, channels, 3, stride, activation=activation)
    found = convolution(graph, found, channels, 3)
    short = value if value.shape == found.shape else convolution(graph, value, channels, 1, stride)
    return activate(graph, add(graph, found, short), activation)


def bottleneck(graph: GraphBuilder, value: Value, channels: int, stride: int = 1, groups: int = 1) -> Value:
    """1x1, 3x3 and 1x1 convolution, a quarter as wide inside, added to the input or to a projection of it."""
    inside = channels // 4
    found = convolution(graph, value, inside, 1, activation="relu")
    found = convolution(graph, found, inside, 3, stride, groups=groups, activation="relu")
    found = convolution(graph, found, channels, 1)
    short = value if value.shape == found.shape else convolution(graph, value, channels, 1, stride)
    return activate(graph, add(graph, found, short), "relu")


def convnext(graph: GraphBuilder, value: Value, kernel: int = 7) -> Value:
    """Depthwise convolution, then a normalised perceptron over channels that come last for it, scaled and added."""
    channels = value.shape[1]
    found = convolution(graph, value, channels, kernel, groups=DEPTHWISE)
    found = layer_norm(graph, transpose(graph, found, 0, 2, 3, 1))
    found = dense(graph, dense(graph, found, 4 * channels, activation="gelu"), channels)
    found = multiply(graph, found, graph.uniform((channels,), 0.2, 0.5))
    return add(graph, transpose(graph, found, 0, 3, 1, 2), value)


def csp(graph: GraphBuilder, value: Value, channels: int, depth: int = 1) -> Value:
    """Convolutions with SiLU whose every result is kept and joined, as in detectors."""
    half = channels // 2
    whole = convolution(graph, value, channels, 1, activation="silu")
    parts = list(split(graph, whole, (half, half)))
    for _ in range(depth):
        inner = convolution(graph, parts[-1], half, 3, activation="silu")
        parts.append(add(graph, parts[-1], convolution(graph, inner, half, 3, activation="silu")))
    return convolution(graph, concat(graph, parts), channels, 1, activation="silu")


def pooled_residual(graph: GraphBuilder, value: Value, channels: int) -> Value:
    """Average pooling and a 1x1 convolution, added to a 3x3 convolution of the input."""
    pooled = convolution(graph, pool(graph, "AveragePool", value, 3, 1, 1), channels, 1)
    return activate(graph, add(graph, convolution(graph, value, channels, 3), pooled), "relu")


def classifier(graph: GraphBuilder, value: Value, classes: int) -> Value:
    """Average each channel and multiply by a matrix, as classifiers end."""
    return dense(graph, flatten(graph, global_average_pool(graph, value)), classes)

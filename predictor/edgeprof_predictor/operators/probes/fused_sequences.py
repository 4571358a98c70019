"""What networks for texts and sequences repeat and runtimes join: each probe is a stack of one kind of block."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from edgeprof_predictor.operators.probes.attention import perceptron
from edgeprof_predictor.operators.probes.graph_builder import GraphBuilder, Shape, Value
from edgeprof_predictor.operators.probes.layers import (
    DEPTHWISE,
    activate,
    add,
    convolution,
    dense,
    layer_norm,
    multiply,
    rms_norm,
)
from edgeprof_predictor.operators.probes.recipe import Recipe
from edgeprof_predictor.operators.probes.reshaping import split, transpose

KIND = "fused sequence"

SHAPES: tuple[Shape, ...] = ((128, 96), (64, 160), (24, 192), (8, 48))
"""Length and width of the sequences that each stack is built for."""


def recipes() -> Iterator[Recipe]:
    """Return the stacks."""
    yield Recipe("norm_after", KIND, (_norm_after,))
    yield Recipe("norm_before", KIND, (_norm_before,))
    yield Recipe("gated", KIND, (_gated,))
    yield Recipe("mixer", KIND, (partial(_mixer, length=49, width=128), partial(_mixer, length=144, width=64), _affine))
    yield Recipe("convolutional", KIND, (partial(_convolutional, shapes=((100, 96), (40, 144))),))


def _norm_after(graph: GraphBuilder) -> None:
    """Build a sum that is normalised, the two in one operator, after each perceptron."""
    for length, width in SHAPES:
        value = graph.input(1, length, width)
        for activation in ("gelu", "relu"):
            value = layer_norm(graph, add(graph, perceptron(graph, value, 2, activation), value))
        graph.output(value)


def _norm_before(graph: GraphBuilder) -> None:
    for length, width in SHAPES:
        value = graph.input(1, length, width)
        for activation in ("tanh gelu", "silu"):
            value = add(graph, value, perceptron(graph, layer_norm(graph, value), 2, activation))
        graph.output(layer_norm(graph, value))


def _gated(graph: GraphBuilder) -> None:
    """Build gated perceptrons after a normalisation by the root mean square, the gate a product or half of one."""
    for length, width in SHAPES:
        value = graph.input(1, length, width)
        normal = rms_norm(graph, value)
        gate = dense(graph, normal, 2 * width, activation="silu", has_bias=False)
        wide = multiply(graph, gate, dense(graph, normal, 2 * width, has_bias=False))
        value = add(graph, value, dense(graph, wide, width, has_bias=False))
        left, right = split(graph, dense(graph, rms_norm(graph, value), 2 * width), (width, width), 2)
        gated = multiply(graph, left, activate(graph, right, "sigmoid"))
        graph.output(add(graph, value, dense(graph, gated, width)))


def _mixer(graph: GraphBuilder, *, length: int, width: int) -> None:
    """Build perceptrons over positions and over channels in turn."""
    value = graph.input(1, length, width)
    for _ in range(2):
        turned = transpose(graph, layer_norm(graph, value), 0, 2, 1)
        value = add(graph, value, transpose(graph, perceptron(graph, turned, 2), 0, 2, 1))
        value = add(graph, value, perceptron(graph, layer_norm(graph, value), 3))
    graph.output(layer_norm(graph, value))


def _affine(graph: GraphBuilder) -> None:
    """Build perceptrons whose only normalisation is a constant scale and shift of each channel."""
    for length, width in ((196, 64), (49, 128)):
        value = graph.input(1, length, width)
        turned = transpose(graph, _scale_and_shift(graph, value), 0, 2, 1)
        mixed = transpose(graph, dense(graph, turned, length), 0, 2, 1)
        value = add(graph, value, multiply(graph, graph.uniform((width,), 0.1, 0.5), mixed))
        inner = perceptron(graph, _scale_and_shift(graph, value))
        graph.output(add(graph, value, multiply(graph, graph.uniform((width,), 0.1, 0.5), inner)))


def _scale_and_shift(graph: GraphBuilder, value: Value) -> Value:
    width = value.shape[-1]
    return add(graph, multiply(graph, graph.uniform((1, 1, width), 0.1, 1.0), value), graph.bias(1, 1, width))


def _convolutional(graph: GraphBuilder, *, shapes: Sequence[Shape]) -> None:
    """Build the convolution module of speech encoders: gated 1x1, long depthwise, 1x1, between two transposes."""
    for length, width in shapes:
        value = graph.input(1, length, width)
        turned = transpose(graph, layer_norm(graph, value), 0, 2, 1)
        left, right = split(graph, convolution(graph, turned, 2 * width, 1), (width, width))
        inner = multiply(graph, left, activate(graph, right, "sigmoid"))
        inner = convolution(graph, inner, width, 15, groups=DEPTHWISE, activation="silu")
        value = add(graph, value, transpose(graph, convolution(graph, inner, width, 1), 0, 2, 1))
        graph.output(add(graph, value, perceptron(graph, layer_norm(graph, value), 4, "silu")))

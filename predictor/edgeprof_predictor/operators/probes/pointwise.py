"""Activations, elementwise operators and normalisations, one after the other on a value of one shape.

Between two of them stands what no runtime joins with its neighbours (a pooling, a softmax, or cuts and a join), so that
each is measured alone and on a warm value.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial

from edgeprof_predictor.operators.probes.graph_builder import BOOL, GraphBuilder, Shape, Value
from edgeprof_predictor.operators.probes.layers import (
    activate,
    add,
    batch_norm,
    binary,
    clip,
    global_average_pool,
    group_norm,
    instance_norm,
    layer_norm,
    multiply,
    pool,
    reduce,
    rms_norm,
    softmax,
    unary,
)
from edgeprof_predictor.operators.probes.recipe import Recipe
from edgeprof_predictor.operators.probes.reshaping import concat, take, transpose

ACTIVATION, ELEMENTWISE, NORMALISATION = "activation", "elementwise", "normalisation"

Operation = Callable[[GraphBuilder, Value], Value]


def recipes() -> Iterator[Recipe]:
    """Return, for each kind of operation, a graph of images and one of sequences."""
    for name, kind, shapes, operations in (
        ("images", ACTIVATION, (_LARGE_IMAGE, *_IMAGES), _activations(_ACTIVATIONS)),
        ("images", ELEMENTWISE, (_LARGE_IMAGE, *_IMAGES), _IMAGE_ELEMENTWISE),
        # Without the large one, since normalising across channels costs as much as a whole network there.
        ("images", NORMALISATION, _IMAGES, _IMAGE_NORMS),
        ("sequences", ACTIVATION, _SEQUENCES, _activations(_SEQUENCE_ACTIVATIONS)),
        ("sequences", ELEMENTWISE, _SEQUENCES, _SEQUENCE_ELEMENTWISE),
        ("sequences", NORMALISATION, _SEQUENCES, _SEQUENCE_NORMS),
    ):
        yield Recipe(name, kind, tuple(partial(_chain, shape=shape, operations=operations) for shape in shapes))


def _chain(graph: GraphBuilder, *, shape: Shape, operations: Sequence[Operation]) -> None:
    value = graph.input(1, *shape)
    for index, operation in enumerate(operations):
        value = operation(graph, value)
        value = _separate(graph, value, index)
    graph.output(value)


def _separate(graph: GraphBuilder, value: Value, index: int) -> Value:
    """Add an operator that no other is joined with, and bring values back to the scale of 1."""
    if len(value.shape) == 4:
        if index % 2:
            return _roll(graph, value)
        return pool(graph, ("MaxPool", "AveragePool")[index // 2 % 2], value, 3, 1, 1)
    if index % 2:
        half = value.shape[-1] // 2
        parts = (take(graph, value, 2, half, value.shape[-1]), take(graph, value, 2, 0, half))
        return concat(graph, parts, axis=2)
    # Shares of a long row are small: normalised again they are not.
    return layer_norm(graph, softmax(graph, value))


def _activations(names: Sequence[str]) -> tuple[Operation, ...]:
    return tuple(partial(_activate, name=name) for name in names)


def _activate(graph: GraphBuilder, value: Value, *, name: str) -> Value:
    return activate(graph, value, name)


def _add_earlier(graph: GraphBuilder, value: Value) -> Value:
    """Add another result of the same size."""
    return add(graph, value, _roll(graph, value))


def _multiply_earlier(graph: GraphBuilder, value: Value) -> Value:
    return multiply(graph, value, _roll(graph, value))


def _roll(graph: GraphBuilder, value: Value) -> Value:
    size = value.shape[1]
    return concat(graph, (take(graph, value, 1, size // 2, size), take(graph, value, 1, 0, size // 2)))


def _scale_channels(graph: GraphBuilder, value: Value) -> Value:
    return multiply(graph, value, graph.uniform((1, value.shape[1], 1, 1), 0.2, 1.0))


def _shift_channels(graph: GraphBuilder, value: Value) -> Value:
    return add(graph, value, graph.uniform((value.shape[1], 1, 1), 0.5))


def _gate_channels(graph: GraphBuilder, value: Value) -> Value:
    return multiply(graph, value, unary(graph, "Sigmoid", global_average_pool(graph, value)))


def _gate_positions(graph: GraphBuilder, value: Value) -> Value:
    return multiply(graph, value, unary(graph, "Sigmoid", reduce(graph, "ReduceMax", value, 1)))


def _scale_last(graph: GraphBuilder, value: Value) -> Value:
    return multiply(graph, value, graph.uniform((value.shape[-1],), 0.2, 1.0))


def _shift_rows(graph: GraphBuilder, value: Value) -> Value:
    return add(graph, value, graph.uniform((1, value.shape[1], 1), 0.5))


def _shift_all(graph: GraphBuilder, value: Value) -> Value:
    return add(graph, value, graph.uniform(value.shape, 0.5))


def _subtract_mean(graph: GraphBuilder, value: Value) -> Value:
    return binary(graph, "Sub", value, reduce(graph, "ReduceMean", value, -1))


def _divide(graph: GraphBuilder, value: Value) -> Value:
    return binary(graph, "Div", value, graph.uniform(value.shape[1:], 0.3, 1.0))


def _square_root(graph: GraphBuilder, value: Value) -> Value:
    return unary(graph, "Sqrt", unary(graph, "Abs", value))


def _exponential(graph: GraphBuilder, value: Value) -> Value:
    return unary(graph, "Exp", clip(graph, value, -4.0, 1.0))


def _logarithm(graph: GraphBuilder, value: Value) -> Value:
    return unary(graph, "Log", clip(graph, value, 0.1, 10.0))


def _power(graph: GraphBuilder, value: Value) -> Value:
    return binary(graph, "Pow", value, graph.scalar(2.0))


def _minimum(graph: GraphBuilder, value: Value) -> Value:
    return binary(graph, "Min", value, graph.uniform(value.shape[1:], 0.5, 1.0))


def _choose(graph: GraphBuilder, value: Value) -> Value:
    is_positive = graph.node("Greater", (value, graph.scalar(0.0)), value.shape, element_type=BOOL)
    return graph.node("Where", (is_positive, value, graph.uniform(value.shape[1:], 0.5)), value.shape)


def _channel_norm(graph: GraphBuilder, value: Value) -> Value:
    return transpose(graph, layer_norm(graph, transpose(graph, value, 0, 2, 3, 1)), 0, 3, 1, 2)


def _local_norm(graph: GraphBuilder, value: Value) -> Value:
    return graph.node("LRN", (value,), value.shape, size=5, alpha=1e-4, beta=0.75, bias=1.0)


def _length_norm(graph: GraphBuilder, value: Value) -> Value:
    length = reduce(graph, "ReduceL2", value, 1 if len(value.shape) == 4 else -1)
    return binary(graph, "Div", value, add(graph, length, graph.scalar(0.1)))


def _softmax_channels(graph: GraphBuilder, value: Value) -> Value:
    return multiply(graph, softmax(graph, value, 1), graph.scalar(10.0))


def _log_softmax(graph: GraphBuilder, value: Value) -> Value:
    return graph.node("LogSoftmax", (value,), value.shape, axis=-1)


def _global_norm(graph: GraphBuilder, value: Value) -> Value:
    """Normalise over everything, by the formula, as networks for audio do."""
    apart = binary(graph, "Sub", value, reduce(graph, "ReduceMean", value, 1, 2))
    spread = add(graph, reduce(graph, "ReduceMean", _power(graph, apart), 1, 2), graph.scalar(1e-5))
    return binary(graph, "Div", apart, unary(graph, "Sqrt", spread))


_LARGE_IMAGE: Shape = (24, 96, 96)

_IMAGES: tuple[Shape, ...] = ((16, 56, 56), (48, 28, 28), (96, 14, 14), (160, 7, 7))

_SEQUENCES: tuple[Shape, ...] = ((197, 768), (197, 192), (64, 256), (32, 64))

_ACTIVATIONS = (
    *("relu", "hard swish", "prelu", "silu", "sigmoid", "leaky relu", "relu6", "gelu", "tanh", "elu", "hard sigmoid"),
    "mish",
)

_SEQUENCE_ACTIVATIONS = ("gelu", "relu", "tanh gelu", "silu", "tanh", "sigmoid", "erf", "softplus", "hard swish")

_IMAGE_ELEMENTWISE: tuple[Operation, ...] = (
    *(_add_earlier, _scale_channels, _gate_channels, _minimum, _multiply_earlier, _shift_channels),
    *(_gate_positions, _divide, _subtract_mean, _choose, _square_root),
)

_SEQUENCE_ELEMENTWISE: tuple[Operation, ...] = (
    *(_add_earlier, _scale_last, _shift_rows, _power, _subtract_mean, _shift_all, _multiply_earlier, _exponential),
    *(_divide, _logarithm),
)

_IMAGE_NORMS: tuple[Operation, ...] = (
    *(
        batch_norm,
        instance_norm,
        partial(group_norm, groups=4),
        _channel_norm,
        _local_norm,
        _softmax_channels,
        _length_norm,
    ),
)

_SEQUENCE_NORMS: tuple[Operation, ...] = (
    *(layer_norm, rms_norm, _log_softmax, _global_norm, _length_norm, layer_norm),
)

"""Nodes that move values without computing: other shapes, other orders, parts and joins."""

from __future__ import annotations

import math
from collections.abc import Sequence

from edgeprof_predictor.operators.probes.graph_builder import GraphBuilder, Value


def reshape(graph: GraphBuilder, value: Value, *shape: int) -> Value:
    """Give a value another shape of as many elements; -1 stands for the size that is left over."""
    rest = math.prod(value.shape) // math.prod(size for size in shape if size != -1)
    full = tuple(rest if size == -1 else size for size in shape)
    assert math.prod(full) == math.prod(value.shape), (value.shape, shape)
    return graph.node("Reshape", (value, graph.integers(*full)), full)


def transpose(graph: GraphBuilder, value: Value, *order: int) -> Value:
    """Put the dimensions in another order."""
    return graph.node("Transpose", (value,), tuple(value.shape[axis] for axis in order), perm=list(order))


def flatten(graph: GraphBuilder, value: Value) -> Value:
    """Keep the first dimension and join all others."""
    return graph.node("Flatten", (value,), (value.shape[0], math.prod(value.shape[1:])), axis=1)


def concat(graph: GraphBuilder, values: Sequence[Value], axis: int = 1) -> Value:
    """Join values along a dimension."""
    shape = list(values[0].shape)
    shape[axis] = sum(value.shape[axis] for value in values)
    return graph.node("Concat", values, tuple(shape), axis=axis)


def split(graph: GraphBuilder, value: Value, parts: Sequence[int], axis: int = 1) -> tuple[Value, ...]:
    """Cut a value into parts of the given sizes along a dimension."""
    assert sum(parts) == value.shape[axis], (value.shape, parts)
    axis %= len(value.shape)
    shapes = [(*value.shape[:axis], size, *value.shape[axis + 1 :]) for size in parts]
    return graph.nodes("Split", (value, graph.integers(*parts)), shapes, axis=axis)


def take(graph: GraphBuilder, value: Value, axis: int, start: int, end: int, step: int = 1) -> Value:
    """Take every step-th element from start to before end along a dimension."""
    shape = list(value.shape)
    shape[axis] = len(range(shape[axis])[start:end:step])
    bounds = (graph.integers(start), graph.integers(end), graph.integers(axis), graph.integers(step))
    return graph.node("Slice", (value, *bounds), tuple(shape))


def pad(
    graph: GraphBuilder, value: Value, before: Sequence[int], after: Sequence[int], mode: str = "constant"
) -> Value:
    """Add elements before and after, by dimension."""
    shape = tuple(size + low + high for size, low, high in zip(value.shape, before, after, strict=True))
    fill = (graph.scalar(0.0),) if mode == "constant" else ()
    return graph.node("Pad", (value, graph.integers(*before, *after), *fill), shape, mode=mode)


def gather(graph: GraphBuilder, value: Value, indices: Value, axis: int) -> Value:
    """Take elements along a dimension by their numbers."""
    return graph.node(
        "Gather", (value, indices), value.shape[:axis] + indices.shape + value.shape[axis + 1 :], axis=axis
    )


def expand(graph: GraphBuilder, value: Value, *shape: int) -> Value:
    """Repeat a value along its dimensions of size 1."""
    return graph.node("Expand", (value, graph.integers(*shape)), shape)


def unsqueeze(graph: GraphBuilder, value: Value, axis: int) -> Value:
    """Add a dimension of size 1."""
    return graph.node("Unsqueeze", (value, graph.integers(axis)), (*value.shape[:axis], 1, *value.shape[axis:]))


def squeeze(graph: GraphBuilder, value: Value, axis: int) -> Value:
    """Drop a dimension of size 1."""
    return graph.node("Squeeze", (value, graph.integers(axis)), value.shape[:axis] + value.shape[axis + 1 :])


def depth_to_space(graph: GraphBuilder, value: Value, factor: int) -> Value:
    """Turn channels into positions of an image, as upsampling networks end."""
    batch, channels, height, width = value.shape
    shape = (batch, channels // factor**2, height * factor, width * factor)
    return graph.node("DepthToSpace", (value,), shape, blocksize=factor, mode="CRD")


def shuffle_channels(graph: GraphBuilder, value: Value, groups: int) -> Value:
    """Interleave the channels of groups."""
    batch, channels, height, width = value.shape
    parted = reshape(graph, value, batch, groups, channels // groups, height, width)
    return reshape(graph, transpose(graph, parted, 0, 2, 1, 3, 4), *value.shape)


def to_tokens(graph: GraphBuilder, image: Value) -> Value:
    """Turn an image, channels first, into a sequence of its positions, channels last."""
    batch, channels, height, width = image.shape
    return transpose(graph, reshape(graph, image, batch, channels, height * width), 0, 2, 1)


def to_image(graph: GraphBuilder, tokens: Value, height: int, width: int) -> Value:
    """Turn a sequence of positions, channels last, into an image, channels first."""
    batch, _, channels = tokens.shape
    return reshape(graph, transpose(graph, tokens, 0, 2, 1), batch, channels, height, width)

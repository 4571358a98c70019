"""Data movement: transposes of every kind, joins, cuts, padding, look-ups and masks.

Transposes stand between reshapes, past which no runtime moves them. What they cost depends on whether the innermost
dimension moves.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from edgeprof_predictor.operators.probes.graph_builder import BOOL, FLOAT32, INT64, GraphBuilder, Shape, Value
from edgeprof_predictor.operators.probes.layers import add, binary, matmul, multiply, pool, softmax
from edgeprof_predictor.operators.probes.recipe import Recipe
from edgeprof_predictor.operators.probes.reshaping import (
    concat,
    depth_to_space,
    expand,
    gather,
    pad,
    reshape,
    shuffle_channels,
    split,
    take,
    transpose,
    unsqueeze,
)

KIND = "movement"


def recipes() -> Iterator[Recipe]:
    """Return the chains, a few of one kind to a graph."""
    yield Recipe("transposes_large", KIND, (partial(_transposes, orders=_TRANSPOSES["large"]),))
    yield Recipe(
        "transposes", KIND, tuple(partial(_transposes, orders=_TRANSPOSES[name]) for name in ("medium", "small"))
    )
    yield Recipe(
        "images_large",
        KIND,
        tuple(partial(_image, size=size, channels=count) for size, count in ((56, 16), (28, 48))),
    )
    yield Recipe(
        "images_small",
        KIND,
        tuple(partial(_image, size=size, channels=count) for size, count in ((14, 96), (7, 128))),
    )
    yield Recipe(
        "sequences",
        KIND,
        tuple(partial(build, length=length, width=width) for build, length, width in _SEQUENCES),
    )


def _transposes(graph: GraphBuilder, *, orders: Sequence[tuple[Shape, Shape]]) -> None:
    value = graph.input(1, *orders[0][0])
    for view, order in orders:
        value = transpose(graph, reshape(graph, value, *view), *order)
    graph.output(value)


def _image(graph: GraphBuilder, *, size: int, channels: int) -> None:
    value = graph.input(1, channels, size, size)
    half, middle = channels // 2, size // 2
    left, right = split(graph, value, (half, half))
    value = concat(graph, (right, left, left))
    value = shuffle_channels(graph, take(graph, value, 1, half, 3 * half), 4)
    value = pad(graph, value, (0, 0, 1, 1), (0, 0, 1, 1), "reflect")
    value = take(graph, take(graph, value, 2, 1, size + 1), 3, 1, size + 1)
    value = _cut_and_swap(graph, _cut_and_swap(graph, value, 2, middle), 3, middle)
    if size % 2 == 0:
        # Every second row and column into channels, as detectors begin, and back.
        rows = [take(graph, value, 2, start, size, 2) for start in (0, 1)]
        parts = [take(graph, row, 3, start, size, 2) for row in rows for start in (0, 1)]
        value = depth_to_space(graph, concat(graph, parts), 2)
    value = gather(graph, value, graph.integers(*range(channels - 1, -1, -1)), 1)
    value = pad(graph, value, (0, 0, 0, 0), (0, 0, 1, 1))
    value = concat(graph, [take(graph, value, 1, 0, half), take(graph, value, 1, half // 2, channels)])
    value = pad(graph, value, (0, 0, 2, 2), (0, 0, 1, 1), "edge")
    graph.output(pool(graph, "MaxPool", value, 2, 2))


def _sequence(graph: GraphBuilder, *, length: int, width: int) -> None:
    words = gather(graph, graph.weight(300, width, fan_in=1), graph.indices(1, length, row_count=300), 0)
    value = concat(graph, (graph.bias(1, 1, width), words))
    first, rest = split(graph, value, (1, length))
    value = concat(graph, (rest, expand(graph, first, 1, length, width)), axis=2)
    parts = split(graph, value, (width // 2,) * 4, 2)
    value = concat(graph, (parts[3], parts[1], parts[0], parts[2]), axis=2)
    value = take(graph, value, 2, 0, 2 * width, 2)
    value = pad(graph, value, (0, 1, 0), (0, 1, 0))
    value = concat(graph, (take(graph, value, 1, 3, length + 2), take(graph, value, 1, 0, 3)))
    value = graph.node("Tile", (value, graph.integers(1, 1, 2)), (1, length + 2, 2 * width))
    value = gather(graph, value, graph.integers(*range(0, length, 3)), 1)
    shape = (1, value.shape[1], 1)
    best = graph.node("ArgMax", (value,), shape, element_type=INT64, axis=2, keepdims=1)
    graph.output(value, best)


def _mask(graph: GraphBuilder, *, length: int, width: int) -> None:
    """Look at some words alone, as text encoders do: comparisons and casts of few elements."""
    words = graph.indices(1, length, row_count=300)
    values = gather(graph, graph.weight(300, width, fan_in=1), words, 0)
    is_known = graph.node("Less", (words, graph.integers(250)), words.shape, element_type=BOOL)
    is_filler = graph.node("Equal", (words, graph.integers(0)), words.shape, element_type=BOOL)
    is_word = graph.node("Not", (is_filler,), words.shape, element_type=BOOL)
    is_shown = unsqueeze(graph, graph.node("And", (is_known, is_word), words.shape, element_type=BOOL), 1)
    shown = graph.node("Cast", (is_shown,), is_shown.shape, to=FLOAT32)
    hidden = multiply(graph, binary(graph, "Sub", graph.scalar(1.0), shown), graph.scalar(-1e4))
    scores = multiply(graph, matmul(graph, values, transpose(graph, values, 0, 2, 1)), graph.scalar(1 / width))
    graph.output(matmul(graph, softmax(graph, add(graph, scores, hidden)), values))


def _cut_and_swap(graph: GraphBuilder, value: Value, axis: int, middle: int) -> Value:
    end = value.shape[axis]
    return concat(graph, (take(graph, value, axis, middle, end), take(graph, value, axis, 0, middle)), axis)


_TRANSPOSES: dict[str, tuple[tuple[Shape, Shape], ...]] = {
    # 150528 elements: 48 x 56 x 56.
    "large": (
        ((1, 48, 56, 56), (0, 2, 3, 1)),
        ((1, 56, 56, 48), (0, 3, 1, 2)),
        ((1, 48, 3136), (0, 2, 1)),
        ((1, 8, 7, 8, 7, 48), (0, 1, 3, 2, 4, 5)),
        ((1, 784, 3, 4, 16), (2, 0, 3, 1, 4)),
        ((1, 2, 24, 56, 56), (0, 2, 1, 3, 4)),
        ((1, 196, 768), (0, 2, 1)),
        ((1, 196, 12, 64), (0, 2, 1, 3)),
    ),
    # 37632 elements: 196 x 192.
    "medium": (
        ((1, 196, 192), (0, 2, 1)),
        ((1, 192, 14, 14), (0, 2, 3, 1)),
        ((1, 196, 3, 64), (0, 2, 1, 3)),
        ((1, 3, 196, 64), (0, 1, 3, 2)),
        ((1, 196, 6, 32), (0, 2, 3, 1)),
        ((1, 196, 3, 2, 32), (2, 0, 3, 1, 4)),
        ((1, 2, 7, 2, 7, 192), (0, 1, 3, 2, 4, 5)),
        ((1, 4, 48, 14, 14), (0, 2, 1, 3, 4)),
        ((1, 14, 14, 192), (0, 3, 1, 2)),
        ((768, 7, 7), (1, 0, 2)),
        ((1, 48, 784), (0, 2, 1)),
    ),
    # 8192 elements: 32 x 256.
    "small": (
        ((1, 32, 4, 64), (0, 2, 1, 3)),
        ((1, 4, 32, 64), (0, 1, 3, 2)),
        ((1, 64, 128), (0, 2, 1)),
        ((1, 128, 8, 8), (0, 2, 3, 1)),
        ((32, 1, 256), (1, 0, 2)),
        ((1, 16, 8, 64), (0, 2, 3, 1)),
        ((1, 2, 64, 8, 8), (0, 2, 1, 3, 4)),
        ((64, 8, 2, 8), (0, 2, 1, 3)),
        ((1, 8, 8, 128), (0, 3, 1, 2)),
        ((1, 128, 64), (0, 2, 1)),
        ((1, 64, 4, 32), (0, 3, 2, 1)),
    ),
}
"""Shape that the value is given, and order of its dimensions; the last one but the batch decides the number."""

_SEQUENCES = ((_sequence, 196, 128), (_sequence, 50, 64), (_mask, 48, 64))
"""What to build, length and width."""

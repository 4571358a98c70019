"""Images, sequences and volumes made smaller and larger."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from edgeprof_predictor.operators.probes.graph_builder import GraphBuilder, Shape
from edgeprof_predictor.operators.probes.layers import add, convolution, global_average_pool, pool, resize
from edgeprof_predictor.operators.probes.recipe import Recipe

POOLING, RESIZING = "pooling", "resizing"


def recipes() -> Iterator[Recipe]:
    """Return the chains, a few of one kind to a graph."""
    for name, pools in _POOLS.items():
        yield Recipe(name, POOLING, tuple(partial(_pools, shape=shape, pools=chain) for shape, chain in pools))
    for name, resizes in _RESIZES.items():
        yield Recipe(name, RESIZING, tuple(partial(_resizes, shape=shape, steps=steps) for shape, steps in resizes))


def _pools(graph: GraphBuilder, *, shape: Shape, pools: Sequence[tuple[str, int, int, int]]) -> None:
    """Build poolings, some after a convolution, whose layout they then take over."""
    value = graph.input(1, *shape)
    for index, (operator, kernel, stride, padding) in enumerate(pools):
        if index % 3 == 2:
            value = convolution(graph, value, shape[0], 1)
        value = pool(graph, operator, value, kernel, stride, padding)
    graph.output(
        global_average_pool(graph, value), graph.node("GlobalMaxPool", (value,), (1, shape[0], *(1 for _ in shape[1:])))
    )


def _resizes(graph: GraphBuilder, *, shape: Shape, steps: Sequence[tuple[int, tuple[str, str], int]]) -> None:
    """Enlarge an image step by step; after each a convolution, and where sizes agree the sum with an earlier image."""
    value = graph.input(1, *shape)
    for factor, (mode, corners), channels in steps:
        lateral = graph.input(1, channels, *(size * factor for size in value.shape[2:]))
        value = convolution(graph, value, channels, 1, activation="relu")
        value = add(graph, resize(graph, value, factor, mode, corners), lateral)
    graph.output(convolution(graph, value, 2, 1, activation="sigmoid"))


_MAX, _AVERAGE = "MaxPool", "AveragePool"

_POOLS: dict[str, tuple[tuple[Shape, tuple[tuple[str, int, int, int], ...]], ...]] = {
    "images": (
        (
            (16, 112, 112),
            (
                *((_MAX, 3, 2, 1), (_AVERAGE, 3, 1, 1), (_MAX, 2, 2, 0), (_MAX, 3, 1, 1), (_AVERAGE, 2, 2, 0)),
                (_MAX, 5, 1, 2),
            ),
        ),
        (
            (64, 28, 28),
            (
                *((_AVERAGE, 3, 1, 1), (_MAX, 5, 1, 2), (_MAX, 2, 2, 0), (_AVERAGE, 5, 1, 2), (_MAX, 3, 2, 1)),
                (_AVERAGE, 3, 1, 1),
            ),
        ),
    ),
    "others": (
        (
            (128, 13, 13),
            (
                *((_MAX, 5, 1, 2), (_MAX, 9, 1, 4), (_MAX, 3, 1, 1), (_AVERAGE, 3, 1, 1), (_MAX, 3, 2, 0)),
                (_AVERAGE, 2, 1, 0),
            ),
        ),
        (
            (32, 400),
            ((_MAX, 4, 4, 0), (_AVERAGE, 3, 1, 1), (_MAX, 2, 2, 0), (_MAX, 3, 1, 1), (_AVERAGE, 5, 5, 0)),
        ),
        ((16, 8, 16, 16), ((_MAX, 2, 2, 0), (_AVERAGE, 3, 1, 1), (_MAX, 3, 1, 1))),
    ),
}
"""Shape, and operator, kernel, stride and padding of each pooling."""

_NEAREST, _HALF, _CORNERS = ("nearest", ""), ("linear", "half_pixel"), ("linear", "align_corners")

_RESIZES: dict[str, tuple[tuple[Shape, tuple[tuple[int, tuple[str, str], int], ...]], ...]] = {
    "images_7": (
        ((64, 7, 7), ((2, _NEAREST, 48), (2, _HALF, 32), (2, _NEAREST, 16), (2, _CORNERS, 4))),
        ((96, 8, 8), ((2, _CORNERS, 64), (2, _NEAREST, 24), (4, _HALF, 3))),
    ),
    "images_16": (
        ((40, 16, 16), ((4, ("linear", "pytorch_half_pixel"), 20), (2, _NEAREST, 8))),
        ((21, 28, 28), ((8, _HALF, 21),)),
        ((128, 4, 4), ((8, _HALF, 21), (2, _HALF, 12), (2, _NEAREST, 32))),
    ),
}
"""Shape, and factor, kind of interpolation and channels of each step."""

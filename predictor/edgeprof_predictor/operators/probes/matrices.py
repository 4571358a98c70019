"""Matrix products: perceptrons of one row, sequences, products of two activations, and large matrices from memory.

What decides their cost is the size of the weights against the caches, and the number of rows that use them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from edgeprof_predictor.operators.probes.graph_builder import GraphBuilder, Shape
from edgeprof_predictor.operators.probes.layers import activate, dense, matmul, multiply, softmax
from edgeprof_predictor.operators.probes.recipe import Recipe
from edgeprof_predictor.operators.probes.reshaping import transpose

KIND = "matrix"

ACTIVATIONS = ("none", "relu", "none", "gelu")
"""What follows the products of a chain, in turn."""


def recipes() -> Iterator[Recipe]:
    """Return the perceptrons, the sequences, the products of activations and the large matrices."""
    for name, chains in _CHAINS.items():
        yield Recipe(name, KIND, tuple(partial(_chain, rows=rows, widths=widths) for rows, widths in chains))
    yield Recipe("products", KIND, (partial(_products, products=_PRODUCTS),))
    yield Recipe("products_linear", KIND, (partial(_linear_products, products=_LINEAR_PRODUCTS),))
    yield Recipe("heads", KIND, (partial(_branches, matrices=_HEADS),))
    yield Recipe("cold", KIND, (partial(_branches, matrices=_COLD),))


def _chain(graph: GraphBuilder, *, rows: Shape, widths: Sequence[int]) -> None:
    value = graph.input(*rows, widths[0])
    for index, width in enumerate(widths[1:]):
        # One in five without a bias, which is then no part of the operator.
        value = dense(graph, value, width, activation=ACTIVATIONS[index % len(ACTIVATIONS)], has_bias=index % 5 != 2)
    graph.output(value)


def _branches(graph: GraphBuilder, *, matrices: Sequence[tuple[int, int, int]]) -> None:
    for rows, inputs, outputs in matrices:
        shape = (1, inputs) if rows == 1 else (1, rows, inputs)
        graph.output(dense(graph, graph.input(*shape), outputs))


def _products(graph: GraphBuilder, *, products: Sequence[tuple[int, int, int, int]]) -> None:
    """Build softmax(q k') v without anything around it, from inputs of their own."""
    for heads, queries, keys, width in products:
        query = multiply(graph, graph.input(1, heads, queries, width), graph.scalar(width**-0.5))
        key, value = graph.input(1, heads, keys, width), graph.input(1, heads, keys, width)
        scores = matmul(graph, query, transpose(graph, key, 0, 1, 3, 2))
        graph.output(matmul(graph, softmax(graph, scores), value))


def _linear_products(graph: GraphBuilder, *, products: Sequence[tuple[int, int, int]]) -> None:
    """Build q (k' v): no softmax stands between the two products, so that no runtime makes attention of them."""
    for heads, length, width in products:
        query, key, value = (graph.input(1, heads, length, width) for _ in range(3))
        context = matmul(graph, transpose(graph, key, 0, 1, 3, 2), value)
        context = multiply(graph, context, graph.scalar(1 / length))
        graph.output(matmul(graph, activate(graph, query, "relu"), context))


_CHAINS: dict[str, tuple[tuple[Shape, tuple[int, ...]], ...]] = {
    "rows_narrow": (
        ((1,), (64, 32, 128, 16, 256, 64, 512, 24, 96, 384, 48, 192, 10)),
        ((1,), (640, 128, 128, 128, 8, 128, 128, 640)),
        ((1, 4), (96, 256, 384, 96, 512, 128, 768, 64)),
    ),
    "rows_wide": (((1,), (256, 512, 768, 192, 640, 320, 448, 1024, 100)),),
    "sequences_short": (
        ((24,), (160, 480, 160, 640, 160)),
        ((1, 16), (64, 256, 64, 192, 384, 128, 512, 128, 32)),
        ((1, 49), (192, 576, 192, 384, 96, 768, 128, 320)),
    ),
    "sequences_long": (
        ((1, 100), (80, 240, 64, 512, 64, 144, 288, 48)),
        ((1, 196), (192, 384, 64, 256, 48, 192, 96, 16)),
    ),
    "sequences_wide": (
        ((1, 197), (256, 1024, 256, 768)),
        ((1, 3136), (40, 160, 40)),
    ),
    "channels_last": (
        ((1, 784), (48, 192, 24, 96, 48, 32, 64, 8)),
        ((1, 28, 28), (40, 160, 40, 64, 16, 128, 24)),
        ((16, 49), (48, 144, 48, 96, 32)),
    ),
}
"""Dimensions before the last, and widths from the input on."""

_PRODUCTS: tuple[tuple[int, int, int, int], ...] = (
    *((2, 16, 16, 32), (4, 32, 32, 32), (4, 32, 32, 64), (8, 49, 49, 24), (1, 64, 64, 16), (4, 64, 64, 64)),
    *(
        (3, 197, 197, 64),
        (2, 128, 128, 64),
        (12, 50, 50, 32),
        (4, 16, 100, 64),
        (1, 256, 64, 32),
        (6, 197, 197, 64),
        (2, 400, 400, 48),
    ),
)
"""Heads, queries, keys, and width of each."""

_LINEAR_PRODUCTS: tuple[tuple[int, int, int], ...] = (
    *((1, 784, 32), (4, 196, 32), (2, 100, 64), (8, 49, 16), (3, 64, 64), (1, 256, 128)),
)
"""Heads, length and width."""

_HEADS: tuple[tuple[int, int, int], ...] = (
    *((1, 64, 10), (1, 128, 35), (1, 320, 2), (1, 512, 1000), (1, 576, 512), (1, 256, 100), (1, 960, 320)),
    *((2, 512, 384), (8, 320, 512), (1, 640, 640), (1, 100, 784), (1, 1024, 64)),
)
"""Rows, inputs and outputs."""

_COLD: tuple[tuple[int, int, int], ...] = (
    *((1, 1024, 1024), (1, 2048, 1000), (1, 768, 2304), (16, 512, 2048), (48, 2048, 384), (32, 768, 768)),
    *((64, 384, 1536), (4, 1024, 512), (8, 512, 512), (2, 640, 640), (1, 384, 384), (128, 256, 1024)),
    *((49, 1024, 256), (1, 1536, 512), (1, 1280, 256), (4, 384, 768)),
)
"""Rows, inputs and outputs: together beyond the last cache of most boards."""

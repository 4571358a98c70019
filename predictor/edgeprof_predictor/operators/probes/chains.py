"""Chains: a dozen equal blocks in a row, whose operators run warm as in a network.

Operators of a few microseconds are slower in graphs of many branches than in a network, where the value that they read
was written just before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from edgeprof_predictor.operators.probes.blocks import inverted_residual, pooled_residual
from edgeprof_predictor.operators.probes.graph_builder import GraphBuilder, Value
from edgeprof_predictor.operators.probes.layers import convolution
from edgeprof_predictor.operators.probes.recipe import Recipe

KIND = "chain"

BLOCK_COUNT = 12

Block = Callable[[GraphBuilder, Value, int], Value]


def recipes() -> Iterator[Recipe]:
    """Return the chains of each block at three sizes of image."""
    for name, block in _BLOCKS.items():
        builds = (partial(_chain, block=block, size=size, channels=channels) for size, channels in _CHANNELS.items())
        yield Recipe(name, KIND, tuple(builds))


def _chain(graph: GraphBuilder, *, block: Block, size: int, channels: tuple[int, ...]) -> None:
    value = convolution(graph, graph.input(1, 3, size, size), channels[0], 3, activation="relu")
    for index in range(BLOCK_COUNT):
        # Three widths in turn: blocks of one width alone would be a single record.
        value = block(graph, value, channels[index * len(channels) // BLOCK_COUNT])
    graph.output(value)


def _dense(graph: GraphBuilder, value: Value, channels: int) -> Value:
    return convolution(graph, value, channels, 3, activation="relu")


def _pointwise(graph: GraphBuilder, value: Value, channels: int) -> Value:
    return convolution(graph, value, channels, 1, activation="relu")


def _inverted(graph: GraphBuilder, value: Value, channels: int) -> Value:
    return inverted_residual(graph, value, channels, expansion=3)


_BLOCKS: dict[str, Block] = {
    "dense": _dense,
    "pointwise": _pointwise,
    "inverted_residual": _inverted,
    "pooled_residual": pooled_residual,
}

_CHANNELS: dict[int, tuple[int, ...]] = {32: (16, 24, 32), 16: (32, 48, 64), 8: (64, 96, 128)}
"""Channels by size of the image, as networks for small images have them."""

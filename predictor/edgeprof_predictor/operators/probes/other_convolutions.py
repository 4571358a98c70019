"""Convolutions that enlarge, over sequences and spectrograms, and over volumes."""

from __future__ import annotations

from collections.abc import Iterator

from edgeprof_predictor.operators.probes.blocks import classifier
from edgeprof_predictor.operators.probes.convolution import Chain, Layer
from edgeprof_predictor.operators.probes.graph_builder import GraphBuilder, Value
from edgeprof_predictor.operators.probes.layers import (
    DEPTHWISE,
    add,
    batch_norm,
    convolution,
    group_norm,
    multiply,
    pool,
    transposed_convolution,
)
from edgeprof_predictor.operators.probes.recipe import Recipe

KIND = "other convolution"


def recipes() -> Iterator[Recipe]:
    """Return the chains and the networks."""
    for name, chains in _CHAINS.items():
        yield Recipe(name, KIND, chains)
    yield Recipe("enlarging", KIND, (_decoder, _enlarging))
    yield Recipe("raw_audio", KIND, (_raw_audio,))
    yield Recipe("separation", KIND, (_separation,))
    yield Recipe("volume", KIND, (_volume, _VOLUME))


def _decoder(graph: GraphBuilder) -> None:
    value = graph.input(1, 192, 6, 6)
    for channels, kernel, activation in ((128, 4, "relu"), (64, 4, "leaky relu"), (32, 3, "relu"), (16, 2, "relu")):
        value = transposed_convolution(graph, value, channels, kernel, 2, activation=activation)
    graph.output(transposed_convolution(graph, value, 3, 4, 2, activation="sigmoid"))


def _enlarging(graph: GraphBuilder) -> None:
    """Build transposed convolutions that stand alone: few networks have more than one of a shape."""
    for shape, channels, kernel, stride, groups in (
        ((56, 48, 48), 1, 9, 2, 1),
        ((32, 32, 32), 1, 9, 3, 1),
        ((48, 14, 14), 24, 2, 2, 1),
        ((64, 16, 16), 64, 4, 2, 64),
        ((32, 28, 28), 16, 3, 2, 1),
        ((16, 32, 32), 16, 3, 1, 1),
        ((20, 40), 10, 16, 8, 1),
        ((64, 100), 1, 16, 8, 1),
    ):
        value = convolution(graph, graph.input(1, *shape), shape[0], 1, activation="relu")
        graph.output(transposed_convolution(graph, value, channels, kernel, stride, groups=groups))


def _raw_audio(graph: GraphBuilder) -> None:
    value = convolution(graph, graph.input(1, 1, 16000), 48, 80, 4, activation="relu")
    for channels in (48, 96, 192):
        value = pool(graph, "MaxPool", value, 4, 4)
        value = convolution(graph, batch_norm(graph, value), channels, 3, activation="relu")
    graph.output(classifier(graph, value, 35))


def _separation(graph: GraphBuilder) -> None:
    encoded = convolution(graph, graph.input(1, 1, 6400), 128, 16, 8, activation="relu")
    value = convolution(graph, group_norm(graph, encoded, 1), 48, 1)
    for dilation in (1, 2, 4, 8):
        inner = group_norm(graph, convolution(graph, value, 128, 1, activation="prelu"), 1)
        inner = convolution(graph, inner, 128, 3, groups=DEPTHWISE, dilation=dilation, activation="prelu")
        value = add(graph, value, convolution(graph, inner, 48, 1))
    mask = convolution(graph, value, 128, 1, activation="sigmoid")
    graph.output(transposed_convolution(graph, multiply(graph, encoded, mask), 1, 16, 8))


def _volume(graph: GraphBuilder) -> None:
    value = convolution(graph, graph.input(1, 3, 8, 48, 48), 16, 3, activation="relu")
    value = convolution(graph, pool(graph, "MaxPool", value, (1, 2, 2), (1, 2, 2)), 32, 3, activation="relu")
    value = _factorised(graph, pool(graph, "MaxPool", value, 2, 2), 32)
    value = convolution(graph, value, 32, 3, groups=DEPTHWISE, activation="relu")
    value = convolution(graph, value, 64, 1, activation="relu")
    graph.output(classifier(graph, convolution(graph, value, 64, 3, 2, activation="relu"), 10))


def _factorised(graph: GraphBuilder, value: Value, channels: int) -> Value:
    """Convolve over the image, then over time."""
    found = convolution(graph, value, channels, (1, 3, 3), activation="relu")
    return convolution(graph, found, channels, (3, 1, 1), activation="relu")


_VOLUME = Chain(
    (4, 8, 16, 16),
    (Layer(16, 3), Layer(16, (1, 3, 3)), Layer(24, 3, (1, 2, 2)), Layer(24, 3), Layer(32, 3, 2), Layer(48, 1)),
)

_CHAINS: dict[str, tuple[Chain, ...]] = {
    "keywords": (
        Chain(
            (40, 101),
            (
                Layer(16, 3),
                Layer(24, 9, 2),
                Layer(24, 9),
                Layer(32, 9, 2),
                Layer(32, 9),
                Layer(48, 9, 2),
                Layer(64, 1, 2),
            ),
        ),
        Chain(
            (1, 49, 10),
            (Layer(64, (10, 4), 2), *(layer for _ in range(3) for layer in (Layer(64, 3, 1, DEPTHWISE), Layer(64, 1)))),
        ),
    ),
    "speech": (
        Chain(
            (80, 300),
            (
                *(Layer(192, 3, activation="gelu"), Layer(256, 3, 2, activation="gelu"), Layer(64, 1), Layer(64, 11)),
                Layer(128, 5),
            ),
        ),
        Chain((1, 81, 80), (Layer(16, (41, 11), 2, activation="relu6"), Layer(24, (21, 11), (2, 1)))),
    ),
    "sequence_dilated": (
        Chain(
            (32, 400),
            (
                *(Layer(32, 3, dilation=dilation) for dilation in (1, 2, 8)),
                *(Layer(32, 7, 1, DEPTHWISE), Layer(64, 1), Layer(64, 31, 1, DEPTHWISE, activation="silu")),
                *(Layer(128, 1, activation="silu"), Layer(128, 3, 2, DEPTHWISE), Layer(96, 1), Layer(96, 3, 1, 8)),
            ),
        ),
    ),
}
"""Chains by name of the probe."""

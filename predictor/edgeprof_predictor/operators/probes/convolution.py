"""Convolutions over images: dense, 1x1, depthwise, grouped and dilated, each kind as small networks of its own.

Costs are spread evenly over their logarithm. Shapes are those of classifiers at 96 to 256 pixels, of networks for
small images, and of networks that compute images.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from edgeprof_predictor.operators.probes.graph_builder import GraphBuilder, Shape
from edgeprof_predictor.operators.probes.layers import DEPTHWISE, Sizes, convolution
from edgeprof_predictor.operators.probes.recipe import Recipe

KIND = "convolution"


@dataclass(frozen=True, slots=True)
class Layer:
    """One convolution of a chain, as `layers.convolution` takes it."""

    channels: int
    kernel: Sizes = 3
    stride: Sizes = 1
    groups: int = 1
    dilation: Sizes = 1
    activation: str = "relu"


@dataclass(frozen=True, slots=True)
class Chain:
    """Convolutions, each on the result of the one before.

    Args:
        shape: Shape of the input without the batch.
        layers: The convolutions.
    """

    shape: Shape
    layers: tuple[Layer, ...]

    def __call__(self, graph: GraphBuilder) -> None:
        """Add the chain to a graph."""
        value = graph.input(1, *self.shape)
        for layer in self.layers:
            value = convolution(
                graph,
                value,
                layer.channels,
                layer.kernel,
                layer.stride,
                groups=layer.groups,
                dilation=layer.dilation,
                activation=layer.activation,
            )
        graph.output(value)


def recipes() -> Iterator[Recipe]:
    """Return the chains, and the stems as branches of one image."""
    for name, chains in _CHAINS.items():
        yield Recipe(name, KIND, chains)
    yield Recipe("stems", KIND, tuple(partial(_stems, size=size, stems=stems) for size, stems in _STEMS.items()))


def _stems(graph: GraphBuilder, *, size: int, stems: Sequence[Layer]) -> None:
    image = graph.input(1, 3, size, size)
    for stem in stems:
        first = convolution(graph, image, stem.channels, stem.kernel, stem.stride, activation=stem.activation)
        # Small outputs: a network's first layer does not write into memory that leaves the runtime.
        graph.output(convolution(graph, first, 8, 1, 2))


def _pointwise(*channels: int, activation: str = "relu6") -> tuple[Layer, ...]:
    return tuple(
        Layer(count, 1, activation=activation if index % 2 else "none") for index, count in enumerate(channels)
    )


def _depthwise(channels: int, *kernels: tuple[int, int]) -> tuple[Layer, ...]:
    return tuple(
        Layer(channels, kernel, stride, DEPTHWISE, activation="relu6" if index % 3 else "none")
        for index, (kernel, stride) in enumerate(kernels)
    )


def _dilated(channels: int, groups: int, *dilations: int) -> tuple[Layer, ...]:
    return tuple(Layer(channels, 3, groups=groups, dilation=dilation) for dilation in dilations)


_STEMS: dict[int, tuple[Layer, ...]] = {
    224: (
        *(Layer(32, 3, 2, activation="hard swish"), Layer(48, 7, 2), Layer(96, 16, 16), Layer(48, 4, 4)),
        Layer(256, 32, 32),
    ),
    128: (Layer(32, 3, 2, activation="silu"), Layer(64, 7, 2), Layer(16, 3, 1), Layer(32, 11, 4), Layer(16, 6, 2)),
    64: (Layer(24, 3, 2, activation="relu6"), Layer(56, 5, 1, activation="prelu"), Layer(64, 5, 1, activation="tanh")),
}
"""First layers by the size of the image."""

_CHAINS: dict[str, tuple[Chain, ...]] = {
    "dense_112": (
        Chain((32, 112, 112), (Layer(32), Layer(64, 3, 2), Layer(64), Layer(128, 3, 2), Layer(128), Layer(256, 3, 2))),
    ),
    "dense_56": (
        Chain(
            (16, 56, 56),
            (Layer(24), Layer(32), Layer(48, 3, 2), Layer(64), Layer(32), Layer(96, 3, 2), Layer(128), Layer(64)),
        ),
        Chain(
            (16, 52, 52),
            (Layer(32, 3, 2, activation="silu"), Layer(32, activation="silu"), Layer(64, 3, 2, activation="silu")),
        ),
    ),
    "dense_28": (
        Chain(
            (32, 28, 28),
            (Layer(64), Layer(128, 3, 2), Layer(128), Layer(96), Layer(192, 3, 2), Layer(192), Layer(256, 3, 2)),
        ),
    ),
    "dense_14": (
        Chain((64, 14, 14), (Layer(96), Layer(160), Layer(64), Layer(256, 3, 2), Layer(192), Layer(128))),
        Chain((256, 14, 14), (Layer(256),)),
    ),
    "dense_7": (Chain((384, 7, 7), (Layer(128), Layer(512), Layer(256), Layer(64), Layer(384, 3, 2), Layer(96))),),
    "dense_small": (
        Chain(
            (16, 32, 32),
            (Layer(16), Layer(8), Layer(24), Layer(32, 3, 2), Layer(32), Layer(20), Layer(64, 3, 2), Layer(64)),
        ),
        Chain(
            (8, 16, 16),
            (Layer(8), Layer(12), Layer(16), Layer(16, 3, 2), Layer(24), Layer(32), Layer(48, 3, 2), Layer(40)),
        ),
    ),
    "dense_images": (
        Chain((1, 96, 96), (Layer(32, 5, activation="tanh"), Layer(16), Layer(12), Layer(12), Layer(27))),
        Chain((64, 64, 64), (Layer(48), Layer(12, 1), Layer(56, 1, activation="prelu"), Layer(9), Layer(3))),
    ),
    "kernels_35": (
        Chain(
            (32, 35, 35),
            (Layer(48, 5), Layer(64, (1, 7)), Layer(64, (7, 1)), Layer(80, (3, 1)), Layer(80, (1, 3)), Layer(96, 2, 2)),
        ),
    ),
    "kernels_17": (
        Chain(
            (96, 17, 17),
            (Layer(128, (1, 7)), Layer(160, (7, 1)), Layer(32, 5), Layer(96, 7), Layer(192, (1, 3)), Layer(64, 4, 2)),
        ),
    ),
    "pointwise_large": (
        Chain((16, 112, 112), _pointwise(24, 96, 16)),
        Chain((64, 56, 56), _pointwise(64, 256, 48, activation="relu")),
        Chain((128, 28, 28), _pointwise(128, 512, 96, activation="relu")),
        Chain((64, 56, 56), (Layer(128, 1, 2), Layer(256, 1, 2), Layer(768, 1, 2, activation="none"))),
    ),
    "pointwise_56": (
        Chain((8, 112, 112), _pointwise(16, 48, 12, 24)),
        Chain((24, 56, 56), _pointwise(96, 24, 144, 32, 64, 16, 8)),
    ),
    "pointwise_28": (Chain((40, 28, 28), _pointwise(240, 40, 120, 32, 192, 64, 256, 80, 20)),),
    "pointwise_14": (
        Chain((80, 14, 14), _pointwise(480, 80, 184, 96, 576, 112, 384, 64, 256, 32, activation="hard swish")),
    ),
    "pointwise_deep": (Chain((512, 13, 13), (Layer(640, 1), Layer(320, 1), Layer(960, 1), Layer(192, 1))),),
    "pointwise_7": (
        Chain((160, 7, 7), _pointwise(960, 160, 320, 112, 672, 96, 1280, 192, 576, 48, activation="silu")),
    ),
    "pointwise_1": (
        Chain((256, 4, 4), _pointwise(128, 256, 64, 512, 96, 384, 32, 768)),
        Chain((480, 1, 1), _pointwise(120, 480, 16, 96, 32, 960, 240, 64, 672, 168, activation="relu")),
    ),
    "depthwise_112": (Chain((96, 112, 112), _depthwise(96, (3, 1), (3, 2), (5, 1), (7, 1), (3, 2))),),
    "depthwise_56": (
        Chain((16, 112, 112), _depthwise(16, (3, 1), (3, 2), (5, 1), (3, 1), (5, 2), (3, 1), (7, 1))),
        Chain((72, 56, 56), _depthwise(72, (3, 1), (5, 2), (3, 1), (7, 1), (3, 2), (5, 1), (3, 1))),
    ),
    "depthwise_28": (
        Chain((192, 28, 28), _depthwise(192, (3, 1), (5, 1), (7, 1), (3, 2), (3, 1), (5, 1), (5, 2), (3, 1))),
    ),
    "depthwise_14": (
        Chain((480, 14, 14), _depthwise(480, (3, 1), (5, 1), (7, 1), (5, 2), (3, 1), (5, 1), (7, 1))),
        Chain((40, 8, 8), _depthwise(40, (3, 1), (5, 1), (3, 1), (7, 1), (9, 1), (3, 2), (3, 1))),
    ),
    "grouped": (
        Chain(
            (64, 28, 28),
            (
                Layer(64, groups=2),
                Layer(128, groups=4),
                Layer(128, groups=32),
                Layer(128, 3, 2, 8),
                Layer(128, groups=16),
            ),
        ),
        Chain(
            (240, 14, 14),
            (
                *(Layer(240, 1, groups=3), Layer(240, groups=10), Layer(192, 1, groups=6)),
                *(Layer(256, 3, 2, 64), Layer(256, 5, 1, 32)),
            ),
        ),
    ),
    "dilated": (
        Chain((64, 28, 28), (*_dilated(64, 1, 2, 4, 6, 12), *_dilated(64, DEPTHWISE, 2, 3, 4))),
        Chain((256, 12, 12), (Layer(192, dilation=6), Layer(160, dilation=12), Layer(128, 3, 2, dilation=2))),
        Chain(
            (96, 16, 16),
            (*_dilated(96, 1, 2, 6), *_dilated(128, 4, 2), Layer(240, 1), *_dilated(240, DEPTHWISE, 2, 4)),
        ),
    ),
}
"""Chains by name of the probe: of one graph where they are small."""

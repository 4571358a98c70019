"""FBNet for 32x32 images: 22 layers, each one of 9 blocks.

Source:
    Wu et al. 2019, Table 1 and Figure 3, with the strides, the 1504-channel head and the 100
    classes that HW-NAS-Bench (Li et al. 2021) measured: regressing the published FLOPs and
    parameters on the layers gives exactly this geometry.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import ArrayLike

from edgeprof_predictor.spaces.base import SearchSpace
from edgeprof_predictor.spaces.categorical import Architecture, FloatArray
from edgeprof_predictor.spaces.costs import (
    QUANTITIES,
    StageCosts,
    convolution,
    fused_activation,
    linear,
    weightless,
)

if TYPE_CHECKING:
    from torch import nn

IMAGE_SIDE: Final = 32
STEM_CHANNELS: Final = 16
HEAD_CHANNELS: Final = 1504


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One option of a layer: an inverted residual of these sizes, or a skip.

    Args:
        kernel: Height and width of the depthwise kernel; 0 for the skip.
        expansion: Inner channels for each input channel.
        groups: Groups of the two 1x1 convolutions.
    """

    kernel: int
    expansion: int = 1
    groups: int = 1

    @property
    def is_skip(self) -> bool:
        """Whether the layer does nothing, or no more than it must to change the shape."""
        return self.kernel == 0


BLOCKS: Final = {
    "k3_e1": Block(kernel=3),
    "k3_e1_g2": Block(kernel=3, groups=2),
    "k3_e3": Block(kernel=3, expansion=3),
    "k3_e6": Block(kernel=3, expansion=6),
    "k5_e1": Block(kernel=5),
    "k5_e1_g2": Block(kernel=5, groups=2),
    "k5_e3": Block(kernel=5, expansion=3),
    "k5_e6": Block(kernel=5, expansion=6),
    "skip": Block(kernel=0),
}
OPERATIONS: Final = tuple(BLOCKS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Layers of equal width; the first of them changes the shape."""

    channels: int
    layer_count: int
    stride: int


STAGES: Final = (
    Stage(channels=16, layer_count=1, stride=1),
    Stage(channels=24, layer_count=4, stride=1),
    Stage(channels=32, layer_count=4, stride=2),
    Stage(channels=64, layer_count=4, stride=2),
    Stage(channels=112, layer_count=4, stride=1),
    Stage(channels=184, layer_count=4, stride=2),
    Stage(channels=352, layer_count=1, stride=1),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """Where a block sits: its stage, the shapes around it and its stride."""

    stage: int
    side: int
    channels_in: int
    channels_out: int
    stride: int

    @property
    def is_shape_kept(self) -> bool:
        """Whether input and output have one shape, so that a residual or a bare skip fits."""
        return self.stride == 1 and self.channels_in == self.channels_out


def _layers() -> tuple[Layer, ...]:
    layers = []
    side, channels = IMAGE_SIDE, STEM_CHANNELS
    for index, stage in enumerate(STAGES):
        for position in range(stage.layer_count):
            stride = stage.stride if position == 0 else 1
            layers.append(
                Layer(
                    stage=index,
                    side=side,
                    channels_in=channels,
                    channels_out=stage.channels,
                    stride=stride,
                )
            )
            side, channels = side // stride, stage.channels
    return tuple(layers)


LAYERS: Final = _layers()


class FBNet(SearchSpace):
    """The 9^22 networks of FBNet, written as 22 block names joined by commas.

    Args:
        class_count: Outputs of the last layer.
    """

    def __init__(self, class_count: int = 100) -> None:
        super().__init__(
            "fbnet",
            (len(OPERATIONS),) * len(LAYERS),
            input_shape=(3, IMAGE_SIDE, IMAGE_SIDE),
            output_shape=(class_count,),
        )
        self._block_costs = np.array([[block_costs(layer, block) for block in BLOCKS.values()] for layer in LAYERS])
        self._fixed_costs = _stem_costs() + _head_costs(class_count)

    def format(self, architecture: Architecture) -> str:
        """Return the 22 block names joined by commas."""
        self.check(architecture)
        return ",".join(OPERATIONS[choice] for choice in architecture.choices)

    def parse(self, text: str) -> Architecture:
        """Return the architecture of 22 block names joined by commas.

        Raises:
            ArchitectureError: If a name is unknown or their number is wrong, with a right example.
        """
        names = [name.strip() for name in text.split(",")]
        if len(names) != len(LAYERS):
            raise self.notation_error(text, f"it needs {len(LAYERS)} blocks, got {len(names)}")
        for name in names:
            if name not in BLOCKS:
                raise self.notation_error(text, f"{name!r} is no block; the blocks are {', '.join(OPERATIONS)}")
        return Architecture(space=self.name, choices=tuple(map(OPERATIONS.index, names)))

    def costs(self, choices: ArrayLike) -> StageCosts:
        """Return the physical costs of `n x 22` choices, in seven stages."""
        rows = self.check_choices(choices)
        amounts = np.zeros((len(rows), len(STAGES), len(QUANTITIES)))
        for index, layer in enumerate(LAYERS):
            amounts[:, layer.stage] += self._block_costs[index, rows[:, index]]
        return StageCosts(
            stages=tuple(f"{stage.channels}_channels" for stage in STAGES),
            amounts=amounts,
            fixed=self._fixed_costs,
            depth=np.count_nonzero(rows != OPERATIONS.index("skip"), axis=1).astype(np.float64),
        )

    def build_network(self, architecture: Architecture) -> nn.Module:
        """Return stem, 22 blocks and head as one torch module."""
        from edgeprof_predictor.spaces.fbnet_network import FBNetNetwork

        blocks = [BLOCKS[OPERATIONS[choice]] for choice in architecture.choices]
        return FBNetNetwork(blocks, class_count=self.output_shape[0])


def block_costs(layer: Layer, block: Block) -> FloatArray:
    """Cost of one block in one layer: as many as `QUANTITIES`."""
    side_out = layer.side // layer.stride
    elements_out = layer.channels_out * side_out**2
    if block.is_skip:
        if layer.is_shape_kept:
            return np.zeros(len(QUANTITIES))
        projection = convolution(
            side=layer.side,
            channels_in=layer.channels_in,
            channels_out=layer.channels_out,
            stride=layer.stride,
        )
        return projection + fused_activation(elements_out)
    inner = layer.channels_in * block.expansion
    inner_elements = inner * layer.side**2
    amounts = (
        convolution(
            side=layer.side,
            channels_in=layer.channels_in,
            channels_out=inner,
            groups=block.groups,
        )
        + fused_activation(inner_elements)
        + convolution(
            side=layer.side,
            channels_in=inner,
            channels_out=inner,
            kernel=block.kernel,
            stride=layer.stride,
            groups=inner,
        )
        + fused_activation(inner * side_out**2)
        + convolution(
            side=side_out,
            channels_in=inner,
            channels_out=layer.channels_out,
            groups=block.groups,
        )
    )
    if block.groups > 1:
        amounts += weightless(elements_in=inner_elements, elements_out=inner_elements)
    if layer.is_shape_kept:
        amounts += weightless(elements_in=2 * elements_out, elements_out=elements_out)
    return amounts


def _stem_costs() -> FloatArray:
    stem = convolution(side=IMAGE_SIDE, channels_in=3, channels_out=STEM_CHANNELS, kernel=3)
    return stem + fused_activation(STEM_CHANNELS * IMAGE_SIDE**2)


def _head_costs(class_count: int) -> FloatArray:
    last = LAYERS[-1]
    elements = HEAD_CHANNELS * last.side**2
    return (
        convolution(side=last.side, channels_in=last.channels_out, channels_out=HEAD_CHANNELS)
        + fused_activation(elements)
        + weightless(elements_in=elements, elements_out=HEAD_CHANNELS, operations=elements)
        + linear(features_in=HEAD_CHANNELS, features_out=class_count)
    )

"""FBNet for 32x32 images: 22 layers, each one of 9 blocks."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import ArrayLike

from edgeprof_predictor.spaces.architecture import Architecture, FloatArray
from edgeprof_predictor.spaces.base import SearchSpace
from edgeprof_predictor.spaces.costs import (
    QUANTITIES,
    StageCosts,
    convolution,
    fused_activation,
    linear,
    weightless,
)
from edgeprof_predictor.spaces.fbnet.geometry import (
    BLOCKS,
    HEAD_CHANNELS,
    IMAGE_SIDE,
    LAYERS,
    OPERATIONS,
    STAGES,
    STEM_CHANNELS,
    Block,
    Layer,
)

if TYPE_CHECKING:
    from torch import nn


class FBNet(SearchSpace):
    """The 9^22 networks of FBNet, written as 22 block names joined by commas.

    Args:
        class_count: Outputs of the last layer.
    """

    option_names: ClassVar[tuple[str, ...]] = OPERATIONS
    paper_source_count: ClassVar[int] = 4000

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
        from edgeprof_predictor.spaces.fbnet.network import FBNetNetwork

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

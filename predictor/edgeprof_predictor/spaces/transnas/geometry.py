"""The geometry of TransNAS-Bench-101: tasks, modules, the edges of a cell, and the decoder.

Source:
    Duan et al. 2021, section 3: modules, cells and notation. The sizes are those behind the published
    parameters and FLOPs (NASLib's tables): images of 256x256, tiles of 64x64, 63 scenes and 100 objects,
    where the paper trains on 47 and 75 of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

STEM_CHANNELS: Final = (32, 64)
"""Channels of the two convolutions of the stem, each of which halves the resolution."""

STEM_REDUCTION: Final = 2 ** len(STEM_CHANNELS)

BLOCK_COUNT: Final = 2
"""Blocks or cells of a module; the first one changes the shape."""

SIDE_STEP: Final = 64
"""Sides of images are multiples of it: stem and four modules halve them six times in all."""

TILE_COUNT: Final = 9
"""Tiles of a jigsaw, which one encoder reads one by one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A task of TransNAS-Bench-101.

    Args:
        side: Height and width of an image, or of a tile.
        class_count: Number of classes; 0 where the output is an image.
        tile_count: Images (tiles) of one input.
    """

    side: int
    class_count: int = 0
    tile_count: int = 1

    @property
    def is_dense(self) -> bool:
        """Whether a decoder outputs an image."""
        return self.class_count == 0


TASKS: Final = {
    "class_scene": Task(side=256, class_count=63),
    "class_object": Task(side=256, class_count=100),
    "jigsaw": Task(side=64, class_count=1000, tile_count=TILE_COUNT),
    "autoencoder": Task(side=256),
    "normal": Task(side=256),
}

# Modules ----------------------------------------------------------------------------------------

SAME, WIDER, SMALLER, BOTH = 1, 2, 3, 4
"""Kinds of modules, by their digit in the notation: what a module does to channels and resolution."""

MODULE_NAMES: Final = ("no_module", "same", "wider", "smaller", "both")
"""Names of the kinds; 0 fills up where a network has fewer modules than the largest."""

MODULE_COUNT_MIN: Final = 4
MODULE_COUNT_MAX: Final = 6
WIDENING: Final = (WIDER, BOTH)
WIDENING_MAX: Final = 3
"""One to three modules double the channels."""

REDUCING: Final = (SMALLER, BOTH)
REDUCTION_MAX: Final = 4
"""One to four modules halve the resolution. With both limits exchanged there would be as many networks, but
published ones halve it four times and never double the channels as often."""

NETWORK_COUNT: Final = 3256
"""Networks within these limits."""

MICRO_MODULES: Final = (BOTH, SAME, BOTH, SAME, BOTH)
"""Modules of every network whose cell is searched."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """Channels and side of square feature maps."""

    channels: int
    side: int

    @property
    def elements(self) -> int:
        """Numbers in one feature map of all channels."""
        return self.channels * self.side**2

    def after(self, kind: int) -> Shape:
        """Return the shape behind a module of a kind."""
        return Shape(
            channels=self.channels * (2 if kind in WIDENING else 1),
            side=self.side // (2 if kind in REDUCING else 1),
        )


def shapes(kinds: Sequence[int], side: int) -> list[Shape]:
    """Return the shapes before, between and behind modules: one more than modules.

    Args:
        kinds: Kind of each module.
        side: Height and width of the image.
    """
    found = [Shape(channels=STEM_CHANNELS[-1], side=side // STEM_REDUCTION)]
    for kind in kinds:
        found.append(found[-1].after(kind))
    return found


# Cells ------------------------------------------------------------------------------------------

OPERATIONS: Final = ("none", "skip_connect", "conv_1x1", "conv_3x3")
"""In the order of their digits in the notation; nodes and edges are those of NAS-Bench-201."""
NONE: Final = OPERATIONS.index("none")
KERNELS: Final = {"conv_1x1": 1, "conv_3x3": 3}

# Decoder ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class DecoderLayer:
    """One 3x3 convolution of the decoder, transposed where it doubles the resolution."""

    channels_in: int
    channels_out: int
    is_upsampling: bool


DECODER_CHANNELS: Final = (1024, 1024, 512, 512, 256, 128, 64, 64, 32, 32, 16, 32, 16, 3)

DECODER_UPSAMPLINGS: Final = (12, 10, 8, 6, 4, 2)
"""Layers that can double the resolution, in the order in which they are called on."""


def upsampling_count(side: int, features: Shape) -> int:
    """Return how often the resolution must double from an encoder's features to its image."""
    return (side // features.side).bit_length() - 1


def decoder_layers(channels: int, upsampling_count: int) -> list[DecoderLayer]:
    """Return the layers between an encoder's features and the image.

    Args:
        channels: Of the features.
        upsampling_count: How often the resolution doubles, 2 to 6.
    """
    widths = (channels, *DECODER_CHANNELS)
    return [
        DecoderLayer(
            channels_in=widths[index],
            channels_out=widths[index + 1],
            is_upsampling=index in DECODER_UPSAMPLINGS[:upsampling_count],
        )
        for index in range(len(DECODER_CHANNELS))
    ]

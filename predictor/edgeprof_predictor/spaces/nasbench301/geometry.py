"""The geometry of NAS-Bench-301: operations, the nodes of a cell, and the skeleton around the cells.

Source:
    Liu et al. 2019 (DARTS), section 3 and appendix A: operations, cells and skeleton. Siems et al. 2020
    (NAS-Bench-301), section 4: 8 cells, 32 channels. Parameters and FLOPs counted by these sizes equal
    those of NAS-Bench-Suite-Zero (Krishnakumar et al. 2022). There is no auxiliary head, which only
    training has.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Final

OPERATIONS: Final = (
    "max_pool_3x3",
    "avg_pool_3x3",
    "skip_connect",
    "sep_conv_3x3",
    "sep_conv_5x5",
    "dil_conv_3x3",
    "dil_conv_5x5",
)
"""The operations, as DARTS numbers them and as the rows of NAS-Bench-Suite-Zero do."""

SEPARABLE_KERNELS: Final = {"sep_conv_3x3": 3, "sep_conv_5x5": 5}
DILATED_KERNELS: Final = {"dil_conv_3x3": 3, "dil_conv_5x5": 5}
DILATION: Final = 2

INPUT_COUNT: Final = 2
"""Inputs of a cell: the outputs of the two cells before it."""

NODE_COUNT: Final = 4
"""Nodes of a cell; each adds up two operations, and all are joined to the cell's output."""

INPUT_PAIRS: Final = tuple(tuple(itertools.combinations(range(INPUT_COUNT + node), 2)) for node in range(NODE_COUNT))
"""For each node, which two of the inputs and earlier nodes it may read."""

CONCATENATED: Final = tuple(range(INPUT_COUNT, INPUT_COUNT + NODE_COUNT))
"""What is joined to the output, in the numbering of the notation."""

IMAGE_SIDE: Final = 32
CHANNELS: Final = 32
STEM_CHANNELS: Final = 3 * CHANNELS


@dataclass(frozen=True, slots=True, kw_only=True)
class CellPlace:
    """Where a cell sits.

    Args:
        is_reduction: Whether it halves the resolution and doubles the width.
        side: Height and width of its second input.
        channels: Channels of its nodes.
        channels_in: Channels of its two inputs, as they come.
        is_first_input_larger: Whether the first input has twice the resolution of the second.
    """

    is_reduction: bool
    side: int
    channels: int
    channels_in: tuple[int, int]
    is_first_input_larger: bool

    @property
    def side_out(self) -> int:
        """Height and width of the output."""
        return self.side // 2 if self.is_reduction else self.side


def _places() -> tuple[CellPlace, ...]:
    cell_count = 8
    places: list[CellPlace] = []
    side, channels = IMAGE_SIDE, CHANNELS
    channels_in = (STEM_CHANNELS, STEM_CHANNELS)
    was_reduction = False
    for index in range(cell_count):
        is_reduction = index in (cell_count // 3, 2 * cell_count // 3)
        channels *= 2 if is_reduction else 1
        places.append(
            CellPlace(
                is_reduction=is_reduction,
                side=side,
                channels=channels,
                channels_in=channels_in,
                is_first_input_larger=was_reduction,
            )
        )
        side, was_reduction = places[-1].side_out, is_reduction
        channels_in = (channels_in[1], NODE_COUNT * channels)
    return tuple(places)


CELL_PLACES: Final = _places()
"""The eight cells, of which the third and the sixth are reductions."""

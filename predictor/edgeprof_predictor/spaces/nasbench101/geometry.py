"""The geometry of NAS-Bench-101: operations, vertices, and the skeleton around a cell.

Source:
    Ying et al. 2019, section 2: operations, limits, skeleton and the widths of vertices. Parameters
    counted by these rules equal those of NAS-Bench-Suite-Zero (Krishnakumar et al. 2022).
"""

from __future__ import annotations

from typing import Final

OPERATIONS: Final = ("conv3x3-bn-relu", "conv1x1-bn-relu", "maxpool3x3")
KERNELS: Final = {"conv3x3-bn-relu": 3, "conv1x1-bn-relu": 1}

VERTEX_COUNT: Final = 7
"""Most vertices of a cell; vertex 0 is its input, the last one its output."""

OUTPUT: Final = VERTEX_COUNT - 1

EDGE_COUNT_MAX: Final = 9
"""Most edges of a cell, those that do not lie on a path from input to output left out."""

EDGES: Final = tuple((start, end) for start in range(VERTEX_COUNT) for end in range(start + 1, VERTEX_COUNT))
"""Start and end of the 21 possible edges, row after row of the adjacency matrix."""

IMAGE_SIDE: Final = 32
STEM_CHANNELS: Final = 128
STAGE_CHANNELS: Final = (128, 256, 512)
CELL_COUNT: Final = 3
"""Cells of a stage."""

ROW_OPERATIONS: Final = {2: "maxpool3x3", 3: "conv1x1-bn-relu", 4: "conv3x3-bn-relu"}
"""Operations as NAS-Bench-Suite-Zero numbers them in the rows of its tables; 0 is the input, 1 the output."""


def vertex_width(channels: int, part_count: int, part: int) -> int:
    """Return the channels of a vertex that gives one part of the cell's output.

    The parts are as equal as whole numbers allow; the first ones take what is left over. A vertex that
    gives no part is as wide as the widest it leads to.

    Args:
        channels: Channels of the output.
        part_count: Vertices whose outputs are joined to it.
        part: Which of them, 0 for the first.
    """
    return channels // part_count + (part < channels % part_count)

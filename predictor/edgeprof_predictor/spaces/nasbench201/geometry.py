"""The geometry of NAS-Bench-201: operations, the edges of a cell, and the skeleton around it.

Source:
    Dong and Yang 2020, section 2: operations, notation and skeleton.
"""

from __future__ import annotations

from typing import Final

OPERATIONS: Final = ("none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3")
NONE: Final = OPERATIONS.index("none")
KERNELS: Final = {"nor_conv_1x1": 1, "nor_conv_3x3": 3}

NODE_COUNT: Final = 4
"""Nodes of a cell; node 0 is its input, the last one its output."""

EDGES: Final = tuple((start, end) for end in range(1, NODE_COUNT) for start in range(end))
"""Start and end of the six edges, in the order in which the notation names them."""

ROW_OPERATIONS: Final = ("skip_connect", "none", "nor_conv_3x3", "nor_conv_1x1", "avg_pool_3x3")
"""Operations as NAS-Bench-Suite-Zero (Krishnakumar et al. 2022) numbers them in the rows of its tables."""

ROW_EDGES: Final = tuple(sorted(EDGES))
"""The edges in the order of those rows: by where they start."""

IMAGE_SIDE: Final = 32
STAGE_CHANNELS: Final = (16, 32, 64)
CELL_COUNT: Final = 5
"""Cells of a stage."""

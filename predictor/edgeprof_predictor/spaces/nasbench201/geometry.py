"""The geometry of NAS-Bench-201: operations and the skeleton around a cell; `spaces.cells` holds its edges.

Source:
    Dong and Yang 2020, section 2: operations, notation and skeleton.
"""

from __future__ import annotations

from typing import Final

from edgeprof_predictor.spaces.cells import EDGES

OPERATIONS: Final = ("none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3")
NONE: Final = OPERATIONS.index("none")
KERNELS: Final = {"nor_conv_1x1": 1, "nor_conv_3x3": 3}

ROW_OPERATIONS: Final = ("skip_connect", "none", "nor_conv_3x3", "nor_conv_1x1", "avg_pool_3x3")
"""Operations as NAS-Bench-Suite-Zero (Krishnakumar et al. 2022) numbers them in the rows of its tables."""

ROW_EDGES: Final = tuple(sorted(EDGES))
"""The edges in the order of those rows: by where they start."""

IMAGE_SIDE: Final = 32
STAGE_CHANNELS: Final = (16, 32, 64)
CELL_COUNT: Final = 5
"""Cells of a stage."""

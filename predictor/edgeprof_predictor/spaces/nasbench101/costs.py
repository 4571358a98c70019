"""What a NAS-Bench-101 cell costs, from tables over all widths that a vertex can have."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

import numpy as np

from edgeprof_predictor.spaces.architecture import FloatArray
from edgeprof_predictor.spaces.costs import (
    QUANTITIES,
    StageCosts,
    convolution,
    fused_activation,
    linear,
    weightless,
)
from edgeprof_predictor.spaces.nasbench101.cells import Cells
from edgeprof_predictor.spaces.nasbench101.geometry import (
    CELL_COUNT,
    IMAGE_SIDE,
    KERNELS,
    OPERATIONS,
    OUTPUT,
    STAGE_CHANNELS,
    STEM_CHANNELS,
    VERTEX_COUNT,
    vertex_width,
)

_SIDES: Final = tuple(IMAGE_SIDE >> index for index in range(len(STAGE_CHANNELS)))
_PARTS: Final = OUTPUT - 1
"""Most parts that a cell's output is joined from."""


class CellCosts:
    """Costs of pruned cells, of all three stages.

    Vertices are as wide as a part of the output, one of at most five; so each table
    holds a cost for each number of parts, part and stage, and a cell is a sum of rows of tables.

    Args:
        class_count: Outputs of the network's last layer.
    """

    def __init__(self, class_count: int) -> None:
        self._operations = np.stack([_by_width(partial(_operation, name)) for name in OPERATIONS])
        self._projections = _by_width(_projection)
        self._additions = _by_width(lambda stage, width: _addition(width * _SIDES[stage] ** 2))
        self._cuts = _cut_costs()
        self._output_projection = _each_stage(lambda stage: _projection(stage, STAGE_CHANNELS[stage]))
        self._output_addition = _each_stage(lambda stage: _addition(STAGE_CHANNELS[stage] * _SIDES[stage] ** 2))
        self._joining = _each_stage(lambda stage: _move(STAGE_CHANNELS[stage] * _SIDES[stage] ** 2))
        self._fixed = _skeleton(class_count)

    def of(self, cells: Cells) -> StageCosts:
        """Return the costs of networks of `n` pruned cells."""
        return StageCosts(
            stages=tuple(f"{side}x{side}" for side in _SIDES),
            amounts=self._vertices(cells) + self._outputs(cells),
            fixed=self._fixed,
            depth=CELL_COUNT * len(STAGE_CHANNELS) * _depth(cells),
        )

    def _vertices(self, cells: Cells) -> FloatArray:
        counts, parts = cells.part_counts(), cells.parts()
        incoming = cells.edges[:, :, 1:OUTPUT].sum(axis=1)
        amounts = np.zeros((len(counts), len(STAGE_CHANNELS), len(QUANTITIES)))
        for index in range(OUTPUT - 1):
            vertex, part = 1 + index, parts[:, index]
            is_live = incoming[:, index, None, None] > 0
            amounts += is_live * self._operations[cells.operations[:, index], counts, part]
            amounts += cells.edges[:, 0, vertex, None, None] * self._projections[counts, part]
            amounts += np.maximum(incoming[:, index, None, None] - 1, 0) * self._additions[counts, part]
            for start in range(1, vertex):
                cut = self._cuts[counts, parts[:, start - 1], part]
                amounts += cells.edges[:, start, vertex, None, None] * cut
        return amounts

    def _outputs(self, cells: Cells) -> FloatArray:
        counts = cells.part_counts()[:, None, None]
        has_shortcut = cells.edges[:, 0, OUTPUT, None, None]
        amounts: FloatArray = (
            (counts > 1) * self._joining
            + has_shortcut * self._output_projection
            + (has_shortcut & (counts > 0)) * self._output_addition
        )
        return amounts


def _by_width(cost: Callable[[int, int], FloatArray]) -> FloatArray:
    """Tabulate a cost over the widths of vertices: `part count x part x stage x q`."""
    table = np.zeros((_PARTS + 1, _PARTS, len(STAGE_CHANNELS), len(QUANTITIES)))
    for count in range(1, _PARTS + 1):
        for part in range(count):
            for stage, channels in enumerate(STAGE_CHANNELS):
                table[count, part, stage] = cost(stage, vertex_width(channels, count, part))
    return table


def _cut_costs() -> FloatArray:
    """Tabulate what cutting one vertex to the width of a narrower one costs: as `_by_width`, two parts."""
    table = np.zeros((_PARTS + 1, _PARTS, _PARTS, len(STAGE_CHANNELS), len(QUANTITIES)))
    for count in range(1, _PARTS + 1):
        for wide, narrow in np.ndindex(count, count):
            for stage, channels in enumerate(STAGE_CHANNELS):
                width = vertex_width(channels, count, narrow)
                if vertex_width(channels, count, wide) > width:
                    table[count, wide, narrow, stage] = CELL_COUNT * _moved(width * _SIDES[stage] ** 2)
    return table


def _each_stage(cost: Callable[[int], FloatArray]) -> FloatArray:
    return np.stack([cost(stage) for stage in range(len(STAGE_CHANNELS))])


def _operation(name: str, stage: int, width: int) -> FloatArray:
    elements = width * _SIDES[stage] ** 2
    if name in KERNELS:
        kernel = convolution(side=_SIDES[stage], channels_in=width, channels_out=width, kernel=KERNELS[name])
        return CELL_COUNT * (kernel + fused_activation(elements))
    return CELL_COUNT * weightless(elements_in=elements, elements_out=elements, operations=9 * elements)


def _projection(stage: int, width: int) -> FloatArray:
    """Cost of bringing the input of each cell of a stage to a width; the first cell's input is narrower."""
    side = _SIDES[stage]
    inputs = [STEM_CHANNELS, *STAGE_CHANNELS][stage], *[STAGE_CHANNELS[stage]] * (CELL_COUNT - 1)
    amounts: FloatArray = CELL_COUNT * fused_activation(width * side**2)
    for channels in inputs:
        amounts = amounts + convolution(side=side, channels_in=channels, channels_out=width)
    return amounts


def _addition(elements: int) -> FloatArray:
    each: FloatArray = weightless(elements_in=2 * elements, elements_out=elements)
    return CELL_COUNT * each


def _move(elements: int) -> FloatArray:
    return CELL_COUNT * _moved(elements)


def _moved(elements: int) -> FloatArray:
    return weightless(elements_in=elements, elements_out=elements, operations=0)


def _depth(cells: Cells) -> FloatArray:
    """Count the convolutions and pools on the longest path of pruned cells: `n`."""
    depth = np.full((len(cells.edges), VERTEX_COUNT), -np.inf)
    depth[:, 0] = 1.0  # every edge from the input is a projection
    for vertex in range(1, VERTEX_COUNT):
        longest = np.where(cells.edges[:, :vertex, vertex], depth[:, :vertex], -np.inf).max(axis=1)
        depth[:, vertex] = longest + (vertex != OUTPUT)
    longest_path: FloatArray = np.maximum(depth[:, OUTPUT], 0.0)
    return longest_path


def _skeleton(class_count: int) -> FloatArray:
    """Cost of stem, two pools that halve the resolution, and head."""
    stem = convolution(side=IMAGE_SIDE, channels_in=3, channels_out=STEM_CHANNELS, kernel=3)
    halvings = []
    for side, channels in zip(_SIDES[:-1], STAGE_CHANNELS, strict=False):
        elements = channels * side**2
        halvings.append(weightless(elements_in=elements, elements_out=elements // 4, operations=elements))
    elements = STAGE_CHANNELS[-1] * _SIDES[-1] ** 2
    head = weightless(elements_in=elements, elements_out=STAGE_CHANNELS[-1], operations=elements) + linear(
        features_in=STAGE_CHANNELS[-1], features_out=class_count
    )
    return sum(halvings, start=stem + fused_activation(STEM_CHANNELS * IMAGE_SIDE**2) + head)

"""TransNAS-Bench-101 micro: 4,096 cells of six edges, stacked in a fixed skeleton."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, ClassVar, Final

import numpy as np
from numpy.typing import ArrayLike

from edgeprof_predictor.spaces.architecture import Architecture, ChoiceArray, FloatArray
from edgeprof_predictor.spaces.cells import EDGES, CellSpace, fed_node_count, longest_path
from edgeprof_predictor.spaces.costs import QUANTITIES, StageCosts, convolution, weightless
from edgeprof_predictor.spaces.transnas.costs import (
    activated_convolution,
    addition_costs,
    encoder_costs,
    head_costs,
    stem_costs,
)
from edgeprof_predictor.spaces.transnas.geometry import (
    BLOCK_COUNT,
    KERNELS,
    MICRO_MODULES,
    NONE,
    OPERATIONS,
    SAME,
    STEM_CHANNELS,
    Shape,
    shapes,
)
from edgeprof_predictor.spaces.transnas.space import TransNAS

if TYPE_CHECKING:
    from torch import nn

_PREFIX: Final = f"{STEM_CHANNELS[-1]}-{''.join(map(str, MICRO_MODULES))}-"
_NOTATION: Final = re.compile(re.escape(_PREFIX) + r"(\d)_(\d)(\d)_(\d)(\d)(\d)")


class TransNASMicro(CellSpace, TransNAS):
    """The cells of TransNAS-Bench-101 in their published notation, `64-41414-1_02_333`.

    Args:
        task: One of `TASKS`.
        class_count: Number of classes; None for the published one.
        side: Height and width of an image or a tile, a multiple of 64; None for the published one.

    Raises:
        UnknownSearchSpaceError: If there is no such task.
        EncodingError: If the side is no multiple of 64, or the number of classes does not fit the task.
    """

    option_names: ClassVar[tuple[str, ...]] = OPERATIONS

    def __init__(self, task: str = "class_scene", *, class_count: int | None = None, side: int | None = None) -> None:
        super().__init__(
            "transnasbench101_micro", (len(OPERATIONS),) * len(EDGES), task=task, class_count=class_count, side=side
        )
        self._shapes = shapes(MICRO_MODULES, self.task.side)
        self._stages = list(dict.fromkeys(self._shapes[1:]))
        self._edge_costs = np.array([[self._operation_costs(edge, name) for name in OPERATIONS] for edge in EDGES])
        self._addition_costs = np.array(
            [
                BLOCK_COUNT * self._shapes[1:].count(stage) * encoder_costs(addition_costs(stage), self.task)
                for stage in self._stages
            ]
        )
        self._fixed_costs = encoder_costs(stem_costs(self.task.side), self.task) + head_costs(
            self.task, self.task.side, self._shapes[-1]
        )

    def format(self, architecture: Architecture) -> str:
        """Return the published notation: for each node the digits of the operations that lead to it."""
        self.check(architecture)
        digits = "".join(map(str, architecture.choices))
        return f"{_PREFIX}{digits[0]}_{digits[1:3]}_{digits[3:]}"

    def parse(self, text: str) -> Architecture:
        """Return the architecture of a cell in the published notation.

        Raises:
            ArchitectureError: If the text does not follow the notation, with a right example.
        """
        match = _NOTATION.fullmatch(text.strip())
        if match is None:
            raise self.notation_error(text, f"it needs {_PREFIX} and six digits, those of a node together")
        return self.architecture_of_digits(text, match.groups())

    def costs_as_written(self, choices: ArrayLike) -> StageCosts:
        """Return the costs of `n x 6` choices, edges that carry nothing included, as published counts have them."""
        rows = self.check_choices(choices)
        is_there = rows != NONE
        addition_count = is_there.sum(axis=1) - fed_node_count(is_there)
        return StageCosts(
            stages=tuple(f"{stage.side}x{stage.side}" for stage in self._stages),
            amounts=self._edge_costs[np.arange(len(EDGES)), rows].sum(axis=1)
            + addition_count[:, None, None] * self._addition_costs,
            fixed=self._fixed_costs,
            depth=_depth(rows),
        )

    def build_network(self, architecture: Architecture) -> nn.Module:
        """Return stem, cells and head as one torch module."""
        from edgeprof_predictor.spaces.transnas.network import MicroNetwork

        pruned = self.pruned([architecture.choices])[0].tolist()
        return MicroNetwork(
            self.task,
            [OPERATIONS[choice] for choice in architecture.choices],
            is_live=[choice != NONE for choice in pruned],
        )

    def _operation_costs(self, edge: tuple[int, int], operation: str) -> FloatArray:
        """Cost of one edge in all cells: `s x q`."""
        costs = np.zeros((len(self._stages), len(QUANTITIES)))
        for before, after in zip(self._shapes, self._shapes[1:], strict=False):
            for cell in range(BLOCK_COUNT):
                changes_shape = cell == 0 and edge[0] == 0
                costs[self._stages.index(after)] += _edge_costs(operation, before if changes_shape else after, after)
        return encoder_costs(costs, self.task)


def _edge_costs(operation: str, before: Shape, after: Shape) -> FloatArray:
    """Cost of one edge in one cell."""
    if operation in KERNELS:
        return activated_convolution(before, after, kernel=KERNELS[operation])
    if operation == "skip_connect" and before != after:
        return _reduction_costs(before, after)
    return np.zeros(len(QUANTITIES))


def _reduction_costs(before: Shape, after: Shape) -> FloatArray:
    """Cost of a skip that changes the shape: two convolutions of every other pixel, one of them shifted."""
    half = convolution(
        side=before.side,
        channels_in=before.channels,
        channels_out=after.channels // 2,
        stride=before.side // after.side,
        has_norm=False,
    )
    norm = weightless(elements_in=after.elements, elements_out=after.elements)
    norm[QUANTITIES.index("params")] = 2 * after.channels
    activation = weightless(elements_in=before.elements, elements_out=before.elements)
    shift = weightless(elements_in=before.elements, elements_out=before.elements)
    joining = weightless(elements_in=after.elements, elements_out=after.elements)
    return activation + shift + 2 * half + joining + norm


def _depth(rows: ChoiceArray) -> FloatArray:
    """Count the computing layers on the longest path through all cells: `n`."""
    is_there = rows != NONE
    skips = rows == OPERATIONS.index("skip_connect")
    starts_at_input = np.array([start == 0 for start, _ in EDGES])
    first_cell_count = len(MICRO_MODULES) - MICRO_MODULES.count(SAME)
    other_cell_count = BLOCK_COUNT * len(MICRO_MODULES) - first_cell_count
    in_first = longest_path(is_there, is_computing=is_there & (~skips | starts_at_input))
    in_others = longest_path(is_there, is_computing=is_there & ~skips)
    return first_cell_count * in_first + other_cell_count * in_others

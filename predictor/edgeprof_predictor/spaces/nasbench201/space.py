"""NAS-Bench-201: 15,625 cells of six edges, stacked in a fixed skeleton for 32x32 images."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, ClassVar, Final

import numpy as np
from numpy.typing import ArrayLike

from edgeprof_predictor.spaces.architecture import Architecture, FloatArray
from edgeprof_predictor.spaces.cells import EDGES, NODE_COUNT, CellSpace, fed_node_count, longest_path
from edgeprof_predictor.spaces.costs import (
    QUANTITIES,
    StageCosts,
    convolution,
    linear,
    weightless,
)
from edgeprof_predictor.spaces.nasbench201.geometry import (
    CELL_COUNT,
    IMAGE_SIDE,
    KERNELS,
    NONE,
    OPERATIONS,
    ROW_EDGES,
    ROW_OPERATIONS,
    STAGE_CHANNELS,
)
from edgeprof_predictor.spaces.nasbench201.operations import operation_counts

if TYPE_CHECKING:
    from torch import nn


class NASBench201(CellSpace):
    """The cells of NAS-Bench-201 in their published notation.

    Args:
        class_count: Outputs of the last layer.
    """

    option_names: ClassVar[tuple[str, ...]] = OPERATIONS
    paper_source_count: ClassVar[int] = 900

    def __init__(self, class_count: int = 10) -> None:
        super().__init__(
            "nasbench201",
            (len(OPERATIONS),) * len(EDGES),
            input_shape=(3, IMAGE_SIDE, IMAGE_SIDE),
            output_shape=(class_count,),
        )
        self._stages = [(IMAGE_SIDE >> index, width) for index, width in enumerate(STAGE_CHANNELS)]
        self._edge_costs = np.array([[_edge_costs(name, *stage) for stage in self._stages] for name in OPERATIONS])
        self._addition_costs = np.array([_addition_costs(*stage) for stage in self._stages])
        self._fixed_costs = _skeleton_costs(class_count)

    @property
    def decision_edges(self) -> tuple[tuple[int, int], ...]:
        """The six edges of the cell: start and end of each."""
        return EDGES

    def format(self, architecture: Architecture) -> str:
        """Return the published notation: for each node its operations and where they start."""
        self.check(architecture)
        nodes: list[str] = []
        for node in range(1, NODE_COUNT):
            parts = [
                f"{OPERATIONS[choice]}~{start}"
                for choice, (start, end) in zip(architecture.choices, EDGES, strict=True)
                if end == node
            ]
            nodes.append(f"|{'|'.join(parts)}|")
        return "+".join(nodes)

    def parse(self, text: str) -> Architecture:
        """Return the architecture of a cell in the published notation.

        Raises:
            ArchitectureError: If the text does not follow the notation, with a right example.
        """
        match = _NOTATION.fullmatch(text.strip())
        if match is None:
            raise self.notation_error(text, "it needs six edges OPERATION~START in three nodes")
        for name in match.groups():
            if name not in OPERATIONS:
                raise self.notation_error(text, f"{name!r} is no operation; they are {', '.join(OPERATIONS)}")
        return Architecture(space=self.name, choices=tuple(OPERATIONS.index(name) for name in match.groups()))

    def parse_row(self, text: str) -> Architecture:
        """Return the architecture of six operation numbers, as tables of zero-cost proxies have them.

        Raises:
            ArchitectureError: If the text is neither such a row nor in the published notation.
        """
        match = _ROW.fullmatch(text.strip())
        if match is None:
            return self.parse(text)
        by_edge = dict(zip(ROW_EDGES, map(int, match.groups()), strict=True))
        return Architecture(
            space=self.name, choices=tuple(OPERATIONS.index(ROW_OPERATIONS[by_edge[edge]]) for edge in EDGES)
        )

    def costs_as_written(self, choices: ArrayLike) -> StageCosts:
        """Return the costs of `n x 6` choices, edges that carry nothing included, as published counts have them."""
        rows = self.check_choices(choices)
        is_there = rows != NONE
        addition_count = is_there.sum(axis=1) - fed_node_count(is_there)
        amounts = self._edge_costs[rows].sum(axis=1)
        amounts += addition_count[:, None, None] * self._addition_costs
        is_computing = is_there & (rows != OPERATIONS.index("skip_connect"))
        return StageCosts(
            stages=tuple(f"{side}x{side}" for side, _ in self._stages),
            amounts=CELL_COUNT * amounts,
            fixed=self._fixed_costs,
            depth=CELL_COUNT * len(STAGE_CHANNELS) * longest_path(is_there, is_computing=is_computing),
        )

    def operation_counts(self, choices: ArrayLike) -> FloatArray:
        """Return the operations of each kind in one cell that engines run, merged pools once: `n x 6` to `n x 4`."""
        return operation_counts(self.pruned(choices))

    def build_network(self, architecture: Architecture) -> nn.Module:
        """Return the skeleton around copies of the cell as one torch module."""
        from edgeprof_predictor.spaces.nasbench201.network import NASBench201Network

        pruned = self.pruned([architecture.choices])[0].tolist()
        return NASBench201Network(
            [OPERATIONS[choice] for choice in architecture.choices],
            is_live=[choice != NONE for choice in pruned],
            class_count=self.output_shape[0],
        )


_NOTATION: Final = re.compile(
    r"\+".join(
        r"\|" + "".join(rf"(\w+)~{start}\|" for start, end in EDGES if end == node) for node in range(1, NODE_COUNT)
    )
)
_ROW: Final = re.compile(r"\(" + r",\s*".join([r"([0-4])"] * len(EDGES)) + r"\)")


def _edge_costs(operation: str, side: int, channels: int) -> FloatArray:
    """Cost of one edge in one cell."""
    elements = channels * side**2
    if operation in KERNELS:
        return _activated_convolution(side, channels, channels, kernel=KERNELS[operation])
    if operation == "avg_pool_3x3":
        return weightless(elements_in=elements, elements_out=elements, operations=9 * elements)
    return np.zeros(len(QUANTITIES))


def _addition_costs(side: int, channels: int) -> FloatArray:
    elements = channels * side**2
    return weightless(elements_in=2 * elements, elements_out=elements)


def _activated_convolution(
    side: int, channels_in: int, channels_out: int, *, kernel: int, stride: int = 1
) -> FloatArray:
    """Cost of activation, convolution, normalisation: the activation stands alone before it."""
    elements_in = channels_in * side**2
    return weightless(elements_in=elements_in, elements_out=elements_in) + convolution(
        side=side, channels_in=channels_in, channels_out=channels_out, kernel=kernel, stride=stride
    )


def _skeleton_costs(class_count: int) -> FloatArray:
    """Cost of stem, two reductions and head."""
    width = STAGE_CHANNELS[-1]
    side = IMAGE_SIDE >> (len(STAGE_CHANNELS) - 1)
    head = (
        weightless(elements_in=width * side**2, elements_out=width * side**2)
        + weightless(elements_in=width * side**2, elements_out=width, operations=width * side**2)
        + linear(features_in=width, features_out=class_count)
    )
    head[QUANTITIES.index("params")] += 2 * width  # its normalisation follows no convolution
    stem = convolution(side=IMAGE_SIDE, channels_in=3, channels_out=STAGE_CHANNELS[0], kernel=3)
    reductions = [
        _reduction_costs(IMAGE_SIDE >> index, STAGE_CHANNELS[index], STAGE_CHANNELS[index + 1])
        for index in range(len(STAGE_CHANNELS) - 1)
    ]
    return sum(reductions, start=stem + head)


def _reduction_costs(side: int, channels_in: int, channels_out: int) -> FloatArray:
    """Cost of the residual block that halves the resolution."""
    half = side // 2
    elements_in, elements_half = channels_in * side**2, channels_in * half**2
    return (
        _activated_convolution(side, channels_in, channels_out, kernel=3, stride=2)
        + _activated_convolution(half, channels_out, channels_out, kernel=3)
        + weightless(elements_in=elements_in, elements_out=elements_half, operations=elements_in)
        + convolution(side=half, channels_in=channels_in, channels_out=channels_out, has_norm=False)
        + _addition_costs(half, channels_out)
    )

"""NAS-Bench-101: cells of up to seven vertices and nine edges, stacked in a fixed skeleton for 32x32 images."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from edgeprof_predictor.errors import ArchitectureError
from edgeprof_predictor.spaces.architecture import Architecture, ChoiceArray
from edgeprof_predictor.spaces.base import SearchSpace
from edgeprof_predictor.spaces.costs import StageCosts
from edgeprof_predictor.spaces.nasbench101.cells import Cells
from edgeprof_predictor.spaces.nasbench101.costs import CellCosts
from edgeprof_predictor.spaces.nasbench101.enumeration import NETWORK_COUNT, every_network
from edgeprof_predictor.spaces.nasbench101.geometry import (
    EDGE_COUNT_MAX,
    EDGES,
    IMAGE_SIDE,
    OPERATIONS,
    OUTPUT,
)
from edgeprof_predictor.spaces.nasbench101.notation import read_spec, write_spec

if TYPE_CHECKING:
    from torch import nn


class NASBench101(SearchSpace):
    """The cells of NAS-Bench-101, in the notation of its published tables.

    An architecture is 21 decisions about edges and 5 about the operations between input and output. It
    is one where the input reaches the output over at most nine edges; edges and vertices off every path
    do not count, as published. Several architectures are one network, since vertices may be numbered in
    several ways or lie off every path: `pruned` undoes the second. `size` counts the 423,624 networks of
    the publication; samples are drawn from them, and `enumerate` walks through them, each in one numbering.

    Args:
        class_count: Outputs of the last layer.
    """

    is_run_pruned: ClassVar[bool] = True

    def __init__(self, class_count: int = 10) -> None:
        super().__init__(
            "nasbench101",
            (2,) * len(EDGES) + (len(OPERATIONS),) * (OUTPUT - 1),
            input_shape=(3, IMAGE_SIDE, IMAGE_SIDE),
            output_shape=(class_count,),
            size=NETWORK_COUNT,
        )
        self._cell_costs = CellCosts(class_count)

    def format(self, architecture: Architecture) -> str:
        """Return the published notation, `ModelSpec(matrix=..., ops=...)`, with as few vertices as are used."""
        self.check(architecture)
        return write_spec(architecture.choices)

    def parse(self, text: str) -> Architecture:
        """Return the architecture of a cell in the published notation, or of a row of NAS-Bench-Suite-Zero.

        Args:
            text: A matrix and a list of operations, with or without their names and `ModelSpec`; or 49
                numbers of the matrix and 7 of the operations. Outer blanks do not matter.

        Raises:
            ArchitectureError: If the text follows neither, or is no valid cell, with a right example.
        """
        try:
            architecture = Architecture(space=self.name, choices=read_spec(text.strip()))
            self.check(architecture)
        except ArchitectureError as error:
            raise self.notation_error(text, str(error)) from None
        return architecture

    def example(self) -> Architecture:
        """Return the cell of one convolution between input and output."""
        chosen = {(0, 1), (1, OUTPUT)}
        return Architecture(space=self.name, choices=(*(int(edge in chosen) for edge in EDGES), *[0] * (OUTPUT - 1)))

    def is_valid(self, choices: ArrayLike) -> NDArray[np.bool_]:
        """Tell, for `n x 26` choices, whether the input reaches the output over at most nine edges."""
        counts = Cells.of(self.check_choices(choices)).pruned().edge_counts()
        return (counts > 0) & (counts <= EDGE_COUNT_MAX)

    def invalid_reason(self, architecture: Architecture) -> str:
        """Return what is wrong with the edges of a cell."""
        (count,) = Cells.of(self.check_choices([architecture.choices])).pruned().edge_counts()
        if count == 0:
            return "the input of the cell does not reach its output"
        return f"a cell has at most {EDGE_COUNT_MAX} edges on paths from input to output, got {count}"

    def sample_choices(self, count: int, *, seed: int) -> ChoiceArray:
        """Draw distinct networks, each as likely as any other, as a matrix `count x 26`.

        Raises:
            SampleCountError: If there are not that many.
        """
        self.check_sample_count(count)
        return every_network()[np.random.default_rng(seed).permutation(self.size)[:count]]

    def all_choices(self) -> ChoiceArray:
        """Return one architecture for each network, those of fewer vertices first: `423624 x 26`, read only."""
        return every_network()

    def pruned(self, choices: ArrayLike) -> ChoiceArray:
        """Return choices without vertices off every path from input to output, the others moved together.

        Shapes:
            choices: `n x 26`.  returns: `n x 26`.
        """
        return Cells.of(self.check_choices(choices)).pruned().choices

    def is_connected(self, choices: ArrayLike) -> NDArray[np.bool_]:
        """Tell, for `n x 26` choices, whether the cell's input reaches its output."""
        return Cells.of(self.check_choices(choices)).live_vertices()[:, 0]

    def costs(self, choices: ArrayLike) -> StageCosts:
        """Return the physical costs of `n x 26` choices, in three stages, of the pruned cells."""
        return self._cell_costs.of(Cells.of(self.check_choices(choices)).pruned())

    def build_network(self, architecture: Architecture) -> nn.Module:
        """Return the skeleton around copies of the pruned cell as one torch module."""
        from edgeprof_predictor.spaces.nasbench101.network import NASBench101Network

        cells = Cells.of(self.check_choices([architecture.choices])).pruned()
        return NASBench101Network(cells, class_count=self.output_shape[0])

"""NAS-Bench-301: the cells of DARTS, a normal and a reduction cell in a fixed skeleton for 32x32 images."""

from __future__ import annotations

from typing import TYPE_CHECKING

from numpy.typing import ArrayLike

from edgeprof_predictor.errors import ArchitectureError
from edgeprof_predictor.spaces.architecture import Architecture
from edgeprof_predictor.spaces.base import SearchSpace
from edgeprof_predictor.spaces.costs import StageCosts
from edgeprof_predictor.spaces.nasbench301.costs import GenotypeCosts
from edgeprof_predictor.spaces.nasbench301.geometry import IMAGE_SIDE
from edgeprof_predictor.spaces.nasbench301.notation import (
    CELL_CHOICE_COUNTS,
    cell_edges,
    read_genotype,
    write_genotype,
)

if TYPE_CHECKING:
    from torch import nn


class NASBench301(SearchSpace):
    """The 1.1e18 pairs of DARTS cells, written as genotypes.

    A cell is 11 decisions: for each of four nodes which two of the inputs and earlier nodes it reads (the
    first node has no choice), and one of seven operations on each. `none` is not among them, as published.
    Two genotypes that name the inputs of a node in another order are one architecture; ones that number
    nodes in another order are two. Everything reaches the output, since all nodes are joined to it.

    Args:
        class_count: Outputs of the last layer.
    """

    def __init__(self, class_count: int = 10) -> None:
        super().__init__(
            "nasbench301",
            2 * CELL_CHOICE_COUNTS,
            input_shape=(3, IMAGE_SIDE, IMAGE_SIDE),
            output_shape=(class_count,),
        )
        self._genotype_costs = GenotypeCosts(class_count)

    def format(self, architecture: Architecture) -> str:
        """Return the published notation, `Genotype(normal=[...], ...)`, the earlier input of a node first."""
        self.check(architecture)
        return write_genotype(architecture.choices)

    def parse(self, text: str) -> Architecture:
        """Return the architecture of a genotype, or of a row of NAS-Bench-Suite-Zero.

        Args:
            text: A genotype; or the normal and the reduction cell, each a list of eight pairs of input
                and operation number. Outer blanks do not matter.

        Raises:
            ArchitectureError: If the text follows neither, with a right example.
        """
        try:
            return Architecture(space=self.name, choices=read_genotype(text.strip()))
        except ArchitectureError as error:
            raise self.notation_error(text, str(error)) from None

    def costs(self, choices: ArrayLike) -> StageCosts:
        """Return the physical costs of `n x 22` choices, in five stages."""
        return self._genotype_costs.of(self.check_choices(choices))

    def build_network(self, architecture: Architecture) -> nn.Module:
        """Return the skeleton around copies of the two cells as one torch module."""
        from edgeprof_predictor.spaces.nasbench301.network import NASBench301Network

        half = len(CELL_CHOICE_COUNTS)
        return NASBench301Network(
            normal=cell_edges(architecture.choices[:half]),
            reduction=cell_edges(architecture.choices[half:]),
            class_count=self.output_shape[0],
        )

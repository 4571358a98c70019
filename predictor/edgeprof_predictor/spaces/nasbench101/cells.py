"""The graphs of NAS-Bench-101 cells: which vertices count, and how wide they are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edgeprof_predictor.spaces.architecture import CHOICE_TYPE, ChoiceArray
from edgeprof_predictor.spaces.nasbench101.geometry import EDGES, OUTPUT, VERTEX_COUNT

_STARTS, _ENDS = np.array(EDGES).T


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Cells:
    """Adjacency and operations of `n` cells.

    Args:
        edges: Whether an edge leads from one vertex to another.
        operations: Index of the operation of each vertex between input and output.

    Shapes:
        edges: `n x 7 x 7`, bool, strictly upper triangular.  operations: `n x 5`.
    """

    edges: NDArray[np.bool_]
    operations: ChoiceArray

    @classmethod
    def of(cls, choices: ChoiceArray) -> Cells:
        """Return the cells of `n x 26` choices."""
        edges = np.zeros((len(choices), VERTEX_COUNT, VERTEX_COUNT), dtype=np.bool_)
        edges[:, _STARTS, _ENDS] = choices[:, : len(EDGES)] != 0
        return cls(edges=edges, operations=choices[:, len(EDGES) :])

    @property
    def choices(self) -> ChoiceArray:
        """The choices of the cells: `n x 26`."""
        return np.concatenate([self.edges[:, _STARTS, _ENDS], self.operations], axis=1).astype(CHOICE_TYPE)

    def live_vertices(self) -> NDArray[np.bool_]:
        """Tell which vertices lie on a path from input to output: `n x 7`."""
        is_reached = np.zeros(self.edges.shape[:2], dtype=np.bool_)
        is_used = np.zeros_like(is_reached)
        is_reached[:, 0] = is_used[:, OUTPUT] = True
        for vertex in range(1, VERTEX_COUNT):
            is_reached[:, vertex] = (is_reached[:, :vertex] & self.edges[:, :vertex, vertex]).any(axis=1)
        for vertex in reversed(range(OUTPUT)):
            is_used[:, vertex] = (is_used[:, vertex + 1 :] & self.edges[:, vertex, vertex + 1 :]).any(axis=1)
        return is_reached & is_used

    def pruned(self) -> Cells:
        """Return the cells without vertices off every path, the others moved together, in their order."""
        is_live = self.live_vertices()
        edges = self.edges & is_live[:, :, None] & is_live[:, None, :]
        operations = np.where(is_live[:, 1:OUTPUT], self.operations, 0)
        inner = np.argsort(~is_live[:, 1:OUTPUT], axis=1, kind="stable")
        order = np.zeros(is_live.shape, dtype=np.intp)
        order[:, 1:OUTPUT] = 1 + inner
        order[:, OUTPUT] = OUTPUT
        rows = np.arange(len(edges))[:, None]
        return Cells(
            edges=edges[rows[:, :, None], order[:, :, None], order[:, None, :]],
            operations=operations[rows, inner].astype(CHOICE_TYPE),
        )

    def edge_counts(self) -> NDArray[np.int64]:
        """Count the edges: `n`."""
        counts: NDArray[np.int64] = self.edges.sum(axis=(1, 2))
        return counts

    def part_counts(self) -> NDArray[np.int64]:
        """Count the vertices whose outputs are joined to the cell's, the input left out: `n`."""
        counts: NDArray[np.int64] = self.edges[:, 1:OUTPUT, OUTPUT].sum(axis=1)
        return counts

    def parts(self) -> NDArray[np.int64]:
        """Return the part of the output that each inner vertex gives, or is as wide as: `n x 5`.

        Earlier parts are never narrower, so a vertex that gives none is as wide as the earliest part it
        leads to. Vertices that lead to none, in cells that are not pruned, count as the first.
        """
        is_part = self.edges[:, 1:OUTPUT, OUTPUT]
        none = VERTEX_COUNT
        parts = np.where(is_part, np.cumsum(is_part, axis=1) - 1, none)
        for vertex in reversed(range(OUTPUT - 1)):
            followers = np.where(self.edges[:, 1 + vertex, 1:OUTPUT], parts, none).min(axis=1)
            parts[:, vertex] = np.where(is_part[:, vertex], parts[:, vertex], followers)
        return np.where(parts == none, 0, parts)

"""Cells of four nodes and six edges, as NAS-Bench-201 and TransNAS-Bench-101 have them: what an edge leads to."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from edgeprof_predictor.spaces.architecture import CHOICE_TYPE, ChoiceArray, FloatArray
from edgeprof_predictor.spaces.base import SearchSpace
from edgeprof_predictor.spaces.costs import StageCosts

NODE_COUNT: Final = 4
"""Nodes of a cell; node 0 is its input, the last one its output."""

EDGES: Final = tuple((start, end) for end in range(1, NODE_COUNT) for start in range(end))
"""Start and end of the six edges, in the order in which the notations name them."""

NONE: Final = 0
"""Option of an edge that carries nothing."""


class CellSpace(SearchSpace, ABC):
    """A search space whose decisions are the six edges of one cell; `none` is the first option of each."""

    def pruned(self, choices: ArrayLike) -> ChoiceArray:
        """Return choices with `none` on all edges that carry nothing from input to output.

        Shapes:
            choices: `n x 6`.  returns: `n x 6`.
        """
        rows = self.check_choices(choices)
        return np.where(live_edges(rows != NONE), rows, NONE).astype(CHOICE_TYPE)

    def is_connected(self, choices: ArrayLike) -> NDArray[np.bool_]:
        """Tell, for `n x 6` choices, whether the cell's input reaches its output."""
        return reaches_output(self.check_choices(choices) != NONE)

    def costs(self, choices: ArrayLike) -> StageCosts:
        """Return the physical costs of `n x 6` choices, in three stages, of the pruned cells."""
        return self.costs_as_written(self.pruned(choices))

    @abstractmethod
    def costs_as_written(self, choices: ArrayLike) -> StageCosts:
        """Return the costs of `n x 6` choices, edges that carry nothing included, as published counts have them."""


def live_edges(is_there: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Tell which edges carry something from a cell's input to its output.

    Shapes:
        is_there: `n x 6`, whether an edge has an operation.  returns: `n x 6`.
    """
    is_reached, is_used = _reachability(is_there)
    starts, ends = np.array(EDGES).T
    live: NDArray[np.bool_] = is_there & is_reached[:, starts] & is_used[:, ends]
    return live


def reaches_output(is_there: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Tell whether the input of cells reaches their output: `n x 6` to `n`."""
    is_reached, _ = _reachability(is_there)
    return is_reached[:, -1]


def fed_node_count(is_there: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Count the nodes with an incoming edge: `n x 6` to `n`."""
    ends = np.array([end for _, end in EDGES])
    is_fed = np.stack([is_there[:, ends == node].any(axis=1) for node in range(1, NODE_COUNT)])
    count: NDArray[np.int64] = is_fed.sum(axis=0)
    return count


def longest_path(is_live: NDArray[np.bool_], *, is_computing: NDArray[np.bool_]) -> FloatArray:
    """Count the computing edges on the longest path of live ones from input to output.

    Shapes:
        is_live, is_computing: `n x 6`.  returns: `n`.
    """
    depth = np.zeros((len(is_live), NODE_COUNT))
    for edge, (start, end) in enumerate(EDGES):
        through = depth[:, start] + is_computing[:, edge]
        depth[:, end] = np.where(is_live[:, edge], np.maximum(depth[:, end], through), depth[:, end])
    return depth[:, -1]


def _reachability(is_there: NDArray[np.bool_]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Tell for each node whether the input reaches it, and whether it reaches the output: `n x 4`."""
    is_reached = np.zeros((len(is_there), NODE_COUNT), dtype=np.bool_)
    is_used = np.zeros_like(is_reached)
    is_reached[:, 0] = is_used[:, -1] = True
    for edge, (start, end) in enumerate(EDGES):
        is_reached[:, end] |= is_reached[:, start] & is_there[:, edge]
    for edge, (start, end) in reversed(list(enumerate(EDGES))):
        is_used[:, start] |= is_used[:, end] & is_there[:, edge]
    return is_reached, is_used

"""Every network of NAS-Bench-101 once: cells that are one graph in different numberings counted as one."""

from __future__ import annotations

import itertools
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edgeprof_predictor.spaces.architecture import CHOICE_TYPE, ChoiceArray
from edgeprof_predictor.spaces.nasbench101.cells import Cells
from edgeprof_predictor.spaces.nasbench101.geometry import EDGE_COUNT_MAX, OPERATIONS, OUTPUT, VERTEX_COUNT

NETWORK_COUNT: Final = 423_624
"""As many as `every_network` finds, and as published."""


@cache
def every_network() -> ChoiceArray:
    """Return the choices of one pruned cell for each network, those of fewer vertices first: `423624 x 26`.

    Takes about a second, once; read only.
    """
    choices = np.concatenate([_networks(inner_count) for inner_count in range(OUTPUT)])
    choices.flags.writeable = False
    return choices


def _networks(inner_count: int) -> ChoiceArray:
    """Return the networks whose cells have so many vertices between input and output."""
    orders = np.array(list(itertools.permutations(range(inner_count))), dtype=np.intp)
    labels = np.array(list(itertools.product(range(len(OPERATIONS)), repeat=inner_count)), dtype=CHOICE_TYPE)
    digits = len(OPERATIONS) ** np.arange(inner_count)
    numbers = np.stack([labels[:, order] @ digits for order in orders])
    graphs = _graphs(inner_count, orders)
    is_same = np.stack([np.all(_renumbered(graphs, order) == graphs, axis=(1, 2)) for order in orders])
    cells = []
    for graph, maps_to_itself in zip(graphs, is_same.T, strict=True):
        _, first = np.unique(numbers[maps_to_itself].min(axis=0), return_index=True)
        cells.append(_choices(graph, labels[first]))
    return np.concatenate(cells)


def _graphs(inner_count: int, orders: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Return one adjacency matrix for each graph whose vertices all lie on a path from input to output."""
    count = inner_count + 2
    starts, ends = np.triu_indices(count, k=1)
    sets = np.arange(2 ** len(starts), dtype=np.int32)
    sizes = np.zeros(len(sets), dtype=np.int8)
    for edge in range(len(starts)):
        sizes += ((sets >> edge) & 1).astype(np.int8)
    sets = sets[sizes <= EDGE_COUNT_MAX]
    # In this numbering every vertex with an edge to it and one from it lies on such a path.
    for vertex in range(count - 1):
        sets = sets[sets & sum(1 << edge for edge in np.flatnonzero(starts == vertex).tolist()) != 0]
        sets = sets[sets & sum(1 << edge for edge in np.flatnonzero(ends == vertex + 1).tolist()) != 0]
    adjacency = np.zeros((len(sets), count, count), dtype=np.bool_)
    adjacency[:, starts, ends] = (sets[:, None] >> np.arange(len(starts))) & 1
    bits = 1 << np.arange(count * count, dtype=np.int64)
    numbers = [_renumbered(adjacency, order).reshape(len(sets), -1) @ bits for order in orders]
    _, first = np.unique(np.min(numbers, axis=0), return_index=True)
    return adjacency[first]


def _renumbered(adjacency: NDArray[np.bool_], order: NDArray[np.intp]) -> NDArray[np.bool_]:
    vertices = np.array([0, *(1 + order), len(order) + 1])
    return adjacency[:, vertices[:, None], vertices]


def _choices(graph: NDArray[np.bool_], labels: ChoiceArray) -> ChoiceArray:
    inner_count = labels.shape[1]
    vertices = np.array([*range(1 + inner_count), OUTPUT])
    edges = np.zeros((len(labels), VERTEX_COUNT, VERTEX_COUNT), dtype=np.bool_)
    edges[:, vertices[:, None], vertices] = graph
    operations = np.zeros((len(labels), OUTPUT - 1), dtype=CHOICE_TYPE)
    operations[:, :inner_count] = labels
    return Cells(edges=edges, operations=operations).choices

"""Which operations of a cell an engine runs: equal ones on the same input are merged into one."""

from __future__ import annotations

from functools import cache

import numpy as np

from edgeprof_predictor.spaces.architecture import ChoiceArray, FloatArray
from edgeprof_predictor.spaces.cells import EDGES, NODE_COUNT, NONE
from edgeprof_predictor.spaces.nasbench201.geometry import KERNELS, OPERATIONS

SKIP = OPERATIONS.index("skip_connect")
POOL = OPERATIONS.index("avg_pool_3x3")
CONVOLUTIONS = tuple(OPERATIONS.index(name) for name in KERNELS)


def operation_counts(pruned: ChoiceArray) -> FloatArray:
    """Count the operations of each kind in one cell: each kind of convolution, distinct pools, additions.

    A pool has no weights, so two of the same value are one. A skip connection hands its value on.

    Args:
        pruned: Choices without edges that carry nothing.

    Shapes:
        pruned: `n x 6`.  returns: `n x 4`.
    """
    counts = [_counts(tuple(row)) for row in pruned.tolist()]
    return np.array(counts, dtype=np.float64).reshape(len(counts), len(CONVOLUTIONS) + 2)


@cache
def _counts(row: tuple[int, ...]) -> tuple[int, ...]:
    values: dict[int, object] = {0: "input"}
    pools, addition_count = set(), 0
    for node in range(1, NODE_COUNT):
        summands: list[object] = []
        for (start, end), choice in zip(EDGES, row, strict=True):
            if end == node and choice != NONE:
                value = values[start] if choice == SKIP else (choice, values[start])
                if choice == POOL:
                    pools.add(value)
                elif choice != SKIP:
                    value = (start, end)  # its weights are its own
                summands.append(value)
        addition_count += max(len(summands) - 1, 0)
        values[node] = summands[0] if len(summands) == 1 else ("sum", node)
    return (*(row.count(choice) for choice in CONVOLUTIONS), len(pools), addition_count)

"""Architectures far from each other in an encoding."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edgeprof_predictor.encodings import Encoding
from edgeprof_predictor.samplers.base import check_count
from edgeprof_predictor.samples import Samples
from edgeprof_predictor.spaces import ChoiceArray, FloatArray


class Diverse:
    """Takes the architecture farthest from all taken before, measured ones included.

    Distance is Euclidean. Between one-hot rows its square is the cosine distance up to a factor,
    and counts the decisions that differ. Ties, of which one-hot rows have many, are broken at random.

    Args:
        encoding: Where distances are taken; must know every architecture that is met.

    Source:
        Greedy k-center, Gonzalez 1985.
    """

    def __init__(self, encoding: Encoding) -> None:
        self._encoding = encoding

    def __call__(self, candidates: ChoiceArray, count: int, *, measured: Samples, seed: int) -> NDArray[np.int64]:
        """Return distinct indices of candidates, each the farthest then: `count`."""
        check_count(len(candidates), count)
        order = np.random.default_rng(seed).permutation(len(candidates))
        rows = self._encoding.encode(candidates[order])
        distance = np.full(len(rows), np.inf)
        for row in self._encoding.encode(measured.choices):
            distance = np.minimum(distance, _squared_distance(rows, row))
        chosen: list[int] = []
        for _ in range(count):
            chosen.append(int(distance.argmax()))
            distance = np.minimum(distance, _squared_distance(rows, rows[chosen[-1]]))
            distance[chosen] = -1.0  # equal rows are at distance 0 and still may be taken
        indices: NDArray[np.int64] = order[chosen]
        return indices


def _squared_distance(rows: FloatArray, row: FloatArray) -> FloatArray:
    squares: FloatArray = ((rows - row) ** 2).sum(axis=1)
    return squares

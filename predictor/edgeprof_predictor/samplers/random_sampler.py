"""Random architectures: the baseline of all samplers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edgeprof_predictor.samplers.base import check_count
from edgeprof_predictor.samples import Samples
from edgeprof_predictor.spaces import ChoiceArray


def choose_random(candidate_count: int, count: int, *, seed: int) -> NDArray[np.int64]:
    """Return distinct indices of candidates, drawn at random.

    Raises:
        SampleCountError: If there are fewer candidates than asked for.
    """
    check_count(candidate_count, count)
    return np.random.default_rng(seed).permutation(candidate_count)[:count]


class RandomSampler:
    """Draws architectures at random."""

    def __call__(self, candidates: ChoiceArray, count: int, *, measured: Samples, seed: int) -> NDArray[np.int64]:
        """Return distinct indices of candidates: `count`."""
        return choose_random(len(candidates), count, seed=seed)

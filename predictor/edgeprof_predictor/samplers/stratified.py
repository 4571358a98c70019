"""Architectures spread evenly over a score: parameters, FLOPs, latency on a source platform."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from edgeprof_predictor.errors import EncodingError
from edgeprof_predictor.samplers.base import check_count
from edgeprof_predictor.samples import Samples
from edgeprof_predictor.spaces import CategoricalSpace, ChoiceArray, FloatArray

Score = Callable[[ChoiceArray], FloatArray]
"""One number for each of `n x l` choices: `n`."""


class Stratified:
    """Takes one architecture from each quantile of a score.

    There are as many quantiles as samples in the end, those measured already included; they fill
    theirs, and the new ones come from the others.

    Args:
        score: What the quantiles are of.
    """

    def __init__(self, score: Score) -> None:
        self._score = score

    def __call__(self, candidates: ChoiceArray, count: int, *, measured: Samples, seed: int) -> NDArray[np.int64]:
        """Return distinct indices of candidates, quantiles in random order: `count`."""
        check_count(len(candidates), count)
        if not count:
            return np.zeros(0, dtype=np.int64)
        generator = np.random.default_rng(seed)
        scores = self._score(np.concatenate([candidates, measured.choices]))
        ties_at_random = generator.random(len(scores))
        strata = np.array_split(np.lexsort([ties_at_random, scores]), count + measured.count)
        # No measurement fills more than one, so at least `count` are left.
        unfilled = [stratum for stratum in strata if np.all(stratum < len(candidates))]
        order = generator.permutation(len(unfilled))[:count]
        return np.array([generator.choice(unfilled[index]) for index in order], dtype=np.int64)


def parameters_of(space: CategoricalSpace) -> Score:
    """Return the score that counts parameters.

    Raises:
        EncodingError: If the space knows no costs.
    """
    return _cost_score(space, "params")


def flops_of(space: CategoricalSpace) -> Score:
    """Return the score that counts multiply-accumulates, depthwise ones included.

    Raises:
        EncodingError: If the space knows no costs.
    """
    return _cost_score(space, "macs", "depthwise_macs")


def _cost_score(space: CategoricalSpace, *quantities: str) -> Score:
    def score(choices: ChoiceArray) -> FloatArray:
        costs = space.costs(choices)
        if costs is None:
            raise EncodingError(f"{space.name} knows no costs, so {quantities[0]} cannot spread its architectures")
        total: FloatArray = np.sum([costs.total(quantity) for quantity in quantities], axis=0)
        return total

    score(space.sample_choices(1, seed=0))
    return score

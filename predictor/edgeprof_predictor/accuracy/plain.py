"""What the simpler accuracy predictors share: samples by chance, one spread for all candidates."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from edgeprof_predictor.accuracy.base import AccuracyPrediction, AccuracyPredictor
from edgeprof_predictor.accuracy.task import Candidates, Trained
from edgeprof_predictor.errors import SampleCountError
from edgeprof_predictor.methods.base import INTERVAL_DEVIATIONS
from edgeprof_predictor.spaces import FloatArray

ENCODINGS = ("vec", "zcp", "zcpvec")
"""Encodings of an architecture: its decisions, its zero-cost proxies, both."""


class PlainPredictor(AccuracyPredictor):
    """A predictor whose samples are drawn by chance, the same for each method with the same seed.

    Args:
        candidates: Of the target task.
    """

    def __init__(self, candidates: Candidates) -> None:
        self.candidates = candidates

    @abstractmethod
    def values(self, trained: Trained, *, seed: int) -> tuple[FloatArray, float]:
        """Return accuracies of all candidates and their standard deviation; ranks alone where none is trained.

        Shapes:
            returns: `n`.
        """

    def choose(self, count: int, *, trained: Trained, seed: int) -> NDArray[np.int64]:
        """Return candidates drawn by chance."""
        rest = np.setdiff1d(np.arange(self.candidates.count), trained.indices)
        if count > len(rest):
            raise SampleCountError(f"cannot choose {count} networks to train: {len(rest)} candidates are left")
        return np.random.default_rng(seed).permutation(rest)[:count]

    def predict(self, trained: Trained, *, seed: int) -> AccuracyPrediction:
        """Return accuracies, each with the same interval around it."""
        values, sd = self.values(trained, seed=seed)
        reach = INTERVAL_DEVIATIONS * sd
        return AccuracyPrediction(
            accuracy=values,
            sd=np.full(len(values), sd),
            lower=values - reach,
            upper=values + reach,
            is_relative=trained.count < 2,
        )


def standardised(values: FloatArray) -> tuple[FloatArray, float, float]:
    """Return values less their mean, in standard deviations, then both: `n`."""
    mean, sd = float(values.mean()), float(values.std())
    return (values - mean) / max(sd, 1e-12), mean, sd


def one_hot(choices: NDArray[np.int8], option_counts: Sequence[int]) -> FloatArray:
    """Return decisions one-hot; an option beyond the counts is none of them: `n x l` to `n x d`."""
    columns = [choices[:, index, None] == np.arange(count) for index, count in enumerate(option_counts)]
    return np.concatenate(columns, axis=1).astype(np.float64)


def option_counts(choices: NDArray[np.int8]) -> tuple[int, ...]:
    """Return how many options each decision has among some architectures: `l`."""
    return tuple((choices.max(axis=0).astype(int) + 1).tolist())

"""What the simpler accuracy predictors share: random samples, one standard deviation for all candidates."""

from __future__ import annotations

from abc import abstractmethod

import numpy as np
from numpy.typing import NDArray

from edgeprof_predictor.accuracy.base import AccuracyPrediction, AccuracyPredictor
from edgeprof_predictor.accuracy.task import Candidates, Trained
from edgeprof_predictor.errors import SampleCountError
from edgeprof_predictor.methods.base import INTERVAL_DEVIATIONS
from edgeprof_predictor.spaces import FloatArray


class PlainPredictor(AccuracyPredictor):
    """A predictor whose samples are drawn at random, the same for each method with the same seed.

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
        """Return random candidates."""
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

"""Guides: acquisition functions that rank the candidates to train next."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar, Final

import numpy as np

from edgeprof_predictor.accuracy.base import AccuracyMethod, AccuracyPrediction, AccuracyPredictor
from edgeprof_predictor.accuracy.default import DefaultAccuracy
from edgeprof_predictor.accuracy.task import Candidates, Trained
from edgeprof_predictor.spaces import FloatArray

KEEPING_PROBABILITY: Final = 0.05
"""Smallest probability of keeping the limit at which a candidate is considered. The best networks lie close to the
limit, and a measurement costs far less than training networks that turn out too slow."""

DEVIATIONS: Final = 0.5
"""Standard deviations added to the expected accuracy."""

FIRST_COUNT: Final = 10
"""Networks that the paper's search trains first, at random."""

MIN_SD: Final = 1e-12
"""Smallest standard deviation of a candidate that the expected improvement reckons with."""

FAR: Final = 1e3
"""Standard deviations below the best from which on two terms of a series give the tail, right to ten digits; nearer,
the difference of two numbers that nearly cancel keeps nine."""


class Guide(ABC):
    """An acquisition function.

    Letters: `n` candidates.
    """

    name: ClassVar[str]

    @abstractmethod
    def set_candidates(self, candidates: Candidates) -> None:
        """Take over the candidates; called again when there are more of them, those before keeping their numbers."""

    @abstractmethod
    def worth(self, trained: Trained, keeping: FloatArray, *, seed: int) -> FloatArray:
        """Return the value of training each candidate, minus infinity where it is not considered.

        Args:
            trained: Networks trained so far.
            keeping: Probability that each candidate keeps the latency limit.
            seed: Of random choices.

        Shapes:
            keeping: `n`.  returns: `n`.
        """

    def warning(self, trained: Trained) -> str | None:
        """Return in one sentence why the result may be wrong; None without a reason."""
        return None


class PredictorGuide(Guide):
    """A guide that uses an accuracy predictor."""

    def __init__(self, method: AccuracyMethod) -> None:
        self.method: Final = method
        self._predictor: AccuracyPredictor | None = None
        self._last: tuple[int, int, AccuracyPrediction] | None = None

    def set_candidates(self, candidates: Candidates) -> None:
        """Fit the predictor to the candidates."""
        self._predictor = self.method.predictor_for(candidates)
        self._last = None

    @property
    def proxies(self) -> tuple[str, ...]:
        """The zero-cost proxies that the predictor learned to read; empty where it reads any."""
        return self.method.proxies if isinstance(self.method, DefaultAccuracy) else ()

    def predict(self, trained: Trained, *, seed: int) -> AccuracyPrediction:
        """Return the accuracies of all candidates; of the same trained networks they are computed once."""
        assert self._predictor is not None, "set_candidates must be called before predict"
        if self._last is None or self._last[:2] != (trained.count, seed):
            self._last = (trained.count, seed, self._predictor.predict(trained, seed=seed))
        return self._last[2]

    def warning(self, trained: Trained) -> str | None:
        """Return what the predictor warns of."""
        return self._predictor.warning(trained) if self._predictor else None


class UpperConfidenceBound(PredictorGuide):
    """The upper confidence bound of the accuracy, among candidates that may keep the limit.

    Source:
        Srinivas et al. 2010; half a standard deviation is added.
    """

    name: ClassVar[str] = "upper-confidence"

    def worth(self, trained: Trained, keeping: FloatArray, *, seed: int) -> FloatArray:
        """Return the upper confidence bound: `n`."""
        prediction = self.predict(trained, seed=seed)
        bound = prediction.accuracy + DEVIATIONS * prediction.sd
        return np.where(keeping >= KEEPING_PROBABILITY, bound, -np.inf)


class ExpectedImprovement(PredictorGuide):
    """The expected improvement over the best trained network, times the probability that the limit is kept.

    Source:
        Expected improvement under a constraint, Gardner et al. 2014, as its logarithm.
    """

    name: ClassVar[str] = "expected-improvement"

    def worth(self, trained: Trained, keeping: FloatArray, *, seed: int) -> FloatArray:
        """Return the logarithm of the expected improvement: `n`."""
        prediction = self.predict(trained, seed=seed)
        best = prediction.accuracy.max() if prediction.is_relative else trained.accuracy.max()
        improvement = log_expected_improvement(prediction.accuracy - best, prediction.sd)
        worth = improvement + np.log(np.maximum(keeping, KEEPING_PROBABILITY))
        return np.where(keeping >= KEEPING_PROBABILITY, worth, -np.inf)


class TopPredicted(PredictorGuide):
    """The paper's search: random networks first, then those with the best predicted accuracy.

    Source:
        Multi-Predict, section 5 (Figure 10), after BRP-NAS, Dudziak et al. 2020.
    """

    name: ClassVar[str] = "top-predicted"

    def worth(self, trained: Trained, keeping: FloatArray, *, seed: int) -> FloatArray:
        """Return the predicted accuracy, or a random order while few are trained: `n`."""
        if trained.count < FIRST_COUNT:
            return RandomSearch().worth(trained, keeping, seed=seed)
        return np.where(keeping >= KEEPING_PROBABILITY, self.predict(trained, seed=seed).accuracy, -np.inf)


class RandomSearch(Guide):
    """Random candidates: the baseline of all guides."""

    name: ClassVar[str] = "random"

    def set_candidates(self, candidates: Candidates) -> None:
        """Do nothing: a random order needs no predictor."""

    def worth(self, trained: Trained, keeping: FloatArray, *, seed: int) -> FloatArray:
        """Return a random order: `n`."""
        order = np.random.default_rng(seed).permutation(len(keeping)).astype(np.float64)
        return np.where(keeping >= KEEPING_PROBABILITY, order, -np.inf)


def log_expected_improvement(gain: FloatArray, sd: FloatArray) -> FloatArray:
    """Return the logarithm of the expected improvement, finite however far a candidate is below the best.

    The expected improvement itself is 0 in floating point from 39 standard deviations below the best on: all such
    candidates would tie.

    Args:
        gain: Expected value less the best known one.
        sd: Standard deviation of the value; below `MIN_SD` it counts as that.

    Shapes:
        gain, sd: `n`.  returns: `n`.

    Source:
        Ament et al. 2023, Unexpected Improvements to Expected Improvement, equation 9.
    """
    from scipy.special import erfcx, ndtr

    sd = np.maximum(sd, MIN_SD)
    ratio = gain / sd
    log_density = -0.5 * np.square(ratio) - 0.5 * np.log(2.0 * np.pi)
    near = np.maximum(ratio, -1.0)
    inside = np.log(np.exp(-0.5 * np.square(near)) / np.sqrt(2.0 * np.pi) + near * ndtr(near))
    # Below, density and tail nearly cancel: their quotient is 1 - |z| times Mills' ratio, by the scaled tail `erfcx`.
    below = -np.minimum(ratio, -1.0)
    middle = np.minimum(below, FAR)
    tail = np.log1p(-middle * np.sqrt(np.pi / 2.0) * erfcx(middle / np.sqrt(2.0)))
    far = np.maximum(below, FAR)
    tail = np.where(below > FAR, np.log1p(-3.0 / np.square(far)) - 2.0 * np.log(far), tail)
    found: FloatArray = np.log(sd) + np.where(ratio > -1.0, inside, log_density + tail)
    return found

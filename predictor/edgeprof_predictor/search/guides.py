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

MIN_TRAINED_COUNT: Final = 4
"""Random networks that are trained before a ridge regression without a prior is used."""


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


class LateUpperConfidenceBound(UpperConfidenceBound):
    """The same for a predictor without a prior: the first few networks are random."""

    name: ClassVar[str] = "late-upper-confidence"

    def worth(self, trained: Trained, keeping: FloatArray, *, seed: int) -> FloatArray:
        """Return a random order while few are trained, then the upper confidence bound: `n`."""
        if trained.count < MIN_TRAINED_COUNT:
            return RandomSearch().worth(trained, keeping, seed=seed)
        return super().worth(trained, keeping, seed=seed)


class ExpectedImprovement(PredictorGuide):
    """The expected improvement over the best trained network, times the probability that the limit is kept.

    Source:
        Expected improvement under a constraint, Gardner et al. 2014.
    """

    name: ClassVar[str] = "expected-improvement"

    def worth(self, trained: Trained, keeping: FloatArray, *, seed: int) -> FloatArray:
        """Return the expected improvement: `n`."""
        from scipy.stats import norm

        prediction = self.predict(trained, seed=seed)
        best = prediction.accuracy.max() if prediction.is_relative else trained.accuracy.max()
        gain = prediction.accuracy - best
        ratio = gain / np.maximum(prediction.sd, 1e-12)
        improvement = gain * norm.cdf(ratio) + prediction.sd * norm.pdf(ratio)
        worth = np.log(np.maximum(improvement, 1e-300)) + np.log(np.maximum(keeping, 1e-12))
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

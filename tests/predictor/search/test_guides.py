"""The logarithm of the expected improvement: right near the best, and no ties however far below it."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import pytest
from predictor.search.world import accuracy_task
from scipy.integrate import quad

from edgeprof_predictor.accuracy.base import AccuracyMethod, AccuracyPrediction, AccuracyPredictor, SourceUse
from edgeprof_predictor.accuracy.task import Candidates, Trained
from edgeprof_predictor.search.guides import ExpectedImprovement, log_expected_improvement
from edgeprof_predictor.spaces import SearchSpace
from edgeprof_predictor.tables.latency_table import LatencyTable


def by_integration(ratio: float) -> float:
    """Return the logarithm of the expected improvement of a unit normal, the density at the best taken out."""
    integral, _ = quad(lambda gain: gain * np.exp(-0.5 * gain**2 + ratio * gain), 0.0, np.inf, epsrel=1e-12)
    return float(np.log(integral) - 0.5 * ratio**2 - 0.5 * np.log(2.0 * np.pi))


@pytest.mark.parametrize("ratio", [3.0, 0.5, 0.0, -0.9999, -1.0, -1.0001, -5.0, -38.0, -45.0, -200.0])
def test_the_expected_improvement_is_that_of_an_integration(ratio: float) -> None:
    found = log_expected_improvement(np.array([ratio * 0.3]), np.array([0.3]))
    assert found == pytest.approx(by_integration(ratio) + np.log(0.3), rel=1e-9)


def test_candidates_far_below_the_best_do_not_tie() -> None:
    gain = -np.concatenate([np.geomspace(1e-3, 1e8, 400), [0.0]])
    worth = log_expected_improvement(gain, np.full(len(gain), 0.5))
    assert np.all(np.isfinite(worth))
    assert np.all(np.diff(worth[:-1]) < 0)
    assert worth[-1] > worth[0]


def test_a_candidate_without_deviation_is_worth_its_gain() -> None:
    worth = log_expected_improvement(np.array([2.0, 0.0, -2.0]), np.zeros(3))
    assert worth[0] == pytest.approx(np.log(2.0))
    assert np.all(np.isfinite(worth)) and worth[1] > worth[2]


class FarBelow(AccuracyMethod):
    """Predicts every candidate forty and more deviations below the best trained one."""

    name: ClassVar[str] = "far-below"
    encoding: ClassVar[str] = "vec"
    source_use: ClassVar[SourceUse] = "none"

    @classmethod
    def fit_sources(cls, sources: object, *, seed: int) -> FarBelow:
        return cls()

    def predictor_for(self, candidates: Candidates) -> AccuracyPredictor:
        return FarBelowPredictor(candidates.count)


class FarBelowPredictor(AccuracyPredictor):
    def __init__(self, count: int) -> None:
        self._accuracy = -40.0 - np.arange(count, dtype=np.float64)

    def choose(self, count: int, *, trained: Trained, seed: int) -> np.ndarray:
        return np.arange(count)

    def predict(self, trained: Trained, *, seed: int) -> AccuracyPrediction:
        accuracy = self._accuracy
        return AccuracyPrediction(
            accuracy=accuracy, sd=np.ones(len(accuracy)), lower=accuracy - 1.645, upper=accuracy + 1.645
        )


def test_a_guide_orders_candidates_that_all_seem_hopeless(world: LatencyTable, space: SearchSpace) -> None:
    candidates = accuracy_task(world, space).candidates
    guide = ExpectedImprovement(FarBelow())
    guide.set_candidates(candidates)
    trained = Trained(indices=np.array([0, 1]), accuracy=np.array([0.0, 1.0]))
    worth = guide.worth(trained, np.ones(candidates.count), seed=0)
    assert np.all(np.diff(worth) < 0)
    half = guide.worth(trained, np.full(candidates.count, 0.5), seed=0)
    assert half == pytest.approx(worth + np.log(0.5))
    assert np.all(guide.worth(trained, np.full(candidates.count, 0.01), seed=0) == -np.inf)

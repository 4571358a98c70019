from __future__ import annotations

import math

import numpy as np

from edgeprof_predictor.explanations.error_diagnosis import ErrorDiagnosis, diagnose_error
from edgeprof_predictor.methods.base import PlatformPredictor, Prediction
from edgeprof_predictor.methods.default.method import DefaultMethod
from edgeprof_predictor.methods.expected_error import ExpectedError
from edgeprof_predictor.samples import Samples
from edgeprof_predictor.spaces import ChoiceArray
from edgeprof_predictor.tables.latency_table import LatencyTable

CANDIDATES = np.zeros((1, 1), dtype=np.int8)


class Learner(PlatformPredictor):
    """Errs by 20 %, and by a share less with every sample more, down to a floor."""

    def __init__(self, correlation: float, floor: float = 0.0) -> None:
        self.source_platform = None if math.isnan(correlation) else "phone"
        self.source_correlation = correlation
        self._floor = floor

    @property
    def expected_error(self) -> float:
        return 0.2

    @property
    def expectation(self) -> ExpectedError:
        return ExpectedError(error=0.2, lower=0.1, upper=0.4)

    def error_after(self, candidates: ChoiceArray, count: int = 1) -> float:
        return max(0.2 * 0.9**count, self._floor)

    def predict(self, choices: ChoiceArray) -> Prediction:
        raise NotImplementedError


def diagnosis(learner: Learner, *, sample_count: int = 8, wanted_error: float = 0.2) -> ErrorDiagnosis:
    found = diagnose_error(learner, CANDIDATES, sample_count=sample_count, wanted_error=wanted_error)
    assert found is not None
    return found


def test_an_error_that_is_surely_small_enough_needs_no_words() -> None:
    assert diagnose_error(Learner(0.5), CANDIDATES, sample_count=8, wanted_error=0.4) is None


def test_a_platform_unlike_all_sources_says_so_and_how_many_samples_would_help() -> None:
    found = diagnosis(Learner(0.6))
    assert found.more_sample_count == 5  # .9 ** 5 times 2 ** .9 ** 5 is the first product below 1
    assert str(found) == (
        "correlates with no known platform above 0.60 (over 8 samples); "
        "5 more samples should bring the upper end of the expected error below 20.0%"
    )


def test_a_platform_like_a_source_names_it() -> None:
    assert str(diagnosis(Learner(0.97))).startswith("correlates with phone at 0.97 (over 8 samples); ")


def test_noise_that_no_sample_mends_is_called_out_of_reach() -> None:
    found = diagnosis(Learner(0.97, floor=0.15))
    assert found.more_sample_count is None
    assert "even 50 more samples" in str(found)


def test_samples_that_do_not_vary_leave_the_source_open() -> None:
    found = diagnosis(Learner(float("nan")))
    assert found.source_correlation == 0.0
    assert str(found).startswith("the samples are too few to find a similar known platform")


def test_the_default_says_how_well_the_source_correlates_over_all_networks(
    method: DefaultMethod, world: LatencyTable
) -> None:
    # The best of many sources over five samples correlates worse over all networks than over these.
    connected = method.space.is_connected(world.choices)
    held = []
    for seed in range(6):
        drawn = np.random.default_rng(seed).choice(np.flatnonzero(connected), 5, replace=False)
        predictor = method.adapt(Samples.of(world.choices[drawn], world.latencies_of("unseen_0")[drawn]), seed=0)
        found = diagnose_error(predictor, world.choices[:50], sample_count=5, wanted_error=1e-4)
        assert found is not None and found.source_platform is not None and found.correlation_lower is not None
        assert f"over all networks {found.correlation_lower:.2f} or more" in str(found)
        pair = [np.log(world.latencies_of(name)[connected]) for name in ("unseen_0", found.source_platform)]
        held.append(found.correlation_lower < min(np.corrcoef(*pair)[0, 1], found.source_correlation))
    assert sum(held) >= 5

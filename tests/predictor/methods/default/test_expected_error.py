from __future__ import annotations

import numpy as np
import pytest

from edgeprof_predictor.errors import PredictorError
from edgeprof_predictor.methods.baselines.ridge import Ridge
from edgeprof_predictor.methods.default.method import DefaultMethod
from edgeprof_predictor.methods.expected_error import ExpectedError
from edgeprof_predictor.samples import Samples
from edgeprof_predictor.tables.latency_table import LatencyTable


def test_a_sample_of_errors_tells_their_size_eight_times_in_ten() -> None:
    generator = np.random.default_rng(0)
    held = 0
    for _ in range(400):
        spread = float(np.sqrt(np.mean(generator.standard_normal(8) ** 2)))
        expected = ExpectedError.of_samples(spread, 8)
        held += expected.lower <= 1.0 <= expected.upper
    assert 0.75 < held / 400 < 0.85


def test_fewer_errors_leave_more_uncertainty() -> None:
    few, many = ExpectedError.of_samples(0.1, 3), ExpectedError.of_samples(0.1, 30)
    assert few.lower < many.lower < 0.1 < many.upper < few.upper
    assert ExpectedError.of_samples(0.1, -1) == ExpectedError.of_samples(0.1, 2)


def test_uncertainty_widens_by_a_factor_on_each_side() -> None:
    expected = ExpectedError.of_log_sds(0.06, 0.5, 0.25)
    assert (expected.upper / expected.error) ** 2 == pytest.approx(expected.error / expected.lower)
    assert str(ExpectedError.of_log_sds(0.06, 0.0, 0.0)) == "6.0% (6.0% to 6.0%)"


def test_ends_that_do_not_enclose_the_error_are_refused() -> None:
    with pytest.raises(PredictorError, match=r"got 0\.1 between 0\.2 and 0\.3"):
        ExpectedError(error=0.1, lower=0.2, upper=0.3)


def test_samples_make_the_default_method_surer_of_its_error(method: DefaultMethod, world: LatencyTable) -> None:
    latency_ms = world.latencies_of("unseen_0")
    chosen = method.choose_samples(world.choices, 20, measured=Samples.none(method.space), seed=0)

    def expected(count: int) -> ExpectedError:
        few = chosen[:count]
        return method.adapt(Samples.of(world.choices[few], latency_ms[few]), seed=0).expectation

    one, twenty = expected(1), expected(20)
    assert twenty.upper < one.upper
    assert twenty.lower < twenty.error < twenty.upper


def test_a_baseline_is_as_sure_as_its_samples_are_many(method: DefaultMethod, world: LatencyTable) -> None:
    ridge = Ridge(method.space, ())
    ratios = []
    for count in (0, 5, 40):
        samples = Samples.of(world.choices[:count], world.latencies_of("unseen_0")[:count])
        expected = ridge.adapt(samples, seed=0).expectation
        ratios.append(expected.upper / expected.lower)
    assert ratios == sorted(ratios, reverse=True)

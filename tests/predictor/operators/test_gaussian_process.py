from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from edgeprof_predictor.errors import OperatorModelError
from edgeprof_predictor.operators.encoding import NEW_NETWORK
from edgeprof_predictor.operators.gaussian_process import Posterior
from edgeprof_predictor.operators.hyperparameters import FEATURE_COUNT, Hyperparameters
from edgeprof_predictor.operators.kernel import (
    Inputs,
    computation_covariance,
    noise_variance,
)
from edgeprof_predictor.operators.marginal_likelihood import Measured, fit_hyperparameters, negative_log_likelihood

HYPER = Hyperparameters.initial()


def random_inputs(count: int, seed: int = 0) -> Inputs:
    rng = np.random.default_rng(seed)
    tags = rng.integers(0, 6, count)
    return Inputs(
        features=rng.standard_normal((count, FEATURE_COUNT)),
        classes=tags // 2,
        tags=tags,
        networks=rng.integers(0, 5, count),
        is_probe=rng.integers(0, 5, count) > 2,
    )


def random_measured(count: int) -> Measured:
    rng = np.random.default_rng(1)
    return Measured(
        inputs=random_inputs(count), targets=rng.standard_normal(count), times_us=rng.uniform(1.0, 50.0, count)
    )


def test_leaving_a_network_out_equals_fitting_without_it() -> None:
    measured = random_measured(30)
    inputs = replace(measured.inputs, is_probe=np.zeros(30, dtype=bool))
    posterior = Posterior.fit(HYPER, inputs, measured.targets, measured.times_us)
    inside, outside = np.flatnonzero(inputs.networks == 2), np.flatnonzero(inputs.networks != 2)
    fitted = Posterior.fit(HYPER, inputs.take(outside), measured.targets[outside], measured.times_us[outside])
    mean, covariance = fitted.predict(replace(inputs.take(inside), networks=np.full(len(inside), NEW_NETWORK)))
    error, closed_form = posterior.leave_out(inside)
    clock = np.diag((HYPER.rounding_us / measured.times_us[inside]) ** 2)
    np.testing.assert_allclose(error, measured.targets[inside] - mean, atol=1e-6)
    np.testing.assert_allclose(closed_form, covariance + clock, atol=1e-6)


def test_prediction_equals_conditioning_by_a_dense_inverse() -> None:
    measured, new = random_measured(25), replace(random_inputs(4, seed=2), networks=np.full(4, NEW_NETWORK))
    posterior = Posterior.fit(HYPER, measured.inputs, measured.targets, measured.times_us)
    mean, covariance = posterior.predict(new)
    full = posterior.factor @ posterior.factor.T
    cross = computation_covariance(HYPER, new, measured.inputs)
    np.testing.assert_allclose(mean, cross @ np.linalg.inv(full) @ measured.targets, atol=1e-8)
    assert (np.diag(covariance) > 0).all()
    assert (np.diag(covariance) < np.diag(computation_covariance(HYPER, new, new)) + 1.0).all()


def test_short_times_are_known_less_than_long_ones() -> None:
    short, long = noise_variance(HYPER, np.array([1.0, 1000.0]))
    assert short > 0.25 > 2 * long


def test_the_gradient_of_the_likelihood_is_its_numerical_one() -> None:
    measured = random_measured(40)
    vector = HYPER.to_vector()
    _, gradient = negative_log_likelihood(HYPER, measured)
    for position in range(len(vector)):
        step = np.zeros_like(vector)
        step[position] = 1e-5
        above, _ = negative_log_likelihood(Hyperparameters.of_vector(vector + step), measured)
        below, _ = negative_log_likelihood(Hyperparameters.of_vector(vector - step), measured)
        assert gradient[position] == pytest.approx((above - below) / 2e-5, abs=1e-4, rel=1e-4)


def test_fitted_hyperparameters_make_the_times_more_likely() -> None:
    measured = random_measured(60)
    fitted = fit_hyperparameters([measured], max_evaluations=15)
    assert negative_log_likelihood(fitted, measured)[0] < negative_log_likelihood(HYPER, measured)[0]


def test_a_time_that_is_no_number_is_refused() -> None:
    measured = random_measured(5)
    targets = measured.targets.copy()
    targets[2] = np.nan
    with pytest.raises(OperatorModelError, match="without a finite time"):
        Posterior.fit(HYPER, measured.inputs, targets, measured.times_us)

from __future__ import annotations

import numpy as np
import pytest

from edgeprof_predictor.methods.default.method import DefaultMethod
from edgeprof_predictor.methods.default.posterior import KEPT_COUNT, Posterior
from edgeprof_predictor.methods.default.prior import AMPLITUDES
from edgeprof_predictor.metrics import spearman
from edgeprof_predictor.samples import Samples
from edgeprof_predictor.spaces import FloatArray
from edgeprof_predictor.tables.latency_table import LatencyTable


def posterior_of(method: DefaultMethod, world: LatencyTable, count: int, *, scale: float = 1.0) -> Posterior:
    samples = Samples.of(world.choices[:count], scale * world.latencies_of("unseen_0")[:count])
    return Posterior.infer(method.prior, method.hyper_samples, samples)


def test_samples_shrink_every_variance_of_a_hyper_parameter_sample(method: DefaultMethod, world: LatencyTable) -> None:
    prior = posterior_of(method, world, 0)
    basis = method.prior.basis(world.choices[100:200])
    before = prior.hyper_samples.variance(basis)
    samples = Samples.of(world.choices[:6], world.latencies_of("unseen_0")[:6])
    few = Posterior(method.prior, prior.hyper_samples, samples).predict_each(basis)[1]
    assert np.all(few <= before + 1e-9)
    samples = Samples.of(world.choices[:20], world.latencies_of("unseen_0")[:20])
    many = Posterior(method.prior, prior.hyper_samples, samples).predict_each(basis)[1]
    assert many.mean() < few.mean() < before.mean()


def test_more_samples_give_narrower_and_better_predictions(method: DefaultMethod, world: LatencyTable) -> None:
    basis, actual = method.prior.basis(world.choices[100:]), world.latencies_of("unseen_0")[100:]
    spreads, errors = [], []
    for count in (2, 8, 40):
        mean, sd = posterior_of(method, world, count).predict(basis)
        spreads.append(float(np.median(sd / mean)))
        errors.append(float(np.median(np.abs(mean / actual - 1))))
    assert spreads == sorted(spreads, reverse=True)
    assert errors[2] < errors[0]


def test_a_platform_ten_times_slower_is_predicted_ten_times_slower(method: DefaultMethod, world: LatencyTable) -> None:
    basis = method.prior.space_sample[:50]
    mean, sd = posterior_of(method, world, 6).predict(basis)
    slow_mean, slow_sd = posterior_of(method, world, 6, scale=10.0).predict(basis)
    assert slow_mean == pytest.approx(10.0 * mean)
    assert slow_sd == pytest.approx(10.0 * sd)


def test_the_order_of_the_samples_does_not_matter(method: DefaultMethod, world: LatencyTable) -> None:
    basis, latency_ms = method.prior.space_sample[:50], world.latencies_of("unseen_0")
    forward, backward = (
        Posterior.infer(method.prior, method.hyper_samples, Samples.of(world.choices[order], latency_ms[order]))
        for order in (np.arange(8), np.arange(8)[::-1])
    )
    assert forward.predict(basis)[0] == pytest.approx(backward.predict(basis)[0], rel=1e-3)


def test_an_architecture_measured_twice_is_no_obstacle(method: DefaultMethod, world: LatencyTable) -> None:
    latency_ms = world.latencies_of("unseen_0")[[0, 0, 1]] * [1.0, 1.02, 1.0]
    samples = Samples.of(world.choices[[0, 0, 1]], latency_ms)
    mean, sd = Posterior.infer(method.prior, method.hyper_samples, samples).predict(method.prior.space_sample)
    assert np.all(np.isfinite(mean) & (mean > 0) & np.isfinite(sd) & (sd > 0))


def test_predictions_stay_positive_whatever_was_measured(method: DefaultMethod, world: LatencyTable) -> None:
    upside_down = 1.0 / world.latencies_of("unseen_0")[:12]
    samples = Samples.of(world.choices[:12], upside_down)
    mean, _ = Posterior.infer(method.prior, method.hyper_samples, samples).predict(method.prior.space_sample)
    assert np.all(mean > 0)


def test_one_gross_outlier_hardly_moves_the_rest(method: DefaultMethod, world: LatencyTable) -> None:
    basis, latency_ms = method.prior.basis(world.choices[100:]), world.latencies_of("unseen_0")
    actual = latency_ms[100:]
    spoilt = latency_ms[:12].copy()
    spoilt[5] *= 4.0
    errors = [
        float(
            np.median(
                np.abs(Posterior.infer(method.prior, method.hyper_samples, samples).predict(basis)[0] / actual - 1)
            )
        )
        for samples in (Samples.of(world.choices[:12], spoilt), Samples.of(world.choices[:12], latency_ms[:12]))
    ]
    assert errors[0] < errors[1] + 0.03


def test_samples_that_fall_with_size_do_not_turn_the_ranks_around(method: DefaultMethod, world: LatencyTable) -> None:
    line = method.prior.basis(world.choices[:200]).means[:, method.prior.unsampled_mean]
    extremes = np.argsort(line)[[0, 100, 199]]
    samples = Samples.of(world.choices[extremes], np.array([11.0, 10.5, 10.0]))
    mean, _ = Posterior.infer(method.prior, method.hyper_samples, samples).predict(
        method.prior.basis(world.choices[200:])
    )
    rest = method.prior.basis(world.choices[200:]).means[:, method.prior.unsampled_mean]
    assert spearman(rest, mean) > 0.3


@pytest.mark.parametrize("index", [1, 3, 5])
def test_a_spuriously_fast_sample_is_not_the_most_precise(
    method: DefaultMethod, world: LatencyTable, index: int
) -> None:
    few, latency_ms = method.hyper_samples[np.arange(0, 4000, 20)], world.latencies_of("unseen_0")[:8]

    def noise_ms(factor: float) -> FloatArray:
        """Standard deviations of the sample's noise when it takes so much of its real latency: `h`."""
        spoilt = latency_ms.copy()
        spoilt[index] *= factor
        samples = Samples(choices=world.choices[:8], latency_ms=spoilt, relative_sd=np.full(8, 0.3))
        posterior = Posterior(method.prior, few, samples)
        basis = method.prior.basis(samples.choices)
        means = few.means(basis)
        residuals = spoilt / posterior.scale[:, None] - means
        noise = posterior._noise(few.covariance(basis, basis), means, residuals)
        return posterior.scale * np.sqrt(noise[:, index])

    exact = noise_ms(1.0)
    # In proportion to what was measured it would be .6 and 1.4; the platform's scale follows a sample a little.
    assert np.median(noise_ms(0.6) / exact) > 0.68
    assert np.median(noise_ms(1.4) / exact) > 1.25


def test_many_more_samples_leave_many_different_hyper_parameters(method: DefaultMethod, world: LatencyTable) -> None:
    few = posterior_of(method, world, 8)
    more = Samples.of(world.choices[8:108], world.latencies_of("unseen_0")[8:108])
    joined = few.joined(more)
    assert joined.samples.count == 108
    assert len(np.unique(joined.hyper_samples.noise)) > KEPT_COUNT / 2
    for name, (lowest, highest) in AMPLITUDES.items():
        if name in method.prior.kernel_names:
            amplitudes = joined.hyper_samples.amplitudes[:, method.prior.kernel_names.index(name)]
            assert np.all((amplitudes == 0) | ((amplitudes >= lowest - 1e-12) & (amplitudes <= highest + 1e-12)))
    basis, actual = method.prior.basis(world.choices[108:]), world.latencies_of("unseen_0")[108:]
    mean, sd = joined.predict(basis)
    covered = np.mean(np.abs(np.log(actual / mean)) < 1.645 * sd / mean)
    assert 0.8 < covered < 0.99
    assert np.array_equal(few.joined(more).predict(basis)[0], mean)


def test_expected_error_and_interval_factor_follow_the_samples_of_a_search(
    method: DefaultMethod, world: LatencyTable
) -> None:
    latency_ms = world.latencies_of("unseen_0")
    predictor = method.adapt(Samples.of(world.choices[:5], latency_ms[:5]), seed=0)
    joined = predictor.joined(Samples.of(world.choices[5:40], latency_ms[5:40]))
    assert joined.interval_factor == method.calibration.interval_factor(40)
    assert joined.expectation.error < predictor.expectation.error

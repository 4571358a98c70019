"""Latency estimates, from measurements whose true latency is known."""

import numpy as np
import pytest
from factories import measurement_of_blocks

from edgeprof.measuring.latency_estimate import LatencyEstimate, estimate_latency
from edgeprof.measuring.uncertainty import SESSION_RELATIVE_SD
from edgeprof_proto.records.measurement import Measurement

TRUE_MS = 2.0


def simulated(
    rng: np.random.Generator,
    *,
    run_sd: float = 0.01,
    run_count: int = 40,
    slow_blocks: tuple[int, ...] = (),
    slowdown: float = 1.4,
    resolution_ms: float = 0.0,
    true_ms: float = TRUE_MS,
) -> Measurement:
    """Five blocks of noisy runs, some of them in a slow stretch."""
    runs = true_ms * np.exp(rng.normal(0, run_sd, (5, run_count)))
    runs[list(slow_blocks)] *= slowdown
    if resolution_ms:
        runs = np.maximum(1, np.round(runs / resolution_ms)) * resolution_ms
    return measurement_of_blocks(*runs.tolist())


def errors_of(estimates: list[LatencyEstimate], true_ms: float = TRUE_MS) -> np.ndarray:
    return np.array([estimate.latency_ms / true_ms - 1 for estimate in estimates])


@pytest.mark.parametrize("attempt_count", [1, 3])
@pytest.mark.parametrize("run_sd", [0.002, 0.02, 0.1])
@pytest.mark.parametrize("run_count", [3, 10, 100])
def test_stable_noise_biases_the_estimate_by_less_than_one_percent(
    run_count: int, run_sd: float, attempt_count: int
) -> None:
    rng = np.random.default_rng(0)
    estimates = [
        estimate_latency([simulated(rng, run_sd=run_sd, run_count=run_count) for _ in range(attempt_count)])
        for _ in range(200)
    ]
    assert abs(errors_of(estimates).mean()) < 0.01
    # The standard deviation covers the error: a normal one lies within two of them 95 times in a hundred.
    assert np.mean(np.abs(errors_of(estimates)) < 2 * np.array([estimate.relative_sd for estimate in estimates])) > 0.8


@pytest.mark.parametrize("slowdown", [1.2, 1.4, 1.75])
@pytest.mark.parametrize(
    "attempts",
    [[(0, 1, 2)], [(0, 1), (0, 1, 2, 3, 4)], [(0, 1, 2, 3, 4), (2, 3)], [(0, 1, 2, 3), (1, 2, 3, 4), (0, 1, 2, 3)]],
    ids=["most of one", "all of the last", "all of the first", "most of all"],
)
def test_slow_stretches_do_not_bias_the_estimate(attempts: list[tuple[int, ...]], slowdown: float) -> None:
    rng = np.random.default_rng(1)
    estimates = [
        estimate_latency([simulated(rng, slow_blocks=slow_blocks, slowdown=slowdown) for slow_blocks in attempts])
        for _ in range(50)
    ]
    assert np.abs(errors_of(estimates)).max() < 0.01
    assert all(
        estimate.window_counts == tuple(5 - len(slow_blocks) for slow_blocks in attempts) for estimate in estimates
    )


def test_a_measurement_that_nothing_disturbed_keeps_its_median() -> None:
    measurement = simulated(np.random.default_rng(2))
    estimate = estimate_latency([measurement])
    assert estimate.latency_ms == measurement.median_ms
    assert estimate.relative_sd < 1.1 * SESSION_RELATIVE_SD


def test_short_slow_stretches_in_every_block_are_left_out() -> None:
    rng = np.random.default_rng(7)
    blocks = []
    for _ in range(5):
        runs = rng.normal(1.0, 0.005, 600)
        runs[100:450] *= rng.uniform(1.3, 1.8)
        blocks.append(runs.tolist())
    measurement = measurement_of_blocks(*blocks)
    assert measurement.median_ms > 1.2
    assert estimate_latency([measurement]).latency_ms == pytest.approx(1.0, abs=0.01)


def test_one_measurement_does_not_converge_since_a_slow_stretch_may_outlast_it() -> None:
    rng = np.random.default_rng(6)
    slow, fast, again = simulated(rng, slow_blocks=(0, 1, 2, 3, 4)), simulated(rng), simulated(rng)
    assert not estimate_latency([fast]).is_converged
    assert not estimate_latency([slow, fast]).is_converged
    assert estimate_latency([slow, fast, again]).is_converged


def test_fewer_than_three_blocks_do_not_converge_and_are_less_certain() -> None:
    rng = np.random.default_rng(3)
    slow = [(0, 1, 2), (0, 1, 2, 3), (0, 1, 2, 3, 4)]
    estimates = [
        estimate_latency([simulated(rng, slow_blocks=item), simulated(rng, slow_blocks=(0, 1, 2, 3))]) for item in slow
    ]
    assert [estimate.is_converged for estimate in estimates] == [True, False, False]
    sds = [estimate.relative_sd for estimate in estimates]
    assert sds == sorted(sds)
    assert sds[1] > 3 * SESSION_RELATIVE_SD


def test_an_estimate_with_drift_uncertainty_has_not_converged() -> None:
    rng = np.random.default_rng(4)
    estimate = estimate_latency([simulated(rng), simulated(rng)])
    assert estimate.is_converged
    drifted = estimate.with_drift_uncertainty(0.3)
    assert not drifted.is_converged
    assert drifted.latency_ms == estimate.latency_ms
    assert drifted.relative_sd > 0.3


def test_a_clock_of_whole_milliseconds_makes_one_tick_no_disturbance() -> None:
    estimate = estimate_latency([measurement_of_blocks(*([value] * 20 for value in (3.0, 3.0, 4.0, 3.0, 3.0)))])
    assert (estimate.latency_ms, estimate.window_counts, estimate.resolution_ms) == (3.0, (5,), 1.0)
    slow = estimate_latency([measurement_of_blocks(*([value] * 20 for value in (30.0, 30.0, 41.0, 40.0, 30.0)))])
    assert (slow.latency_ms, slow.window_counts) == (30.0, (6,))


def test_a_clock_of_whole_milliseconds_is_off_by_half_a_tick_at_most() -> None:
    rng = np.random.default_rng(5)
    estimates = [estimate_latency([simulated(rng, run_sd=0.02, resolution_ms=1.0, true_ms=3.6)]) for _ in range(50)]
    assert {estimate.latency_ms for estimate in estimates} == {4.0}


def test_a_fine_clock_has_no_resolution() -> None:
    assert estimate_latency([measurement_of_blocks([3.0, 3.0], [3.0, 3.01])]).resolution_ms == 0.0

"""Features, random cost models, kernels and calibration: the parts of the probabilistic model."""

from __future__ import annotations

import numpy as np
import pytest

from edgeprof_predictor.errors import EncodingError
from edgeprof_predictor.methods.cost_features import FeatureMap
from edgeprof_predictor.methods.default.calibration import Calibration, error_log_sds
from edgeprof_predictor.methods.default.method import DefaultMethod
from edgeprof_predictor.methods.default.posterior import Posterior
from edgeprof_predictor.methods.default.random_cost_models import RandomCostModels, cost_based_latency
from edgeprof_predictor.methods.platform_families import families
from edgeprof_predictor.networks.hyperparameters import TransferHyperparameters
from edgeprof_predictor.samples import Samples
from edgeprof_predictor.spaces import SearchSpace, get_space
from edgeprof_predictor.tables.latency_table import LatencyTable


def test_costs_as_written_equal_those_of_pruned_graphs_where_nothing_is_pruned(space: SearchSpace) -> None:
    choices = space.sample_choices(300, seed=8)
    features = FeatureMap(space).describe(choices)
    written, pruned = features.totals
    spared = np.all(space.pruned(choices) == choices, axis=1)
    assert np.array_equal(written[spared], pruned[spared])
    assert np.all(written >= pruned)


@pytest.mark.parametrize("name", ["nasbench201", "transnasbench101_micro"])
def test_costs_as_written_are_taken_as_the_space_gives_them(name: str) -> None:
    space = get_space(name)
    choices = space.sample_choices(300, seed=8)
    features, exact = FeatureMap(space).describe(choices), space.costs_as_written(choices)
    assert exact is not None
    assert np.array_equal(features.stage_costs[0], exact.amounts)
    assert np.array_equal(features.totals[0], exact.totals)


def test_a_space_that_never_prunes_has_one_graph_variant() -> None:
    space = get_space("fbnet")
    features = FeatureMap(space).describe(space.sample_choices(10, seed=0))
    assert len(features.one_hots) == len(features.stage_costs) == 1


def test_a_space_that_is_run_pruned_has_one_graph_variant_and_it_is_the_pruned_one() -> None:
    space = get_space("nasbench101")
    choices = space.sample_choices(50, seed=0)
    features = FeatureMap(space).describe(choices)
    assert len(features.one_hots) == len(features.stage_costs) == 1
    assert np.array_equal(features.one_hots[0], space.one_hot(space.pruned(choices)))


def test_the_physics_line_rises_with_every_cost(space: SearchSpace) -> None:
    feature_map = FeatureMap(space)
    bare, full = np.full((1, 6), 1), np.full((1, 6), 3)  # all skips against all 3x3 convolutions
    low, high = (
        cost_based_latency(feature_map.describe(c.astype(np.int8)), feature_map.space_sample) for c in (bare, full)
    )
    assert 0 < low[0] < high[0]


def test_random_cost_models_have_mean_one_and_the_covariance_of_their_factor(space: SearchSpace) -> None:
    feature_map = FeatureMap(space)
    prices = RandomCostModels.draw(feature_map.space_sample, seed=0)
    for mean in prices.mean_latency(feature_map.space_sample):
        assert mean.mean() == pytest.approx(1.0)
        assert np.all(mean > 0)
    spread = prices.spread(feature_map.space_sample)
    assert np.all((spread**2).sum(axis=1) > 0)


def test_kernels_are_symmetric_and_agree_with_their_diagonal(method: DefaultMethod) -> None:
    basis = method.prior.space_sample[:40]
    kernels = basis.cross(basis)
    assert len(kernels) == len(method.prior.kernel_names)
    assert np.allclose(kernels, np.swapaxes(kernels, 1, 2))
    assert np.allclose(np.einsum("jii->ji", kernels), basis.diagonal())
    assert np.linalg.eigvalsh(kernels).min() > -1e-6


def test_without_samples_the_posterior_is_the_prior(method: DefaultMethod, space: SearchSpace) -> None:
    basis = method.prior.space_sample[:10]
    posterior = Posterior.infer(method.prior, method.hyper_samples, Samples.none(space))
    means, variances = posterior.predict_each(basis)
    assert np.allclose(means, posterior.hyper_samples.means(basis))
    assert np.allclose(variances, posterior.hyper_samples.variance(basis))


def test_exact_samples_are_predicted_as_they_are(method: DefaultMethod, world: LatencyTable) -> None:
    samples = Samples.of(world.choices[:15], world.latencies_of("unseen_0")[:15])
    posterior = Posterior.infer(method.prior, method.hyper_samples, samples)
    mean, sd = posterior.predict(method.prior.basis(samples.choices))
    assert np.all(np.abs(mean - samples.latency_ms) < 4 * sd)
    assert np.median(np.abs(mean / samples.latency_ms - 1)) < 0.02


def test_twins_are_one_family(world: LatencyTable) -> None:
    twin = world.latency_ms[0] * 3.0
    table = LatencyTable(
        platforms=("a", "b", "twin_of_a"),
        choices=world.choices,
        latency_ms=np.stack([world.latency_ms[0], world.latency_ms[0][::-1], twin]),
    )
    assert families(table) == [("a", "twin_of_a"), ("b",)]


def test_sources_of_one_family_are_said_to_be_so_and_calibrate_nothing(
    space: SearchSpace, world: LatencyTable, quick: TransferHyperparameters, caplog: pytest.LogCaptureFixture
) -> None:
    alone = world.select(["source_0"]).subset(range(100))
    twins = LatencyTable(
        platforms=("source_0", "twin"),
        choices=alone.choices,
        latency_ms=np.concatenate([alone.latency_ms, 1.7 * alone.latency_ms * (1 + 1e-3 * np.arange(100))]),
    )
    for sources in (alone, twins):
        caplog.clear()
        method = DefaultMethod.fit_sources(space, sources, seed=0, hyperparameters=quick)
        assert "no source can be left out, because all of them are alike" in caplog.text
        assert method.calibration == Calibration.broad()
        # Nothing is learned: costs have their share, and all else within them and beside them is alike.
        is_by_costs = method.hyper_samples.mean_index == method.prior.unsampled_mean
        for members in (is_by_costs, ~is_by_costs):
            assert np.ptp(method.hyper_samples.log_prior[members]) == 0.0
        predictor = method.adapt(Samples.of(world.choices[:6], world.latencies_of("unseen_0")[:6]), seed=0)
        assert predictor.expectation.upper > 1.9 * predictor.expectation.error
    with pytest.raises(EncodingError, match="a prior needs a source besides"):
        method.prior.without(["source_0", "twin"])


def test_expected_errors_of_few_families_have_wide_ranges() -> None:
    # Errors of families lie 0.2 above and 0.2 below what is expected, in logarithms and in turn.
    lower, upper = zip(*(error_log_sds(np.full((count, 1, 2), 0.2**2 / 2)) for count in (0, 3, 30)), strict=True)
    for (broad,), (few,), (many,) in (lower, upper):
        assert broad > few > many > 0.2


def test_the_stated_range_holds_the_errors_of_the_next_platform() -> None:
    generator = np.random.default_rng(0)
    held = []
    for _ in range(400):
        scale = np.exp(
            0.5 * generator.standard_normal(10)
        )  # measured over expected error of nine families and the next
        known = np.log(scale[:9])[:, None, None]
        lower_sds, upper_sds = error_log_sds(np.concatenate([np.minimum(known, 0), np.maximum(known, 0)], axis=2) ** 2)
        calibration = Calibration(
            sample_counts=(5,), interval_factors=(1.0,), error_log_sds=upper_sds, lower_error_log_sds=lower_sds
        )
        expected = calibration.expected_error(0.1, 5)
        held.append(expected.lower <= scale[9] * expected.error <= expected.upper)
    assert 0.8 < np.mean(held) < 0.95


def test_an_error_that_may_be_below_the_noise_of_any_device_may_be_nothing() -> None:
    expected = Calibration.broad().expected_error(0.0027, 20)
    assert expected.lower == 0.0 < expected.error < expected.upper


def test_calibration_never_narrows_an_interval(method: DefaultMethod) -> None:
    assert min(method.calibration.interval_factors) >= 1.0


def test_factors_between_sample_counts_are_interpolated() -> None:
    calibration = Calibration(
        sample_counts=(3, 5), interval_factors=(2.0, 1.0), error_log_sds=(0.5, 0.25), lower_error_log_sds=(0.5, 0.25)
    )
    assert [calibration.interval_factor(count) for count in (0, 3, 4, 5, 50)] == [2.0, 2.0, 1.5, 1.0, 1.0]

from __future__ import annotations

import numpy as np
import pytest

from edgeprof_predictor import metrics
from edgeprof_predictor.errors import SampleCountError
from edgeprof_predictor.methods.baselines.flops import Flops
from edgeprof_predictor.methods.default.method import DefaultMethod
from edgeprof_predictor.methods.default.predictor import DefaultPredictor
from edgeprof_predictor.networks.hyperparameters import TransferHyperparameters
from edgeprof_predictor.samples import Samples
from edgeprof_predictor.spaces import CategoricalSpace, SearchSpace
from edgeprof_predictor.tables.latency_table import LatencyTable

UNSEEN = ("unseen_0", "unseen_1")


def measured(method: DefaultMethod, world: LatencyTable, platform: str, count: int) -> Samples:
    chosen = method.choose_samples(world.choices, count, measured=Samples.none(method.space), seed=0)
    return Samples.of(world.choices[chosen], world.latencies_of(platform)[chosen])


@pytest.mark.parametrize("platform", UNSEEN)
def test_ten_samples_find_the_truth_of_an_unseen_platform(
    method: DefaultMethod, world: LatencyTable, platform: str
) -> None:
    predictor = method.adapt(measured(method, world, platform, 10), seed=0)
    prediction, actual = predictor.predict(world.choices), world.latencies_of(platform)
    assert metrics.spearman(actual, prediction.latency_ms) > 0.98
    assert metrics.median_ape(actual, prediction.latency_ms) < 0.03
    assert metrics.interval_coverage(actual, prediction.lower_ms, prediction.upper_ms) > 0.8
    assert 0 < predictor.expected_error < 0.1


def test_a_device_on_which_one_kind_of_operation_is_slow_is_learnt_in_ten_samples(
    method: DefaultMethod, space: SearchSpace, world: LatencyTable
) -> None:
    counts = space.operation_counts(world.choices)
    costs = space.costs(world.choices)
    assert counts is not None and costs is not None
    pool_count = counts[:, 2]
    actual = 0.3 + costs.total("macs") / costs.total("macs").mean() + 3.0 * pool_count
    on_device = method.for_pruned_graphs()
    samples = Samples.none(space)
    while samples.count < 10:
        chosen = on_device.choose_samples(world.choices, max(3 - samples.count, 1), measured=samples, seed=0)
        samples = samples.joined(Samples.of(world.choices[chosen], actual[chosen]))
    prediction = on_device.adapt(samples, seed=0).predict(world.choices)
    assert metrics.spearman(actual, prediction.latency_ms) > 0.97
    assert metrics.median_ape(actual, prediction.latency_ms) < 0.1


def test_without_samples_it_ranks_at_least_as_well_as_flops(
    method: DefaultMethod, space: SearchSpace, world: LatencyTable
) -> None:
    none = Samples.none(space)
    prediction = method.adapt(none, seed=0).predict(world.choices)
    floor = Flops.fit_sources(space, world, seed=0).adapt(none, seed=0).predict(world.choices)
    assert prediction.is_relative
    for platform in UNSEEN:
        actual = world.latencies_of(platform)
        assert metrics.spearman(actual, prediction.latency_ms) > metrics.spearman(actual, floor.latency_ms) - 0.01


@pytest.mark.parametrize("count", [1, 2])
def test_one_or_two_samples_give_milliseconds_with_wide_intervals(
    method: DefaultMethod, world: LatencyTable, count: int
) -> None:
    predictor = method.adapt(measured(method, world, UNSEEN[0], count), seed=0)
    prediction, actual = predictor.predict(world.choices), world.latencies_of(UNSEEN[0])
    assert not prediction.is_relative
    assert metrics.interval_coverage(actual, prediction.lower_ms, prediction.upper_ms) > 0.8
    assert (predictor.source_platform is None) == (count < 2)


def test_a_clock_of_whole_milliseconds_widens_the_intervals(method: DefaultMethod, world: LatencyTable) -> None:
    exact = measured(method, world, UNSEEN[0], 10)
    scaled = exact.latency_ms / exact.latency_ms.mean() * 6.0
    widths = []
    for latency_ms in (scaled, np.maximum(np.round(scaled), 1.0)):
        prediction = method.adapt(Samples.of(exact.choices, latency_ms), seed=0).predict(world.choices)
        widths.append(np.median(prediction.upper_ms - prediction.lower_ms))
    assert widths[1] > widths[0]


def test_equal_latencies_are_survived(method: DefaultMethod, world: LatencyTable) -> None:
    predictor = method.adapt(Samples.of(world.choices[:5], np.full(5, 7.0)), seed=0)
    assert predictor.source_platform is None
    assert np.all(np.isfinite(predictor.predict(world.choices).latency_ms))


def test_noisy_samples_count_less(method: DefaultMethod, world: LatencyTable) -> None:
    exact = measured(method, world, UNSEEN[0], 8)
    noisy = Samples(choices=exact.choices, latency_ms=exact.latency_ms, relative_sd=np.full(8, 0.2))
    assert method.adapt(noisy, seed=0).expected_error > method.adapt(exact, seed=0).expected_error


def test_more_samples_lower_the_error_that_is_expected(method: DefaultMethod, world: LatencyTable) -> None:
    few = method.adapt(measured(method, world, UNSEEN[1], 3), seed=0)
    many = method.adapt(measured(method, world, UNSEEN[1], 12), seed=0)
    assert many.expected_error < few.expected_error
    assert few.error_after(world.choices, 5) < few.error_after(world.choices, 1) < few.expected_error


def test_chosen_samples_are_distinct_connected_and_the_same_for_a_seed(
    method: DefaultMethod, space: SearchSpace, world: LatencyTable
) -> None:
    none = Samples.none(space)
    chosen = method.choose_samples(world.choices, 20, measured=none, seed=4)
    assert len(set(chosen.tolist())) == 20
    assert np.all(space.is_connected(world.choices[chosen]))
    assert np.array_equal(chosen, method.choose_samples(world.choices, 20, measured=none, seed=4))


def test_what_is_measured_moves_the_next_choice(method: DefaultMethod, space: SearchSpace, world: LatencyTable) -> None:
    first = method.choose_samples(world.choices, 1, measured=Samples.none(space), seed=0)
    samples = Samples.of(world.choices[first], world.latencies_of(UNSEEN[0])[first])
    assert method.choose_samples(world.choices, 1, measured=samples, seed=0)[0] != first[0]


def test_disconnected_cells_are_chosen_when_nothing_else_is_left(method: DefaultMethod, space: SearchSpace) -> None:
    everything = space.all_choices()
    cut = everything[~space.is_connected(everything)][:3]
    chosen = method.choose_samples(cut, 3, measured=Samples.none(space), seed=0)
    assert sorted(chosen.tolist()) == [0, 1, 2]


def test_more_samples_than_candidates_are_refused(
    method: DefaultMethod, space: SearchSpace, world: LatencyTable
) -> None:
    with pytest.raises(SampleCountError, match="cannot choose 4 of 3"):
        method.choose_samples(world.choices[:3], 4, measured=Samples.none(space), seed=0)


def test_no_architecture_gives_no_latency(method: DefaultMethod, world: LatencyTable) -> None:
    predictor = method.adapt(measured(method, world, UNSEEN[0], 5), seed=0)
    assert predictor.predict(world.choices[:0]).latency_ms.shape == (0,)


def test_the_same_samples_give_the_same_predictions_in_any_batch(method: DefaultMethod, world: LatencyTable) -> None:
    samples = measured(method, world, UNSEEN[0], 5)
    first, second = (method.adapt(samples, seed=0).predict(world.choices) for _ in range(2))
    assert np.array_equal(first.latency_ms, second.latency_ms)
    alone = method.adapt(samples, seed=0).predict(world.choices[7:8])
    assert alone.latency_ms == pytest.approx(first.latency_ms[7:8], rel=1e-5)


def test_a_table_of_integers_without_known_costs_is_enough(quick: TransferHyperparameters) -> None:
    space = CategoricalSpace("table", (3, 4, 2, 5))
    generator = np.random.default_rng(0)
    one_hot, choices = space.one_hot(space.all_choices()), space.all_choices()
    common = generator.uniform(1, 5, one_hot.shape[1])
    prices = common * np.exp(0.3 * generator.standard_normal((5, one_hot.shape[1])))
    table = LatencyTable(platforms=tuple("abcde"), choices=choices, latency_ms=prices @ one_hot.T)
    method = DefaultMethod.fit_sources(space, table.select("abcd"), seed=0, hyperparameters=quick)
    predictor = method.adapt(measured(method, table, "e", 12), seed=0)
    assert isinstance(predictor, DefaultPredictor)
    assert metrics.spearman(table.latencies_of("e"), predictor.predict(choices).latency_ms) > 0.8


def test_what_runs_on_a_device_is_described_without_its_dead_edges(
    method: DefaultMethod, space: SearchSpace, world: LatencyTable
) -> None:
    on_devices = method.for_pruned_graphs()
    choices = space.sample_choices(400, seed=11)
    costs = space.costs(choices)
    assert costs is not None
    latency_ms = 1.0 + costs.totals[:, 0] / costs.totals[:, 0].mean()  # of the pruned graph: dead edges take no time
    dead = ~np.all(space.pruned(choices) == choices, axis=1)
    assert dead.sum() > 50
    unsampled = on_devices.adapt(Samples.none(space), seed=0).predict(choices).latency_ms
    both_graphs = method.adapt(Samples.none(space), seed=0).predict(choices).latency_ms
    assert metrics.spearman(latency_ms, unsampled) > 0.97
    assert metrics.spearman(latency_ms[dead], unsampled[dead]) > metrics.spearman(latency_ms[dead], both_graphs[dead])
    chosen = on_devices.choose_samples(choices, 3, measured=Samples.none(space), seed=0)
    predictor = on_devices.adapt(Samples.of(choices[chosen], latency_ms[chosen]), seed=0)
    prediction = predictor.predict(choices)
    assert metrics.spearman(latency_ms, prediction.latency_ms) > 0.97
    assert metrics.median_ape(latency_ms, prediction.latency_ms) < 0.1
    assert np.array_equal(prediction.latency_ms, predictor.predict(space.pruned(choices)).latency_ms)
    assert np.array_equal(predictor.samples.choices, choices[chosen])  # as they were measured


def test_the_first_sample_on_a_device_is_a_typical_network(
    method: DefaultMethod, space: SearchSpace, world: LatencyTable
) -> None:
    on_devices, none = method.for_pruned_graphs(), Samples.none(space)
    assert on_devices.next_round(0, 10) == 1
    candidates = space.sample_choices(400, seed=12)
    relative = on_devices.adapt(none, seed=0).predict(candidates).latency_ms
    rank = np.argsort(np.argsort(relative)) / len(relative)
    for count in (1, 3):
        first, *others = on_devices.choose_samples(candidates, count, measured=none, seed=0)
        assert 0.35 < rank[first] < 0.65
        assert first not in others


def test_each_fifth_sample_on_a_device_is_drawn_at_random(
    method: DefaultMethod, space: SearchSpace, world: LatencyTable
) -> None:
    on_devices = method.for_pruned_graphs()
    candidates = space.sample_choices(200, seed=13)
    costs = space.costs(candidates)
    assert costs is not None
    latency_ms = 1.0 + costs.totals[:, 0] / costs.totals[:, 0].mean()

    def drawn(sample_count: int) -> set[int]:
        samples = Samples.of(candidates[:sample_count], latency_ms[:sample_count])
        return {
            int(on_devices.choose_samples(candidates[sample_count:], 1, measured=samples, seed=seed)[0])
            for seed in range(6)
        }

    assert len(drawn(4)) == 6
    assert len(drawn(5)) < 4

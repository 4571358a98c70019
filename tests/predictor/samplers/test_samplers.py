from __future__ import annotations

import numpy as np
import pytest

from edgeprof_predictor.encodings import Vec
from edgeprof_predictor.errors import EncodingError, SampleCountError, UnknownMethodError
from edgeprof_predictor.methods.default.informative_design import (
    choose_informative,
    find_extremes,
    remaining_variance,
)
from edgeprof_predictor.methods.default.method import DefaultMethod
from edgeprof_predictor.methods.default.posterior import Posterior
from edgeprof_predictor.methods.registry import get_method
from edgeprof_predictor.methods.sampled import Sampled
from edgeprof_predictor.methods.sampler_registry import SAMPLER_NAMES, make_sampler
from edgeprof_predictor.samplers import Diverse, Sampler, Stratified, choose_random
from edgeprof_predictor.samplers.variance_design import conditioned
from edgeprof_predictor.samples import Samples
from edgeprof_predictor.spaces import CategoricalSpace, SearchSpace
from edgeprof_predictor.tables.latency_table import LatencyTable

SOURCES = tuple(f"source_{index}" for index in range(6))


@pytest.fixture(scope="module")
def untouched(method: DefaultMethod) -> Posterior:
    """What is known of a platform before its first sample."""
    return Posterior.infer(method.prior, method.hyper_samples, Samples.none(method.space))


def test_random_choices_are_distinct_and_depend_on_the_seed_alone() -> None:
    chosen = choose_random(50, 50, seed=3)
    assert sorted(chosen.tolist()) == list(range(50))
    assert np.array_equal(chosen, choose_random(50, 50, seed=3))
    assert not np.array_equal(chosen, choose_random(50, 50, seed=4))


def test_informative_choices_are_distinct_and_fewer_are_a_beginning_of_more(
    method: DefaultMethod, untouched: Posterior
) -> None:
    candidates = method.prior.space_sample[:60]
    chosen = choose_informative(untouched, candidates, 12).tolist()
    assert len(set(chosen)) == 12
    assert choose_informative(untouched, candidates, 5).tolist() == chosen[:5]


def test_informative_choices_leave_less_unknown_than_random_ones(
    method: DefaultMethod, world: LatencyTable, untouched: Posterior
) -> None:
    candidates, rest = world.choices[:60], method.prior.basis(world.choices[60:160])
    hyper_samples = untouched.hyper_samples

    def left(chosen: list[int]) -> float:
        samples = Samples.of(candidates[chosen], world.latencies_of("unseen_0")[chosen])
        _, variances = Posterior(method.prior, hyper_samples, samples).predict_each(rest)
        return float(variances.mean())

    informative = left(choose_informative(untouched, method.prior.basis(candidates), 6).tolist())
    by_chance = [left(choose_random(len(candidates), 6, seed=seed).tolist()) for seed in range(10)]
    assert informative < np.mean(by_chance)


@pytest.mark.parametrize("count", [-1, 4])
def test_a_count_that_the_candidates_cannot_give_is_refused(
    method: DefaultMethod, untouched: Posterior, count: int
) -> None:
    with pytest.raises(SampleCountError, match=f"cannot choose {count} of 3"):
        choose_random(3, count, seed=0)
    with pytest.raises(SampleCountError, match=f"cannot choose {count} of 3"):
        choose_informative(untouched, method.prior.space_sample[:3], count)


def test_nothing_is_chosen_when_nothing_is_asked_for(method: DefaultMethod, untouched: Posterior) -> None:
    assert choose_random(0, 0, seed=0).shape == (0,)
    assert choose_informative(untouched, method.prior.space_sample[:5], 0).shape == (0,)


def test_a_measurement_lowers_every_variance_and_its_own_most(method: DefaultMethod, untouched: Posterior) -> None:
    before, means, noise = untouched.covariance(method.prior.space_sample[:20], 4)
    after = conditioned(before, 7, noise * means[:, 7] ** 2)
    shares = np.einsum("hii->hi", after) / np.einsum("hii->hi", before)
    assert np.all(shares <= 1.0 + 1e-9)
    assert np.all(shares.argmin(axis=1) == 7)


def test_more_samples_leave_a_smaller_share_of_the_variance(method: DefaultMethod, untouched: Posterior) -> None:
    candidates = method.prior.space_sample[:40]
    shares = [remaining_variance(untouched, candidates, count) for count in (0, 1, 5, 40, 100)]
    assert shares[0] == pytest.approx(1.0)
    assert shares == sorted(shares, reverse=True)
    assert 0 < shares[-1] == shares[-2]


@pytest.fixture(scope="module", params=SAMPLER_NAMES)
def sampler(request: pytest.FixtureRequest, space: SearchSpace, world: LatencyTable) -> Sampler:
    name: str = request.param
    return make_sampler(name, space, world.select(SOURCES), seed=0)


def test_every_sampler_chooses_distinct_candidates_by_seed_and_goes_on_from_what_is_measured(
    sampler: Sampler, space: SearchSpace, world: LatencyTable
) -> None:
    none = Samples.none(space)
    first = sampler(world.choices, 4, measured=none, seed=1)
    assert len(set(first.tolist())) == 4
    assert np.array_equal(first, sampler(world.choices, 4, measured=none, seed=1))
    samples = Samples.of(world.choices[first], world.latencies_of("unseen_0")[first])
    rest = np.delete(world.choices, first, axis=0)
    assert len(set(sampler(rest, 6, measured=samples, seed=1).tolist())) == 6
    assert sampler(rest[:6], 6, measured=samples, seed=1).shape == (6,)
    assert sampler(rest[:0], 0, measured=samples, seed=1).shape == (0,)


def test_every_sampler_refuses_more_than_there_is(sampler: Sampler, space: SearchSpace, world: LatencyTable) -> None:
    with pytest.raises(SampleCountError, match="cannot choose 4 of 3"):
        sampler(world.choices[:3], 4, measured=Samples.none(space), seed=0)


def test_strata_hold_one_sample_each_also_when_they_are_chosen_in_two_steps() -> None:
    space = CategoricalSpace("line", (100,))
    line = np.arange(100, dtype=np.int8)[:, None]
    sampler = Stratified(lambda choices: choices[:, 0].astype(np.float64))
    five = line[sampler(line, 5, measured=Samples.none(space), seed=0)]
    assert sorted((five[:, 0] // 20).tolist()) == [0, 1, 2, 3, 4]
    rest = np.setdiff1d(line, five)[:, None].astype(np.int8)
    five_more = rest[sampler(rest, 5, measured=Samples.of(five, np.arange(1.0, 6.0)), seed=0)]
    ten = sorted(np.concatenate([five, five_more])[:, 0].tolist())
    assert np.diff(ten).max() <= 30


def test_a_score_of_equal_values_still_gives_distinct_samples() -> None:
    line = np.arange(10, dtype=np.int8)[:, None]
    sampler = Stratified(lambda choices: np.ones(len(choices)))
    assert len(set(sampler(line, 5, measured=Samples.none(CategoricalSpace("line", (10,))), seed=0).tolist())) == 5


def test_diverse_samples_reach_the_corners_and_avoid_what_is_measured() -> None:
    space = CategoricalSpace("square", (2, 2))
    sampler = Diverse(Vec(space))
    candidates = space.all_choices().repeat(3, axis=0)
    corners = candidates[sampler(candidates, 4, measured=Samples.none(space), seed=0)]
    assert len(np.unique(corners, axis=0)) == 4
    measured = Samples.of(candidates[:1], np.ones(1))
    assert candidates[sampler(candidates, 1, measured=measured, seed=0)][0].tolist() == [1, 1]


@pytest.mark.parametrize("name", ["parameters", "flops"])
def test_costs_that_a_space_does_not_know_cannot_spread_samples(name: str) -> None:
    space = CategoricalSpace("table", (3, 3))
    choices = space.all_choices()
    sources = LatencyTable(platforms=("a",), choices=choices, latency_ms=np.arange(1.0, 10.0)[None])
    with pytest.raises(EncodingError, match="table knows no costs"):
        make_sampler(name, space, sources, seed=0)


def test_a_name_joins_any_method_to_any_sampler(space: SearchSpace, world: LatencyTable) -> None:
    method_class = get_method("ridge+diversity")
    assert method_class.name == "ridge+diversity"
    method = method_class.fit_sources(space, world.select(SOURCES), seed=0)
    assert isinstance(method, Sampled)
    assert method.platforms == SOURCES
    chosen = method.choose_samples(world.choices, 5, measured=Samples.none(space), seed=2)
    alone = make_sampler("diversity", space, world, seed=0)(world.choices, 5, measured=Samples.none(space), seed=2)
    assert np.array_equal(chosen, alone)
    samples = Samples.of(world.choices[chosen], world.latencies_of("unseen_0")[chosen])
    ridge = get_method("ridge").fit_sources(space, world, seed=0).adapt(samples, seed=0)
    predicted = method.adapt(samples, seed=0).predict(world.choices[:9]).latency_ms
    assert np.array_equal(predicted, ridge.predict(world.choices[:9]).latency_ms)


@pytest.mark.parametrize(("name", "text"), [("ridge+best", "no sampler 'best'.*diversity"), ("rigde", "no method")])
def test_an_unknown_name_is_refused_with_the_known_ones(name: str, text: str) -> None:
    with pytest.raises(UnknownMethodError, match=text):
        get_method(name)


def test_extremes_are_distinct_and_more_unlike_each_other_than_chance(
    method: DefaultMethod, world: LatencyTable
) -> None:
    basis = method.prior.basis(world.choices)
    extremes = find_extremes(basis, 20)
    # Cells differ in few things, so that a few of them tell all there is.
    assert 10 < len(set(extremes.tolist())) == len(extremes) <= 20
    # In logarithms: variance is relative to the latency, so that a fast cell may be as extreme as a slow one.
    line = np.log(basis.means[:, method.prior.unsampled_mean])
    by_chance = [np.std(line[choose_random(len(line), len(extremes), seed=seed)]) for seed in range(10)]
    assert np.std(line[extremes]) > np.mean(by_chance)

"""Platforms that were onboarded as sources of the default method."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from edgeprof_predictor import metrics
from edgeprof_predictor.errors import EncodingError
from edgeprof_predictor.explanations.source_use import source_uses
from edgeprof_predictor.methods.base import Prediction
from edgeprof_predictor.methods.default import hyperparameter_samples
from edgeprof_predictor.methods.default.method import DefaultMethod
from edgeprof_predictor.methods.default.own_platforms import explained_share, with_platforms
from edgeprof_predictor.methods.onboarding_method import ProfilePredictor
from edgeprof_predictor.samples import Samples
from edgeprof_predictor.spaces import FloatArray, SearchSpace
from edgeprof_predictor.tables.latency_table import LatencyTable


@pytest.fixture(scope="module")
def odd_ms(space: SearchSpace, world: LatencyTable) -> FloatArray:
    """A machine that pools far worse than its costs tell, as no source does."""
    pool_count = (space.pruned(world.choices) == space.option_names.index("avg_pool_3x3")).sum(axis=1)
    return world.latencies_of("unseen_0") * (1.0 + 0.5 * pool_count)


def samples(world: LatencyTable, latency_ms: FloatArray, rows: slice) -> Samples:
    return Samples.of(world.choices[rows], latency_ms[rows])


@pytest.fixture(scope="module")
def mine(method: DefaultMethod, world: LatencyTable, odd_ms: FloatArray) -> ProfilePredictor:
    """That machine, onboarded with twenty samples."""
    return method.for_pruned_graphs().adapt(samples(world, odd_ms, slice(20)), seed=0)


@pytest.fixture(scope="module")
def learned(method: DefaultMethod, mine: ProfilePredictor) -> DefaultMethod:
    return with_platforms(method, {"mine": mine}, seed=0)


def test_an_own_platform_is_a_source_with_the_noise_of_its_samples(
    learned: DefaultMethod, method: DefaultMethod, mine: ProfilePredictor, world: LatencyTable
) -> None:
    assert learned.platforms == (*method.platforms, "mine")
    trust = dict(zip(learned.platforms, learned.prior.sources.trusts, strict=True))
    assert 0.5 < trust["mine"] < 1.0
    assert {trust[name] for name in method.platforms} == {1.0}
    learned_ms = learned.prior.source_latencies(world.choices)[:, -1]
    assert metrics.spearman(mine.predict(world.choices).latency_ms, learned_ms) > 0.98


def test_it_counts_most_for_the_next_platform_like_it(
    learned: DefaultMethod, world: LatencyTable, odd_ms: FloatArray
) -> None:
    adapted = learned.for_pruned_graphs().adapt(samples(world, 3.0 * odd_ms, slice(20, 28)), seed=0)
    uses = source_uses(adapted.posterior)
    assert uses[0].platform == adapted.source_platform == "mine"
    assert {use.platform for use in uses} == set(learned.platforms)
    assert sum(use.share for use in uses) == pytest.approx(1.0)
    assert [use.share for use in uses] == sorted((use.share for use in uses), reverse=True)


def test_own_platforms_have_a_kernel_of_their_own(
    learned: DefaultMethod, method: DefaultMethod, world: LatencyTable, odd_ms: FloatArray
) -> None:
    names = learned.prior.kernel_names
    assert set(names) - set(method.prior.kernel_names) == {"own"}
    assert learned.prior.without(["mine"]).kernel_names == method.prior.kernel_names
    np.testing.assert_allclose(learned.prior.own_weights, [*[0.0] * len(method.platforms), 1.0])
    # Three samples of a machine that pools as badly: with the kernel the own platform counts for more.
    plain = replace(learned, prior=replace(learned.prior, own_platforms=()), hyper_samples=method.hyper_samples)
    three = samples(world, 3.0 * odd_ms, slice(20, 23))
    adapted = [one.for_pruned_graphs().adapt(three, seed=0) for one in (learned, plain)]
    with_kernel, without = [{use.platform: use.share for use in source_uses(one.posterior)} for one in adapted]
    assert with_kernel["mine"] > without["mine"]


def test_what_was_learned_is_kept_in_a_bundle(learned: DefaultMethod, world: LatencyTable) -> None:
    read = DefaultMethod.from_tensors(learned.space, learned.platforms, learned.tensors(), learned.hyperparameters)
    assert read.prior.own_platforms == ("mine",)
    five = samples(world, world.latencies_of("unseen_1"), slice(5))
    before, after = (one.for_pruned_graphs().adapt(five, seed=0).predict(world.choices) for one in (learned, read))
    np.testing.assert_allclose(after.latency_ms, before.latency_ms, rtol=1e-5)


def test_a_platform_that_is_learned_again_replaces_itself(learned: DefaultMethod, mine: ProfilePredictor) -> None:
    again = with_platforms(learned, {"mine": mine}, seed=0)
    assert again.platforms == learned.platforms
    assert again.prior.own_platforms == ("mine",)
    assert again.hyper_samples.amplitudes.shape == learned.hyper_samples.amplitudes.shape


def test_a_space_that_was_measured_nowhere_gets_its_first_source(
    space: SearchSpace,
    mine: ProfilePredictor,
    world: LatencyTable,
    odd_ms: FloatArray,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(hyperparameter_samples, "DRAWN_COUNT", 400)
    learned = with_platforms(DefaultMethod.without_sources(space, seed=0), {"mine": mine}, seed=0)
    read = DefaultMethod.from_tensors(space, ("mine",), learned.tensors())
    adapted = read.for_pruned_graphs().adapt(samples(world, odd_ms, slice(20, 28)), seed=0)
    assert adapted.source_platform == "mine"
    assert metrics.spearman(odd_ms[100:], adapted.predict(world.choices[100:]).latency_ms) > 0.9
    assert source_uses(adapted.posterior)[0].share == 1.0


def test_a_predictor_without_samples_is_no_source(method: DefaultMethod, space: SearchSpace) -> None:
    with pytest.raises(EncodingError, match="from 0 samples"):
        with_platforms(method, {"none": method.adapt(Samples.none(space), seed=0)}, seed=0)


def test_the_trust_is_the_share_of_variance_that_is_no_error() -> None:
    latency_ms = np.exp(np.array([-0.3, 0.3]))
    prediction = Prediction.lognormal(latency_ms, np.full(2, 0.1), is_relative=False)
    assert explained_share(prediction) == pytest.approx(0.09 / (0.09 + 0.01))

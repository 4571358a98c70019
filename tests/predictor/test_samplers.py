from __future__ import annotations

import numpy as np
import pytest

from edgeprof_predictor.dataset import LatencyTable
from edgeprof_predictor.errors import SampleCountError
from edgeprof_predictor.methods.default import Default
from edgeprof_predictor.posterior import Posterior
from edgeprof_predictor.samplers import choose_informative, choose_random, conditioned, remaining_variance
from edgeprof_predictor.samples import Samples


@pytest.fixture(scope="module")
def untouched(method: Default) -> Posterior:
    """What is known of a platform before its first sample."""
    return Posterior.infer(method.prior, method.hypotheses, Samples.none(method.space))


def test_random_choices_are_distinct_and_depend_on_the_seed_alone() -> None:
    chosen = choose_random(50, 50, seed=3)
    assert sorted(chosen.tolist()) == list(range(50))
    assert np.array_equal(chosen, choose_random(50, 50, seed=3))
    assert not np.array_equal(chosen, choose_random(50, 50, seed=4))


def test_informative_choices_are_distinct_and_fewer_are_a_beginning_of_more(
    method: Default, untouched: Posterior
) -> None:
    candidates = method.prior.reference[:60]
    chosen = choose_informative(untouched, candidates, 12).tolist()
    assert len(set(chosen)) == 12
    assert choose_informative(untouched, candidates, 5).tolist() == chosen[:5]


def test_informative_choices_leave_less_unknown_than_random_ones(
    method: Default, world: LatencyTable, untouched: Posterior
) -> None:
    candidates, rest = world.choices[:60], method.prior.basis(world.choices[60:160])
    hypotheses = untouched.hypotheses

    def left(chosen: list[int]) -> float:
        samples = Samples.of(candidates[chosen], world.latencies_of("unseen_0")[chosen])
        _, variances = Posterior(method.prior, hypotheses, samples).predict_each(rest)
        return float(variances.mean())

    informative = left(choose_informative(untouched, method.prior.basis(candidates), 6).tolist())
    by_chance = [left(choose_random(len(candidates), 6, seed=seed).tolist()) for seed in range(10)]
    assert informative < np.mean(by_chance)


@pytest.mark.parametrize("count", [-1, 4])
def test_a_count_that_the_candidates_cannot_give_is_refused(method: Default, untouched: Posterior, count: int) -> None:
    with pytest.raises(SampleCountError, match=f"cannot choose {count} of 3"):
        choose_random(3, count, seed=0)
    with pytest.raises(SampleCountError, match=f"cannot choose {count} of 3"):
        choose_informative(untouched, method.prior.reference[:3], count)


def test_nothing_is_chosen_when_nothing_is_asked_for(method: Default, untouched: Posterior) -> None:
    assert choose_random(0, 0, seed=0).shape == (0,)
    assert choose_informative(untouched, method.prior.reference[:5], 0).shape == (0,)


def test_a_measurement_lowers_every_variance_and_its_own_most(method: Default, untouched: Posterior) -> None:
    before = untouched.covariance(method.prior.reference[:20], 4)
    shares = np.einsum("hii->hi", conditioned(before, 7)) / np.einsum("hii->hi", before)
    assert np.all(shares <= 1.0 + 1e-9)
    assert np.all(shares.argmin(axis=1) == 7)


def test_more_samples_leave_a_smaller_share_of_the_variance(method: Default, untouched: Posterior) -> None:
    candidates = method.prior.reference[:40]
    shares = [remaining_variance(untouched, candidates, count) for count in (0, 1, 5, 40, 100)]
    assert shares[0] == pytest.approx(1.0)
    assert shares == sorted(shares, reverse=True)
    assert 0 < shares[-1] == shares[-2]

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from edgeprof_predictor.methods.default.hyperparameter_samples import NOISE_RANGE, HyperparameterSamples
from edgeprof_predictor.methods.default.hyperprior import (
    COST_BASED_SHARE,
    LEARNED_SHARE,
    NOISE_BIN_COUNT,
    MarginalLikelihoods,
)
from edgeprof_predictor.methods.default.method import DefaultMethod
from edgeprof_predictor.tables.latency_table import LatencyTable

SOURCES = tuple(f"source_{index}" for index in range(6))


@pytest.fixture(scope="module")
def drawn(method: DefaultMethod) -> HyperparameterSamples:
    return HyperparameterSamples.draw(method.prior, seed=0)


@pytest.fixture(scope="module")
def whole_evidence(method: DefaultMethod, drawn: HyperparameterSamples, world: LatencyTable) -> MarginalLikelihoods:
    return MarginalLikelihoods.compute(method.prior, drawn, world.select(SOURCES).subset(range(300)), seed=0)


@pytest.fixture(scope="module")
def evidence(whole_evidence: MarginalLikelihoods) -> MarginalLikelihoods:
    """What the sources alone say, with no share for the cost-based mean."""
    return replace(whole_evidence, cost_based_mean=None)


def test_every_hyper_parameter_sample_keeps_its_uniform_share(
    drawn: HyperparameterSamples, evidence: MarginalLikelihoods
) -> None:
    weights = np.exp(evidence.weighed().log_prior)
    assert weights.sum() == pytest.approx(1.0)
    assert weights.min() >= (1.0 - LEARNED_SHARE) / len(drawn) * (1.0 - 1e-9)
    assert weights.max() > 3.0 / len(drawn)


def test_sources_do_not_decide_how_noisy_the_next_platform_is(
    drawn: HyperparameterSamples, evidence: MarginalLikelihoods
) -> None:
    weighed = evidence.weighed()
    position = np.log(drawn.noise / NOISE_RANGE[0]) / np.log(NOISE_RANGE[1] / NOISE_RANGE[0])
    bins = np.minimum((position * NOISE_BIN_COUNT).astype(int), NOISE_BIN_COUNT - 1)
    shares = np.bincount(bins, np.exp(weighed.log_prior))
    assert shares == pytest.approx(np.full(NOISE_BIN_COUNT, 1.0 / NOISE_BIN_COUNT), rel=0.1)


def test_hyper_parameter_samples_that_explain_the_sources_gain(
    drawn: HyperparameterSamples, evidence: MarginalLikelihoods
) -> None:
    gain = np.exp(evidence.weighed().log_prior) * len(drawn)
    explained = evidence.log_likelihood.mean(axis=0)
    best, worst = explained > np.quantile(explained, 0.9), explained < np.quantile(explained, 0.1)
    assert gain[best].mean() > gain[worst].mean()


def test_evidence_of_a_source_left_out_does_not_count(evidence: MarginalLikelihoods) -> None:
    without = evidence.weighed(without=SOURCES[:1])
    assert not np.allclose(without.log_prior, evidence.weighed().log_prior)
    # With none left all count alike, but for the chance by which the noise levels were drawn.
    assert np.ptp(evidence.weighed(without=SOURCES).log_prior) < 0.1


def test_a_mean_gets_the_prior_probability_that_it_is_given(method: DefaultMethod) -> None:
    given = method.hyper_samples.with_mean_share(1, 0.5)
    weights, has_mean = np.exp(given.log_prior), given.mean_index == 1
    assert weights.sum() == pytest.approx(1.0)
    assert weights[has_mean].sum() == pytest.approx(0.5)
    # Within the mean, and among all others, nothing else changes.
    for members in (has_mean, ~has_mean):
        assert np.ptp((given.log_prior - method.hyper_samples.log_prior)[members]) == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize("is_device", [False, True])
def test_costs_are_as_likely_as_everything_else(method: DefaultMethod, is_device: bool) -> None:
    hyper_samples = (method.for_pruned_graphs() if is_device else method).hyper_samples
    weights = np.exp(hyper_samples.log_prior)
    assert weights[hyper_samples.mean_index == method.prior.unsampled_mean].sum() == pytest.approx(COST_BASED_SHARE)

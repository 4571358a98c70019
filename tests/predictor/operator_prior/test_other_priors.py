from __future__ import annotations

from dataclasses import replace

import pytest

from edgeprof_predictor.bundle import load_bundle
from edgeprof_predictor.methods.default.prior import Prior
from edgeprof_predictor.operator_prior.other_priors import errors_of_others
from edgeprof_predictor.samples import Samples


@pytest.fixture(scope="module")
def prior() -> Prior:
    shipped = load_bundle("nasbench201").method.for_pruned_graphs().prior
    return replace(shipped, own_platforms=shipped.sources.platforms[:1])


def test_what_a_device_is_like_has_no_error_whatever_its_level(prior: Prior) -> None:
    sample = prior.feature_map.space_sample_choices
    choices = sample[prior.feature_map.space_sample.is_connected][:8]
    errors = errors_of_others(prior, Samples.of(choices, 7.0 * prior.source_latencies(choices)[:, 0]))
    assert list(errors) == ["mean of published platforms", "mean of earlier devices", "costs"]
    assert errors["mean of earlier devices"] == pytest.approx(0.0, abs=1e-9)
    assert errors["mean of published platforms"] > 0.01 < errors["costs"]


def test_one_sample_tells_nothing_beyond_its_level(prior: Prior) -> None:
    choices = prior.feature_map.space_sample_choices[:1]
    assert errors_of_others(prior, Samples.of(choices, prior.source_latencies(choices)[:, 0])) == {}

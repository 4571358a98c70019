from __future__ import annotations

import numpy as np
import pytest

from edgeprof_predictor.methods.cost_features import FeatureMap
from edgeprof_predictor.operator_prior.log_process import Describer, LogProcess
from edgeprof_predictor.operator_prior.predictor import CARRIED
from edgeprof_predictor.spaces import get_space

ONE_DRAW = {name: (middle, middle) for name, middle in zip(CARRIED, (1.0, 0.3, 0.1, 0.1, 0.1, 0.2, 0.05), strict=True)}


@pytest.fixture(scope="module", params=["nasbench201", "fbnet"])
def feature_map(request: pytest.FixtureRequest) -> FeatureMap:
    return FeatureMap(get_space(request.param))


def test_a_left_out_value_is_told_what_a_process_without_it_tells(feature_map: FeatureMap) -> None:
    describer, choices = Describer(feature_map), feature_map.space_sample_choices[:12]
    values = np.log(feature_map.space_sample.totals[-1][:12, 0] + 1e6)
    values = values - values.mean()
    without = LogProcess(describer(choices[1:]), values[1:], ONE_DRAW, seed=0)
    told = LogProcess(describer(choices), values, ONE_DRAW, seed=0).left_out()
    mean, variance = without.predict(describer(choices[:1]))
    assert told[0][0] == pytest.approx(values[0] - mean[0])
    assert told[1][0] == pytest.approx(variance[0] + without.noise_variance)


def test_the_covariance_has_the_variances_on_its_diagonal(feature_map: FeatureMap) -> None:
    describer, choices = Describer(feature_map), feature_map.space_sample_choices
    process = LogProcess(describer(choices[:8]), np.zeros(8), ONE_DRAW, seed=0)
    new = describer(choices[8:20])
    assert np.diagonal(process.covariance(new)) == pytest.approx(process.predict(new)[1])


def test_what_is_known_is_met_and_what_is_far_is_uncertain(feature_map: FeatureMap) -> None:
    describer, choices = Describer(feature_map), feature_map.space_sample_choices
    values = np.linspace(-0.1, 0.1, 6)
    process = LogProcess(describer(choices[:6]), values, CARRIED, seed=0)
    known, of_known = process.predict(describer(choices[:6]))
    assert known == pytest.approx(values, abs=0.05)
    assert of_known.max() < process.predict(describer(choices[100:200]))[1].mean()

from pathlib import Path

import numpy as np
import pytest

from edgeprof_predictor import metrics
from edgeprof_predictor.errors import EncodingError
from edgeprof_predictor.explanations.error_diagnosis import diagnose_error
from edgeprof_predictor.methods.default.method import DefaultMethod
from edgeprof_predictor.methods.default.random_cost_models import cost_based_latency
from edgeprof_predictor.methods.registry import get_method
from edgeprof_predictor.profile import Profile
from edgeprof_predictor.profile_file import ProfileFile
from edgeprof_predictor.samples import Samples
from edgeprof_predictor.spaces import CategoricalSpace, SearchSpace
from edgeprof_predictor.tables.latency_table import LatencyTable


@pytest.fixture(scope="module")
def method(space: SearchSpace) -> DefaultMethod:
    return DefaultMethod.without_sources(space, seed=0)


@pytest.fixture(scope="module")
def samples(method: DefaultMethod, world: LatencyTable) -> Samples:
    none = Samples.none(method.space)
    chosen = method.choose_samples(world.choices, 10, measured=none, seed=0)
    return Samples.of(world.choices[chosen], world.latencies_of("unseen_0")[chosen])


def test_ten_samples_are_enough_where_no_platform_was_ever_measured(
    method: DefaultMethod, samples: Samples, world: LatencyTable
) -> None:
    predictor = method.adapt(samples, seed=0)
    prediction, actual = predictor.predict(world.choices), world.latencies_of("unseen_0")
    assert metrics.spearman(actual, prediction.latency_ms) > 0.95
    assert metrics.median_ape(actual, prediction.latency_ms) < 0.06
    assert metrics.interval_coverage(actual, prediction.lower_ms, prediction.upper_ms) > 0.9
    assert predictor.source_platform is None


def test_without_samples_costs_alone_rank(method: DefaultMethod, world: LatencyTable) -> None:
    prediction = method.adapt(Samples.none(method.space), seed=0).predict(world.choices)
    features = method.prior.feature_map.describe(world.choices)
    by_costs = cost_based_latency(features, method.prior.feature_map.space_sample)
    assert prediction.is_relative
    assert metrics.spearman(by_costs, prediction.latency_ms) > 0.99


def test_its_profile_predicts_the_same_when_loaded(
    method: DefaultMethod, samples: Samples, world: LatencyTable, tmp_path: Path
) -> None:
    predictor = method.for_pruned_graphs().adapt(samples, seed=0)
    path = tmp_path / "board.edgeprof"
    Profile(predictor=predictor, platform={}, provenance={}).save(path)
    loaded = ProfileFile(path).profile()
    expected = predictor.predict(world.choices)
    assert loaded.source_platform is None
    assert loaded.predictor.predict(world.choices).latency_ms == pytest.approx(expected.latency_ms)
    more = Samples.of(world.choices[:3], world.latencies_of("unseen_0")[:3])
    assert loaded.predictor.joined(more).samples.count == samples.count + 3


def test_a_large_expected_error_is_explained_by_the_missing_sources(
    method: DefaultMethod, samples: Samples, world: LatencyTable
) -> None:
    predictor = method.adapt(samples[:3], seed=0)
    diagnosis = diagnose_error(predictor, world.choices[:50], sample_count=3, wanted_error=0.001)
    assert str(diagnosis).startswith("no platform is known that this search space was measured on; ")


def test_it_can_be_evaluated_beside_the_others(space: SearchSpace, world: LatencyTable) -> None:
    fitted = get_method("no-sources").fit_sources(space, world, seed=0)
    none = Samples.none(space)
    assert np.array_equal(
        fitted.choose_samples(world.choices, 3, measured=none, seed=0),
        DefaultMethod.without_sources(space, seed=0).choose_samples(world.choices, 3, measured=none, seed=0),
    )


def test_a_space_without_costs_is_refused() -> None:
    with pytest.raises(EncodingError, match="mine knows no costs, and nothing was measured on any platform"):
        DefaultMethod.without_sources(CategoricalSpace("mine", (3, 3)), seed=0)

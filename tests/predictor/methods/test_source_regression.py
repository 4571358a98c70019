"""Trust in sources: what it does to their mean and covariance."""

from __future__ import annotations

import numpy as np

from edgeprof_predictor.methods.cost_features import FeatureMap
from edgeprof_predictor.methods.default.prior import Prior
from edgeprof_predictor.methods.source_regression import SourceRegressions
from edgeprof_predictor.spaces import SearchSpace
from edgeprof_predictor.tables.latency_table import LatencyTable


def regressions(space: SearchSpace, world: LatencyTable, trust: list[float] | None) -> tuple[Prior, SourceRegressions]:
    # Few architectures: what is tested does not depend on how good the regressions are.
    feature_map = FeatureMap(space, world.choices[:100])
    table = world.select(("source_0", "source_1", "source_2")).subset(range(60))
    fitted = SourceRegressions.fit(feature_map, table, trust=None if trust is None else np.array(trust))
    return Prior.of(feature_map, fitted, seed=0), fitted


def test_full_trust_in_all_sources_changes_nothing(space: SearchSpace, world: LatencyTable) -> None:
    (plain, _), (trusted, _) = (regressions(space, world, trust) for trust in (None, [1.0, 1.0, 1.0]))
    np.testing.assert_allclose(trusted.space_sample.means, plain.space_sample.means)
    np.testing.assert_allclose(trusted.space_sample.factors["sources"], plain.space_sample.factors["sources"])


def test_a_source_that_is_trusted_little_hardly_moves_the_mean_and_the_covariance(
    space: SearchSpace, world: LatencyTable
) -> None:
    prior, fitted = regressions(space, world, [1.0, 1.0, 0.01])
    latencies = prior.source_latencies(world.choices)
    basis = prior.basis(world.choices)
    np.testing.assert_allclose(basis.means[:, 0], latencies[:, :2].mean(axis=1), rtol=0.01)
    factor = basis.factors["sources"]
    alone = Prior.of(prior.feature_map, fitted.without(["source_2"]), seed=0).basis(world.choices).factors["sources"]
    np.testing.assert_allclose(factor @ factor.T, alone @ alone.T, atol=0.05 * np.abs(alone @ alone.T).max())


def test_trust_is_kept_and_goes_with_its_source(space: SearchSpace, world: LatencyTable) -> None:
    _, fitted = regressions(space, world, [1.0, 0.5, 0.25])
    read = SourceRegressions.from_tensors(fitted.platforms, fitted.tensors())
    assert read.without(["source_0"]).trusts.tolist() == [0.5, 0.25]
    assert read.joined(fitted.select(["source_0"])).trusts.tolist() == [1.0, 0.5, 0.25, 1.0]
    _, plain = regressions(space, world, None)
    assert "sources.trust" not in plain.tensors()

"""The source platform that correlates best with the samples (Eq. 1), taken as it is."""

from __future__ import annotations

from typing import ClassVar, TypeVar

import numpy as np
from numpy.typing import NDArray

from edgeprof_predictor.methods.base import Method
from edgeprof_predictor.methods.cost_features import FeatureMap
from edgeprof_predictor.methods.pointwise import LogLatency, PointwisePredictor, fit_pointwise
from edgeprof_predictor.methods.source_regression import SourceRegressions, design_matrix
from edgeprof_predictor.networks.embedding_table import nearest_platform
from edgeprof_predictor.samplers import choose_random
from edgeprof_predictor.samples import Samples
from edgeprof_predictor.spaces import CategoricalSpace, ChoiceArray, FloatArray
from edgeprof_predictor.tables.latency_table import LatencyTable

NearestType = TypeVar("NearestType", bound="Nearest")


class Nearest(Method):
    """Rank as the best-correlated source does; a factor from the samples makes milliseconds.

    Args:
        feature_map: Of the search space.
        regressions: Predict latencies on the sources for architectures outside their table.

    Source:
        Multi-Predict, Eq. 1 and appendix A.5.
    """

    name: ClassVar[str] = "nearest"

    def __init__(self, feature_map: FeatureMap, regressions: SourceRegressions) -> None:
        self.space = feature_map.space
        self.platforms = regressions.platforms
        self.feature_map = feature_map
        self.regressions = regressions

    @classmethod
    def fit_sources(
        cls: type[NearestType], space: CategoricalSpace, sources: LatencyTable, *, seed: int
    ) -> NearestType:
        """Fit a regression to each source."""
        feature_map = FeatureMap(space)
        return cls(feature_map, SourceRegressions.fit(feature_map, sources))

    def choose_samples(self, candidates: ChoiceArray, count: int, *, measured: Samples, seed: int) -> NDArray[np.int64]:
        """Return random candidates."""
        return choose_random(len(candidates), count, seed=seed)

    def adapt(self, samples: Samples, *, seed: int) -> PointwisePredictor:
        """Choose the source; the mean of all with fewer than two samples."""
        nearest, correlation = self.choose_source(samples)
        predictor = fit_pointwise(lambda some: self._scaled(nearest, some), samples)
        predictor.source_platform, predictor.source_correlation = nearest, correlation
        return predictor

    def choose_source(self, samples: Samples) -> tuple[str | None, float]:
        """Return the source to use and its correlation."""
        return nearest_platform(self.platforms, self.source_latencies(samples.choices), samples.latency_ms)

    def source_latencies(self, choices: ChoiceArray) -> FloatArray:
        """Return relative latencies on the sources: `n x l` to `p x n`."""
        design = design_matrix(self.feature_map, self.feature_map.describe(choices))
        latencies: FloatArray = self.regressions.predict(design).T
        return latencies

    def _scaled(self, platform: str | None, samples: Samples) -> LogLatency:
        """Return the log latency of a source, shifted to the samples."""

        def source(choices: ChoiceArray) -> FloatArray:
            rows = np.log(self.source_latencies(choices))
            row: FloatArray = rows.mean(axis=0) if platform is None else rows[self.platforms.index(platform)]
            return row

        shift = 0.0
        if samples.count:
            shift = float(np.mean(np.log(samples.latency_ms) - source(samples.choices)))
        return lambda choices: source(choices) + shift

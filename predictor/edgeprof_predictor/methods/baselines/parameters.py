"""Parameters alone, with a straight line through the samples."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from scipy.optimize import nnls

from edgeprof_predictor.errors import EncodingError
from edgeprof_predictor.methods.cost_features import FeatureMap
from edgeprof_predictor.methods.pointwise import LogLatency, PointwisePredictor, fit_pointwise
from edgeprof_predictor.methods.single_platform import SinglePlatformRegressor
from edgeprof_predictor.samples import Samples
from edgeprof_predictor.spaces import CategoricalSpace, ChoiceArray, FloatArray
from edgeprof_predictor.spaces.costs import QUANTITIES


class Parameters(SinglePlatformRegressor):
    """Rank by weights of the graph as written; scale them to the samples.

    Args:
        space: A search space that knows its costs.
        platforms: Sources, of which this method learns nothing.

    Raises:
        EncodingError: If the space knows no costs.
    """

    name: ClassVar[str] = "parameters"
    needs_costs: ClassVar[bool] = True

    def __init__(self, space: CategoricalSpace, platforms: tuple[str, ...]) -> None:
        super().__init__(space, platforms)
        self._feature_map = FeatureMap(space)
        if not self._feature_map.space_sample.stage_costs:
            raise EncodingError(f"{space.name} knows no costs, so parameters cannot rank its architectures")

    def adapt(self, samples: Samples, *, seed: int) -> PointwisePredictor:
        """Fit the line; without samples the parameters themselves rank."""
        return fit_pointwise(lambda some: self.fit_regressor(some, seed=seed), samples)

    def fit_regressor(self, samples: Samples, *, seed: int) -> LogLatency:
        """Return a line that does not fall: a factor for one sample, a constant besides for more."""
        slope, constant = 1.0, 0.0
        if samples.count:
            parameters = self._parameters(samples.choices)
            slope = float(samples.latency_ms.mean() / parameters.mean())
        if samples.count > 1:
            line, _ = nnls(np.stack([parameters, np.ones(samples.count)], axis=1), samples.latency_ms)
            # A flat line would rank nothing; the factor alone at least keeps the order.
            slope, constant = line if line[0] > 0 else (slope, 0.0)
        return lambda choices: np.log(slope * self._parameters(choices) + constant)

    def _parameters(self, choices: ChoiceArray) -> FloatArray:
        """Return parameters as shares of the space's mean: `n`."""
        column = QUANTITIES.index("params")
        totals = self._feature_map.describe(choices).totals[0][:, column]
        relative: FloatArray = totals / self._feature_map.space_sample.totals[0][:, column].mean()
        return relative

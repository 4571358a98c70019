"""Base of the methods that learn from the samples of the new platform alone."""

from __future__ import annotations

from abc import abstractmethod
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from edgeprof_predictor.methods.base import Method
from edgeprof_predictor.methods.pointwise import LogLatency, PointwisePredictor, fit_pointwise
from edgeprof_predictor.samplers import choose_random
from edgeprof_predictor.samples import Samples
from edgeprof_predictor.spaces import CategoricalSpace, ChoiceArray
from edgeprof_predictor.tables.latency_table import LatencyTable

SinglePlatformRegressorType = TypeVar("SinglePlatformRegressorType", bound="SinglePlatformRegressor")


class SinglePlatformRegressor(Method):
    """A regressor fitted to random samples of one platform; it learns nothing from sources.

    Args:
        space: The search space.
        platforms: Names of the sources, kept for the record.
    """

    def __init__(self, space: CategoricalSpace, platforms: tuple[str, ...]) -> None:
        self.space = space
        self.platforms = platforms

    @classmethod
    def fit_sources(
        cls: type[SinglePlatformRegressorType], space: CategoricalSpace, sources: LatencyTable, *, seed: int
    ) -> SinglePlatformRegressorType:
        """Return the method; there is nothing to learn."""
        return cls(space, sources.platforms)

    def choose_samples(self, candidates: ChoiceArray, count: int, *, measured: Samples, seed: int) -> NDArray[np.int64]:
        """Return random candidates."""
        return choose_random(len(candidates), count, seed=seed)

    def adapt(self, samples: Samples, *, seed: int) -> PointwisePredictor:
        """Fit the regressor to the samples; without any, all architectures take equally long."""
        return fit_pointwise(lambda some: self.fit_regressor(some, seed=seed) if some.count else _flat, samples)

    @abstractmethod
    def fit_regressor(self, samples: Samples, *, seed: int) -> LogLatency:
        """Return the regressor fitted to one sample or more.

        Args:
            samples: Of the platform.
            seed: Of random choices.
        """


def _flat(choices: ChoiceArray) -> NDArray[np.float64]:
    return np.zeros(len(choices))

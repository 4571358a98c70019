"""Multiply-accumulates alone, with a straight line through the samples: the lowest baseline."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from edgeprof_predictor.errors import EncodingError
from edgeprof_predictor.methods.base import Method, PlatformPredictor, Prediction
from edgeprof_predictor.methods.cost_features import FeatureMap
from edgeprof_predictor.methods.expected_error import MEDIAN_DEVIATIONS
from edgeprof_predictor.methods.pointwise import UNKNOWN_LOG_SD
from edgeprof_predictor.samplers import choose_random
from edgeprof_predictor.samples import Samples
from edgeprof_predictor.spaces import CategoricalSpace, ChoiceArray, FloatArray
from edgeprof_predictor.spaces.costs import DEPTHWISE, MACS
from edgeprof_predictor.tables.latency_table import LatencyTable


class Flops(Method):
    """Rank by FLOPs of the graph as written; scale them to the samples.

    Args:
        feature_map: Of a search space that knows its costs.
        platforms: Sources, of which this method learns nothing.

    Raises:
        EncodingError: If the space knows no costs.
    """

    name: ClassVar[str] = "flops"
    needs_costs: ClassVar[bool] = True

    def __init__(self, feature_map: FeatureMap, platforms: tuple[str, ...]) -> None:
        if not feature_map.space_sample.stage_costs:
            raise EncodingError(f"{feature_map.space.name} knows no costs, so FLOPs cannot rank its architectures")
        self.space = feature_map.space
        self.platforms = platforms
        self.feature_map = feature_map

    @classmethod
    def fit_sources(cls, space: CategoricalSpace, sources: LatencyTable, *, seed: int) -> Flops:
        """Return the method; there is nothing to learn."""
        return cls(FeatureMap(space), sources.platforms)

    def choose_samples(self, candidates: ChoiceArray, count: int, *, measured: Samples, seed: int) -> NDArray[np.int64]:
        """Return random candidates."""
        return choose_random(len(candidates), count, seed=seed)

    def adapt(self, samples: Samples, *, seed: int) -> FlopsPredictor:
        """Fit latency to FLOPs: a factor to one sample, a line that does not fall to more."""
        return FlopsPredictor(self, samples)

    def flops(self, choices: ChoiceArray) -> FloatArray:
        """Return multiply-accumulates as shares of the space's mean: `n`."""
        totals = self.feature_map.describe(choices).totals[0]
        space_sample = self.feature_map.space_sample.totals[0]
        relative: FloatArray = (totals[:, MACS] + totals[:, DEPTHWISE]) / (
            space_sample[:, MACS] + space_sample[:, DEPTHWISE]
        ).mean()
        return relative


class FlopsPredictor(PlatformPredictor):
    """A line through FLOPs and latencies of one platform.

    Args:
        method: Knows the FLOPs.
        samples: Measurements; none leave the FLOPs themselves.
    """

    def __init__(self, method: Flops, samples: Samples) -> None:
        self._method = method
        self._is_relative = samples.count == 0
        self.checked_count = samples.count - 2
        self._slope, self._constant, self._log_sd = 1.0, 0.0, UNKNOWN_LOG_SD
        if samples.count:
            flops = method.flops(samples.choices)
            self._slope, self._constant = _rising_line(flops, samples.latency_ms)
        if samples.count > 2:
            errors = np.log(samples.latency_ms / (self._slope * flops + self._constant))
            self._log_sd = max(float(np.sqrt((errors**2).sum() / (samples.count - 2))), 1e-3)

    def predict(self, choices: ChoiceArray) -> Prediction:
        """Return latencies on the line: `n`."""
        latency_ms = self._slope * self._method.flops(choices) + self._constant
        return Prediction.lognormal(latency_ms, np.full(len(choices), self._log_sd), is_relative=self._is_relative)

    @property
    def expected_error(self) -> float:
        """Median relative error to expect, from the spread around the line."""
        return MEDIAN_DEVIATIONS * self._log_sd

    def error_after(self, candidates: ChoiceArray, count: int = 1) -> float:
        """Return the same error: the effect of further samples is not estimated."""
        return self.expected_error


def _rising_line(flops: FloatArray, latency_ms: FloatArray) -> tuple[float, float]:
    """Return slope and constant, both such that latency is positive and rises with FLOPs."""
    scale = float(latency_ms.mean() / flops.mean())
    if np.ptp(flops) == 0:
        return scale, 0.0
    slope = float(np.cov(flops, latency_ms)[0, 1] / np.var(flops, ddof=1))
    constant = float(latency_ms.mean() - slope * flops.mean())
    return (slope, constant) if slope > 0 and constant >= 0 else (scale, 0.0)

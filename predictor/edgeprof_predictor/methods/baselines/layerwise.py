"""Layer-wise sums: each option of each decision has a latency of its own, in milliseconds."""

from __future__ import annotations

from typing import ClassVar, Final

import numpy as np
from scipy.optimize import nnls

from edgeprof_predictor.methods.pointwise import LogLatency
from edgeprof_predictor.methods.single_platform import SinglePlatformRegressor
from edgeprof_predictor.samples import Samples

PENALTY: Final = 0.01
"""Ridge on the latencies of layers, relative to the mean latency: fewer samples than layers still have one answer."""


class Layerwise(SinglePlatformRegressor):
    """Add up non-negative latencies of layers.

    Source:
        The layer-wise predictor that BRP-NAS (Dudziak et al. 2020, section 3.1) compares with looks layers up that
        were measured one by one. Here whole networks were, and a non-negative least-squares fit estimates the layers.
    """

    name: ClassVar[str] = "layerwise"

    def fit_regressor(self, samples: Samples, *, seed: int) -> LogLatency:
        """Return the sum over layers that fits the samples best."""
        design = np.concatenate([self.space.one_hot(samples.choices), np.ones((samples.count, 1))], axis=1)
        width = design.shape[1]
        scale = samples.latency_ms.mean()
        # The constant, last, is not penalised: the skeleton around the decisions is most of some networks.
        ridge = np.sqrt(PENALTY) * np.eye(width)[:-1]
        weights, _ = nnls(
            np.concatenate([design, ridge]), np.concatenate([samples.latency_ms / scale, np.zeros(width - 1)])
        )
        floor = 0.1 * samples.latency_ms.min()
        return lambda choices: np.log(
            np.maximum(scale * (self.space.one_hot(choices) @ weights[:-1] + weights[-1]), floor)
        )

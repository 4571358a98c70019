"""Ridge regression of log latency on an encoding, from the new platform's samples alone."""

from __future__ import annotations

from typing import ClassVar, Final

import numpy as np

from edgeprof_predictor.methods.encoded import EncodedRegressor
from edgeprof_predictor.methods.pointwise import LogLatency
from edgeprof_predictor.samples import Samples

PENALTIES: Final = np.logspace(-3, 3, 13)
"""Penalties tried; the leave-one-out error of the samples picks one."""


class Ridge(EncodedRegressor):
    """A linear regression of log latency, penalty by leave-one-out error."""

    name: ClassVar[str] = "ridge"

    def fit_regressor(self, samples: Samples, *, seed: int) -> LogLatency:
        """Return the regression in closed form."""
        encoding = self.encoding
        encodings = encoding.encode(samples.choices)
        log_latency = np.log(samples.latency_ms)
        centre, mean = encodings.mean(axis=0), float(log_latency.mean())
        left, singular, right = np.linalg.svd(encodings - centre, full_matrices=False)
        projected = left.T @ (log_latency - mean)
        best_error, weights = np.inf, np.zeros(len(centre))
        for penalty in PENALTIES:
            shrinkage = singular**2 / (singular**2 + penalty)
            leverage = np.minimum(left**2 @ shrinkage + 1.0 / samples.count, 0.999)
            error = float(np.mean(((log_latency - mean - left @ (shrinkage * projected)) / (1.0 - leverage)) ** 2))
            if error < best_error:
                best_error = error
                weights = right.T @ (singular / (singular**2 + penalty) * projected)
        return lambda choices: mean + (encoding.encode(choices) - centre) @ weights

"""Peak memory of a model while it runs: what its graph needs, times what this engine makes of it.

    model = level + a x weights of convolutions + b x other weights + c x live activations

Level and factors are positive, and learned from measured networks in the logs of the model's bytes: least squares with
a log-normal prior on each, by which a profile of few networks stays sane. Engines keep copies of weights in other
layouts and round their arenas up, so that factors lie above 1. What the process takes without a model is measured.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from edgeprof_predictor.errors import OperatorModelError
from edgeprof_predictor.operators.live_memory import MAX_BYTES, LiveMemory
from edgeprof_predictor.operators.student_t import interval_quantile

LEVEL_BYTES: Final = 15e6
"""What a session takes with the smallest of models; a convenient unit, learned like a factor."""

PRIOR_FACTORS: Final = (1.0, 2.0, 1.3, 1.5)
PRIOR_LOG_SDS: Final = (1.0, 0.7, 0.7, 0.7)
"""Of level and factors, by ONNX Runtime and OpenVINO on x86-64; half and double are within one standard deviation."""

PRIOR_NETWORKS: Final = 16.0
PRIOR_SD: Final = 0.15
"""Networks that the prior of the scatter is worth, and that scatter in logs: models scatter more than probes."""

_ERROR_SD: Final = 0.1
"""Scatter that weighs networks against the prior of the factors."""

_MAX_LOG_FACTOR: Final = 30.0

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredMemory:
    """Memory of a network that was measured.

    Args:
        need: What its graph needs.
        engine_bytes: Resident memory of the process with the engine and without the model.
        model_bytes: What came on top of it at the peak of the runs.

    Raises:
        OperatorModelError: If a size is negative or too large.
    """

    need: LiveMemory
    engine_bytes: float
    model_bytes: float

    def __post_init__(self) -> None:
        for value in (self.engine_bytes, self.model_bytes):
            if not 0 <= value <= MAX_BYTES:
                raise OperatorModelError(f"the memory of a network must be in [0, 2^60] bytes, got {value!r}")


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryPrediction:
    """Peak memory of the process that runs a network.

    Args:
        peak_bytes: At the peak of the runs.
        lower_bytes: Lower end of the 90 % interval.
        upper_bytes: Upper end.
        engine_bytes: Part of it that the process takes without a model; measured.
        model_bytes: Part of it that the model takes.
    """

    peak_bytes: float
    lower_bytes: float
    upper_bytes: float
    engine_bytes: float
    model_bytes: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PeakMemoryModel:
    """Level and factors of one platform.

    Shapes:
        log_factors: 4, level first.  covariance: `4 x 4`, of them.

    Args:
        scatter: Standard deviation of the log of a network's bytes.
        degrees: Degrees of freedom of Student's t.
        engine_bytes: What the process takes without a model.
    """

    log_factors: Array
    covariance: Array
    scatter: float
    degrees: float
    engine_bytes: float

    @classmethod
    def fit(cls, measured: Sequence[MeasuredMemory]) -> PeakMemoryModel | None:
        """Learn from measured networks; None where the memory of none was reported."""
        usable = [one for one in measured if one.model_bytes > 0]
        if not usable:
            return None
        # Takes longer to import than a prediction takes, which needs no fitting.
        from scipy.optimize import least_squares

        needs = np.array([_row(one.need) for one in usable])
        logs = np.log([one.model_bytes for one in usable])
        centres, precisions = np.log(PRIOR_FACTORS), 1 / np.array(PRIOR_LOG_SDS)

        def residuals(log_factors: Array) -> Array:
            errors = (logs - np.log(needs @ np.exp(log_factors))) / _ERROR_SD
            return np.concatenate([errors, (log_factors - centres) * precisions])

        found = least_squares(residuals, centres)
        jacobian: Array = np.asarray(found.jac, dtype=np.float64)
        slopes = jacobian[: len(usable)]
        inverse = np.linalg.inv(jacobian.T @ jacobian)
        # In closed form, as if each network had been left out.
        leverage = np.einsum("ni,ij,nj->n", slopes, inverse, slopes)
        errors = residuals(found.x)[: len(usable)] * _ERROR_SD / (1 - np.minimum(leverage, 0.99))
        degrees = PRIOR_NETWORKS + len(usable)
        return cls(
            log_factors=found.x,
            covariance=inverse,
            scatter=math.sqrt((PRIOR_NETWORKS * PRIOR_SD**2 + float(errors @ errors)) / degrees),
            degrees=degrees,
            engine_bytes=float(np.median([one.engine_bytes for one in usable])),
        )

    def predict(self, need: LiveMemory) -> MemoryPrediction:
        """Return the peak memory of a network by what its graph needs."""
        parts = _row(need) * np.exp(self.log_factors)
        model_bytes = float(parts.sum())
        slopes = parts / model_bytes
        sd = math.sqrt(self.scatter**2 + float(slopes @ self.covariance @ slopes))
        spread = math.exp(interval_quantile(self.degrees) * sd)
        return MemoryPrediction(
            peak_bytes=self.engine_bytes + model_bytes,
            lower_bytes=self.engine_bytes + model_bytes / spread,
            upper_bytes=self.engine_bytes + model_bytes * spread,
            engine_bytes=self.engine_bytes,
            model_bytes=model_bytes,
        )

    def to_json(self) -> dict[str, Any]:
        """Return the model in values of JSON."""
        return {
            "log_factors": self.log_factors.tolist(),
            "covariance": self.covariance.tolist(),
            "scatter": self.scatter,
            "degrees": self.degrees,
            "engine_bytes": self.engine_bytes,
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> PeakMemoryModel:
        """Return the model of `to_json`.

        Raises:
            OperatorModelError: If a shape or a number cannot be right.
            KeyError: If something is missing; `TypeError` and `ValueError` if it is no number.
        """
        log_factors = np.array(values["log_factors"], dtype=np.float64)
        covariance = np.array(values["covariance"], dtype=np.float64)
        scatter, degrees, engine_bytes = (float(values[name]) for name in ("scatter", "degrees", "engine_bytes"))
        count = len(PRIOR_FACTORS)
        is_whole = log_factors.shape == (count,) and covariance.shape == (count, count)
        numbers = [*log_factors.ravel(), *covariance.ravel(), scatter, degrees, engine_bytes]
        is_bounded = np.isfinite(numbers).all() and np.abs(log_factors).max(initial=0.0) < _MAX_LOG_FACTOR
        if not (is_whole and is_bounded and scatter > 0 and degrees > 0 and 0 <= engine_bytes <= MAX_BYTES):
            raise OperatorModelError("the profile holds a model of memory that cannot be right; onboard again")
        return cls(
            log_factors=log_factors, covariance=covariance, scatter=scatter, degrees=degrees, engine_bytes=engine_bytes
        )


def _row(need: LiveMemory) -> Array:
    return np.array([LEVEL_BYTES, *need.parts()])

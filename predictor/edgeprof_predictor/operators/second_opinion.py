"""The host's own latency of a network as a second opinion on another setting, weighed by what left-out models show."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from statistics import median
from typing import Any, Final

from edgeprof_predictor.errors import OperatorModelError
from edgeprof_predictor.operators.calibration import Calibration
from edgeprof_predictor.operators.prediction import NetworkPrediction

MAX_ERROR: Final = 0.2
"""Median error of the scaled latencies of left-out models above which the host says nothing of the setting."""

MIN_MODELS: Final = 4
PRIOR_MODELS: Final = 4.0
"""Models that the prior weight is worth."""

PRIOR_WEIGHT: Final = 0.4
_PRIOR_SPREAD: Final = 0.1
"""How far the two opinions are expected to lie apart, in logs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HostLatencies:
    """Latencies of models on the runtime of a host.

    Args:
        host: What tells the host and its runtime from others, as the host describes them.
        latencies_us: Latency of each model by its name, in microseconds, above 0.

    Raises:
        OperatorModelError: If a latency is no positive number.
    """

    host: Mapping[str, str]
    latencies_us: Mapping[str, float]

    def __post_init__(self) -> None:
        for name, value in self.latencies_us.items():
            if not (math.isfinite(value) and value > 0):
                raise OperatorModelError(f"the latency of {name!r} on the host must be above 0 us, got {value!r}")

    def to_json(self) -> dict[str, Any]:
        """Return the latencies in values of JSON."""
        return {"host": dict(self.host), "latencies_us": dict(self.latencies_us)}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> HostLatencies:
        """Return the latencies of `to_json`.

        Raises:
            OperatorModelError: If a latency is no positive number.
            KeyError: If something is missing; `TypeError`, `ValueError` and `AttributeError` if it is damaged.
        """
        return cls(
            host={str(name): str(value) for name, value in values["host"].items()},
            latencies_us={str(name): float(value) for name, value in values["latencies_us"].items()},
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondOpinion:
    """What the host's latencies add to an operator model.

    Args:
        level: Log of the setting's latency over the host's.
        weight: Weight of the host's opinion, in [0, 1]; 0 where it is of no use.
        error: Median relative error of the host's opinion on left-out models.
        width: Factor of the half-width of the interval, at most 1.
    """

    level: float
    weight: float
    error: float
    width: float

    @classmethod
    def of_models(
        cls, calibration: Calibration, latencies_us: Mapping[str, float], host_us: Mapping[str, float]
    ) -> SecondOpinion | None:
        """Return what the host's latencies say; nothing for fewer than four models that both measured.

        Args:
            calibration: Of the operator model, with its errors on left-out models.
            latencies_us: Latency of each model on the setting.
            host_us: Latency of each model on the host's runtime.
        """
        errors = {one.network: one.log_error for one in calibration.left_out if one.network in host_us}
        if len(errors) < MIN_MODELS:
            return None
        ratios = {name: math.log(latencies_us[name] / host_us[name]) for name in errors}
        count, total = len(ratios), math.fsum(ratios.values())
        # Each against the mean of the others.
        of_host = {name: ratio - (total - ratio) / (count - 1) for name, ratio in ratios.items()}
        error = median(abs(math.expm1(-value)) for value in of_host.values())
        if error > MAX_ERROR:
            return cls(level=total / count, weight=0.0, error=error, width=1.0)
        prior = PRIOR_MODELS * _PRIOR_SPREAD**2
        above = math.fsum(errors[name] * (errors[name] - of_host[name]) for name in errors) + prior * PRIOR_WEIGHT
        below = math.fsum((errors[name] - of_host[name]) ** 2 for name in errors) + prior
        weight = min(max(above / below, 0.0), 1.0)
        before = math.fsum(value**2 for value in errors.values()) + prior
        after = math.fsum((weight * of_host[name] + (1 - weight) * errors[name]) ** 2 for name in errors) + prior
        return cls(level=total / count, weight=weight, error=error, width=min(math.sqrt(after / before), 1.0))

    def combined(self, log_us: float, host_us: float) -> float:
        """Return the log of a latency in microseconds by both opinions.

        Args:
            log_us: By the operator model.
            host_us: The network's latency on the host, in microseconds.
        """
        return (1 - self.weight) * log_us + self.weight * (self.level + math.log(host_us))

    def added_to(self, prediction: NetworkPrediction, host_us: float) -> NetworkPrediction:
        """Return a prediction by both opinions; the shares of its operators stay.

        Args:
            prediction: By the operator model; of a network that is not outside.
            host_us: The network's latency on the host, in microseconds.
        """
        log_us = self.combined(prediction.log_us, host_us)
        half_width = prediction.half_width * self.width
        ends_ms = [math.exp(log_us + sign * half_width) / 1e3 for sign in (-1, 0, 1)]
        factor = math.exp(log_us - prediction.log_us)
        return replace(
            prediction,
            lower_ms=ends_ms[0],
            latency_ms=ends_ms[1],
            upper_ms=ends_ms[2],
            log_us=log_us,
            half_width=half_width,
            operators=tuple(replace(one, time_us=one.time_us * factor) for one in prediction.operators),
        )

"""Latencies of many networks of one search space by an operator model, and how far whole networks lie from them.

Networks of one space differ from the sum of their operators by about the same factor: probes run colder than operators
in a row. So their level is a quantity of its own. It is told by the space's own measured networks, and before there are
any by those of other spaces on the same device, which agree with it better than with no correction.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from edgeprof_predictor.operators.blend import BlendedModel
from edgeprof_predictor.operators.calibration import Calibration
from edgeprof_predictor.operators.kernel import Array, Inputs, computation_covariance
from edgeprof_predictor.operators.model import MAX_LOG_RATIO, OperatorModel
from edgeprof_predictor.operators.networks import MeasuredNetwork
from edgeprof_predictor.operators.records import OperatorRecord
from edgeprof_predictor.operators.stored_posterior import AnyModel
from edgeprof_predictor.operators.totals import TotalsModel

LEVEL_SD: Final = 0.2
"""Of the level of a device's spaces, in logs: predictions of networks of two spaces on three settings, by probes alone,
were .13 to .29 too slow."""

SPACE_LEVEL_SD: Final = 0.07
"""How far the level of one space lies from that of another on the same device: with the other's level, predictions
were 4 to 10 % off."""

NETWORK_SD: Final = 0.08
"""How far one network of a space lies from the level of all: .04 to .10."""

BATCH_LENGTH: Final = 512
"""Operators predicted at once, which bounds the memory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """How much longer networks take than their operators say, in logs.

    Args:
        mean: To add to predicted log latencies.
        sd: Its standard deviation.
    """

    mean: float = 0.0
    sd: float = LEVEL_SD

    @classmethod
    def of_other_spaces(cls, levels: Sequence[float]) -> Level:
        """Return the level of a space of which nothing was measured.

        Args:
            levels: Mean log error of the networks of each other space that was measured on the device.
        """
        of_device = cls()._given(levels, SPACE_LEVEL_SD)
        return cls(mean=of_device.mean, sd=math.hypot(of_device.sd, SPACE_LEVEL_SD)) if levels else cls()

    def given(self, log_errors: Sequence[float]) -> Level:
        """Return the level once networks of the space are measured.

        Args:
            log_errors: Log of measured over predicted of each, the level not included.
        """
        return self._given(log_errors, NETWORK_SD)

    def _given(self, seen: Sequence[float], sd: float) -> Level:
        precision = 1 / self.sd**2 + len(seen) / sd**2
        mean = (self.mean / self.sd**2 + math.fsum(seen) / sd**2) / precision
        return Level(mean=mean, sd=1 / math.sqrt(precision))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SpaceLatencies:
    """Predicted latencies of networks of a space.

    Args:
        log_us: `n`, logs of microseconds, the level included.
        level: The level.
    """

    log_us: Array
    level: Level


def predict_space(
    model: AnyModel,
    networks: Sequence[Sequence[OperatorRecord]],
    *,
    level: Level,
    measured: Sequence[MeasuredNetwork] = (),
) -> SpaceLatencies:
    """Return the latencies of networks of a space, given those that are measured.

    These tell the level first, then their operators join what was measured of the device.

    Args:
        model: The device's operator model.
        networks: Operators of each of the `n` networks.
        level: The level before any network of the space was measured.
        measured: Networks of the space.

    Raises:
        OperatorModelError: If the operators of the measured networks cannot be learned from.
    """
    alone = model.operators if isinstance(model, BlendedModel) else model
    errors = log_errors(alone, measured)
    known = level.given(errors)
    if isinstance(alone, OperatorModel):
        alone = alone.joined(measured, level=known.mean + alone.calibration.level)
    return SpaceLatencies(log_us=_log_us(alone, networks) + known.mean, level=known)


def log_errors(model: AnyModel, measured: Sequence[MeasuredNetwork]) -> list[float]:
    """Return log of measured over predicted latency of each network."""
    predicted = _log_us(model, [network.records for network in measured])
    return [math.log(network.latency_us) - log_us for network, log_us in zip(measured, predicted, strict=True)]


def _log_us(model: AnyModel, networks: Sequence[Sequence[OperatorRecord]]) -> Array:
    """Return the log latency of each network in microseconds, by its operators and the calibration's level: `n`."""
    if isinstance(model, BlendedModel):
        return _log_us(model.operators, networks)
    records = [record for network in networks for record in network]
    owners = np.repeat(np.arange(len(networks)), [len(network) for network in networks])
    means = np.concatenate(
        [np.zeros(0)]
        + [_means(model, records[start : start + BATCH_LENGTH]) for start in range(0, len(records), BATCH_LENGTH)]
    )
    guesses = np.array([record.guess_us * record.count for record in records], dtype=np.float64)
    times = guesses * np.exp(np.clip(means, -MAX_LOG_RATIO, MAX_LOG_RATIO))
    calibration: Calibration = model.calibration
    log_us: Array = np.log(np.bincount(owners, weights=times, minlength=len(networks))) + calibration.level
    return log_us


def _means(model: OperatorModel | TotalsModel, records: Sequence[OperatorRecord]) -> Array:
    inputs = model.codes.encode_new(records)
    known, weights = _weighted(model)
    means: Array = computation_covariance(model.hyper, inputs, known) @ weights
    return means


def _weighted(model: OperatorModel | TotalsModel) -> tuple[Inputs, Array]:
    if isinstance(model, OperatorModel):
        return model.posterior.inputs, model.posterior.weights
    return model.inputs, model.shares.T @ model.weights

"""Latencies of many networks of one search space by an operator model, some of them measured.

Networks of one space differ from the sum of their operators by about the same factor: probes run colder than operators
in a row, and may have been measured while something else ran. So their level is a quantity of its own, which the
space's measured networks tell before their operators join those of the probes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from edgeprof_predictor.operators.blend import BlendedModel
from edgeprof_predictor.operators.kernel import Array, Inputs, computation_covariance
from edgeprof_predictor.operators.model import MAX_LOG_RATIO, OperatorModel
from edgeprof_predictor.operators.networks import MeasuredNetwork
from edgeprof_predictor.operators.records import OperatorRecord
from edgeprof_predictor.operators.stored_posterior import AnyModel
from edgeprof_predictor.operators.totals import TotalsModel

LEVEL_SD: Final = 0.3
"""Of the level, in logs: predictions of networks of two spaces on three settings, by probes alone, were .13 to .29 too
slow."""

NETWORK_SD: Final = 0.08
"""How far one network of a space lies from the level of all: .04 to .10."""

BATCH_LENGTH: Final = 512
"""Operators predicted at once, which bounds the memory."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SpaceLatencies:
    """Predicted latencies of networks of a space, in logs of microseconds.

    Args:
        log_us: `n`, the level included.
        left_out_log_us: `m`, of each measured network by all others, its own operators left out.
    """

    log_us: Array
    left_out_log_us: Array


def predict_space(
    model: AnyModel, networks: Sequence[Sequence[OperatorRecord]], measured: Sequence[MeasuredNetwork] = ()
) -> SpaceLatencies:
    """Return the latencies of networks of a space, given those that are measured.

    These tell the level first, then their operators join what was measured of the device.

    Args:
        model: The device's operator model.
        networks: Operators of each of the `n` networks.
        measured: `m` networks of the space.

    Raises:
        OperatorModelError: If the operators of the measured networks cannot be learned from.
    """
    alone = model.operators if isinstance(model, BlendedModel) else model
    before = _log_us(alone, [network.records for network in measured])
    log_latencies = np.log([network.latency_us for network in measured])
    precision = 1 / LEVEL_SD**2 + len(measured) / NETWORK_SD**2
    level = float((log_latencies - before).sum()) / NETWORK_SD**2 / precision
    left_out = before + level
    if isinstance(alone, OperatorModel):
        subtracted = level + alone.calibration.level
        alone = alone.joined(measured, level=subtracted)
        for position, network in enumerate(measured):
            if network.is_timed:
                error = alone.left_out(network.name, level=subtracted).log_error
                left_out[position] = log_latencies[position] - error
    return SpaceLatencies(log_us=_log_us(alone, networks) + level, left_out_log_us=left_out)


def _log_us(model: OperatorModel | TotalsModel, networks: Sequence[Sequence[OperatorRecord]]) -> Array:
    """Return the log latency of each network in microseconds, by its operators and the calibration's level: `n`."""
    records = [record for network in networks for record in network]
    lengths = np.array([len(network) for network in networks], dtype=np.int64)
    owners = np.repeat(np.arange(len(networks)), lengths)
    means = np.concatenate(
        [np.zeros(0)]
        + [_means(model, records[start : start + BATCH_LENGTH]) for start in range(0, len(records), BATCH_LENGTH)]
    )
    guesses = np.array([record.guess_us * record.count for record in records], dtype=np.float64)
    times = guesses * np.exp(np.clip(means, -MAX_LOG_RATIO, MAX_LOG_RATIO))
    log_us: Array = np.log(np.bincount(owners, weights=times, minlength=len(networks))) + model.calibration.level
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

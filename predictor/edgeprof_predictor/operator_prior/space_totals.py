"""Latencies of many networks of one search space by a device's operator model, some of them measured.

Networks of one space differ from the sum of their operators by about the same factor: probes run colder than operators
in a row, and may have been measured while something else ran. So this level is a quantity of its own. The measured
networks tell it first; then their operators, with the level taken out of their times, join those of the probes, in
closed form:

    mean(x) = m(x) + (K(x, s) - K(x, b) K_bb^-1 K_bs) v,    v = S^-1 (y_s - level - m(s))

with `b` the operators of the device's model, `s` those of the measured networks, `m` and `S` mean and covariance of
these by the device's model alone, `y` the log of time over guess.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from edgeprof_predictor.operator_prior.joined_latencies import join_latencies
from edgeprof_predictor.operators.blend import BlendedModel
from edgeprof_predictor.operators.encoding import NEW_NETWORK, Codes
from edgeprof_predictor.operators.hyperparameters import Hyperparameters
from edgeprof_predictor.operators.kernel import Array, Inputs, computation_covariance
from edgeprof_predictor.operators.model import MAX_LOG_RATIO, OperatorModel
from edgeprof_predictor.operators.networks import MeasuredNetwork, thinned
from edgeprof_predictor.operators.records import OperatorRecord
from edgeprof_predictor.operators.stored_posterior import AnyModel
from edgeprof_predictor.operators.totals import TotalsModel

NETWORK_SD: Final = 0.06
"""How far one network of a space lies from the level of all, in logs, while its operators are not measured."""

MAX_JOINED_RECORDS: Final = 1_500
"""Operators of measured networks that join, those that cost most: the covariance grows with their square."""

BATCH_LENGTH: Final = 512
"""Operators predicted at once, which bounds the memory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """Log of how much longer networks of a space take than their operators by the probes.

    Args:
        mean: What is expected.
        sd: Its standard deviation.
    """

    mean: float
    sd: float

    def given(self, log_errors: Array, sd: float = NETWORK_SD) -> Level:
        """Return the level after some networks, or after the levels of some spaces.

        Args:
            log_errors: Log of measured over predicted latency of each, their operators not being measured.
            sd: How far one of them lies from the level.
        """
        precision = 1 / self.sd**2 + len(log_errors) / sd**2
        weighted = self.mean / self.sd**2 + float(log_errors.sum()) / sd**2
        return Level(mean=weighted / precision, sd=math.sqrt(1 / precision))


def less_the_level(log_errors: Array) -> Array:
    """Return each of some networks' errors less the mean of all others: `k` to `k`, two at least."""
    left: Array = log_errors - (log_errors.sum() - log_errors) / (len(log_errors) - 1)
    return left


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SpaceTotals:
    """Predicted latencies of networks of a space, in logs of microseconds.

    Args:
        log_us: `n`, the level included.
        alone: `m`, log of measured over predicted latency of each measured network by the device's model alone.
        left_out: `m`, the same by the level and all other measured networks.
        level: What the measured networks say of the level.
    """

    log_us: Array
    alone: Array
    left_out: Array
    level: Level


def predict_totals(
    model: AnyModel,
    networks: Sequence[Sequence[OperatorRecord]],
    measured: Sequence[MeasuredNetwork],
    level: Level,
) -> SpaceTotals:
    """Return the latencies of networks of a space, given those that are measured.

    Times of their operators join where the model has learned from times of operators, latencies alone where it has
    learned from these.

    Args:
        model: The device's operator model.
        networks: Operators of each of the `n` networks.
        measured: `m` networks of the space.
        level: What is known of the level before.
    """
    alone = model.operators if isinstance(model, BlendedModel) else model
    known = _Known.of(alone)
    log_latencies = np.log([network.latency_us for network in measured])
    errors = log_latencies - known.totals([network.records for network in measured])
    if measured and isinstance(alone, TotalsModel):
        known, left_out, level = _join_latencies(alone, measured, networks, level)
        return SpaceTotals(log_us=known.totals(networks) + level.mean, alone=errors, left_out=left_out, level=level)
    level = level.given(errors)
    left_out = errors - level.mean
    timed = [position for position, network in enumerate(measured) if network.is_timed]
    if timed and isinstance(alone, OperatorModel):
        known, by_others = _join(alone, [measured[position] for position in timed], level.mean)
        left_out[timed] = [by_others.get(measured[position].name, left_out[position]) for position in timed]
    return SpaceTotals(log_us=known.totals(networks) + level.mean, alone=errors, left_out=left_out, level=level)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Known:
    """Operators with weights: what is needed of a Gaussian process for means alone."""

    hyper: Hyperparameters
    codes: Codes
    inputs: tuple[Inputs, ...]
    weights: tuple[Array, ...]

    @classmethod
    def of(cls, model: OperatorModel | TotalsModel) -> _Known:
        if isinstance(model, OperatorModel):
            inputs, weights = model.posterior.inputs, model.posterior.weights
        else:
            inputs, weights = model.inputs, model.shares.T @ model.weights
        return cls(hyper=model.hyper, codes=model.codes, inputs=(inputs,), weights=(weights,))

    def totals(self, networks: Sequence[Sequence[OperatorRecord]]) -> Array:
        """Return the log latency of each network in microseconds: `n`."""
        records = [record for network in networks for record in network]
        owners = np.repeat(np.arange(len(networks)), [len(network) for network in networks])
        means = [self._means(records[start : start + BATCH_LENGTH]) for start in range(0, len(records), BATCH_LENGTH)]
        guesses = np.array([record.guess_us * record.count for record in records], dtype=np.float64)
        times = guesses * np.exp(np.clip(np.concatenate([np.zeros(0), *means]), -MAX_LOG_RATIO, MAX_LOG_RATIO))
        log_us: Array = np.log(np.bincount(owners, weights=times, minlength=len(networks)))
        return log_us

    def _means(self, records: Sequence[OperatorRecord]) -> Array:
        new = self.codes.encode_new(records)
        parts = [
            computation_covariance(self.hyper, new, inputs) @ weights
            for inputs, weights in zip(self.inputs, self.weights, strict=True)
        ]
        mean: Array = np.sum(parts, axis=0)
        return mean


def _join(model: OperatorModel, measured: Sequence[MeasuredNetwork], level: float) -> tuple[_Known, dict[str, float]]:
    """Return the model with the operators of measured networks.

    Returns:
        The model, and the log of measured over predicted time of each of these networks by all others, by name.
    """
    from scipy.linalg import cho_solve  # a prediction does without

    kept = thinned(measured, MAX_JOINED_RECORDS)
    records = [record for network in kept for record in network.records]
    owners = np.repeat(np.arange(len(kept)), [len(network.records) for network in kept])
    codes = Codes({**model.codes.tags, **_new_tags(model.codes, records)})
    # Codes below that of a new network: no measured one has them, and operators of one network share its own effects.
    inputs = codes.encode(records, (NEW_NETWORK - 1 - owners).tolist(), [False] * len(records))
    posterior = model.posterior
    mean, covariance = posterior.predict(inputs)
    guesses = np.array([record.guess_us for record in records])
    times = np.array([record.time_us for record in records], dtype=np.float64)
    covariance[np.diag_indices_from(covariance)] += (posterior.hyper.rounding_us / times) ** 2
    targets = np.log(times) - np.log(guesses) - level
    inverse = np.linalg.inv(covariance)
    weights = inverse @ (targets - mean)
    cross = computation_covariance(posterior.hyper, posterior.inputs, inputs)
    known = _Known(
        hyper=posterior.hyper,
        codes=codes,
        inputs=(posterior.inputs, inputs),
        weights=(posterior.weights - cho_solve((posterior.factor, True), cross @ weights), weights),
    )
    of_networks = guesses * np.array([record.count for record in records])
    left_out = {}
    for position, network in enumerate(kept):
        rows = np.flatnonzero(owners == position)
        error = np.linalg.solve(inverse[np.ix_(rows, rows)], weights[rows])
        measured_us = float(of_networks[rows] @ np.exp(targets[rows]))
        left_out[network.name] = math.log(measured_us / float(of_networks[rows] @ np.exp(targets[rows] - error)))
    return known, left_out


def _join_latencies(
    model: TotalsModel,
    measured: Sequence[MeasuredNetwork],
    networks: Sequence[Sequence[OperatorRecord]],
    level: Level,
) -> tuple[_Known, Array, Level]:
    """Return the model with the latencies of measured networks, by how much each differs from it, and the level.

    The standard deviation of the level is that of a network that is not measured: level and operators are known
    jointly.
    """
    new = _new_tags(model.codes, [record for network in measured for record in network.records])
    codes = Codes({**model.codes.tags, **new})
    joined = join_latencies(
        model, codes, measured, networks or [network.records for network in measured], level.mean, level.sd
    )
    known = _Known(
        hyper=model.hyper,
        codes=codes,
        inputs=(model.inputs, joined.inputs),
        weights=(joined.of_probes, joined.weights),
    )
    return known, joined.left_out, Level(mean=joined.level_mean, sd=joined.sd)


def _new_tags(codes: Codes, records: Sequence[OperatorRecord]) -> dict[str, int]:
    new = sorted({record.tag for record in records} - set(codes.tags))
    return {tag: len(codes.tags) + position for position, tag in enumerate(new)}

"""Latencies of networks of a space joined to a model that has learned from latencies of whole networks alone.

A latency does not say which operators took it. So the log of each is made linear in its operators around the mode, as
`operators.totals` does it for the probes, and joins those of the probes in closed form. With `f` the log of time over
guess of the operators of the measured networks, `m` and `P` its mean and covariance by the probes, `S` the shares of
the operators in each network's time and `r` what `S f` was measured to be, the level of the space included:

    a = (S P S' + level_sd^2 + network_sd^2)^-1 (r - S m - level),    mean(x) = m(x) + P(x, s) S' a
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from edgeprof_predictor.operators.encoding import NEW_NETWORK, Codes
from edgeprof_predictor.operators.hyperparameters import Hyperparameters
from edgeprof_predictor.operators.kernel import Array, Inputs, Integers, computation_covariance
from edgeprof_predictor.operators.networks import MeasuredNetwork
from edgeprof_predictor.operators.records import OperatorRecord
from edgeprof_predictor.operators.totals import TotalsModel, linearised, log_sums

NETWORK_SD: Final = 0.03
"""How far a network of a space lies from the sum of its operators, in logs; with 0.02 and 0.06 errors are the same."""

SPREAD_COUNT: Final = 20
"""Networks over which the variance of those that are not measured is the median."""

_STEPS: Final = 6
"""Steps to the mode: each makes the logs linear anew."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class JoinedLatencies:
    """What latencies of networks of a space say of operators and of the level.

    Args:
        inputs: Operators of the measured networks.
        weights: `n`, theirs.
        of_probes: `b`, those of the operators of the model.
        left_out: `k`, log of measured over predicted latency of each network by the level and all other networks.
        level_mean: Log of how much longer networks of the space take than their operators tell.
        sd: Standard deviation of the log latency of a network that is not measured, by operators and level.
    """

    inputs: Inputs
    weights: Array
    of_probes: Array
    left_out: Array
    level_mean: float
    sd: float


def join_latencies(
    model: TotalsModel,
    codes: Codes,
    measured: Sequence[MeasuredNetwork],
    others: Sequence[Sequence[OperatorRecord]],
    level_mean: float,
    level_sd: float,
) -> JoinedLatencies:
    """Return what latencies of measured networks say.

    Args:
        model: The device's operator model.
        codes: Of its implementations, and of those of the measured networks.
        measured: `k` networks of the space, at least one.
        others: Operators of networks whose latency is to be predicted, at least one.
        level_mean: What is known of the level before.
        level_sd: Its standard deviation.
    """
    told = _Told.of(model, codes, [network.records for network in measured])
    logs: Array = np.log([network.latency_us for network in measured])
    covariance = told.covariance(told)
    mean = told.mean
    for _ in range(_STEPS):
        shares, observed = linearised(mean, told.guesses, told.owners, logs)
        of_networks = shares @ covariance @ shares.T + NETWORK_SD**2 * np.eye(len(logs))
        inverse = np.linalg.inv(of_networks + level_sd**2)
        errors = inverse @ (observed - shares @ told.mean - level_mean)
        weights = shares.T @ errors
        mean = told.mean + covariance @ weights
    level = level_mean + level_sd**2 * float(errors.sum())
    # The level is that of all: without it one network alone would take its own level for an error.
    without_level = np.linalg.inv(of_networks)
    of_others = errors[:, None] - without_level * (errors / np.diagonal(without_level))
    by_others = (told.mean[:, None] + covariance @ (shares.T @ of_others))[np.arange(len(mean)), told.owners]
    new = _Told.of(model, codes, others[:SPREAD_COUNT])
    return JoinedLatencies(
        inputs=told.inputs,
        weights=weights,
        of_probes=model.shares.T @ (model.weights - told.explained @ weights),
        left_out=logs - log_sums(by_others, told.guesses, told.owners) - level,
        level_mean=level,
        sd=_sd(new, told, shares, inverse, weights, level_sd),
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Told:
    """Operators of networks of a space, and what the probes tell of them.

    Shapes:
        inputs, guesses, owners, mean: `n`.  with_probes: `n x b`, covariance with the networks of the model.
        explained: `b x n`, the inverse covariance of these times that.
    """

    hyper: Hyperparameters
    inputs: Inputs
    guesses: Array
    owners: Integers
    mean: Array
    with_probes: Array
    explained: Array

    @classmethod
    def of(cls, model: TotalsModel, codes: Codes, networks: Sequence[Sequence[OperatorRecord]]) -> _Told:
        from scipy.linalg import cho_solve  # a prediction does without

        records = [record for network in networks for record in network]
        inputs = codes.encode(records, [NEW_NETWORK] * len(records), [False] * len(records))
        with_probes = computation_covariance(model.hyper, inputs, model.inputs) @ model.shares.T
        return cls(
            hyper=model.hyper,
            inputs=inputs,
            guesses=np.array([record.guess_us * record.count for record in records]),
            owners=np.array([owner for owner, network in enumerate(networks) for _ in network], dtype=np.int64),
            mean=with_probes @ model.weights,
            with_probes=with_probes,
            explained=cho_solve((model.factor, True), with_probes.T),
        )

    def covariance(self, other: _Told) -> Array:
        """Return the covariance of the logs of time over guess given the probes: `n x m`."""
        covariance = computation_covariance(self.hyper, self.inputs, other.inputs) - self.with_probes @ other.explained
        if other is self:
            covariance[np.diag_indices_from(covariance)] += self.hyper.noise**2
        return covariance


def _sd(new: _Told, told: _Told, shares: Array, inverse: Array, weights: Array, level_sd: float) -> float:
    """Return the standard deviation of the log latency of new networks, given those that are measured: the median."""
    cross = new.covariance(told)
    zeros = np.zeros(int(new.owners[-1]) + 1)
    of_new, _ = linearised(new.mean + cross @ weights, new.guesses, new.owners, zeros)
    variances = ((of_new @ new.covariance(new)) * of_new).sum(axis=1) + level_sd**2
    shared = of_new @ cross @ shares.T + level_sd**2
    return math.sqrt(max(float(np.median(variances - ((shared @ inverse) * shared).sum(axis=1))), 0.0))

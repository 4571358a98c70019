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
from edgeprof_predictor.operators.kernel import Array, Inputs, computation_covariance
from edgeprof_predictor.operators.networks import MeasuredNetwork
from edgeprof_predictor.operators.totals import TotalsModel, linearised, log_sums

NETWORK_SD: Final = 0.03
"""How far a network of a space lies from the sum of its operators, in logs; with 0.02 and 0.06 errors are the same."""

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
        level_sd: Its standard deviation.
    """

    inputs: Inputs
    weights: Array
    of_probes: Array
    left_out: Array
    level_mean: float
    level_sd: float


def join_latencies(
    model: TotalsModel, codes: Codes, measured: Sequence[MeasuredNetwork], level_mean: float, level_sd: float
) -> JoinedLatencies:
    """Return what latencies of measured networks say.

    Args:
        model: The device's operator model.
        codes: Of its implementations, and of those of the measured networks.
        measured: `k` networks of the space, at least one.
        level_mean: What is known of the level before.
        level_sd: Its standard deviation.
    """
    from scipy.linalg import cho_solve  # a prediction does without

    records = [record for network in measured for record in network.records]
    owners = np.array([owner for owner, network in enumerate(measured) for _ in network.records], dtype=np.int64)
    inputs = codes.encode(records, [NEW_NETWORK] * len(records), [False] * len(records))
    guesses = np.array([record.guess_us * record.count for record in records])
    logs: Array = np.log([network.latency_us for network in measured])
    with_probes = computation_covariance(model.hyper, inputs, model.inputs) @ model.shares.T
    explained = cho_solve((model.factor, True), with_probes.T)
    by_probes = with_probes @ model.weights
    covariance = computation_covariance(model.hyper, inputs, inputs) - with_probes @ explained
    covariance[np.diag_indices_from(covariance)] += model.hyper.noise**2
    mean = by_probes
    for _ in range(_STEPS):
        shares, observed = linearised(mean, guesses, owners, logs)
        of_networks = shares @ covariance @ shares.T + NETWORK_SD**2 * np.eye(len(logs))
        inverse = np.linalg.inv(of_networks + level_sd**2)
        errors = inverse @ (observed - shares @ by_probes - level_mean)
        weights = shares.T @ errors
        mean = by_probes + covariance @ weights
    level = level_mean + level_sd**2 * float(errors.sum())
    # The level is that of all: without it one network alone would take its own level for an error.
    without_level = np.linalg.inv(of_networks)
    of_others = errors[:, None] - without_level * (errors / np.diagonal(without_level))
    by_others = (by_probes[:, None] + covariance @ (shares.T @ of_others))[np.arange(len(owners)), owners]
    return JoinedLatencies(
        inputs=inputs,
        weights=weights,
        of_probes=model.shares.T @ (model.weights - explained @ weights),
        left_out=logs - log_sums(by_others, guesses, owners) - level,
        level_mean=level,
        level_sd=level_sd * math.sqrt(max(1 - level_sd**2 * float(inverse.sum()), 0.0)),
    )

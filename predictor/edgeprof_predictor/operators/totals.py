"""Engines without a profile: the same Gaussian process, conditioned on latencies of whole networks alone.

The log of a sum of exponentials is no linear function of the operators' logarithms, so that it is made linear around
the current mean, and that is repeated until the mean stays: the mode of Laplace's method. It is coarser than a profile,
since a network's latency does not say which of its operators took it; the small graphs of the probe suite, each of few
kinds of operators, say most.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from edgeprof_predictor.errors import OperatorModelError
from edgeprof_predictor.operators.calibration import Calibration, LeftOut
from edgeprof_predictor.operators.encoding import Codes
from edgeprof_predictor.operators.hyperparameters import Hyperparameters, shipped_hyperparameters
from edgeprof_predictor.operators.kernel import (
    Array,
    Inputs,
    Integers,
    computation_covariance,
    context_covariance,
)
from edgeprof_predictor.operators.measured_kinds import MeasuredKinds
from edgeprof_predictor.operators.model import MAX_LOG_RATIO, Total, total_of
from edgeprof_predictor.operators.networks import MeasuredNetwork
from edgeprof_predictor.operators.records import OperatorRecord
from edgeprof_predictor.operators.triangular import solve_lower

LATENCY_SD: Final = 0.03
"""Error of a measured latency, in logs."""

KEPT_SHARE: Final = 0.99
"""Of each network, the operators that are guessed to cost most are learned from, up to this share of its guess. What
the others take is left out of its latency at the same share: laid on those that were kept, it made every network
slower."""

PRIOR_SCALE: Final = 1.1
"""Root mean square of the z-scores of left-out networks: the linear form adds to the error."""

_MAX_STEPS: Final = 20
_TOLERANCE: Final = 1e-4
_MAX_STEP: Final = 2.0
"""A step of more than this in logs is cut: far from the mode the linear form is wrong."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TotalsModel(MeasuredKinds):
    """Times of operators on a setting whose engine gives no profile.

    Shapes:
        inputs: `n` operators of `k` networks.  shares: `k x n`, of each network's time at the mode.
        factor: `k x k`, lower Cholesky factor.  weights: `k`.
    """

    hyper: Hyperparameters
    inputs: Inputs
    shares: Array
    factor: Array
    weights: Array
    calibration: Calibration

    @classmethod
    def fit(cls, networks: Sequence[MeasuredNetwork], hyper: Hyperparameters | None = None) -> TotalsModel:
        """Learn from latencies of whole networks.

        Args:
            networks: Probes and whole networks; times of operators are not looked at.
            hyper: Hyper-parameters; those that are shipped by default.

        Raises:
            OperatorModelError: If there is no network.
        """
        from scipy.linalg import cho_factor, cho_solve  # a prediction does without

        kept = [network for network in networks if network.records]
        if not kept:
            raise OperatorModelError("no network was measured: the model learns from at least one")
        chosen = hyper or shipped_hyperparameters()
        listed = [_costliest(network) for network in kept]
        records = [record for rows in listed for record in rows]
        owners = np.array([code for code, rows in enumerate(listed) for _ in rows])
        codes = Codes.of_records(records)
        inputs = codes.encode(records, owners.tolist(), [kept[owner].is_probe for owner in owners])
        guesses = np.array([record.guess_us * record.count for record in records])
        logs = np.log(
            [
                network.latency_us * _guess_us(rows) / _guess_us(network.records)
                for network, rows in zip(kept, listed, strict=True)
            ]
        )
        covariance = computation_covariance(chosen, inputs, inputs) + context_covariance(chosen, inputs, inputs)
        covariance[np.diag_indices_from(covariance)] += chosen.noise**2
        mode = _mode(covariance, guesses, owners, logs)
        shares, residual = linearised(mode, guesses, owners, logs)
        of_totals = shares @ covariance @ shares.T + LATENCY_SD**2 * np.eye(len(kept))
        factor = np.tril(cho_factor(of_totals, lower=True)[0])
        weights = cho_solve((factor, True), residual)
        return cls(
            hyper=chosen,
            inputs=inputs,
            codes=codes,
            networks=tuple(kept),
            shares=shares,
            factor=factor,
            weights=weights,
            calibration=_calibration(kept, factor, weights),
        )

    def total(self, records: Sequence[OperatorRecord]) -> Total:
        """Return the time of a network that was not measured, before any calibration.

        Raises:
            OperatorModelError: If it has no operator.
        """
        inputs = self.codes.encode_new(records)
        cross = computation_covariance(self.hyper, inputs, self.inputs) @ self.shares.T
        own = computation_covariance(self.hyper, inputs, inputs) + context_covariance(self.hyper, inputs, inputs)
        own[np.diag_indices_from(own)] += self.hyper.noise**2
        whitened = solve_lower(self.factor, cross.T)
        covariance = own - whitened.T @ whitened
        guesses = np.array([record.guess_us * record.count for record in records])
        return total_of(guesses, cross @ self.weights, covariance)


def _costliest(network: MeasuredNetwork) -> list[OperatorRecord]:
    """Return the records of a network that are guessed to cost most, without the small rest."""
    ranked = sorted(network.records, key=lambda record: -record.guess_us * record.count)
    reached = np.cumsum([record.guess_us * record.count for record in ranked])
    return ranked[: int(np.searchsorted(reached, KEPT_SHARE * reached[-1])) + 1]


def _guess_us(records: Sequence[OperatorRecord]) -> float:
    return math.fsum(record.guess_us * record.count for record in records)


def log_sums(mode: Array, guesses: Array, owners: Integers) -> Array:
    """Return the log of each network's time where the log of time over guess of its operators is `mode`."""
    times = guesses * np.exp(np.clip(mode, -MAX_LOG_RATIO, MAX_LOG_RATIO))
    logs: Array = np.log(np.bincount(owners, weights=times))
    return logs


def linearised(mode: Array, guesses: Array, owners: Integers, logs: Array) -> tuple[Array, Array]:
    """Return what makes the logs of sums linear at a point, and what they observe of the operators.

    Args:
        mode: The point: log of time over guess of `n` operators.
        guesses: Their guesses, times their counts.
        owners: Network of each operator.
        logs: Log latency of each of `k` networks.

    Returns:
        `k x n`, the shares of the operators in each network's time; `k`, what `shares @ log(time / guess)` was measured
        to be.
    """
    times = guesses * np.exp(np.clip(mode, -MAX_LOG_RATIO, MAX_LOG_RATIO))
    sums = np.bincount(owners, weights=times)
    shares = np.zeros((len(sums), len(mode)))
    shares[owners, np.arange(len(mode))] = times / sums[owners]
    return shares, logs - np.log(sums) + shares @ mode


def _mode(covariance: Array, guesses: Array, owners: Integers, logs: Array) -> Array:
    from scipy.linalg import cho_factor, cho_solve

    mode = np.zeros(len(guesses))
    for _ in range(_MAX_STEPS):
        shares, residual = linearised(mode, guesses, owners, logs)
        cross = covariance @ shares.T
        of_totals = shares @ cross + LATENCY_SD**2 * np.eye(len(logs))
        step = cross @ cho_solve(cho_factor(of_totals, lower=True), residual) - mode
        mode = mode + np.clip(step, -_MAX_STEP, _MAX_STEP)
        if np.abs(step).max() < _TOLERANCE:
            break
    return mode


def _calibration(networks: Sequence[MeasuredNetwork], factor: Array, weights: Array) -> Calibration:
    from scipy.linalg import cho_solve

    inverse = cho_solve((factor, True), np.eye(len(networks)))
    return Calibration.of_left_out(
        [
            LeftOut(
                network=network.name,
                log_error=float(weights[row] / inverse[row, row]),
                sd=float(1 / np.sqrt(inverse[row, row])),
            )
            for row, network in enumerate(networks)
            if not network.is_probe
        ],
        PRIOR_SCALE,
    )

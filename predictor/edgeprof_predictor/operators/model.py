"""The operator model of one setting: a Gaussian process over operators, and what whole networks say beyond it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from edgeprof_predictor.errors import OperatorModelError
from edgeprof_predictor.operators.calibration import Calibration, LeftOut
from edgeprof_predictor.operators.classes import OperatorClass
from edgeprof_predictor.operators.encoding import CLASS_CODES, Codes
from edgeprof_predictor.operators.gaussian_process import Posterior
from edgeprof_predictor.operators.hyperparameters import Hyperparameters, shipped_hyperparameters
from edgeprof_predictor.operators.kernel import Array, Integers
from edgeprof_predictor.operators.measured_kinds import MeasuredKinds
from edgeprof_predictor.operators.networks import MeasuredNetwork, thinned
from edgeprof_predictor.operators.records import OperatorRecord

MAX_LOG_RATIO: Final = 12.0
"""An operator's time is within e^12 of its guess; further away is a stranger's shape, not a prediction."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Total:
    """Log of a network's time in microseconds: mean, standard deviation; and each record's share of the time."""

    log_us: float
    sd: float
    shares: Array


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OperatorModel(MeasuredKinds):
    """Times of operators on one setting.

    Args:
        posterior: What the measured operators say.
        calibration: What left-out networks say of level and width.
    """

    posterior: Posterior
    calibration: Calibration

    @classmethod
    def fit(cls, networks: Sequence[MeasuredNetwork], hyper: Hyperparameters | None = None) -> OperatorModel:
        """Learn from measured networks.

        Args:
            networks: Probes and whole networks with times of their operators.
            hyper: Hyper-parameters; those that are shipped by default.

        Raises:
            OperatorModelError: If no operator was timed.
        """
        kept = thinned(networks)
        if not kept:
            raise OperatorModelError(
                "no operator was timed: measure with a profile, or use totals where the engine gives none"
            )
        records = [record for network in kept for record in network.records]
        owners = [code for code, network in enumerate(kept) for _ in network.records]
        codes = Codes.of_records(records)
        inputs = codes.encode(records, owners, [kept[owner].is_probe for owner in owners])
        times = np.array([record.time_us for record in records], dtype=np.float64)
        targets = np.log(times) - np.log([record.guess_us for record in records])
        posterior = Posterior.fit(hyper or shipped_hyperparameters(), inputs, targets, times)
        left_out = [
            _left_out(posterior, network, np.flatnonzero(inputs.networks == code).astype(np.int64), times, targets)
            for code, network in enumerate(kept)
            if not network.is_probe
        ]
        return cls(
            posterior=posterior, codes=codes, networks=tuple(kept), calibration=Calibration.of_left_out(left_out)
        )

    @property
    def classes(self) -> frozenset[OperatorClass]:
        """Classes that were measured; known without looking at the networks."""
        codes = set(self.posterior.inputs.classes.tolist())
        return frozenset(operator_class for operator_class, code in CLASS_CODES.items() if code in codes)

    @property
    def hyper(self) -> Hyperparameters:
        """The hyper-parameters."""
        return self.posterior.hyper

    def total(self, records: Sequence[OperatorRecord]) -> Total:
        """Return the time of a network that was not measured, before any calibration.

        Raises:
            OperatorModelError: If it has no operator.
        """
        mean, covariance = self.posterior.predict(self.codes.encode_new(records))
        guesses = np.array([record.guess_us * record.count for record in records])
        return total_of(guesses, mean, covariance)


def total_of(guesses_us: Array, mean: Array, covariance: Array) -> Total:
    """Return the log of a sum of log-normal times by the delta method.

    Args:
        guesses_us: `m`, guesses times counts, in microseconds.
        mean: `m`, of log(time / guess).
        covariance: `m x m`.
    """
    times = guesses_us * np.exp(np.clip(mean, -MAX_LOG_RATIO, MAX_LOG_RATIO))
    shares = times / times.sum()
    # Half the variance is not added: it made sums too high.
    return Total(log_us=math.log(times.sum()), sd=math.sqrt(max(shares @ covariance @ shares, 0.0)), shares=shares)


def _left_out(posterior: Posterior, network: MeasuredNetwork, rows: Integers, times: Array, targets: Array) -> LeftOut:
    error, covariance = posterior.leave_out(rows)
    counts = np.array([record.count for record in network.records])
    guesses = times[rows] / np.exp(targets[rows]) * counts
    total = total_of(guesses, targets[rows] - error, covariance)
    measured = float((times[rows] * counts).sum())
    return LeftOut(network=network.name, log_error=math.log(measured) - total.log_us, sd=total.sd)

"""Operators and totals together: the mean, in logs, of what times of operators and what whole latencies say.

The two err differently. Times of operators are precise, but a process fitted to them is too sure of itself away from
what was measured; latencies of whole graphs say less of each operator and are smoothed more by the prior. Their mean
has a far shorter tail of errors than either.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from edgeprof_predictor.operators.calibration import Calibration, LeftOut
from edgeprof_predictor.operators.classes import OperatorClass
from edgeprof_predictor.operators.hyperparameters import Hyperparameters
from edgeprof_predictor.operators.model import OperatorModel, Total
from edgeprof_predictor.operators.networks import MeasuredNetwork
from edgeprof_predictor.operators.records import OperatorRecord
from edgeprof_predictor.operators.totals import TotalsModel


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BlendedModel:
    """A model of operators and one of totals, from the same measured networks.

    Args:
        operators: What times of operators say.
        totals: What latencies of whole networks say.
        calibration: What left-out networks say of the mean of both.
    """

    operators: OperatorModel
    totals: TotalsModel
    calibration: Calibration

    @classmethod
    def fit(cls, networks: Sequence[MeasuredNetwork], hyper: Hyperparameters | None = None) -> BlendedModel:
        """Learn from measured networks.

        Args:
            networks: Probes and whole networks with times of their operators.
            hyper: Hyper-parameters; those that are shipped by default.

        Raises:
            OperatorModelError: If no operator was timed.
        """
        operators, totals = OperatorModel.fit(networks, hyper), TotalsModel.fit(networks, hyper)
        first, second = operators.calibration, totals.calibration
        of_totals = {one.network: one for one in second.left_out}
        pairs = [(one, of_totals[one.network]) for one in first.left_out if one.network in of_totals]
        left_out = tuple(
            LeftOut(network=one.network, log_error=(one.log_error + other.log_error) / 2, sd=_sd(one.sd, other.sd))
            for one, other in pairs
        )
        return cls(
            operators=operators,
            totals=totals,
            calibration=Calibration.of_levelled(
                left_out,
                level=(first.level + second.level) / 2,
                level_variance=(first.level_variance + second.level_variance) / 2,
            ),
        )

    @property
    def hyper(self) -> Hyperparameters:
        """The hyper-parameters of both."""
        return self.totals.hyper

    @property
    def networks(self) -> tuple[MeasuredNetwork, ...]:
        """The measured networks, with all of their operators."""
        return self.totals.networks

    @property
    def tags(self) -> frozenset[str]:
        """Implementations that were measured."""
        return self.operators.tags

    @property
    def classes(self) -> frozenset[OperatorClass]:
        """Classes that were measured."""
        return self.operators.classes

    def total(self, records: Sequence[OperatorRecord]) -> Total:
        """Return the time of a network that was not measured, before any calibration.

        Raises:
            OperatorModelError: If it has no operator.
        """
        first, second = self.operators.total(records), self.totals.total(records)
        return Total(log_us=(first.log_us + second.log_us) / 2, sd=_sd(first.sd, second.sd), shares=first.shares)


def _sd(first: float, second: float) -> float:
    """Return the standard deviation of the mean: as if the errors were the same, since they share their causes."""
    return math.sqrt((first**2 + second**2) / 2)

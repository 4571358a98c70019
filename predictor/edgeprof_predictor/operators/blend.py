"""Operators and totals together: a mean, in logs, of what times of operators and what whole latencies say.

The two err differently. Times of operators are precise, but a process fitted to them is too sure of itself away from
what was measured; latencies of whole graphs say less of each operator and are smoothed more by the prior. Their mean
has a far shorter tail of errors than either.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from edgeprof_predictor.operators.calibration import Calibration, LeftOut
from edgeprof_predictor.operators.classes import OperatorClass
from edgeprof_predictor.operators.hyperparameters import Hyperparameters
from edgeprof_predictor.operators.model import OperatorModel, Total
from edgeprof_predictor.operators.networks import MeasuredNetwork
from edgeprof_predictor.operators.records import OperatorRecord
from edgeprof_predictor.operators.totals import TotalsModel

OPERATOR_SHARE: Final = 0.8
"""Weight of what times of operators say. On four settings of 62 models the totals err far more where kernels of one
class differ most, as in int8; without them the tail of errors is longer."""

PRIOR_SCALE: Final = 0.62
"""Root mean square of the z-scores of unseen models, probes alone measured: 0.51, 0.61, 0.66 and 0.69 on four settings.
The mean errs less than either of what it is made of, and `_sd` grants it nothing for that."""


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
            LeftOut(
                network=one.network,
                log_error=_mean(one.log_error, other.log_error),
                sd=_sd(one.sd, other.sd),
            )
            for one, other in pairs
        )
        return cls(
            operators=operators,
            totals=totals,
            calibration=Calibration.of_levelled(
                left_out,
                level=_mean(first.level, second.level),
                level_variance=_mean(first.level_variance, second.level_variance),
                prior_scale=PRIOR_SCALE,
            ),
        )

    @property
    def hyper(self) -> Hyperparameters:
        """The hyper-parameters of both."""
        return self.totals.hyper

    @property
    def networks(self) -> Sequence[MeasuredNetwork]:
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
        return Total(
            log_us=_mean(first.log_us, second.log_us),
            sd=_sd(first.sd, second.sd),
            shares=first.shares,
        )


def _mean(of_operators: float, of_totals: float) -> float:
    return OPERATOR_SHARE * of_operators + (1 - OPERATOR_SHARE) * of_totals


def _sd(of_operators: float, of_totals: float) -> float:
    """Return the standard deviation of the mean: as if the errors were the same, since they share their causes."""
    return math.sqrt(_mean(of_operators**2, of_totals**2))

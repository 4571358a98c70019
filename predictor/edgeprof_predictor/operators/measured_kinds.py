"""Which kinds of operators a model has seen: the same question for every model of measured networks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from edgeprof_predictor.operators.classes import OperatorClass
from edgeprof_predictor.operators.encoding import Codes
from edgeprof_predictor.operators.networks import MeasuredNetwork


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MeasuredKinds:
    """Base of the models that learn from measured networks.

    Args:
        codes: Codes of the measured implementations.
        networks: The measured networks, of each the records that were learned from.
    """

    codes: Codes
    networks: Sequence[MeasuredNetwork]

    @property
    def tags(self) -> frozenset[str]:
        """Implementations that were measured."""
        return frozenset(self.codes.tags)

    @property
    def classes(self) -> frozenset[OperatorClass]:
        """Classes that were measured."""
        return frozenset(record.operator_class for network in self.networks for record in network.records)

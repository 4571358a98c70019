"""What a network would save without one of its operators, or with half the output channels of one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from edgeprof_predictor.operators.classes import OperatorClass
from edgeprof_predictor.operators.prediction import NetworkModel, NetworkPrediction, OperatorPrediction, predict_records
from edgeprof_predictor.operators.records import OperatorRecord

SAVING_COUNT: Final = 5

_OF_CHANNELS: Final = frozenset(
    {
        OperatorClass.CONVOLUTION,
        OperatorClass.POINTWISE,
        OperatorClass.DEPTHWISE,
        OperatorClass.TRANSPOSED_CONVOLUTION,
        OperatorClass.CONVOLUTION_1D,
        OperatorClass.CONVOLUTION_3D,
        OperatorClass.DENSE,
    }
)
"""Classes whose arithmetic and weights are proportional to their output channels."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Saving:
    """What one kind of operator costs that a change of it would save.

    Args:
        operator: The operator, or several identical ones, all of which are changed.
        removed_ms: What the network would save without them.
        halved_ms: What it would save at least with half their output channels; None where they have none. Their inputs
            and outputs are counted in full, and so are the operators that follow, which get smaller too.
    """

    operator: OperatorPrediction
    removed_ms: float
    halved_ms: float | None


def savings(model: NetworkModel, prediction: NetworkPrediction, count: int = SAVING_COUNT) -> tuple[Saving, ...]:
    """Return what changes of the costliest operators would save.

    Args:
        model: What predicts.
        prediction: Of the network as it is.
        count: Operators to change.
    """
    records = [one.record for one in prediction.operators]
    found = []
    for position, one in enumerate(prediction.operators[:count]):
        halved_ms = None
        if one.record.operator_class in _OF_CHANNELS and one.record.sizes.channels >= 2:
            changed = [*records[:position], _halved(one.record), *records[position + 1 :]]
            halved_ms = max(_saved_ms(model, prediction, changed), 0.0)
        found.append(Saving(operator=one, removed_ms=one.time_us / 1_000, halved_ms=halved_ms))
    return tuple(found)


def _halved(record: OperatorRecord) -> OperatorRecord:
    sizes = record.sizes
    halved = replace(
        sizes, flops=sizes.flops / 2, weight_bytes=sizes.weight_bytes / 2, channels=max(sizes.channels / 2, 1.0)
    )
    if record.operator_class is OperatorClass.DEPTHWISE:
        # Each channel has its own input.
        halved = replace(halved, groups=max(sizes.groups / 2, 1.0), activation_bytes=sizes.activation_bytes / 2)
    return replace(record, sizes=halved)


def _saved_ms(model: NetworkModel, prediction: NetworkPrediction, records: Sequence[OperatorRecord]) -> float:
    return (math.exp(prediction.log_us) - math.exp(predict_records(model, records).log_us)) / 1_000

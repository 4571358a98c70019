"""Operators of an exported graph as the engine of a setting would run them, as far as measured networks tell.

An exported graph does not say which code will run an operator, and a type may be the name of an engine's slow way out:
ONNX Runtime calls a convolution that its blocked layout does not take `Conv`. So each operator gets the implementation
that most measured operators of its class have, those first whose name holds its type.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace

from edgeprof_predictor.operators.classes import OperatorClass
from edgeprof_predictor.operators.networks import MeasuredNetwork
from edgeprof_predictor.operators.records import OperatorRecord


def with_usual_tags(
    records: Sequence[OperatorRecord], networks: Sequence[MeasuredNetwork]
) -> tuple[OperatorRecord, ...]:
    """Return the operators with the usual implementations of their classes; those of other classes as they are.

    Args:
        records: Operators of an exported graph: tags are types of ONNX.
        networks: What was measured on the setting.
    """
    counts: dict[OperatorClass, Counter[str]] = defaultdict(Counter)
    for network in networks:
        for record in network.records:
            counts[record.operator_class][record.tag] += record.count
    return tuple(replace(record, tag=_usual(record.tag, counts.get(record.operator_class))) for record in records)


def _usual(kind: str, tags: Counter[str] | None) -> str:
    if not tags:
        return kind
    return max(tags, key=lambda tag: (kind.lower() in tag.lower().split(), tags[tag]))

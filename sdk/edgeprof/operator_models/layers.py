"""The operators of a model along its graph, and grouped by the layers that the names of their nodes tell."""

import re
from collections import defaultdict, deque
from collections.abc import Sequence
from dataclasses import dataclass

from edgeprof_predictor.operators.classes import OperatorClass
from edgeprof_predictor.operators.graph import Graph
from edgeprof_predictor.operators.prediction import NetworkPrediction

MIN_GROUP_COUNT = 4
"""Groups that a model is split into where nobody says how deep: the shallowest depth with so many."""

MAX_DEPTH = 32

_ENGINE_PREFIX = re.compile(r"^[^/]*_(?=/)")
"""What OpenVINO writes before the name of a node whose layout it changes: `x_abcd_acdb_/features/0/Conv`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """One operator at its place in the network.

    Args:
        name: Name of its node in the engine's graph.
        operator_class: Its class.
        time_ms: Predicted time, in milliseconds.
    """

    name: str
    operator_class: OperatorClass
    time_ms: float

    @property
    def scope(self) -> tuple[str, ...]:
        """The modules that the node lies in, the outermost first, as exporters write them: `/features/0/conv/Conv`."""
        return tuple(part for part in _ENGINE_PREFIX.sub("", self.name).split("/")[:-1] if part)


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerGroup:
    """Operators of one module of the network.

    Args:
        name: Its path, as `features/0`; empty for operators that lie in no module.
        time_ms: Predicted time of all, in milliseconds.
        share: Share of the network's time, in [0, 1].
        operator_count: How many they are.
    """

    name: str
    time_ms: float
    share: float
    operator_count: int


def layers_of(graph: Graph, prediction: NetworkPrediction) -> tuple[Layer, ...]:
    """Return the operators in the order of the graph: a prediction tells identical ones as one.

    Args:
        graph: The graph.
        prediction: What is predicted from it.
    """
    # Of nodes with one name, the first in the graph is the first of its record.
    waiting: dict[str, deque[Layer]] = defaultdict(deque)
    for one in prediction.operators:
        for name in one.record.names:
            time_ms = one.time_us / one.record.count / 1_000
            waiting[name].append(Layer(name=name, operator_class=one.record.operator_class, time_ms=time_ms))
    return tuple(waiting[node.name].popleft() for node in graph.nodes if waiting.get(node.name))


def grouped(layers: Sequence[Layer], depth: int | None = None) -> tuple[LayerGroup, ...]:
    """Return the operators by the modules that they lie in, in the order of the network.

    Args:
        layers: The operators.
        depth: Levels of modules that a group's name has at most; None for the fewest that give four groups.
    """
    total_ms = sum(layer.time_ms for layer in layers)
    members: dict[str, list[Layer]] = {}
    for name, layer in zip(group_names(layers, depth), layers, strict=True):
        members.setdefault(name, []).append(layer)
    sums = {name: sum(layer.time_ms for layer in listed) for name, listed in members.items()}
    return tuple(
        LayerGroup(name=name, time_ms=sums[name], share=sums[name] / total_ms, operator_count=len(listed))
        for name, listed in members.items()
    )


def group_names(layers: Sequence[Layer], depth: int | None = None) -> list[str]:
    """Return the name of the group of each operator.

    Args:
        layers: The operators.
        depth: As for `grouped`.
    """
    if depth is None:
        deepest = min(max((len(layer.scope) for layer in layers), default=0), MAX_DEPTH)
        counts = {level: len({layer.scope[:level] for layer in layers}) for level in range(1, deepest + 1)}
        depth = next((level for level, count in counts.items() if count >= MIN_GROUP_COUNT), deepest)
    return ["/".join(layer.scope[:depth]) for layer in layers]

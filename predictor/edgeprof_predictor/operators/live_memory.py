"""What a model holds in memory by its graph alone: its weights, and the most that its values take at once."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from edgeprof_predictor.errors import GraphError
from edgeprof_predictor.operators.classes import Kind, OperatorClass
from edgeprof_predictor.operators.engines import translation_of
from edgeprof_predictor.operators.graph import Graph, Node, Tensor

MAX_BYTES: Final = 2.0**60

CONVOLUTIONS: Final = frozenset(
    {
        OperatorClass.CONVOLUTION,
        OperatorClass.POINTWISE,
        OperatorClass.DEPTHWISE,
        OperatorClass.GROUPED,
        OperatorClass.TRANSPOSED_CONVOLUTION,
        OperatorClass.CONVOLUTION_1D,
        OperatorClass.CONVOLUTION_3D,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveMemory:
    """Bytes that a graph needs, whatever the engine adds.

    Args:
        convolution_bytes: Weights of convolutions, of which engines keep a copy in another layout more often.
        weight_bytes: All other constants.
        activation_bytes: The largest sum of values that are alive at once: written or given, and still to be read.

    Raises:
        GraphError: If a number is negative or too large.
    """

    convolution_bytes: float
    weight_bytes: float
    activation_bytes: float

    def __post_init__(self) -> None:
        for value in self.parts():
            if not 0 <= value <= MAX_BYTES:
                raise GraphError(f"a graph holds {value!r} bytes; it must be in [0, 2^60]")

    def parts(self) -> tuple[float, float, float]:
        """Return the three sizes."""
        return self.convolution_bytes, self.weight_bytes, self.activation_bytes

    @classmethod
    def from_parts(cls, values: Sequence[Any]) -> LiveMemory:
        """Return what has these sizes.

        Raises:
            GraphError: If a number is negative or too large.
            ValueError: If they are not three numbers.
        """
        convolutions, weights, activations = (float(value) for value in values)
        return cls(convolution_bytes=convolutions, weight_bytes=weights, activation_bytes=activations)


def live_memory_of(graph: Graph) -> LiveMemory:
    """Return what a graph needs.

    The operators run in their order. A value is alive from the operator that writes it to the last that reads it; one
    that nobody reads is an output and stays. The inputs of the model stay too, since they are kept between runs. An
    operator that only views its input, as a reshape, adds nothing. All outputs of one operator live equally long.

    Args:
        graph: What the engine runs. Where it does not tell what computes an input, the operator before is taken to.

    Raises:
        GraphError: If the graph's numbers are out of bounds.
    """
    translate = translation_of(graph.engine)
    kinds = [translate(node) for node in graph.nodes]
    owners: list[int] = []
    last_reads: dict[int, int] = {}
    given: set[Tensor] = set()
    for position, (node, kind) in enumerate(zip(graph.nodes, kinds, strict=True)):
        sources = _sources(node, position)
        # A view belongs to the operator whose value it views.
        owners.append(owners[sources[0]] if _is_view(node, kind) and sources[0] >= 0 else position)
        for source, value in zip(sources, node.inputs, strict=True):
            if source < 0:
                given.add(value)
            else:
                last_reads[owners[source]] = position
    activation_bytes = math.fsum(value.bytes for value in given) + _largest_sum(graph.nodes, owners, last_reads)
    return LiveMemory(
        convolution_bytes=_weights(graph.nodes, kinds, of_convolutions=True),
        weight_bytes=_weights(graph.nodes, kinds, of_convolutions=False),
        activation_bytes=activation_bytes,
    )


def _is_view(node: Node, kind: Kind) -> bool:
    """Tell whether an operator's output is its first input, seen in another shape or as it is."""
    if not (kind.is_free or kind.operator_class is OperatorClass.VIEW) or not node.inputs or len(node.outputs) != 1:
        return False
    return node.outputs[0].bytes == node.inputs[0].bytes


def _weights(nodes: Sequence[Node], kinds: Sequence[Kind], *, of_convolutions: bool) -> float:
    return math.fsum(
        value.bytes
        for node, kind in zip(nodes, kinds, strict=True)
        if (kind.operator_class in CONVOLUTIONS) is of_convolutions
        for value in node.weights
    )


def _sources(node: Node, position: int) -> tuple[int, ...]:
    if len(node.sources) == len(node.inputs):
        return node.sources
    return (position - 1,) * len(node.inputs)


def _largest_sum(nodes: Sequence[Node], owners: Sequence[int], last_reads: dict[int, int]) -> float:
    """Return the most bytes that values written by operators take at once."""
    ending: dict[int, float] = {}
    alive = largest = 0.0
    for position, node in enumerate(nodes):
        if owners[position] == position:
            written = math.fsum(value.bytes for value in node.outputs)
            alive += written
            if position in last_reads:
                end = last_reads[position]
                ending[end] = ending.get(end, 0.0) + written
        largest = max(largest, alive)
        alive -= ending.pop(position, 0.0)
    return largest

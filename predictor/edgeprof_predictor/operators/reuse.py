"""How far back in time an operator's input was written: whether it still lies in a cache."""

from __future__ import annotations

from collections.abc import Sequence

from edgeprof_predictor.operators.graph import Graph, Node


def reuse_bytes(graph: Graph, is_free: Sequence[bool]) -> list[float]:
    """Return the bytes that were written or read as weights since each node's largest input was begun to be written.

    Args:
        graph: The operators in the order in which they run. Where it does not tell what computes an input, the operator
            before is taken to.
        is_free: Which of them are not executed: their outputs are their inputs.
    """
    touched = [0.0]
    origins: list[int] = []
    result = []
    for position, (node, free) in enumerate(zip(graph.nodes, is_free, strict=True)):
        source = _source(node, position)
        origin = origins[source] if source >= 0 else -1
        origins.append(origin if free else position)
        own = 0.0 if free else sum(value.bytes for value in (*node.outputs, *node.weights))
        touched.append(touched[-1] + own)
        of_input = max((value.bytes for value in node.inputs), default=0.0) if origin < 0 else 0.0
        result.append(touched[position] - touched[max(origin, 0)] + of_input)
    return result


def _source(node: Node, position: int) -> int:
    if len(node.sources) != len(node.inputs) or not node.inputs:
        return position - 1
    largest = max(range(len(node.inputs)), key=lambda index: node.inputs[index].bytes)
    return node.sources[largest]

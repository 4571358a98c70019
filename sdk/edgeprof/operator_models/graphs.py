"""What an agent tells of a model's graph, as the operator model reads it."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from edgeprof_predictor.operators.graph import Attribute, Graph, Node, Tensor
from edgeprof_proto.records.graph import GraphAttribute, GraphNode, GraphTensor, OptimizedGraph

if TYPE_CHECKING:
    from edgeprof_proto.records.measurement import OperatorTime


def graph_of(engine: str, told: OptimizedGraph, operators: "Sequence[OperatorTime]" = ()) -> Graph:
    """Return the graph of a model with the times of its operators.

    Args:
        engine: The runtime that runs it.
        told: The graph as the runtime tells it.
        operators: Times of its operators, which name their nodes; a node without one keeps no time.

    Raises:
        GraphError: If a number is out of bounds.
    """
    windows_us = {
        operator.node_index: tuple(value * 1_000 for value in operator.window_ms or (operator.time_ms,))
        for operator in operators
        if operator.node_index is not None
    }
    makers: dict[int, int] = {}
    nodes = []
    for index, node in enumerate(told.nodes):
        nodes.append(_node(node, told.tensors, windows_us.get(index, ()), makers))
        makers.update((position, index) for position in node.outputs if position >= 0)
    return Graph(engine=engine, nodes=tuple(nodes))


def _node(
    node: GraphNode, tensors: Sequence[GraphTensor], window_us: tuple[float, ...], makers: Mapping[int, int]
) -> Node:
    inputs = [tensors[position] for position in node.inputs if position >= 0]
    computed = [position for position in node.inputs if position >= 0 and tensors[position].constant_bytes is None]
    outputs = [tensors[position] for position in node.outputs if position >= 0]
    attributes = {item.name: _value(item) for item in node.attributes}
    layout = next((tensor.layout for tensor in outputs if tensor.layout), "")
    if layout:
        attributes["outputLayouts"] = layout
    return Node(
        name=node.name,
        type=node.type,
        kernel=node.kernel,
        inputs=tuple(_tensor(tensors[position]) for position in computed),
        sources=tuple(makers.get(position, -1) for position in computed),
        outputs=tuple(map(_tensor, outputs)),
        weights=tuple(_tensor(item) for item in inputs if item.constant_bytes is not None),
        attributes=attributes,
        window_us=window_us,
    )


def _tensor(told: GraphTensor) -> Tensor:
    return Tensor(tuple(1 if size < 0 else size for size in told.sizes), told.element_type)


def _value(attribute: GraphAttribute) -> Attribute:
    return " ".join(attribute.texts) if attribute.texts else attribute.integers

"""The graph that the interpreter of TensorFlow Lite runs: the nodes of the file, each with the kernels that run it.

The interpreter does not say which nodes a delegate took; that follows from the graph (`tflite_nodes.py`). What a
delegate makes of them, XNNPACK's own fusions for instance, it does not tell.
"""

from collections.abc import Mapping, Sequence

from edgeprof_agent.runtimes.graph_builder import GraphBuilder
from edgeprof_agent.runtimes.tflite_file import FileGraph
from edgeprof_agent.runtimes.tflite_nodes import DELEGATE, Node, precision_of_node, reached
from edgeprof_proto.records.graph import OptimizedGraph

UNPACKING = frozenset({"DEQUANTIZE", "DENSIFY"})
"""Operators that kernels and delegates apply to constants once, when they prepare."""


def build_graph(
    file: FileGraph,
    nodes: Sequence[Node],
    shapes: Mapping[int, Sequence[int]],
    *,
    inputs: Sequence[int],
    outputs: Sequence[int],
    provider: str,
    builtin: str,
) -> OptimizedGraph:
    """Return the graph.

    Args:
        file: What the file says of it.
        nodes: The nodes of the file and behind them those that delegates made.
        shapes: The shape of each tensor, by its number.
        inputs: Numbers of the tensors that the model is given.
        outputs: Numbers of those that it returns.
        provider: Name for what the delegate took.
        builtin: Name for what it left.

    Raises:
        FlatbufferError: If an option of an operator lies behind the end of the file.
    """
    names = _names(file)
    builder = GraphBuilder()
    constants = {index for index, tensor in enumerate(file.tensors) if tensor.is_constant}
    of_file = [node for node in nodes if node.operator != DELEGATE]
    for node in of_file:
        if node.operator in UNPACKING and constants.issuperset(node.inputs):
            constants.update(node.outputs)
    for index, tensor in enumerate(file.tensors):
        builder.add_tensor(
            names[index],
            element_type=tensor.element_type,
            sizes=shapes.get(index, tensor.sizes),
            is_constant=index in constants,
        )
    needed, left = reached(of_file, outputs), reached(nodes, outputs)
    for position, node in enumerate(of_file):
        kernel = "" if node not in needed else builtin if node in left else provider
        operator = file.operators[position]
        builder.add_node(
            names[node.outputs[0]] if node.outputs else f"{node.operator} {position}",
            node.operator,
            [names[index] if index >= 0 else "" for index in node.inputs],
            [names[index] if index >= 0 else "" for index in node.outputs],
            kernel=kernel,
            provider=kernel,
            precision=precision_of_node(node),
            attributes=operator.attributes(node.operator, file.tensors),
        )
    return builder.build([names[index] for index in inputs], [names[index] for index in outputs], is_derived=True)


def _names(file: FileGraph) -> list[str]:
    """Return a name of its own for each tensor: a file may call two alike, and some not at all."""
    names: list[str] = []
    taken: set[str] = set()
    for index, tensor in enumerate(file.tensors):
        name = tensor.name if tensor.name and tensor.name not in taken else f"{tensor.name}#{index}"
        taken.add(name)
        names.append(name)
    return names

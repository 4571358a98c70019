"""What is known of the nodes of a `.tflite` model: which of them a delegate took, and their precision.

The interpreter lists the nodes of the file and, behind them, one node DELEGATE for each part of the graph that a
delegate took, but not which nodes are in a part. That follows from the graph: a DELEGATE node makes the tensors that it
writes, so whoever walks from the outputs back to the makers of their inputs meets the nodes of the file that still run
themselves. Those that only the walk without delegates meets are the delegate's. Nodes that no output needs are not
counted.
"""

import dataclasses
from collections import Counter
from collections.abc import Mapping, Sequence

DELEGATE = "DELEGATE"

_WORKING = frozenset(
    {"CONV_2D", "DEPTHWISE_CONV_2D", "TRANSPOSE_CONV", "CONV_3D", "CONV_3D_TRANSPOSE", "FULLY_CONNECTED"}
    | {"BATCH_MATMUL", "LSTM", "UNIDIRECTIONAL_SEQUENCE_LSTM", "UNIDIRECTIONAL_SEQUENCE_RNN", "RNN", "SVDF"}
)
"""Operators that decide the precision: convolutions and matrix products."""

_INPUT_POSITION = {"TRANSPOSE_CONV": 2, "CONV_3D_TRANSPOSE": 2}
"""Where the input of an operator stands among its operands, if not first."""

_INTEGERS = {"int8": "int8", "uint8": "int8", "int16": "int16", "int4": "int4", "uint4": "int4"}


@dataclasses.dataclass(frozen=True, slots=True)
class Node:
    """A node of the interpreter.

    Args:
        operator: Name of its operator.
        inputs: Numbers of the tensors that it reads; -1 for one that is left out.
        outputs: Numbers of the tensors that it writes.
        types: Types of the tensors that it reads, by NumPy's names.
    """

    operator: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    types: tuple[str, ...]


def count_nodes(nodes: Sequence[Node], outputs: Sequence[int], *, provider: str, builtin: str) -> Mapping[str, int]:
    """Count the nodes of the file that a delegate took, and those that it left.

    Args:
        nodes: The nodes of the file and behind them those that delegates made.
        outputs: Numbers of the tensors that the model returns.
        provider: Name for what the delegate took.
        builtin: Name for what it left.

    Returns:
        Number of nodes by name; without those of 0.
    """
    of_file = [node for node in nodes if node.operator != DELEGATE]
    needed = reached(of_file, outputs)
    left = reached(nodes, outputs)
    taken_count = len(needed - left)
    left_count = len(needed & left)
    counts = Counter({provider: taken_count})
    counts[builtin] += left_count
    return {name: count for name, count in counts.items() if count}


def reached(nodes: Sequence[Node], outputs: Sequence[int]) -> set[Node]:
    """Return the nodes that the outputs need; of two that write a tensor the later makes it.

    Args:
        nodes: The nodes of the file, with those that delegates made or without.
        outputs: Numbers of the tensors that the model returns.
    """
    makers = {tensor: node for node in nodes for tensor in node.outputs}
    found: set[Node] = set()
    waiting = list(outputs)
    while waiting:
        node = makers.get(waiting.pop())
        if node is not None and node not in found:
            found.add(node)
            waiting.extend(node.inputs)
    return found


def precision_of(nodes: Sequence[Node], input_types: Sequence[str]) -> str:
    """Tell in which precision a model computes: that of most of its convolutions and matrix products.

    They compute in integers where their input or their weights are integers.

    Args:
        nodes: The nodes of the file.
        input_types: Types of the model's inputs; they decide where it has no such operators.
    """
    found = Counter(filter(None, map(precision_of_node, nodes)))
    if found:
        return max(found, key=lambda name: (found[name], name in _INTEGERS))
    return next((_INTEGERS.get(name, name) for name in input_types if name in _INTEGERS or "float" in name), "float32")


def precision_of_node(node: Node) -> str:
    """Return the precision of a convolution or a matrix product; empty for other nodes.

    Args:
        node: The node.
    """
    if node.operator not in _WORKING or not node.types:
        return ""
    position = min(_INPUT_POSITION.get(node.operator, 0), len(node.types) - 1)
    given = node.types[position]
    weights = node.types[1] if len(node.types) > 1 else ""
    # Weights in integers beside an input in floats: the kernels quantise the input in each run.
    return _INTEGERS.get(given) or _INTEGERS.get(weights) or given

"""Which inputs of a `.tflite` model index tables, and how many rows those have: generated ids are to lie in them."""

from collections.abc import Mapping, Sequence

from edgeprof_agent.runtimes.tflite_nodes import Node

_PASSING: Mapping[str, tuple[int, ...]] = {
    **dict.fromkeys(("RESHAPE", "CAST", "EXPAND_DIMS", "SQUEEZE", "TRANSPOSE", "SLICE", "STRIDED_SLICE"), (0,)),
    **dict.fromkeys(("BROADCAST_TO", "TILE", "UNPACK", "PAD", "REVERSE_V2", "QUANTIZE", "DEQUANTIZE"), (0,)),
    **dict.fromkeys(("PACK", "CONCATENATION"), tuple(range(64))),
    **dict.fromkeys(("MAXIMUM", "MINIMUM"), (0, 1)),
    **dict.fromkeys(("SELECT", "SELECT_V2"), (1, 2)),
    "SPLIT": (1,),
}
"""Operators whose outputs hold values of these inputs, none of them changed beyond its range."""


def indexed_row_counts(nodes: Sequence[Node], shapes: Mapping[int, tuple[int, ...]]) -> dict[int, int]:
    """Return the rows of the smallest table that a tensor's values index, by the tensor's number.

    Args:
        nodes: The nodes of the file, each behind those whose outputs it reads.
        shapes: Shapes by the numbers of tensors.
    """
    found: dict[int, int] = {}
    for node in reversed(nodes):
        for index, row_count in _indexed_by(node, shapes):
            found[index] = min(row_count, found.get(index, row_count))
        passed = [found[index] for index in node.outputs if index in found]
        for position in _PASSING.get(node.operator, ()):
            if passed and position < len(node.inputs):
                index = node.inputs[position]
                found[index] = min(*passed, found.get(index, passed[0]))
    return found


def _indexed_by(node: Node, shapes: Mapping[int, tuple[int, ...]]) -> list[tuple[int, int]]:
    """Return the tensor of indices that a node reads, with the rows of the table that they must lie within."""
    if len(node.inputs) < 2:
        return []
    first, second = node.inputs[:2]
    if node.operator == "EMBEDDING_LOOKUP":
        return [(first, rows) for rows in shapes.get(second, ())[:1]]
    table = shapes.get(first, ())
    if node.operator == "GATHER_ND":
        depth = (shapes.get(second) or (0,))[-1]
        return [(second, min(table[:depth]))] if 1 <= depth <= len(table) else []
    if node.operator == "GATHER":
        # The node does not tell its axis, but the shape of what it writes leaves few.
        indices, written = shapes.get(second, ()), shapes.get(node.outputs[0], ())
        axes = [axis for axis in range(len(table)) if (*table[:axis], *indices, *table[axis + 1 :]) == written]
        return [(second, min(table[axis] for axis in axes or range(len(table))))] if table else []
    return []

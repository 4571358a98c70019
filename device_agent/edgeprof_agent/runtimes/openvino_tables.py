"""Which inputs of an OpenVINO model index tables, and how many rows those have: generated ids are to lie in them.

For ONNX files the trace of the whole graph tells it (`models/input_use.py`); this is for IR.
"""

from typing import Any

_PASSING = frozenset({"Convert", "Reshape", "Squeeze", "Unsqueeze", "Transpose", "Slice", "StridedSlice", "Broadcast"})
"""Operators whose output holds values of their first input, none of them changed."""

_INDICES, _TABLE, _AXIS = 1, 0, 2
"""Inputs of a Gather."""


def indexed_row_count(value: Any) -> int | None:
    """Return the rows of the smallest table that the values of an input index; None where they index none.

    Args:
        value: The output of the input's node.
    """
    found: list[int] = []
    waiting, seen = [value], set()
    while waiting:
        for target in waiting.pop().get_target_inputs():
            node = target.get_node()
            kind, name = node.get_type_name(), node.get_name()
            if kind == "Gather" and target.get_index() == _INDICES:
                found += _rows(node)
            elif kind in _PASSING and target.get_index() == 0 and name not in seen:
                seen.add(name)
                waiting += node.outputs()
    return min(found, default=None)


def _rows(gather: Any) -> list[int]:
    shape = gather.input_value(_TABLE).get_partial_shape()
    axis = gather.input_value(_AXIS).get_node()
    if axis.get_type_name() != "Constant" or shape.rank.is_dynamic:
        return []
    position = int(axis.get_data().flat[0])
    size = shape[position] if -len(shape) <= position < len(shape) else None
    return [] if size is None or size.is_dynamic else [size.get_length()]

"""Reads in which precision an ONNX model computes, from the types in its file.

What decides are the operators that do the work: convolutions and matrix products. They compute in integers where the
operator is a quantised one or its input comes out of a DequantizeLinear, else in the type of the weights. The precision
is that of most of them; a model without them has that of most of its constants, or of its inputs.
"""

import dataclasses
import math
from collections import Counter
from pathlib import Path

from edgeprof_proto.shared.onnx_walk import BYTES, DEPTH_LIMIT, MAX_MODEL_BYTES, VARINT, FieldReader, ModelContentError
from edgeprof_proto.shared.plain_file import map_plain_file

PRECISIONS = ("float32", "float16", "bfloat16", "float64", "float8", "int8", "int4", "int16", "int32", "int64", "bool")
"""Precisions that a model may have."""

_TYPES = {
    **{1: "float32", 2: "int8", 3: "int8", 4: "int16", 5: "int16", 6: "int32", 7: "int64", 9: "bool", 10: "float16"},
    **{11: "float64", 12: "int32", 13: "int64", 16: "bfloat16", 17: "float8", 18: "float8", 19: "float8", 20: "float8"},
    **{21: "int4", 22: "int4"},
}
"""Precision by the number of an element's type in `TensorProto.DataType`; signed and unsigned are one."""

_FLOATS = frozenset({"float32", "float16", "bfloat16", "float64", "float8"})

_WORKING = frozenset({"Conv", "ConvTranspose", "MatMul", "Gemm", "FusedConv", "FusedMatMul", "LSTM", "GRU", "RNN"})

_QUANTISED = {
    **dict.fromkeys(("QLinearConv", "QLinearMatMul", "ConvInteger", "MatMulInteger", "QGemm", "QAttention"), "int8"),
    **dict.fromkeys(("DynamicQuantizeMatMul", "DynamicQuantizeLSTM", "MatMulIntegerToFloat"), "int8"),
    "MatMulNBits": "int4",
}
"""Operators that compute in integers."""

_DEQUANTIZE = "DequantizeLinear"


@dataclasses.dataclass(slots=True)
class _Node:
    operator: str = ""
    inputs: list[str] = dataclasses.field(default_factory=list)
    outputs: list[str] = dataclasses.field(default_factory=list)


@dataclasses.dataclass(slots=True)
class _Contents:
    """What a walk has found in all graphs of a model."""

    nodes: list[_Node] = dataclasses.field(default_factory=list)
    types: dict[str, str] = dataclasses.field(default_factory=dict)
    element_counts: Counter[str] = dataclasses.field(default_factory=Counter)
    input_types: list[str] = dataclasses.field(default_factory=list)


def read_precision(path: Path) -> str:
    """Read in which precision a model computes.

    Args:
        path: The model's file.

    Returns:
        One of `PRECISIONS`.

    Raises:
        ModelContentError: If it is no ONNX model, or built to exhaust who reads it.
        OSError: If it cannot be read.
    """
    return precision_of(map_plain_file(path, max_bytes=MAX_MODEL_BYTES))


def precision_of(content: memoryview) -> str:
    """Read in which precision a model computes from the content of its file; see `read_precision`."""
    contents = _Contents()
    walk = _Walk(contents)
    for number, wire_type, _, message in walk.fields(content):
        if wire_type == BYTES and number == 7:
            walk.graph(message, 0)
        elif wire_type == BYTES and number == 25:
            walk.function(message)
    worked = Counter(_precision_of_work(contents))
    if worked:
        # Of equal numbers the integers: what they leave in floats is the smaller part of the work.
        return max(worked, key=lambda name: (worked[name], name not in _FLOATS))
    floats = {name: count for name, count in contents.element_counts.items() if name in _FLOATS}
    for candidates in (floats, Counter(name for name in contents.input_types if name in _FLOATS)):
        if candidates:
            return max(candidates, key=lambda name: candidates[name])
    return contents.input_types[0] if contents.input_types else "float32"


def _precision_of_work(contents: _Contents) -> list[str]:
    quantised = {
        output: contents.types.get(node.inputs[0], "int8") if node.inputs else "int8"
        for node in contents.nodes
        if node.operator == _DEQUANTIZE
        for output in node.outputs
    }
    found = []
    for node in contents.nodes:
        if node.operator in _QUANTISED:
            found.append(_QUANTISED[node.operator])
        elif node.operator in _WORKING:
            sources = [quantised[name] for name in node.inputs if name in quantised]
            weights = [contents.types[name] for name in node.inputs if name in contents.types]
            floats = [name for name in weights if name in _FLOATS]
            # The narrowest of its integers: weights of 4 bits are multiplied with activations of 8 or more.
            found += [min(sources)] if sources else floats[:1]
    return found


class _Walk:
    """Reads messages by their field numbers; `depth` counts the graphs around one."""

    def __init__(self, contents: _Contents) -> None:
        self._contents = contents
        self.fields = FieldReader().fields

    def graph(self, message: memoryview, depth: int) -> None:
        if depth > DEPTH_LIMIT:
            raise ModelContentError(f"the model nests more than {DEPTH_LIMIT} deep, which no exporter writes")
        for number, wire_type, _, content in self.fields(message):
            if wire_type != BYTES:
                continue
            if number == 1:
                self._node(content, depth)
            elif number == 5:
                self._tensor(content, "")
            elif number == 11 and depth == 0:
                self._input(content)

    def function(self, message: memoryview) -> None:
        for number, wire_type, _, content in self.fields(message):
            if number == 7 and wire_type == BYTES:
                self._node(content, 0)

    def _node(self, message: memoryview, depth: int) -> None:
        node, attributes = _Node(), []
        for number, wire_type, _, content in self.fields(message):
            if wire_type != BYTES:
                continue
            if number in (1, 2):
                (node.inputs if number == 1 else node.outputs).append(_text(content))
            elif number == 4:
                node.operator = _text(content)
            elif number == 5:
                attributes.append(content)
        self._contents.nodes.append(node)
        for attribute in attributes:
            for number, wire_type, _, content in self.fields(attribute):
                if wire_type == BYTES and number == 5:
                    # A constant; its name is that of the node's output.
                    self._tensor(content, node.outputs[0] if node.operator == "Constant" and node.outputs else "")
                elif wire_type == BYTES and number in (6, 11):
                    self.graph(content, depth + 1)

    def _tensor(self, message: memoryview, name: str) -> None:
        sizes, element_type = [], 0
        for number, wire_type, value, content in self.fields(message):
            if number == 1:
                sizes += [value] if wire_type == VARINT else _varints(content)
            elif number == 2 and wire_type == VARINT:
                element_type = value
            elif number == 8 and wire_type == BYTES and not name:
                name = _text(content)
        precision = _TYPES.get(element_type)
        if precision is not None:
            self._contents.types[name] = precision
            self._contents.element_counts[precision] += math.prod(sizes)

    def _input(self, message: memoryview) -> None:
        for number, wire_type, _, value_type in self.fields(message):
            if number != 2 or wire_type != BYTES:
                continue
            for kind, kind_wire_type, _, tensor_type in self.fields(value_type):
                if kind != 1 or kind_wire_type != BYTES:
                    continue
                for part, _, element_type, _ in self.fields(tensor_type):
                    if part == 1 and element_type in _TYPES:
                        self._contents.input_types.append(_TYPES[element_type])


def _varints(content: memoryview) -> list[int]:
    """Read packed sizes; what is cut off is left out."""
    numbers, value, shift = [], 0, 0
    for byte in content[:640]:
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            numbers.append(value)
            value, shift = 0, 0
    return numbers


def _text(content: memoryview) -> str:
    return bytes(content[:1_000]).decode("utf-8", errors="replace")

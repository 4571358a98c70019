"""Checks an ONNX file without an ONNX library, before a runtime reads it.

An ONNX file is a protobuf message. The check walks the memory-mapped file by field numbers, stores only names, and
limits depth and number of fields. It follows every occurrence of a field, since protobuf merges repeated occurrences.
"""

import dataclasses
import math
from collections.abc import Iterator

from edgeprof_agent.errors import ModelRefusedError

DEPTH_LIMIT = 64
"""Nesting of messages at most; a subgraph in a branch adds three levels."""

FIELD_LIMIT = 4_000_000
"""Fields in one file at most; the weights of a tensor are one field in files of usual exporters."""

BUILT_IN_DOMAINS = frozenset(
    {"", "ai.onnx", "ai.onnx.ml", "ai.onnx.preview", "ai.onnx.preview.training", "com.microsoft"}
    | {"com.microsoft.nchwc", "com.ms.internal.nhwc", "com.microsoft.experimental"}
)
"""Domains of operators that are part of a runtime; other domains need a library of custom operators."""

FOREIGN_OPERATORS = frozenset({"EPContext"})
"""Operators that refer to another file or contain compiled code for one accelerator."""

_NUMBER_BYTES = {
    1: 4,
    2: 1,
    3: 1,
    4: 2,
    5: 2,
    6: 4,
    7: 8,
    8: 16,
    9: 1,
    10: 2,
    11: 8,
    12: 4,
    13: 8,
    14: 8,
    15: 16,
    16: 2,
}
"""Bytes of an element by the number of its type in `TensorProto.DataType`."""

_GENERATED_BYTES = 8
"""Additional bytes for each element while inputs are generated (in double precision)."""

_VARINT, _FIXED_64, _BYTES, _FIXED_32 = 0, 1, 2, 5

_EXTERNAL_DATA, _DATA_LOCATION, _EXTERNAL = 13, 14, 1

_MESSAGES: dict[str, dict[int, str]] = {
    "model": {7: "graph", 8: "opset", 20: "training", 25: "function"},
    "training": {1: "graph", 2: "graph"},
    "function": {7: "node", 9: "opset", 11: "attribute"},
    "graph": {1: "node", 5: "tensor", 15: "sparse_tensor"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse_tensor", 23: "sparse_tensor"},
    "sparse_tensor": {1: "tensor", 2: "tensor"},
    "tensor": {},
    "opset": {},
}
"""For each kind of message, the fields with messages that are checked too, and their kind."""

_OPERATOR, _NODE_DOMAIN, _FUNCTION_DOMAIN, _INPUT = 4, 7, 10, 11


@dataclasses.dataclass(slots=True)
class _Walk:
    """The findings of a walk through a file."""

    field_count: int = 0
    graph_count: int = 0
    used_domains: set[str] = dataclasses.field(default_factory=set)
    defined_domains: set[str] = dataclasses.field(default_factory=set)
    inputs: list[memoryview] = dataclasses.field(default_factory=list)

    def fields(self, message: memoryview) -> Iterator[tuple[int, int, int, memoryview]]:
        """Yield number, wire type, value of a varint, and content of each field of a message."""
        position = 0
        while position < len(message):
            self.field_count += 1
            if self.field_count > FIELD_LIMIT:
                raise ModelRefusedError(
                    f"the model has more than {FIELD_LIMIT} fields, which no exporter writes; export it again"
                )
            tag, position = _read_varint(message, position)
            number, wire_type = tag >> 3, tag & 7
            value, size = 0, 0
            if wire_type == _VARINT:
                value, position = _read_varint(message, position)
            elif wire_type == _BYTES:
                size, position = _read_varint(message, position)
            elif wire_type in (_FIXED_64, _FIXED_32):
                size = 8 if wire_type == _FIXED_64 else 4
            else:
                raise _no_onnx(f"wire type {wire_type}")
            if not number or size > len(message) - position:
                raise _no_onnx("a field that extends beyond the end of its message")
            yield number, wire_type, value, message[position : position + size]
            position += size

    def follow(self, kind: str, message: memoryview, depth: int) -> None:
        """Check a message and the messages inside it."""
        if depth > DEPTH_LIMIT:
            raise ModelRefusedError(
                f"the model is nested more than {DEPTH_LIMIT} levels deep, which no exporter writes"
            )
        within = _MESSAGES[kind]
        for number, wire_type, value, content in self.fields(message):
            if number in within:
                if wire_type != _BYTES:
                    raise _no_onnx(f"a {within[number]} of wire type {wire_type}")
                self.graph_count += kind == "model" and within[number] == "graph"
                self.follow(within[number], content, depth + 1)
            elif kind == "tensor":
                if number == _EXTERNAL_DATA or (number == _DATA_LOCATION and value == _EXTERNAL):
                    raise ModelRefusedError(
                        "the model stores data in other files, which are not on this device; save it as one file "
                        "(onnx.save_model with save_as_external_data=False)"
                    )
            elif kind == "node" and number == _OPERATOR and _text(content) in FOREIGN_OPERATORS:
                raise ModelRefusedError(
                    f"the model's operator {_text(content)!r} needs another file or contains compiled code; "
                    "export the network itself"
                )
            elif kind == "node" and number == _NODE_DOMAIN:
                self.used_domains.add(_text(content))
            elif kind == "function" and number == _FUNCTION_DOMAIN:
                self.defined_domains.add(_text(content))
            elif kind == "graph" and number == _INPUT and depth == 1:
                self.inputs.append(content)

    def input_bytes(self, message: memoryview, batch_size: int) -> int:
        """Return the memory in bytes that an input needs while it is generated; open sizes count as the batch size."""
        total = 0
        for tensor_type in self._within(message, 2, 1):
            count, element = 1, 0
            for number, _, value, shape in self.fields(tensor_type):
                if number == 1:
                    element = value
                if number == 2:
                    count *= math.prod(self._sizes(shape, batch_size))
            total += count * (_NUMBER_BYTES.get(element, 1) + _GENERATED_BYTES)
        return total

    def _sizes(self, shape: memoryview, batch_size: int) -> Iterator[int]:
        for dimension in self._within(shape, 1):
            sizes = [value for number, _, value, _ in self.fields(dimension) if number == 1]
            yield sizes[-1] if sizes else batch_size

    def _within(self, message: memoryview, *path: int) -> Iterator[memoryview]:
        for number, wire_type, _, content in self.fields(message):
            if number == path[0] and wire_type == _BYTES:
                if len(path) == 1:
                    yield content
                else:
                    yield from self._within(content, *path[1:])


def check_onnx(content: memoryview, *, memory_bytes: int, batch_size: int) -> None:
    """Refuse a file that a runtime must not read.

    Args:
        content: The whole file.
        memory_bytes: Memory that the worker may take.
        batch_size: Size of a first dimension that the model leaves open.

    Raises:
        ModelRefusedError: If it is not an ONNX model, stores data in other files, needs custom operators or another
            file, has inputs that do not fit into memory, or exceeds a limit of depth or fields.
    """
    walk = _Walk()
    walk.follow("model", content, 0)
    if not walk.graph_count:
        raise _no_onnx("no graph")
    if unknown := sorted(walk.used_domains - walk.defined_domains - BUILT_IN_DOMAINS):
        raise ModelRefusedError(
            f"the model has operators of {', '.join(map(repr, unknown[:3]))}, which need a library of custom operators;"
            " export it with operators of ONNX"
        )
    needed = sum(walk.input_bytes(message, batch_size) for message in walk.inputs)
    if needed > memory_bytes:
        raise ModelRefusedError(
            f"the model's inputs need {needed} bytes, a worker on this device may take {memory_bytes}; measure a "
            "smaller input or batch, or raise EDGEPROF_AGENT_WORKER_MEMORY_BYTES on the device"
        )


def _read_varint(message: memoryview, position: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        if position >= len(message):
            raise _no_onnx("a number that extends beyond the end of its message")
        byte = message[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
    raise _no_onnx("a number of more than 10 bytes")


def _text(content: memoryview) -> str:
    return bytes(content[:200]).decode("utf-8", errors="replace")


def _no_onnx(found: str) -> ModelRefusedError:
    return ModelRefusedError(f"the file is not an ONNX model: it contains {found}; export the network as ONNX")

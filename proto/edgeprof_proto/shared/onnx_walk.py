"""Walks through an ONNX file without any library of ONNX, and says why a file cannot be run as it is.

An ONNX file is a protobuf message. The walk goes by field numbers over the mapped file and is bounded in depth and in
fields. It follows every occurrence of a field, since protobuf merges those of a message. The host walks through a file
before it uploads it, the agent before an engine reads it. `onnx_graph` reads the graph with the same `FieldReader`.
"""

import dataclasses
from collections.abc import Iterator

from edgeprof_proto.shared.file_kind import HEAD_BYTES, recognise

MAX_MODEL_BYTES = 2**31
"""Size of an ONNX model in one file at most: protobuf allows no more, and neither do the FlatBuffers of TFLite."""

DEPTH_LIMIT = 64
"""Messages within each other: a graph in the branch of a graph adds three."""

FIELD_LIMIT = 4_000_000
"""Fields in one file; the weights of a tensor are one of them, as exporters write it."""

BUILT_IN_DOMAINS = frozenset(
    {"", "ai.onnx", "ai.onnx.ml", "ai.onnx.preview", "ai.onnx.preview.training", "com.microsoft"}
    | {"com.microsoft.nchwc", "com.ms.internal.nhwc", "com.microsoft.experimental"}
)
"""Domains whose operators runtimes bring along; any other needs a library of custom operators."""

FOREIGN_OPERATORS = frozenset({"EPContext"})
"""Operators that name a file or hold compiled code for one accelerator."""

NAME_BYTES = 1_000
"""Bytes of a name that are read."""

VARINT, FIXED_64, BYTES, FIXED_32 = 0, 1, 2, 5
"""Wire types of protobuf."""

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
"""Which fields of a message hold a message that is followed, and which one."""

_IR_VERSION, _OPERATOR, _NODE_DOMAIN, _FUNCTION_DOMAIN = 1, 4, 7, 10

_NO_PROTOBUF = "bytes that no exporter writes"


class ModelContentError(ValueError):
    """A file is no ONNX model, or one that no device could run; the text says what it is and what to do."""


class FieldReader:
    """Reads the fields of messages, `FIELD_LIMIT` of them at most."""

    def __init__(self) -> None:
        self._field_count = 0

    def fields(self, message: memoryview) -> Iterator[tuple[int, int, int, memoryview]]:
        """Yield number, wire type, value of a varint, and content of each field of a message.

        Args:
            message: The message.

        Raises:
            ModelContentError: If it is no message, or has too many fields.
        """
        position = 0
        while position < len(message):
            self._field_count += 1
            if self._field_count > FIELD_LIMIT:
                raise ModelContentError(
                    f"the model has more than {FIELD_LIMIT} fields, which no exporter writes; export it anew"
                )
            tag, position = _read_varint(message, position)
            number, wire_type = tag >> 3, tag & 7
            value, size = 0, 0
            if wire_type == VARINT:
                value, position = _read_varint(message, position)
            elif wire_type == BYTES:
                size, position = _read_varint(message, position)
            elif wire_type in (FIXED_64, FIXED_32):
                size = 8 if wire_type == FIXED_64 else 4
            else:
                raise _no_onnx(_NO_PROTOBUF)
            if not number:
                raise _no_onnx(_NO_PROTOBUF)
            if size > len(message) - position:
                raise _CutOffError(size)
            yield number, wire_type, value, message[position : position + size]
            position += size


class _CutOffError(ModelContentError):
    """A field is longer than what is left of its message."""

    def __init__(self, size: int) -> None:
        super().__init__(f"the file is not an ONNX model: it contains {_NO_PROTOBUF}; export the network as ONNX")
        self.size = size


@dataclasses.dataclass(slots=True)
class _Walk:
    """What a walk through a file has found so far."""

    reader: FieldReader = dataclasses.field(default_factory=FieldReader)
    graph_count: int = 0
    used_domains: set[str] = dataclasses.field(default_factory=set)
    defined_domains: set[str] = dataclasses.field(default_factory=set)

    def follow(self, kind: str, message: memoryview, depth: int) -> None:
        """Look at a message and all that it holds."""
        if depth > DEPTH_LIMIT:
            raise ModelContentError(f"the model nests more than {DEPTH_LIMIT} deep, which no exporter writes")
        within = _MESSAGES[kind]
        for number, wire_type, value, content in self.reader.fields(message):
            if number in within:
                if wire_type != BYTES:
                    raise _no_onnx(_NO_PROTOBUF)
                self.graph_count += kind == "model" and within[number] == "graph"
                self.follow(within[number], content, depth + 1)
            elif kind == "tensor":
                if number == _EXTERNAL_DATA or (number == _DATA_LOCATION and value == _EXTERNAL):
                    raise ModelContentError(
                        "the model stores data in other files, which are not uploaded; save it as one file: "
                        "torch.onnx.export(..., external_data=False), or onnx.save_model(onnx.load(PATH), PATH, "
                        "save_as_external_data=False) beside those files"
                    )
            elif kind == "node" and number == _OPERATOR and text_of(content) in FOREIGN_OPERATORS:
                raise ModelContentError(
                    f"the model has an operator {text_of(content)!r}, which names another file or holds compiled code; "
                    "export the network itself"
                )
            elif kind == "node" and number == _NODE_DOMAIN:
                self.used_domains.add(text_of(content))
            elif kind == "function" and number == _FUNCTION_DOMAIN:
                self.defined_domains.add(text_of(content))
            elif kind == "model" and number == _IR_VERSION and wire_type != VARINT:
                raise _no_onnx("what a graph of TensorFlow (.pb) begins with", "convert it with tf2onnx")


def check_content(content: memoryview) -> None:
    """Check that a file is an ONNX model that runs without anything beside it.

    Args:
        content: The whole file.

    Raises:
        ModelContentError: If it is no ONNX model, keeps data in other files, needs operators from a library or another
            file, or is built to exhaust who reads it.
    """
    kind = recognise(bytes(content[:HEAD_BYTES]))
    if kind is not None:
        raise ModelContentError(f"the file is not an ONNX model: it is {kind.name}; {kind.remedy}")
    walk = _Walk()
    try:
        walk.follow("model", content, 0)
    except _CutOffError as error:
        raise _cut_off(content) or error from None
    if not walk.graph_count:
        raise _no_onnx(
            "no graph", "export the network as ONNX (a .pb of TensorFlow and a .mlmodel of Core ML are other formats)"
        )
    if unknown := sorted(walk.used_domains - walk.defined_domains - BUILT_IN_DOMAINS):
        raise ModelContentError(
            f"the model has operators of {', '.join(map(repr, unknown[:3]))}, which need a library of custom operators;"
            " export it with operators of ONNX"
        )


def read_varint_signed(value: int) -> int:
    """Return what an int64 field means whose varint was read as unsigned.

    Args:
        value: The varint.
    """
    value &= 2**64 - 1
    return value - 2**64 if value >= 2**63 else value


def integers_of(wire_type: int, value: int, content: memoryview, *, limit: int) -> list[int]:
    """Return what a field of repeated integers holds: one number, or a packed list of them.

    Args:
        wire_type: The field's wire type, as `FieldReader.fields` yields it.
        value: Its varint.
        content: Its content.
        limit: How many numbers are read; those after them are not looked at.

    Returns:
        The first `limit` numbers, int64; none where the wire type is that of no integers.

    Raises:
        ModelContentError: If the list is cut off, or a number is longer than 64 bits need.
    """
    if wire_type == VARINT:
        return [read_varint_signed(value)][:limit]
    numbers: list[int] = []
    position = 0
    while wire_type == BYTES and position < len(content) and len(numbers) < limit:
        number, position = _read_varint(content, position)
        numbers.append(read_varint_signed(number))
    return numbers


def text_of(content: memoryview, *, limit: int = 200) -> str:
    """Return the text in a field.

    Args:
        content: The field's content.
        limit: Bytes that are read.
    """
    return bytes(content[:limit]).decode("utf-8", errors="replace")


def _cut_off(content: memoryview) -> ModelContentError | None:
    """Return the error for a file whose last part is not all there; None where the damage lies within a part."""
    try:
        for _ in FieldReader().fields(content):
            pass
    except _CutOffError as error:
        return ModelContentError(
            f"the file is not an ONNX model, or only a part of one: it ends after {len(content)} bytes, within a "
            f"part of {error.size}, so it was cut off or damaged; copy, download or export it again"
        )
    return None


def _read_varint(message: memoryview, position: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        if position >= len(message):
            raise _CutOffError(1)
        byte = message[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
    raise _no_onnx(_NO_PROTOBUF)


def _no_onnx(found: str, remedy: str = "export the network as ONNX") -> ModelContentError:
    return ModelContentError(f"the file is not an ONNX model: it contains {found}; {remedy}")

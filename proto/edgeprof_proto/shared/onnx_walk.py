"""Walks through an ONNX file without any library of ONNX, and says why a file cannot be run as it is.

An ONNX file is a protobuf message. The walk goes by field numbers over the mapped file and is bounded in depth and in
fields. It follows every occurrence of a field, since protobuf merges those of a message. The host walks through a file
before it uploads it, the agent before an engine reads it. `onnx_graph` reads the graph with the same `FieldReader`.
"""

import dataclasses
import re
from collections.abc import Mapping
from types import MappingProxyType

from edgeprof_proto.shared.file_kind import HEAD_BYTES, recognise
from edgeprof_proto.shared.onnx_fields import (
    BYTES,
    NO_PROTOBUF,
    VARINT,
    CutOffError,
    FieldReader,
    ModelContentError,
    no_onnx,
    text_of,
)

MAX_MODEL_BYTES = 2**31
"""Size of an ONNX model in one file at most: protobuf allows no more, and neither do the FlatBuffers of TFLite."""

DEPTH_LIMIT = 64
"""Messages within each other: a graph in the branch of a graph adds three."""


BUILT_IN_DOMAINS = frozenset(
    {"", "ai.onnx", "ai.onnx.ml", "ai.onnx.preview", "ai.onnx.preview.training", "com.microsoft"}
    | {"com.microsoft.nchwc", "com.ms.internal.nhwc", "com.microsoft.experimental"}
)
"""Domains whose operators runtimes bring along; any other needs a library of custom operators."""

FOREIGN_OPERATORS = frozenset({"EPContext"})
"""Operators that name a file or hold compiled code for one accelerator."""


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


@dataclasses.dataclass(frozen=True, slots=True)
class DataPart:
    """The part of another file in which a tensor's data lie.

    Args:
        file_name: Name of the file, as the model gives it.
        offset: First byte.
        length: Number of bytes; None for the rest of the file.
    """

    file_name: str
    offset: int = 0
    length: int | None = None

    def check(self, file_sizes: Mapping[str, int]) -> None:
        """Check that the part lies within one of the files.

        Args:
            file_sizes: Size in bytes by name of each file that comes with the model.

        Raises:
            ModelContentError: If it does not.
        """
        if self.file_name not in file_sizes:
            raise ModelContentError(
                "the model stores data in other files, which are not uploaded; save it as one file: "
                "torch.onnx.export(..., external_data=False), or onnx.save_model(onnx.load(PATH), PATH, "
                "save_as_external_data=False) beside those files"
                if not file_sizes
                else f"the model stores data in a file {self.file_name!r}, which does not come with it; put all files "
                "of the model into one folder and name them without folders"
            )
        size = file_sizes[self.file_name]
        if not 0 <= self.offset <= self.offset + (self.length or 0) <= size:
            raise ModelContentError(
                f"the model stores data in bytes {self.offset} to {self.offset + (self.length or 0)} of "
                f"{self.file_name!r}, which has {size}: the two do not belong together, or one was cut off; copy or "
                "export them again"
            )


@dataclasses.dataclass(slots=True)
class _Walk:
    """What a walk through a file has found so far."""

    reader: FieldReader = dataclasses.field(default_factory=FieldReader)
    graph_count: int = 0
    data_parts: list[DataPart] = dataclasses.field(default_factory=list)
    used_domains: set[str] = dataclasses.field(default_factory=set)
    defined_domains: set[str] = dataclasses.field(default_factory=set)

    def follow(self, kind: str, message: memoryview, depth: int) -> None:
        """Look at a message and all that it holds."""
        if depth > DEPTH_LIMIT:
            raise ModelContentError(f"the model nests more than {DEPTH_LIMIT} deep, which no exporter writes")
        if kind == "tensor":
            self._follow_tensor(message)
            return
        within = _MESSAGES[kind]
        for number, wire_type, _, content in self.reader.fields(message):
            if number in within:
                if wire_type != BYTES:
                    raise no_onnx(NO_PROTOBUF)
                self.graph_count += kind == "model" and within[number] == "graph"
                self.follow(within[number], content, depth + 1)
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
                raise no_onnx("what a graph of TensorFlow (.pb) begins with", "convert it with tf2onnx")

    def _follow_tensor(self, message: memoryview) -> None:
        """Note where a tensor's data lie, if not in the message."""
        entries: dict[str, str] = {}
        is_external = False
        for number, wire_type, value, content in self.reader.fields(message):
            if number == _EXTERNAL_DATA and wire_type == BYTES:
                is_external = True
                fields = {key: text_of(text) for key, _, _, text in self.reader.fields(content)}
                entries[fields.get(1, "")] = fields.get(2, "")
            elif number == _EXTERNAL_DATA or (number == _DATA_LOCATION and value == _EXTERNAL):
                is_external = True
        if is_external:
            numbers = {key: _byte_count(entries[key]) for key in ("offset", "length") if key in entries}
            self.data_parts.append(
                DataPart(entries.get("location", ""), numbers.get("offset", 0), numbers.get("length"))
            )


def check_content(content: memoryview, file_sizes: Mapping[str, int] = MappingProxyType({})) -> None:
    """Check that a file is an ONNX model that runs with nothing beside it but the files that come with it.

    Args:
        content: The whole file.
        file_sizes: Size in bytes by name of each other file of the model.

    Raises:
        ModelContentError: If it is no ONNX model, keeps data in files that are not there, needs operators from a
            library or another file, or is built to exhaust who reads it.
    """
    for part in read_data_parts(content):
        part.check(file_sizes)


def read_data_parts(content: memoryview) -> tuple[DataPart, ...]:
    """Check an ONNX model as `check_content` does, and return which parts of other files it needs.

    Args:
        content: The whole file.

    Raises:
        ModelContentError: As `check_content`, but for data in other files.
    """
    kind = recognise(bytes(content[:HEAD_BYTES]))
    if kind is not None:
        raise ModelContentError(f"the file is not an ONNX model: it is {kind.name}; {kind.remedy}")
    walk = _Walk()
    try:
        walk.follow("model", content, 0)
    except CutOffError as error:
        raise _cut_off(content) or error from None
    if not walk.graph_count:
        raise no_onnx(
            "no graph", "export the network as ONNX (a .pb of TensorFlow and a .mlmodel of Core ML are other formats)"
        )
    if unknown := sorted(walk.used_domains - walk.defined_domains - BUILT_IN_DOMAINS):
        raise ModelContentError(
            f"the model has operators of {', '.join(map(repr, unknown[:3]))}, which need a library of custom operators;"
            " export it with operators of ONNX"
        )
    return tuple(walk.data_parts)


def _cut_off(content: memoryview) -> ModelContentError | None:
    """Return the error for a file whose last part is not all there; None where the damage lies within a part."""
    try:
        for _ in FieldReader().fields(content):
            pass
    except CutOffError as error:
        return ModelContentError(
            f"the file is not an ONNX model, or only a part of one: it ends after {len(content)} bytes, within a "
            f"part of {error.size}, so it was cut off or damaged; copy, download or export it again"
        )
    return None


def _byte_count(text: str) -> int:
    if re.fullmatch("[0-9]{1,18}", text) is None:
        raise ModelContentError(f"the model stores data in other files at {text[:40]!r}, which is no number of bytes")
    return int(text)

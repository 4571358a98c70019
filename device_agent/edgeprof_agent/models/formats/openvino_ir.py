"""OpenVINO's intermediate representation: layers in an XML file (.xml), weights in another (.bin).

The XML is read within limits on size, depth and number of elements, and without a document type: its entities could
grow without end.
"""

import contextlib
import re
from xml.parsers import expat

from edgeprof_agent.errors import ModelRefusedError
from edgeprof_agent.models.formats.base import ModelContent, ModelFormat
from edgeprof_agent.models.input_memory import check_input_memory
from edgeprof_agent.models.signature import Dimension, InputSignature
from edgeprof_proto.shared.model_formats import OPENVINO_IR

MAX_XML_BYTES = 128 * 1024 * 1024
"""Size of the XML at most. That of a network with 10,000 layers has 5 MB."""

_DEPTH_LIMIT = 256
_ELEMENT_LIMIT = 5_000_000
_RANK_LIMIT = 64
_CHUNK_BYTES = 1024 * 1024
_COUNT = re.compile("[0-9]{1,18}")
_SIZE = re.compile(r"\?|-1|[0-9]{1,18}|(-1|[0-9]{0,18})\.\.(-1|[0-9]{0,18})")

_ELEMENT_TYPES = {
    **{"f32": "float32", "f16": "float16", "bf16": "bfloat16", "f64": "float64", "boolean": "bool"},
    **{"i8": "int8", "i16": "int16", "i32": "int32", "i64": "int64"},
    **{"u8": "uint8", "u16": "uint16", "u32": "uint32", "u64": "uint64"},
}


class OpenVinoIrFormat(ModelFormat):
    """The format "openvino-ir"."""

    name = OPENVINO_IR

    def check(self, model: ModelContent, *, memory_bytes: int, batch_size: int) -> None:
        """Refuse what is no IR, has weights outside its .bin, or inputs that do not fit into memory."""
        if len(model.other_sizes) > 1:
            raise ModelRefusedError(f"an OpenVINO model is an .xml and a .bin, got {len(model.other_sizes) + 1} files")
        inputs = parse_inputs(model.main, next(iter(model.other_sizes.values()), 0))
        check_input_memory(inputs, memory_bytes=memory_bytes, batch_size=batch_size)


def parse_inputs(content: memoryview, weight_bytes: int) -> tuple[InputSignature, ...]:
    """Check the XML of a model and return what the model takes.

    Args:
        content: The whole XML.
        weight_bytes: Size of the file of its weights.

    Raises:
        ModelRefusedError: If it is no IR, or its weights lie outside their file.
    """
    if len(content) > MAX_XML_BYTES:
        raise ModelRefusedError(f"the model's XML has {len(content)} bytes, at most {MAX_XML_BYTES} are read")
    reader = _Reader(weight_bytes)
    try:
        for start in range(0, len(content), _CHUNK_BYTES):
            reader.feed(bytes(content[start : start + _CHUNK_BYTES]))
        reader.end()
    except expat.ExpatError as error:
        raise _refused(f"its XML is broken: {error}") from error
    return tuple(reader.inputs)


class _Reader:
    """Follows the elements of the XML; `inputs` are those that it has seen so far."""

    def __init__(self, weight_bytes: int) -> None:
        self.inputs: list[InputSignature] = []
        self._weight_bytes = weight_bytes
        self._path: list[str] = []
        self._element_count = 0
        self._layer: dict[str, str] = {}
        self._ids: set[str] = set()
        self._parser = expat.ParserCreate("UTF-8")
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.StartDoctypeDeclHandler = self._refuse_document_type

    def feed(self, part: bytes) -> None:
        """Read the next part of the XML."""
        self._parser.Parse(part, False)

    def end(self) -> None:
        """Read on to the end of the XML."""
        self._parser.Parse(b"", True)

    def _refuse_document_type(self, *_: object) -> None:
        raise _refused("its XML has a document type, which no exporter writes")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._element_count += 1
        self._path.append(name)
        if len(self._path) > _DEPTH_LIMIT or self._element_count > _ELEMENT_LIMIT:
            raise _refused("its XML is nested deeper or has more elements than any exporter writes")
        if len(self._path) == 1 and name != "net":
            raise _refused(f"its XML begins with {name[:40]!r}")
        if name == "layer":
            self._layer = attributes
            if self._path == ["net", "layers", "layer"]:
                self._ids.add(attributes.get("id", ""))
        elif name == "data" and self._path[-2:-1] == ["layer"]:
            self._data(attributes)
        elif name == "edge" and self._path == ["net", "edges", "edge"]:
            for end in ("from-layer", "to-layer"):
                if attributes.get(end) not in self._ids:
                    raise _refused(f"an edge has a layer {attributes.get(end, '')[:40]!r} that is not there")

    def _end(self, name: str) -> None:
        self._path.pop()

    def _data(self, attributes: dict[str, str]) -> None:
        if "offset" in attributes and "size" in attributes and self._layer.get("type") == "Const":
            offset, size = _count(attributes["offset"]), _count(attributes["size"])
            if offset + size > self._weight_bytes:
                raise _refused(
                    f"weights of {size} bytes at byte {offset} lie behind the end of the .bin, which has "
                    f"{self._weight_bytes}: the two files do not belong together, or the .bin is not there or cut off"
                )
        elif self._layer.get("type") == "Parameter" and self._path == ["net", "layers", "layer", "data"]:
            element_type = attributes.get("element_type", "")
            name, known = self._layer.get("name", ""), _ELEMENT_TYPES.get(element_type, element_type)
            self.inputs.append(InputSignature(name, known, _dimensions(attributes.get("shape", ""))))


def _dimensions(text: str) -> tuple[Dimension, ...] | None:
    sizes = [part.strip() for part in text.split(",")] if text.strip() else []
    if "..." in sizes:
        return None
    if len(sizes) > _RANK_LIMIT or not all(_SIZE.fullmatch(size) for size in sizes):
        raise _refused(f"an input has the shape {text[:80]!r}")
    dimensions: list[Dimension] = []
    for size in sizes:
        dimensions.append(None)
        with contextlib.suppress(ValueError):
            dimensions[-1] = int(size) if int(size) >= 0 else None
    return tuple(dimensions)


def _count(text: str) -> int:
    if _COUNT.fullmatch(text) is None:
        raise _refused(f"{text[:40]!r} stands where a number of bytes should be")
    return int(text)


def _refused(what: str) -> ModelRefusedError:
    return ModelRefusedError(f"the file is not an OpenVINO model, or only a part of one: {what}; convert it again")

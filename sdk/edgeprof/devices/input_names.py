"""The names that shapes and values can be given for in the files of a model, read on the host without an engine.

They are the names that the runtimes take: of the inputs, and of the open dimensions where a format names these.
"""

import re
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

from edgeprof.devices.model_files import find_model_files
from edgeprof.errors import ModelFileError
from edgeprof_proto.shared.flatbuffer import Flatbuffer
from edgeprof_proto.shared.model_formats import NCNN, ONNX, OPENVINO_IR, TFLITE
from edgeprof_proto.shared.onnx_graph import read_model
from edgeprof_proto.shared.onnx_walk import MAX_MODEL_BYTES
from edgeprof_proto.shared.plain_file import map_plain_file, read_plain_file

_MAX_TEXT_BYTES = 128 * 2**20
"""Size of a text of layers at most, as agents read it."""

_TABLE_LIMIT = 1_000_000
_SUBGRAPHS, _TENSORS, _INPUTS, _TENSOR_NAME = 2, 0, 1, 3


def input_names(path: Path) -> frozenset[str] | None:
    """Return the names of the inputs and of the open dimensions of a model.

    Args:
        path: Its main file.

    Returns:
        The names; None where the file cannot be read, or is of a format that nobody here reads: the device knows.
    """
    try:
        read = _READERS.get(find_model_files(path).model_format)
        return None if read is None else frozenset(read(path))
    except (ModelFileError, ValueError, ElementTree.ParseError, OSError, IndexError):
        return None


def _onnx_names(path: Path) -> set[str]:
    inputs = read_model(path).graph.inputs
    open_names = {size for value in inputs for size in value.dimensions or () if isinstance(size, str)}
    return open_names | {value.name for value in inputs}


def _tflite_names(path: Path) -> set[str]:
    """Read the names of the tensors; one that an earlier input has, and an empty one, get the input's number.

    Source: tensorflow/compiler/mlir/lite/schema/schema.fbs
    """
    model = Flatbuffer(map_plain_file(path, max_bytes=MAX_MODEL_BYTES)).root()
    graph = model.tables(_SUBGRAPHS, limit=_TABLE_LIMIT)[0]
    tensors = graph.tables(_TENSORS, limit=_TABLE_LIMIT)
    names: set[str] = set()
    for position, index in enumerate(graph.numbers(_INPUTS, "i") or ()):
        name = tensors[index].text(_TENSOR_NAME)
        names.add(name if name and name not in names else f"{name}#{position}")
    return names


def _ir_names(path: Path) -> set[str]:
    """Read the names of the values that the layers Parameter write, or those of the layers where these have none."""
    names: set[str] = set()
    net = ElementTree.fromstring(read_plain_file(path, max_bytes=_MAX_TEXT_BYTES))
    for layer in net.iterfind("layers/layer[@type='Parameter']"):
        told = ",".join(port.get("names", "") for port in layer.iterfind("output/port"))
        # A comma that belongs to a name has a backslash before it.
        own = {name.replace("\\,", ",") for name in re.split(r"(?<!\\),", told) if name}
        names |= own or {layer.get("name", "")}
    return names


def _ncnn_names(path: Path) -> set[str]:
    """Read the names of the blobs that the layers Input write.

    Source: https://github.com/Tencent/ncnn/wiki/param-and-model-file-structure
    """
    names: set[str] = set()
    for line in read_plain_file(path, max_bytes=_MAX_TEXT_BYTES).decode("utf-8").splitlines():
        words = line.split()
        if words[:1] == ["Input"] and len(words) >= 4 and words[2].isdigit() and words[3].isdigit():
            names.update(words[4 + int(words[2]) :][: int(words[3])])
    return names


_READERS: dict[str, Callable[[Path], set[str]]] = {
    ONNX: _onnx_names,
    TFLITE: _tflite_names,
    OPENVINO_IR: _ir_names,
    NCNN: _ncnn_names,
}

"""Writes an ONNX model as a `.tflite` file, as far as TensorFlow Lite has built-in operators for it."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgeprof.errors import ExportError
from edgeprof.exporters.onnx_to_tflite import arithmetic, images, movement, normalisation, products, windows
from edgeprof.exporters.onnx_to_tflite.file import TfliteFile
from edgeprof.exporters.onnx_to_tflite.fusion import fuse
from edgeprof.exporters.onnx_to_tflite.graph import Graph, Node, read_graph
from edgeprof.exporters.onnx_to_tflite.translation import Order, Translation, Writer

CONVERSION_VERSION = 1
"""Raised by each change that alters a file."""

_WRITERS: dict[str, Writer] = {
    **{**windows.WRITERS, **images.WRITERS, **arithmetic.WRITERS},
    **{**normalisation.WRITERS, **movement.WRITERS, **products.WRITERS},
}


@dataclass(frozen=True, slots=True)
class ConvertedModel:
    """A model as a `.tflite` file.

    Args:
        content: The file.
        inputs: For each of its inputs, by ONNX's name, which of ONNX's axes each axis is.
        outputs: The same for its outputs; names of tensors in the file may be others.
        left_out: Why parts of the graph that share no value with the rest are not in the file, a sentence for each.
    """

    content: bytes
    inputs: Mapping[str, Order]
    outputs: Mapping[str, Order]
    left_out: tuple[str, ...]


def missing() -> str | None:
    """Say what has to be installed on this host before models can be converted; None where nothing is missing."""
    if all(importlib.util.find_spec(name) for name in ("ai_edge_litert", "flatbuffers")):
        return None
    return (
        "ai-edge-litert, whose schema .tflite files follow, is missing; install it with: pip install 'edgeprof[litert]'"
    )


def convert(model: Any) -> ConvertedModel:
    """Convert a model.

    Args:
        model: An `onnx.ModelProto` in float32 whose shapes are fixed.

    Raises:
        ExportError: If TensorFlow Lite has no built-in operators for any part of it.
    """
    graph = read_graph(model)
    fuse(graph)
    file = TfliteFile()
    inputs: dict[str, Order] = {}
    outputs: dict[str, Order] = {}
    left_out = []
    for part in graph.parts():
        try:
            found = _written(part, file)
        except ExportError as error:
            left_out.append(str(error))
        else:
            inputs |= {name: found[name] for name in part.inputs}
            outputs |= {name: found[name] for name in part.outputs}
    if not outputs:
        raise ExportError(left_out[0] if left_out else "the graph has no operators")
    return ConvertedModel(file.content(), inputs, outputs, tuple(left_out))


def convert_file(path: Path) -> Path:
    """Convert an ONNX file, and return the `.tflite` file, which is written beside it.

    Raises:
        ExportError: As `convert`.
    """
    import onnx  # a graph that is read already is converted without

    content = convert(onnx.load(path)).content
    written = path.with_suffix(".tflite")
    written.write_bytes(content)
    return written


def _written(graph: Graph, file: TfliteFile) -> Mapping[str, Order]:
    translation = Translation(graph, file)
    for node in graph.nodes:
        _write(translation, node)
    return translation.end()


def _write(translation: Translation, node: Node) -> None:
    if node.operator not in _WRITERS:
        raise ExportError(f"TensorFlow Lite has no built-in operator for {node.operator}")
    _WRITERS[node.operator](translation, node)

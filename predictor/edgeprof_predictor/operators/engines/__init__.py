"""How the nodes of each engine's graph are read: one module an engine."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from edgeprof_predictor.operators.classes import Kind
from edgeprof_predictor.operators.engines import ncnn, onnx, onnxruntime, openvino, tflite
from edgeprof_predictor.operators.engines.tables import names
from edgeprof_predictor.operators.graph import EXPORTED, Node

TRANSLATIONS: Final[dict[str, Callable[[Node], Kind]]] = {
    EXPORTED: onnx.translate,
    "onnxruntime": onnxruntime.translate,
    "openvino": openvino.translate,
    "litert": tflite.translate,
    "tflite": tflite.translate,
    "ncnn": ncnn.translate,
}

CONTROL_FLOW: Final = names("If Loop Scan SequenceMap TensorIterator IF WHILE CALL_ONCE STABLEHLO_WHILE STABLEHLO_CASE")
"""Types of all engines that run a graph of their own, so often as values decide."""


def translation_of(engine: str) -> Callable[[Node], Kind]:
    """Return what reads the nodes of an engine; an engine that is not known is read as exported ONNX."""
    return TRANSLATIONS.get(engine, onnx.translate)

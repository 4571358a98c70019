"""How the nodes of each engine's graph are read: one module an engine."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from edgeprof_predictor.operators.classes import Kind
from edgeprof_predictor.operators.engines import ncnn, onnx, onnxruntime, openvino, tflite
from edgeprof_predictor.operators.graph import Node

TRANSLATIONS: Final[dict[str, Callable[[Node], Kind]]] = {
    "onnx": onnx.translate,
    "onnxruntime": onnxruntime.translate,
    "openvino": openvino.translate,
    "litert": tflite.translate,
    "tflite": tflite.translate,
    "ncnn": ncnn.translate,
}


def translation_of(engine: str) -> Callable[[Node], Kind]:
    """Return what reads the nodes of an engine; an engine that is not known is read as exported ONNX."""
    return TRANSLATIONS.get(engine, onnx.translate)

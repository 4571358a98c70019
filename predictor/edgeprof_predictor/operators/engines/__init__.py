"""How the nodes of each engine's graph are read: one module an engine."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib import import_module
from typing import Final

from edgeprof_predictor.operators.classes import Kind
from edgeprof_predictor.operators.engines.tables import names
from edgeprof_predictor.operators.graph import EXPORTED, Node

_MODULES: Final = {
    EXPORTED: "onnx",
    "onnxruntime": "onnxruntime",
    "openvino": "openvino",
    "litert": "tflite",
    "tflite": "tflite",
    "ncnn": "ncnn",
}
"""The module of each engine here, whose function `translate` reads a node; imported when it is asked for."""

CONTROL_FLOW: Final = names("If Loop Scan SequenceMap TensorIterator IF WHILE CALL_ONCE STABLEHLO_WHILE STABLEHLO_CASE")
"""Types of all engines that run a graph of their own, so often as values decide."""


@cache
def translation_of(engine: str) -> Callable[[Node], Kind]:
    """Return what reads the nodes of an engine; an engine that is not known is read as exported ONNX."""
    module = import_module(f"{__name__}.{_MODULES.get(engine, _MODULES[EXPORTED])}")
    translate: Callable[[Node], Kind] = module.translate
    return translate

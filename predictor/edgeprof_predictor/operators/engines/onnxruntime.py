"""ONNX Runtime's optimised graph: ONNX operators, its own fused ones, and layouts told by the domain."""

from __future__ import annotations

from typing import Final

from edgeprof_predictor.operators.classes import Kind, OperatorClass
from edgeprof_predictor.operators.engines.by_shape import order_tag
from edgeprof_predictor.operators.engines.layouts import channels_first
from edgeprof_predictor.operators.engines.onnx import class_of
from edgeprof_predictor.operators.graph import Node

_BLOCKED: Final = "nchwc"
_INTEGER: Final = ("int8", "uint8")


def translate(node: Node) -> Kind:
    """Return class and tag: type, blocked layout, element type where it is none of float32."""
    if node.number("channels_last", 0) or node.type.startswith("Nhwc"):
        is_layout = node.type in {"ReorderInput", "ReorderOutput"}
        node = node if is_layout else channels_first(node)
    found = class_of(node)
    parts = [node.type]
    if _BLOCKED in node.kernel:
        parts.append(_BLOCKED)
    types = {value.element_type for value in (*node.inputs[:1], *node.outputs[:1])}
    if types & set(_INTEGER):
        parts.append("int8")
    elif "float16" in types:
        parts.append("float16")
    if found is OperatorClass.CONVOLUTION and _BLOCKED in node.kernel and _channels(node) < 16:
        parts.append("plain input")  # the first layer is read unblocked
    if found is OperatorClass.RESIZE:
        parts.append(node.text("mode"))
    if node.type == "Transpose":
        parts.append(order_tag(node))
    return Kind(found or OperatorClass.OTHER, " ".join(filter(None, parts)), is_known=found is not None, node=node)


def _channels(node: Node) -> int:
    shape = node.inputs[0].shape if node.inputs else ()
    return shape[1] if len(shape) > 1 else 16

"""Reductions, and normalisations by their formulas, as TensorFlow Lite has no operators for them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np

from edgeprof.errors import ExportError
from edgeprof.exporters.onnx_to_tflite.arithmetic import applied, combined, scalar
from edgeprof.exporters.onnx_to_tflite.fusion import batch_norm_line
from edgeprof.exporters.onnx_to_tflite.graph import Node
from edgeprof.exporters.onnx_to_tflite.translation import Order, Translation, Writer, channels_last, identity

_KEEPS = ("ReducerOptions", {"keepDims": True})


def _reduced(t: Translation, operator: str, tensor: int, axes: Sequence[int]) -> int:
    target = [1 if axis in axes else size for axis, size in enumerate(t.file.shape(tensor))]
    return t.apply(operator, (tensor, t.constant(sorted(axes))), target, options=_KEEPS)


def _normal(t: Translation, tensor: int, axes: Sequence[int], epsilon: float) -> int:
    """Subtract the mean over some axes and divide by the standard deviation."""
    mean = _reduced(t, "MEAN", tensor, axes)
    spread = _reduced(t, "MEAN", combined(t, "SQUARED_DIFFERENCE", tensor, mean), axes)
    factor = applied(t, "RSQRT", combined(t, "ADD", spread, scalar(t, epsilon)))
    return combined(t, "MUL", combined(t, "SUB", tensor, mean), factor)


def _on_a_line(t: Translation, tensor: int, scale: int, bias: int) -> int:
    return combined(t, "ADD", combined(t, "MUL", tensor, scale), bias)


def _layer_norm(t: Translation, node: Node) -> None:
    rank = len(t.shape(node.inputs[0]))
    if node.attributes.get("axis", -1) not in (-1, rank - 1) or len(node.inputs) < 3:
        raise ExportError("a normalisation over several dimensions is not written for TensorFlow Lite")
    order = _order_with_last(t, node.inputs[0], rank - 1)
    normal = _normal(t, t.get(node.inputs[0], order), (rank - 1,), node.attributes.get("epsilon", 1e-5))
    found = _on_a_line(t, normal, *(t.get(name) for name in node.inputs[1:3]))
    t.define(node.outputs[0], found, order)


def _instance_norm(t: Translation, node: Node) -> None:
    rank = len(t.shape(node.inputs[0]))
    order = channels_last(rank)
    epsilon = node.attributes.get("epsilon", 1e-5)
    normal = _normal(t, t.get(node.inputs[0], order), range(1, rank - 1), epsilon)
    t.define(node.outputs[0], _on_a_line(t, normal, *(t.get(name) for name in node.inputs[1:3])), order)


def _group_norm(t: Translation, node: Node) -> None:
    """Normalise groups of channels, each with a scale and a shift."""
    order = channels_last(len(t.shape(node.inputs[0])))
    source = t.get(node.inputs[0], order)
    shape, groups = t.file.shape(source), len(t.graph.constants[node.inputs[1]])
    positions = int(np.prod(shape[1:-1]))
    parted = t.reshaped(source, (shape[0], positions, groups, shape[-1] // groups))
    normal = _normal(t, parted, (1, 3), node.attributes.get("epsilon", 1e-5))
    line = (t.array(t.graph.constants[name].reshape(groups, 1)) for name in node.inputs[1:3])
    t.define(node.outputs[0], t.reshaped(_on_a_line(t, normal, *line), shape), order)


def _batch_norm(t: Translation, node: Node) -> None:
    order = channels_last(len(t.shape(node.inputs[0])))
    line = (t.array(values) for values in batch_norm_line(t.graph, node))
    t.define(node.outputs[0], _on_a_line(t, t.get(node.inputs[0], order), *line), order)


def _order_with_last(t: Translation, name: str, axis: int) -> Order:
    """Return an order in which a certain axis is the last: that in which the value was made, if it can be."""
    order = t.order(name)
    if order[-1] == axis:
        return order
    plain = identity(len(order))
    return plain if plain[-1] == axis else (*(other for other in order if other != axis), axis)


def _softmax(t: Translation, node: Node, *, operator: str) -> None:
    name = node.inputs[0]
    order = _order_with_last(t, name, node.attributes.get("axis", -1) % len(t.shape(name)))
    source = t.get(name, order)
    options = ("SoftmaxOptions", {"beta": 1.0}) if operator == "SOFTMAX" else None
    t.define(node.outputs[0], applied(t, operator, source, options), order)


def _axes(t: Translation, node: Node) -> list[int]:
    """Return the axes that a reduction reduces, in the order in which its input was made."""
    name = node.inputs[0]
    rank = len(t.shape(name))
    given = node.attributes.get("axes")
    if given is None and len(node.inputs) > 1:
        given = t.graph.constants[node.inputs[1]].tolist()
    if not node.attributes.get("keepdims", 1):
        raise ExportError("a reduction that drops dimensions is not written for TensorFlow Lite")
    return [t.order(name).index(axis % rank) for axis in (range(rank) if given is None else given)]


def _reduce(t: Translation, node: Node, *, operator: str) -> None:
    name = node.inputs[0]
    t.define(node.outputs[0], _reduced(t, operator, t.get(name), _axes(t, node)), t.order(name))


def _length(t: Translation, node: Node) -> None:
    """Reduce to the square root of the sum of squares."""
    name = node.inputs[0]
    total = _reduced(t, "SUM", applied(t, "SQUARE", t.get(name)), _axes(t, node))
    t.define(node.outputs[0], applied(t, "SQRT", total), t.order(name))


def _largest(t: Translation, node: Node) -> None:
    name, target = node.inputs[0], t.shape(node.outputs[0])
    source = t.get(name, identity(len(t.shape(name))))
    shape = t.file.shape(source)
    axis = node.attributes.get("axis", 0) % len(shape)
    inputs = (source, t.constant(axis))
    options = ("ArgMaxOptions", {"outputType": _INT32})
    found = t.apply("ARG_MAX", inputs, shape[:axis] + shape[axis + 1 :], options=options, element_type=np.int32)
    t.define(node.outputs[0], t.reshaped(found, target))


_INT32 = 2
"""Number of the type in `TensorType`."""

WRITERS: dict[str, Writer] = {
    "LayerNormalization": _layer_norm,
    "InstanceNormalization": _instance_norm,
    "GroupNormalization": _group_norm,
    "BatchNormalization": _batch_norm,
    "Softmax": partial(_softmax, operator="SOFTMAX"),
    "LogSoftmax": partial(_softmax, operator="LOG_SOFTMAX"),
    "ReduceMean": partial(_reduce, operator="MEAN"),
    "ReduceSum": partial(_reduce, operator="SUM"),
    "ReduceMax": partial(_reduce, operator="REDUCE_MAX"),
    "ReduceL2": _length,
    "ArgMax": _largest,
}
"""What writes an operator of ONNX."""

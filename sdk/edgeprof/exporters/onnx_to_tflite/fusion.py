"""Merges what converters to TensorFlow Lite merge, so that files hold the operators that they commonly hold.

Formulas become one operator, normalisations by constants go into the convolution before them, biases and simple
activations into the operator that they follow. What ONNX has no operator for in the version that is read gets a name of
its own: `Dense`, `Gelu`, `GroupNormalization`, `ChannelShuffle`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from edgeprof.exporters.onnx_to_tflite.file import RELU, RELU6
from edgeprof.exporters.onnx_to_tflite.graph import Array, Graph, Node

Rule = Callable[[Graph, Node], None]

_WITH_ACTIVATION = frozenset({"Conv", "ConvTranspose", "Dense", "Add", "Sub", "Mul", "Div"})
"""Operators that apply a simple activation to what they computed."""

_SYMMETRIC = frozenset({"Add", "Mul"})


def fuse(graph: Graph) -> None:
    """Merge all that can be merged.

    Args:
        graph: The graph, which is changed.
    """
    for operator, rule in _RULES:
        for node in [node for node in graph.nodes if node.operator == operator]:
            rule(graph, node)


def batch_norm_line(graph: Graph, node: Node) -> tuple[Array, Array]:
    """Return factor and shift of each channel of a normalisation by constants.

    Args:
        graph: The graph.
        node: The normalisation.
    """
    scale, bias, mean, variance = (graph.constants[name] for name in node.inputs[1:5])
    factor = scale / np.sqrt(variance + np.float32(node.attributes.get("epsilon", 1e-5)))
    return factor, bias - mean * factor


def _merge(graph: Graph, old: Sequence[Node], new: Node) -> None:
    """Replace nodes by one, unless others read what only they know."""
    inner = [name for node in old for name in node.outputs if name not in new.outputs]
    if not any(name in graph.outputs or set(graph.readers(name)) - set(old) for name in inner):
        graph.replace(old, new)


def _with_number(graph: Graph, node: Node | None, operator: str, number: float) -> str | None:
    """Return what an operator is applied to beside a certain number; None if it is not that."""
    if node is None or node.operator != operator:
        return None
    for other, constant in (node.inputs, node.inputs[::-1])[: 1 + (operator in _SYMMETRIC)]:
        found = graph.number(constant)
        if found is not None and math.isclose(found, number, rel_tol=1e-5):
            return other
    return None


def _gelu(graph: Graph, erf: Node) -> None:
    """Merge x / sqrt(2), Erf, + 1, * x, * 0.5."""
    scaled, share = graph.maker(erf.inputs[0]), graph.only_reader(erf.outputs[0])
    value = _with_number(graph, scaled, "Div", math.sqrt(2))
    if scaled is None or value is None or share is None or _with_number(graph, share, "Add", 1.0) is None:
        return
    product = graph.only_reader(share.outputs[0])
    if product is None or product.operator != "Mul" or value not in product.inputs:
        return
    half = graph.only_reader(product.outputs[0])
    if half is not None and _with_number(graph, half, "Mul", 0.5) is not None:
        _merge(graph, (scaled, erf, share, product, half), Node("Gelu", [value], half.outputs, {"is_tanh": False}))


def _tanh_gelu(graph: Graph, tanh: Node) -> None:
    """Merge (x + 0.044715 x^3) * sqrt(2 / pi), Tanh, + 1, * (0.5 x)."""
    scaled, share = graph.maker(tanh.inputs[0]), graph.only_reader(tanh.outputs[0])
    total = graph.maker(_with_number(graph, scaled, "Mul", math.sqrt(2 / math.pi)) or "")
    if scaled is None or total is None or total.operator != "Add" or share is None:
        return
    value, cubic = total.inputs[0], graph.maker(total.inputs[1])
    cube = graph.maker(_with_number(graph, cubic, "Mul", 0.044715) or "")
    product = graph.only_reader(share.outputs[0])
    if cubic is None or cube is None or product is None or product.operator != "Mul":
        return
    half = next((graph.maker(name) for name in product.inputs if name != share.outputs[0]), None)
    is_gelu = (
        _with_number(graph, cube, "Pow", 3.0) == value
        and _with_number(graph, share, "Add", 1.0) is not None
        and _with_number(graph, half, "Mul", 0.5) == value
    )
    if is_gelu and half is not None:
        merged = (cube, cubic, total, scaled, tanh, share, half, product)
        _merge(graph, merged, Node("Gelu", [value], product.outputs, {"is_tanh": True}))


def _around(graph: Graph, node: Node) -> tuple[Node, Node] | None:
    """Return the reshapes before and after a node, if there are two and the second undoes the first."""
    before, after = graph.maker(node.inputs[0]), graph.only_reader(node.outputs[0])
    if before is None or after is None or {before.operator, after.operator} != {"Reshape"}:
        return None
    return (before, after) if graph.shapes[before.inputs[0]] == graph.shapes[after.outputs[0]] else None


def _group_norm(graph: Graph, node: Node) -> None:
    """Merge the reshapes around a normalisation of groups of channels into it."""
    reshapes = _around(graph, node)
    if reshapes is None:
        return
    before, after = reshapes
    shape, joined = graph.shapes[before.inputs[0]], graph.shapes[node.inputs[0]]
    if len(joined) == 3 and shape[0] == joined[0] and shape[1] % joined[1] == 0:
        new = Node("GroupNormalization", [before.inputs[0], *node.inputs[1:]], after.outputs, node.attributes)
        _merge(graph, (before, node, after), new)


def _channel_shuffle(graph: Graph, node: Node) -> None:
    """Merge the reshapes around a transpose of channels and their groups into it."""
    reshapes = _around(graph, node)
    if reshapes is None or node.attributes["perm"] != [0, 2, 1, 3, 4]:
        return
    before, after = reshapes
    shape, parted = graph.shapes[before.inputs[0]], graph.shapes[node.inputs[0]]
    if shape[0] == parted[0] and shape[2:] == parted[3:]:
        new = Node("ChannelShuffle", before.inputs[:1], after.outputs, {"groups": parted[1]})
        _merge(graph, (before, node, after), new)


def _batch_norm(graph: Graph, node: Node) -> None:
    """Fold a normalisation by constants into the convolution that it follows."""
    convolution = graph.maker(node.inputs[0])
    if convolution is None or convolution.operator != "Conv":
        return
    factor, shift = batch_norm_line(graph, node)
    weights = graph.constants[convolution.inputs[1]]
    bias = graph.constants[convolution.inputs[2]] if len(convolution.inputs) > 2 else np.zeros_like(shift)
    folded = weights * factor.reshape(-1, *(1 for _ in weights.shape[1:]))
    inputs = [
        convolution.inputs[0],
        graph.add_constant(f"weights of {node.outputs[0]}", folded),
        graph.add_constant(f"bias of {node.outputs[0]}", bias * factor + shift),
    ]
    _merge(graph, (convolution, node), Node("Conv", inputs, node.outputs, convolution.attributes))


def _dense(graph: Graph, node: Node) -> None:
    """Merge a product with a constant matrix and the bias that is added to it."""
    weights = graph.constants.get(node.inputs[1])
    if weights is None or weights.ndim != 2:
        return
    following = graph.only_reader(node.outputs[0])
    bias = ""
    if following is not None and following.operator == "Add":
        bias = next((name for name in following.inputs if name in graph.constants), "")
    if following is not None and bias and graph.shapes[bias] == weights.shape[1:]:
        new = Node("Dense", [*node.inputs, bias], following.outputs, {"is_turned": False})
        _merge(graph, (node, following), new)
    else:
        _merge(graph, (node,), Node("Dense", node.inputs, node.outputs, {"is_turned": False}))


def _gemm(graph: Graph, node: Node) -> None:
    """Name a product with a constant matrix, and what is added to it, like others."""
    attributes = {"alpha": 1.0, "beta": 1.0, "transA": 0, **node.attributes}
    is_plain = (attributes["alpha"], attributes["beta"], attributes["transA"]) == (1.0, 1.0, 0)
    if is_plain and node.inputs[1] in graph.constants:
        is_turned = bool(attributes.get("transB"))
        _merge(graph, (node,), Node("Dense", node.inputs, node.outputs, {"is_turned": is_turned}))


def _activation(graph: Graph, node: Node) -> None:
    """Merge a ReLU or ReLU6 into the operator that it follows."""
    maker = graph.maker(node.inputs[0])
    limits = [graph.number(name) for name in node.inputs[1:]]
    if maker is None or maker.operator not in _WITH_ACTIVATION or limits not in ([], [0.0, 6.0]):
        return
    attributes = {**maker.attributes, "activation": RELU6 if limits else RELU}
    _merge(graph, (maker, node), Node(maker.operator, maker.inputs, node.outputs, attributes))


_RULES: tuple[tuple[str, Rule], ...] = (
    ("Erf", _gelu),
    ("Tanh", _tanh_gelu),
    ("InstanceNormalization", _group_norm),
    ("Transpose", _channel_shuffle),
    ("BatchNormalization", _batch_norm),
    ("MatMul", _dense),
    ("Gemm", _gemm),
    ("Relu", _activation),
    ("Clip", _activation),
)
"""Operator at which a pattern is looked for, and what merges it, one pattern after the other."""

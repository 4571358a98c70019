"""What the parameters of an ncnn layer say of it: attributes by ONNX's names, and the shapes of its weights.

Sizes of windows are ordered as those of blobs: depth, height, width.
Source: https://github.com/Tencent/ncnn/wiki/operators
"""

import itertools
from collections.abc import Callable
from typing import Final

from edgeprof_agent.runtimes.graph_builder import AttributeValue
from edgeprof_agent.runtimes.ncnn_param import Layer

ACTIVATIONS: Final = ("", "Relu", "LeakyRelu", "Clip", "Sigmoid", "Mish", "HardSwish")
"""Activation that is computed with a layer, by its number."""

UNARY: Final = (
    *("Abs", "Neg", "Floor", "Ceil", "Square", "Sqrt", "Rsqrt", "Exp", "Log", "Sin", "Cos", "Tan", "Asin", "Acos"),
    *("Atan", "Reciprocal", "Tanh", "Log10", "Round", "Trunc"),
)
"""Operation of a layer UnaryOp by its number."""

BINARY: Final = ("Add", "Sub", "Mul", "Div", "Max", "Min", "Pow", "RSub", "RDiv", "RPow", "Atan2", "RAtan2")
"""Operation of a layer BinaryOp by its number."""

_DIMENSIONS: Final = {"": ("11", "1"), "1D": ("1",), "3D": ("21", "11", "1")}
"""Keys of the sizes of a window; strides have keys higher by 2, dilations by 1."""

_CONVOLUTIONS: Final = ("Convolution", "ConvolutionDepthWise", "Deconvolution", "DeconvolutionDepthWise")
_KINDS: Final = {
    f"{kind}{suffix}": (kind, keys) for kind in (*_CONVOLUTIONS, "Pooling") for suffix, keys in _DIMENSIONS.items()
}
_DYNAMIC_WEIGHTS: Final = {"Convolution": "19", "ConvolutionDepthWise": "19"}
_DYNAMIC_WEIGHTS_OF_TRANSPOSED: Final = "28"
_AXIS_KEYS: Final = {"Concat": "0", "Slice": "1", "Softmax": "0", "GLU": "0", "CumulativeSum": "0", "Squeeze": "3"}
_INTERPOLATIONS: Final = {1: "nearest", 2: "linear", 3: "cubic"}
_GATES: Final = {"LSTM": 4, "GRU": 3, "RNN": 1}
_DIRECTIONS: Final = {0: "forward", 1: "reverse", 2: "bidirectional"}
_VECTORS: Final = {
    **{"BatchNorm": ("0", 4), "Scale": ("0", 1), "Bias": ("0", 1), "PReLU": ("0", 1), "InstanceNorm": ("0", 2)},
    **{"LayerNorm": ("0", 2), "RMSNorm": ("0", 1), "GroupNorm": ("1", 2)},
}
"""Key of the length of the vectors that a layer reads, and their number."""

Weights = list[tuple[int, ...]]


def attributes_of(layer: Layer, rank: int) -> dict[str, AttributeValue]:
    """Return the attributes of a layer.

    Args:
        layer: The layer.
        rank: Dimensions of its first input; 0 where they are not known.
    """
    found: dict[str, AttributeValue] = {}
    kind, keys = _KINDS.get(layer.type, ("", ()))
    if kind:
        found.update(_window(layer, keys, is_pooling=kind == "Pooling"))
    activation = layer.integer("9") if kind in _CONVOLUTIONS or layer.type == "InnerProduct" else 0
    if 0 < activation < len(ACTIVATIONS):
        found["activation"] = ACTIVATIONS[activation]
    if kind in _CONVOLUTIONS:
        found["group"] = layer.integer("7", 1) if kind.endswith("DepthWise") else 1
    if layer.type in _AXIS_KEYS:
        found["axis"] = layer.integer(_AXIS_KEYS[layer.type])
    if layer.type == "Permute" and rank in (2, 3, 4):
        orders = list(itertools.permutations(range(rank)))
        found["perm"] = orders[layer.integer("0") % len(orders)]
    for operation, names in (("UnaryOp", UNARY), ("BinaryOp", BINARY)):
        if layer.type == operation and 0 <= layer.integer("0") < len(names):
            found["operation"] = names[layer.integer("0")]
    if layer.type == "Interp":
        found["mode"] = _INTERPOLATIONS.get(layer.integer("0"), "")
    if layer.type in _GATES:
        found["direction"] = _DIRECTIONS.get(layer.integer("2"), "")
        found["hidden_size"] = layer.integer("3") or layer.integer("0")
    if layer.type == "Gemm":
        found |= {"transA": layer.integer("2"), "transB": layer.integer("3")}
    elif layer.type == "MatMul":
        found["transB"] = layer.integer("0")
    elif layer.type == "MultiHeadAttention":
        found["num_heads"] = layer.integer("1", 1)
    return found


def _window(layer: Layer, keys: tuple[str, ...], *, is_pooling: bool) -> dict[str, AttributeValue]:
    if is_pooling and layer.integer("4"):
        return {"mode": "average" if layer.integer("0") else "max", "global": 1}
    # What is not told of the height or the depth is as for the width.
    sizes, strides, dilations, pads = (
        [layer.integer(str(int(key) + offset), layer.integer(str(1 + offset), default)) for key in keys]
        for offset, default in (((0, 1), (1, 1), (0, 1), (2, 0)) if is_pooling else ((0, 1), (2, 1), (1, 1), (3, 0)))
    )
    found: dict[str, AttributeValue] = {"kernel_shape": sizes, "strides": strides, "pads": pads}
    if is_pooling:
        found |= {"mode": "average" if layer.integer("0") else "max", "adaptive": layer.integer("7")}
    else:
        found["dilations"] = dilations
    return found


def weights_of(layer: Layer) -> Weights:
    """Return the shapes of the constants of a layer, without its bias.

    Args:
        layer: The layer.
    """
    kind, keys = _KINDS.get(layer.type, ("", ()))
    if kind in _CONVOLUTIONS:
        dynamic = _DYNAMIC_WEIGHTS.get(kind, _DYNAMIC_WEIGHTS_OF_TRANSPOSED)
        kernel = [layer.integer(key, layer.integer("1", 1)) for key in keys]
        outputs = layer.integer("0")
        return [] if layer.integer(dynamic) else _divided(layer.integer("6"), outputs, tuple(kernel))
    if layer.type in _VECTORS:
        key, count = _VECTORS[layer.type]
        return [(layer.integer(key),)] * count if layer.integer(key) > 0 else []
    rule = _RULES.get(layer.type)
    return [] if rule is None else rule(layer)


def _divided(size: int, outputs: int, kernel: tuple[int, ...] = ()) -> Weights:
    """Return a matrix or a kernel of so many elements: its second size follows."""
    area = outputs
    for extent in kernel:
        area *= extent
    return [(outputs, size // area, *kernel)] if area > 0 and size >= area else []


def _recurrent(layer: Layer) -> Weights:
    outputs, directions = layer.integer("0"), 2 if layer.integer("2") == 2 else 1
    rows = _GATES[layer.type] * (layer.integer("3") or outputs)
    inputs = layer.integer("1") // (rows * directions) if rows else 0
    return [(directions, rows, inputs), (directions, rows, outputs)] if inputs else []


def _gemm(layer: Layer) -> Weights:
    rows, columns, depth = (layer.integer(key) for key in ("7", "8", "9"))
    found: Weights = []
    if layer.integer("4"):
        found.append((depth, rows) if layer.integer("2") else (rows, depth))
    if layer.integer("5"):
        found.append((columns, depth) if layer.integer("3") else (depth, columns))
    return [shape for shape in found if min(shape) > 0]


def _attention(layer: Layer) -> Weights:
    width, queries = layer.integer("0"), _divided(layer.integer("2"), layer.integer("0"))
    if not queries:
        return []
    sides = queries[0][1], layer.integer("3", width), layer.integer("4", width), queries[0][1]
    return [(width, side) for side in sides]


_RULES: Final[dict[str, Callable[[Layer], Weights]]] = {
    "InnerProduct": lambda layer: _divided(layer.integer("2"), layer.integer("0")),
    "Embed": lambda layer: [(layer.integer("1"), layer.integer("0"))],
    "Gemm": _gemm,
    "MultiHeadAttention": _attention,
    **dict.fromkeys(_GATES, _recurrent),
}

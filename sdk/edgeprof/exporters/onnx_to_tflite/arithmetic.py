"""Operators that compute element by element, of one value or of several, and formulas of such operators."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from edgeprof.errors import ExportError
from edgeprof.exporters.onnx_to_tflite.file import NONE, RELU6, Options
from edgeprof.exporters.onnx_to_tflite.graph import Node
from edgeprof.exporters.onnx_to_tflite.translation import Order, Translation, Writer, identity, stored

_ERF_LIMIT = 4.0
_ERF_NUMERATOR = (
    *(-2.72614225801306e-10, 2.77068142495902e-08, -2.10102402082508e-06, -5.69250639462346e-05),
    *(-7.34990630326855e-04, -2.95459980854025e-03, -1.60960333262415e-02),
)
_ERF_DENOMINATOR = (
    *(-1.45660718464996e-05, -2.13374055278905e-04, -1.68282697438203e-03, -7.37332916720468e-03),
    -1.42647390514189e-02,
)
"""Of erf(x) / x as polynomials in the square of x, which is limited to +-4; the highest power first.

Source: Eigen, MathFunctionsImpl.h, which converters use too.
"""


_LIMITS: dict[tuple[float | None, float | None], str] = {
    (0.0, None): "RELU",
    (0.0, 6.0): "RELU6",
    (-1.0, 1.0): "RELU_N1_TO_1",
}
"""Operators that limit values, by both limits."""


def combined(
    t: Translation, operator: str, left: int, right: int, *, activation: int = NONE, element_type: object = None
) -> int:
    """Combine two tensors element by element, the smaller repeated along the other.

    Args:
        t: The graph that is written.
        operator: The operator's name in `BuiltinOperator`.
        left: A tensor.
        right: Another.
        activation: Number of the activation that is computed with it.
        element_type: Type of the result's elements; None for that of the operands.
    """
    shape = np.broadcast_shapes(t.file.shape(left), t.file.shape(right))
    options: Options | None = None
    if activation:
        options = (f"{operator.capitalize()}Options", {"fusedActivationFunction": activation})
    return t.apply(operator, (left, right), shape, options=options, element_type=element_type)


def applied(t: Translation, operator: str, tensor: int, options: Options | None = None) -> int:
    """Apply a function to each element of a tensor.

    Args:
        t: The graph that is written.
        operator: The operator's name in `BuiltinOperator`.
        tensor: The tensor.
        options: The operator's options.
    """
    return t.apply(operator, (tensor,), t.file.shape(tensor), options=options)


def scalar(t: Translation, number: float) -> int:
    """Return a number as a tensor without dimensions.

    Args:
        t: The graph that is written.
        number: The number.
    """
    return t.constant(number, np.float32)


def _common_order(t: Translation, names: Sequence[str], rank: int) -> Order:
    """Return the order in which operands are combined: that of the largest one that is computed."""
    whole = [name for name in names if len(t.shape(name)) == rank and name not in t.graph.constants]
    return t.order(max(whole, key=lambda name: math.prod(t.shape(name)))) if whole else identity(rank)


def _several(t: Translation, node: Node, *, operator: str, element_type: object = None) -> None:
    rank = len(t.shape(node.outputs[0]))
    order = _common_order(t, node.inputs, rank)
    operands = [t.operand(name, order) for name in node.inputs]
    if len(operands) > 2:
        shape = stored(t.shape(node.outputs[0]), order)
        kind = t.file.element_type(operands[1])
        found = t.apply(operator, operands, shape, element_type=kind)
    else:
        activation = node.attributes.get("activation", NONE)
        found = combined(t, operator, *operands, activation=activation, element_type=element_type)
    t.define(node.outputs[0], found, order)


def _power(t: Translation, node: Node) -> None:
    if t.graph.number(node.inputs[1]) == 2.0:
        source = node.inputs[0]
        t.define(node.outputs[0], applied(t, "SQUARE", t.get(source)), t.order(source))
    else:
        _several(t, node, operator="POW")


def _single(t: Translation, node: Node, *, operator: str) -> None:
    _by_formula(t, node, formula=lambda t, tensor, _: applied(t, operator, tensor))


def _by_formula(t: Translation, node: Node, *, formula: Callable[[Translation, int, Node], int]) -> None:
    source = node.inputs[0]
    t.define(node.outputs[0], formula(t, t.get(source), node), t.order(source))


def _leaky_relu(t: Translation, tensor: int, node: Node) -> int:
    return applied(t, "LEAKY_RELU", tensor, ("LeakyReluOptions", {"alpha": node.attributes.get("alpha", 0.01)}))


def _elu(t: Translation, tensor: int, node: Node) -> int:
    if node.attributes.get("alpha", 1.0) != 1.0:
        raise ExportError("TensorFlow Lite has no ELU but that whose alpha is 1")
    return applied(t, "ELU", tensor)


def _gelu(t: Translation, tensor: int, node: Node) -> int:
    return applied(t, "GELU", tensor, ("GeluOptions", {"approximate": node.attributes["is_tanh"]}))


def _clip(t: Translation, tensor: int, node: Node) -> int:
    low, high = [*(t.graph.number(name) for name in node.inputs[1:]), None, None][:2]
    if (low, high) in _LIMITS:
        return applied(t, _LIMITS[low, high], tensor)
    for operator, limit in (("MAXIMUM", low), ("MINIMUM", high)):
        tensor = tensor if limit is None else combined(t, operator, tensor, scalar(t, limit))
    return tensor


def _hard_sigmoid(t: Translation, tensor: int, node: Node) -> int:
    slope, shift = (node.attributes.get(name, value) for name, value in (("alpha", 0.2), ("beta", 0.5)))
    if not math.isclose(slope, 1 / 6, rel_tol=1e-6):
        tensor = combined(t, "MUL", tensor, scalar(t, 6 * slope))
    limited = combined(t, "ADD", tensor, scalar(t, 6 * shift), activation=RELU6)
    return combined(t, "MUL", limited, scalar(t, 1 / 6))


def _softplus(t: Translation, tensor: int, node: Node) -> int:
    return applied(t, "LOG", combined(t, "ADD", applied(t, "EXP", tensor), scalar(t, 1.0)))


def _erf(t: Translation, tensor: int, node: Node) -> int:
    limited = combined(t, "MAXIMUM", tensor, scalar(t, -_ERF_LIMIT))
    limited = combined(t, "MINIMUM", limited, scalar(t, _ERF_LIMIT))
    square = applied(t, "SQUARE", limited)
    upper = combined(t, "MUL", limited, _polynomial(t, square, _ERF_NUMERATOR))
    return combined(t, "DIV", upper, _polynomial(t, square, _ERF_DENOMINATOR))


def _polynomial(t: Translation, tensor: int, coefficients: Sequence[float]) -> int:
    found = combined(t, "MUL", tensor, scalar(t, coefficients[0]))
    for coefficient in coefficients[1:-1]:
        found = combined(t, "MUL", combined(t, "ADD", found, scalar(t, coefficient)), tensor)
    return combined(t, "ADD", found, scalar(t, coefficients[-1]))


def _cast(t: Translation, tensor: int, node: Node) -> int:
    if node.attributes["to"] != 1:
        raise ExportError("conversions to other types than float32 are not written for TensorFlow Lite")
    return t.apply("CAST", (tensor,), t.file.shape(tensor), element_type=np.float32)


_SINGLE = {
    **{"Relu": "RELU", "Sigmoid": "LOGISTIC", "Tanh": "TANH", "HardSwish": "HARD_SWISH", "Abs": "ABS", "Exp": "EXP"},
    **{"Log": "LOG", "Sqrt": "SQRT", "Not": "LOGICAL_NOT"},
}
_SEVERAL = {
    **{"Add": "ADD", "Sub": "SUB", "Mul": "MUL", "Div": "DIV", "Min": "MINIMUM", "Max": "MAXIMUM", "PRelu": "PRELU"},
    **{"Where": "SELECT_V2", "And": "LOGICAL_AND"},
}
_COMPARISONS = {"Less": "LESS", "Greater": "GREATER", "Equal": "EQUAL"}
_FORMULAS = {
    **{"LeakyRelu": _leaky_relu, "Elu": _elu, "Gelu": _gelu, "Clip": _clip, "HardSigmoid": _hard_sigmoid},
    **{"Softplus": _softplus, "Erf": _erf, "Cast": _cast},
}

WRITERS: dict[str, Writer] = {
    **{name: partial(_single, operator=operator) for name, operator in _SINGLE.items()},
    **{name: partial(_several, operator=operator) for name, operator in _SEVERAL.items()},
    **{name: partial(_several, operator=operator, element_type=np.bool_) for name, operator in _COMPARISONS.items()},
    **{name: partial(_by_formula, formula=formula) for name, formula in _FORMULAS.items()},
    "Pow": _power,
}
"""What writes an operator of ONNX."""

"""Reads in which precision an ONNX model computes, from the types in its file.

What decides are the operators that do the work: convolutions and matrix products. They compute in integers where the
operator is a quantised one or its input comes out of a DequantizeLinear, else in the type of the weights. The precision
is that of most of them; a model without them has that of most of its constants, or of its inputs.
"""

import math
import string
from collections import Counter
from collections.abc import Iterator

from edgeprof_proto.shared.onnx_graph import Graph, Model, Node
from edgeprof_proto.shared.onnx_tensors import Tensor

PRECISIONS = ("float32", "float16", "bfloat16", "float64", "float8", "int8", "int4", "int16", "int32", "int64", "bool")
"""Precisions that a model may have."""

_TYPES = {
    **{1: "float32", 2: "int8", 3: "int8", 4: "int16", 5: "int16", 6: "int32", 7: "int64", 9: "bool", 10: "float16"},
    **{11: "float64", 12: "int32", 13: "int64", 16: "bfloat16", 17: "float8", 18: "float8", 19: "float8", 20: "float8"},
    **{21: "int4", 22: "int4"},
}
"""Precision by the number of an element's type in `TensorProto.DataType`; signed and unsigned are one."""

_FLOATS = frozenset({"float32", "float16", "bfloat16", "float64", "float8"})

_WORKING = frozenset({"Conv", "ConvTranspose", "MatMul", "Gemm", "FusedConv", "FusedMatMul", "LSTM", "GRU", "RNN"})

_QUANTISED = {
    **dict.fromkeys(("QLinearConv", "QLinearMatMul", "ConvInteger", "MatMulInteger", "QGemm", "QAttention"), "int8"),
    **dict.fromkeys(("DynamicQuantizeMatMul", "DynamicQuantizeLSTM", "MatMulIntegerToFloat"), "int8"),
    "MatMulNBits": "int4",
}
"""Operators that compute in integers."""

_DEQUANTIZE = "DequantizeLinear"


def precision_of(model: Model) -> str:
    """Return in which precision a model computes.

    Args:
        model: The model, as `onnx_graph` reads it.

    Returns:
        One of `PRECISIONS`.
    """
    nodes = [node for graph in _graphs(model) for node in graph.nodes]
    constants = [constant for graph in _graphs(model) for constant in _constants(graph)]
    worked = Counter(_precisions_of_work(nodes, dict(_typed(constants))))
    if worked:
        # Of equal numbers the integers: what they leave in floats is the smaller part of the work.
        return max(worked, key=lambda name: (worked[name], name not in _FLOATS))
    element_counts: Counter[str] = Counter()
    for _, tensor in constants:
        if _TYPES.get(tensor.element_type) in _FLOATS:
            element_counts[_TYPES[tensor.element_type]] += max(0, math.prod(tensor.dimensions))
    input_types = [_TYPES[value.element_type] for value in model.graph.inputs if value.element_type in _TYPES]
    for candidates in (element_counts, Counter(name for name in input_types if name in _FLOATS)):
        if candidates:
            return max(candidates, key=lambda name: candidates[name])
    return input_types[0] if input_types else "float32"


def _graphs(model: Model) -> Iterator[Graph]:
    """Yield the graph of a model, the bodies of its functions, and the graphs within all of these."""
    waiting = [model.graph, *model.functions.values()]
    while waiting:
        graph = waiting.pop()
        yield graph
        waiting += [inner for node in graph.nodes for inner in node.graphs.values()]


def _constants(graph: Graph) -> Iterator[tuple[str, Tensor]]:
    """Yield the constant tensors of a graph with the names that operators use; those in attributes have none."""
    yield from graph.initializers.items()
    for node in graph.nodes:
        for tensor in node.tensors.values():
            yield node.outputs[0] if node.operator == "Constant" and node.outputs else "", tensor


def _typed(constants: list[tuple[str, Tensor]]) -> Iterator[tuple[str, str]]:
    for name, tensor in constants:
        if name and tensor.element_type in _TYPES:
            yield name, _TYPES[tensor.element_type]


def _precisions_of_work(nodes: list[Node], types: dict[str, str]) -> list[str]:
    """Return the precision of each operator that does the work, where it can be told.

    Args:
        nodes: The operators of all graphs.
        types: Precision of a constant by its name.
    """
    quantised = {
        output: types.get(node.inputs[0], "int8") if node.inputs else "int8"
        for node in nodes
        if node.operator == _DEQUANTIZE
        for output in node.outputs
    }
    found = []
    for node in nodes:
        if node.operator in _QUANTISED:
            found.append(_QUANTISED[node.operator])
        elif node.operator in _WORKING:
            sources = [quantised[name] for name in node.inputs if name in quantised]
            weights = [types[name] for name in node.inputs if name in types]
            floats = [name for name in weights if name in _FLOATS]
            # The narrowest of its integers: weights of 4 bits are multiplied with activations of 8 or more, and what
            # is added has 32.
            found += [min(sources, key=_bit_count)] if sources else floats[:1]
    return found


def _bit_count(precision: str) -> int:
    return int(precision.strip(string.ascii_letters) or 1)

"""What a model in OpenVINO's own format (IR) does with the values of its inputs, traced in the operators of ONNX.

Bodies of loops and branches are not followed: their operators alone are told.
"""

from typing import Any

from edgeprof_agent.models.input_use import InputUse, trace_inputs
from edgeprof_proto.shared.onnx_graph import DeclaredValue, Graph, Model, Node
from edgeprof_proto.shared.onnx_tensors import Tensor

NAMES = {
    **{"Convert": "Cast", "StridedSlice": "Slice", "VariadicSplit": "Split", "Broadcast": "Expand", "ShapeOf": "Shape"},
    **{"Maximum": "Max", "Minimum": "Min", "Select": "Where", "Clamp": "Clip", "Interpolate": "Resize"},
    **{"EmbeddingBagOffsetsSum": "Gather", "EmbeddingBagPackedSum": "Gather", "EmbeddingSegmentsSum": "Gather"},
    **{"ScatterElementsUpdate": "ScatterElements", "ScatterNDUpdate": "ScatterND", "TensorIterator": "Scan"},
}
"""ONNX's names of operators by OpenVINO's, where they differ; the inputs that matter have the same order."""

_WITH_AXIS_INPUT = {"Gather": 2, "ScatterElements": 3}
"""Operators whose axis is an input, and which."""

_ATTRIBUTES = ("axis", "batch_dims")


def uses_of_inputs(model: Any, names: list[str], batch_size: int) -> dict[str, InputUse]:
    """Tell what a model does with the values of its inputs.

    Args:
        model: The model as OpenVINO has read it.
        names: Names of its inputs, in their order.
        batch_size: Size of the dimensions that an input leaves open, where one is indexed.
    """
    graph = Graph()
    for value in model.inputs:
        graph.inputs.append(DeclaredValue(_name(value), 0, _dimensions(value)))
        graph.values[_name(value)] = graph.inputs[-1]
    for operator in model.get_ordered_ops():
        kind = operator.get_type_name()
        for value in operator.outputs():
            graph.values[_name(value)] = DeclaredValue(_name(value), 0, _dimensions(value))
        if kind == "Constant":
            _add_constant(graph, operator)
        elif kind not in ("Parameter", "Result"):
            graph.nodes.append(_node(operator, NAMES.get(kind, kind)))
    uses = trace_inputs(Model(graph=graph), batch_size)
    return {name: uses[value.name] for name, value in zip(names, graph.inputs, strict=True)}


def _node(operator: Any, kind: str) -> Node:
    inputs = [_name(value) for value in operator.input_values()]
    if kind == "Resize":
        inputs = [inputs[0], "", "", *inputs[1:2]]
    integers = {}
    attributes = operator.get_attributes()
    for name in _ATTRIBUTES:
        if isinstance(attributes.get(name), int):
            integers[name] = attributes[name]
    position = _WITH_AXIS_INPUT.get(kind)
    if position is not None and position < len(inputs):
        axis = operator.input_value(position).get_node()
        if axis.get_type_name() == "Constant" and axis.data.size == 1:
            integers["axis"] = int(axis.data.reshape(-1)[0])
    return Node(operator=kind, inputs=inputs, outputs=[_name(value) for value in operator.outputs()], integers=integers)


def _add_constant(graph: Graph, operator: Any) -> None:
    (value,) = operator.outputs()
    sizes = tuple(value.get_shape())
    is_whole = value.element_type.get_type_name() in ("i32", "i64") and all(size == 1 for size in sizes)
    integer = int(operator.data.reshape(-1)[0]) if is_whole else None
    graph.initializers[_name(value)] = Tensor(sizes, 0, integer)


def _dimensions(value: Any) -> tuple[int | None, ...] | None:
    shape = value.get_partial_shape()
    if shape.rank.is_dynamic:
        return None
    return tuple(None if size.is_dynamic else size.get_length() for size in shape)


def _name(value: Any) -> str:
    """Return a name of its own for each output of each operator."""
    return f"{value.get_node().get_friendly_name()}:{value.get_index()}"

"""The graph that OpenVINO made of a model: its runtime model, with attributes from the model that it was compiled from.

The runtime model names for each node its kernel, layouts, precision, and the nodes that it replaces, but has no
attributes such as strides. Those are looked up by name in the model that was read. What OpenVINO computes once from
constants is a constant.
"""

from collections.abc import Mapping
from typing import Any

from edgeprof_agent.runtimes.graph_builder import AttributeValue, GraphBuilder
from edgeprof_proto.records.graph import MAX_ATTRIBUTE_COUNT, OptimizedGraph

ELEMENT_TYPES = {"bf16": "bfloat16", "f16": "float16", "f32": "float32", "f64": "float64", "boolean": "bool"} | {
    f"{prefix}{bits}": f"{name}{bits}" for prefix, name in (("i", "int"), ("u", "uint")) for bits in (4, 8, 16, 32, 64)
}
"""NumPy's names of types by OpenVINO's."""

_CONSTANT, _INPUT, _OUTPUT = "Const", "Input", "Output"

_NAMES = {"kernel": "kernel_shape", "strides": "strides", "dilations": "dilations", "axis": "axis", "axes": "axes"}
"""ONNX's names of attributes by OpenVINO's; others are told as they are named."""

_DULL = frozenset({"auto_broadcast", "special_zero"})
"""Attributes that almost every node has and that decide nothing."""

_FUNCTIONS = frozenset(
    {"Elu", "Erf", "Exp", "HSigmoid", "HardSigmoid", "Log", "Mish", "Selu", "Sigmoid", "SoftPlus", "Tanh"}
)
"""Types of functions that OpenVINO joins with what multiplies or adds to them (SiLU, GELU), under that one's name."""

_CONVOLUTIONS = frozenset(
    {"Convolution", "GroupConvolution", "ConvolutionBackpropData", "GroupConvolutionBackpropData"}
)

_FROM_SECOND_INPUT = {"Transpose": "perm"}
"""Attributes of ONNX that are constant inputs in OpenVINO."""


def read_graph(compiled: Any, model: Any, provider: str) -> OptimizedGraph:
    """Return the graph of a compiled model.

    Args:
        compiled: The compiled model.
        model: The model from which it was compiled.
        provider: Where it runs.
    """
    originals = {node.get_friendly_name(): node for node in model.get_ops()}
    nodes = [
        (node, {key: value.astype(str) for key, value in node.get_rt_info().items()})
        for node in compiled.get_runtime_model().get_ordered_ops()
    ]
    named = {part for _, information in nodes for part in information.get("originalLayersNames", "").split(",")}
    builder = GraphBuilder()
    constants: set[str] = set()
    inputs, outputs = [], []
    for node, information in nodes:
        kind = information.get("layerType", "")
        name = node.get_friendly_name()
        read = [_tensor_name(value.get_source_output()) for value in node.inputs()]
        is_constant = kind == _CONSTANT or (bool(read) and constants.issuperset(read))
        if kind == _OUTPUT:
            outputs += read
            continue
        written = _add_outputs(builder, node, information, is_constant=is_constant)
        if kind == _INPUT:
            inputs += written
        elif is_constant:
            constants.update(written)
        else:
            replaced = [originals[part] for part in information["originalLayersNames"].split(",") if part in originals]
            builder.add_node(
                name,
                kind,
                read,
                written,
                kernel=information.get("primitiveType", ""),
                provider=provider,
                precision=ELEMENT_TYPES.get(information.get("runtimePrecision", ""), ""),
                attributes=_attributes(replaced, named),
            )
    return builder.build(inputs, outputs)


def _tensor_name(output: Any) -> str:
    """Return a name of its own for each output: that of its node, with its number where it has several."""
    name = str(output.get_node().get_friendly_name())
    return f"{name}:{output.get_index()}" if output.get_index() else name


def _add_outputs(builder: GraphBuilder, node: Any, information: Mapping[str, str], *, is_constant: bool) -> list[str]:
    layouts = information.get("outputLayouts", "").split(",")
    written = []
    for index, output in enumerate(node.outputs()):
        shape = output.get_partial_shape()
        sizes = None
        if shape.rank.is_static:
            sizes = [-1 if size.is_dynamic else size.get_length() for size in shape]
        written.append(_tensor_name(output))
        builder.add_tensor(
            written[-1],
            element_type=ELEMENT_TYPES.get(output.get_element_type().get_type_name(), ""),
            sizes=sizes,
            layout=layouts[index] if index < len(layouts) else "",
            is_constant=is_constant,
        )
    return written


def _attributes(replaced: list[Any], named: set[str]) -> dict[str, AttributeValue]:
    """Return the attributes of the nodes that one replaces, the first node's first, and the types of all of them."""
    found: dict[str, AttributeValue] = {}
    for node in replaced:
        for key, value in _attributes_of(node).items():
            found.setdefault(key, value)
    types = [str(node.get_type_name()) for node in replaced] + _joined_functions(replaced, named)
    if len(types) > 1:
        found["fused"] = types
    return found


def _joined_functions(replaced: list[Any], named: set[str]) -> list[str]:
    """Return the types of the functions that were joined into some nodes and that no runtime node names."""
    found: list[str] = []
    seen: set[str] = set()
    waiting = list(replaced)
    while waiting:
        for value in waiting.pop().input_values():
            source = value.get_node()
            name = source.get_friendly_name()
            if name in seen or name in named:
                continue
            seen.add(name)
            waiting.append(source)
            if source.get_type_name() in _FUNCTIONS:
                found.append(str(source.get_type_name()))
    return found


def _attributes_of(node: Any) -> dict[str, AttributeValue]:
    attributes = dict(node.get_attributes())
    found: dict[str, AttributeValue] = {}
    if "pads_begin" in attributes and "pads_end" in attributes:
        found["pads"] = [int(size) for size in (*attributes.pop("pads_begin"), *attributes.pop("pads_end"))]
    for key, value in attributes.items():
        name = _NAMES.get(key, str(key))
        if name in _DULL:
            continue
        if isinstance(value, bool | int | str):
            found[name] = int(value) if isinstance(value, bool) else value
        elif isinstance(value, list | tuple) and all(isinstance(item, int) for item in value):
            found[name] = [int(item) for item in value]
    kind = str(node.get_type_name())
    perm = _FROM_SECOND_INPUT.get(kind)
    if kind in _CONVOLUTIONS:
        weights = [int(size) for size in node.input(1).get_shape()]
        position_count = len(node.input(0).get_partial_shape()) - 2
        found["kernel_shape"] = weights[len(weights) - position_count :]
        found["group"] = weights[0] if kind.startswith("Group") else 1
    if perm is not None:
        source = node.input(1).get_source_output().get_node()
        if source.get_type_name() == "Constant":
            found[perm] = [int(item) for item in source.get_data().ravel()[:MAX_ATTRIBUTE_COUNT]]
    return found

"""An ONNX graph that can be rewritten: nodes, constants as arrays, and the shape of every value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Shape = tuple[int, ...]

ELEMENT_TYPES: dict[int, np.dtype[Any]] = {1: np.dtype(np.float32), 7: np.dtype(np.int32), 9: np.dtype(np.bool_)}
"""Type of elements in the file by its number in ONNX: TensorFlow Lite counts in 32 bits."""


@dataclass(eq=False, slots=True)
class Node:
    """An operator of the graph; "" stands for an input that is left out."""

    operator: str
    inputs: list[str]
    outputs: list[str]
    attributes: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Graph:
    """A graph.

    Args:
        nodes: The operators, each behind those that make its inputs.
        constants: The constants by name.
        shapes: Shape of each value by name, constants included.
        element_types: Type of the elements of each value, as ONNX numbers them.
        inputs: Names of the inputs.
        outputs: Names of the outputs.
    """

    nodes: list[Node]
    constants: dict[str, Array]
    shapes: dict[str, Shape]
    element_types: dict[str, int]
    inputs: list[str]
    outputs: list[str]

    def maker(self, name: str) -> Node | None:
        """Return the node that makes a value; None for inputs and constants."""
        return next((node for node in self.nodes if name in node.outputs), None)

    def readers(self, name: str) -> list[Node]:
        """Return the nodes that read a value."""
        return [node for node in self.nodes if name in node.inputs]

    def only_reader(self, name: str) -> Node | None:
        """Return the node that reads a value if it is the only one, and the value is no output of the graph."""
        readers = self.readers(name)
        return readers[0] if len(readers) == 1 and name not in self.outputs else None

    def number(self, name: str) -> float | None:
        """Return the number that a constant consists of; None for all other values."""
        values = self.constants.get(name)
        return float(values.reshape(-1)[0]) if values is not None and values.size == 1 else None

    def add_constant(self, name: str, values: Array) -> str:
        """Add a constant and return its name."""
        self.constants[name], self.shapes[name] = values, values.shape
        return name

    def replace(self, old: Sequence[Node], new: Node) -> None:
        """Put a node in the place of the last of some, and take the others out."""
        place = max(self.nodes.index(node) for node in old)
        self.nodes[place] = new
        self.nodes = [node for node in self.nodes if node not in old]

    def parts(self) -> list[Graph]:
        """Return the parts of the graph that share no value but constants, in the order of their first nodes."""
        parts: list[set[str]] = []
        for node in self.nodes:
            names = {name for name in (*node.inputs, *node.outputs) if name and name not in self.constants}
            touched = [part for part in parts if not part.isdisjoint(names)]
            parts = [part for part in parts if part.isdisjoint(names)]
            parts.append(names.union(*touched))
        found = [
            replace(
                self,
                nodes=[node for node in self.nodes if node.outputs[0] in part],
                inputs=[name for name in self.inputs if name in part],
                outputs=[name for name in self.outputs if name in part],
            )
            for part in parts
        ]
        return sorted(found, key=lambda part: self.nodes.index(part.nodes[0]))


def read_graph(model: Any) -> Graph:
    """Return the graph of a model; what nodes state, or repeat of a constant, are constants of the graph.

    Args:
        model: An `onnx.ModelProto` in float32 whose shapes are fixed.
    """
    from onnx import helper, numpy_helper, shape_inference

    graph = shape_inference.infer_shapes(model, strict_mode=True).graph
    constants = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    nodes = []
    for node in graph.node:
        attributes = {item.name: _plain(helper.get_attribute_value(item)) for item in node.attribute}
        if node.op_type == "Constant" and "value" in attributes:
            constants[node.output[0]] = numpy_helper.to_array(attributes["value"])
        elif node.op_type == "Identity" and node.input[0] in constants:
            constants[node.output[0]] = constants[node.input[0]]
        else:
            nodes.append(Node(node.op_type, list(node.input), list(node.output), attributes))
    declared = {item.name: item.type.tensor_type for item in (*graph.input, *graph.value_info, *graph.output)}
    return Graph(
        nodes=nodes,
        constants=constants,
        shapes={name: values.shape for name, values in constants.items()}
        | {name: tuple(size.dim_value for size in item.shape.dim) for name, item in declared.items()},
        element_types={name: item.elem_type for name, item in declared.items()},
        inputs=[item.name for item in graph.input if item.name not in constants],
        outputs=[item.name for item in graph.output],
    )


def _plain(value: Any) -> Any:
    return value.decode() if isinstance(value, bytes) else value

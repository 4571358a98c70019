"""Builds one ONNX graph: names its tensors, draws its weights, and follows the shape of each value.

The package onnx is imported when the model is made. Weights come from the raw numbers of a PCG64 generator by exact
arithmetic, since NumPy promises the same raw numbers in every version but not the same distributions.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Shape = tuple[int, ...]

OPSET_VERSION = 17
"""The operator set of the project's own exporter."""

IR_VERSION = 8
"""Version of the file format that belongs to the operator set."""

FLOAT32, INT64, BOOL = 1, 7, 9
"""Numbers of element types in ONNX."""

BIAS_RANGE = 0.1
"""Biases are from -0.1 to 0.1: values neither vanish nor grow over a chain."""


@dataclass(frozen=True, slots=True)
class Value:
    """A tensor of the graph.

    Args:
        name: Its name.
        shape: Its shape.
        element_type: Number of its element type.
    """

    name: str
    shape: Shape
    element_type: int = FLOAT32


@dataclass(frozen=True, slots=True)
class _Node:
    operator: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: Mapping[str, Any]


class GraphBuilder:
    """A graph that grows node by node.

    Args:
        name: Name of the graph.
        seed: With the name, decides the weights.
    """

    def __init__(self, name: str, seed: int) -> None:
        self._name = name
        self._random = np.random.PCG64(np.random.SeedSequence((seed, zlib.crc32(name.encode()))))
        self._seed = seed
        self._inputs: list[Value] = []
        self._row_counts: dict[str, int] = {}
        self._outputs: list[Value] = []
        self._nodes: list[_Node] = []
        self._constants: dict[str, NDArray[Any]] = {}
        self._known_constants: dict[tuple[str, Shape, bytes], Value] = {}

    def input(self, *shape: int) -> Value:
        """Return a new input of the graph."""
        return self._new_input(shape, FLOAT32)

    def indices(self, *shape: int, row_count: int) -> Value:
        """Return a new input of the graph that names rows of a table: whole numbers below their number."""
        value = self._new_input(shape, INT64)
        self._row_counts[value.name] = row_count
        return value

    def weight(self, *shape: int, fan_in: int, gain: float = 1.0) -> Value:
        """Return new weights: uniform around 0, with a variance of gain / fan_in."""
        return self.uniform(shape, math.sqrt(3 * gain / fan_in))

    def bias(self, *shape: int) -> Value:
        """Return new weights that are small."""
        return self.uniform(shape, BIAS_RANGE)

    def uniform(self, shape: Shape, half_width: float, centre: float = 0.0) -> Value:
        """Return new weights, uniform within half_width of the centre; none is 0 where that is the centre."""
        count = math.prod(shape)
        # Eight weights from each raw number: of 256 levels, so that files compress to a third.
        levels = self._random.random_raw(-(-count // 8)).astype("<u8").view(np.uint8)[:count]
        unit = (levels.astype(np.float32) + np.float32(0.5)) * np.float32(2**-7) - np.float32(1)
        values = unit * np.float32(half_width) + np.float32(centre)
        return self._new_constant("weight", values.reshape(shape))

    def scalar(self, value: float) -> Value:
        """Return a number as a constant without dimensions."""
        return self._known("scalar", np.array(value, np.float32))

    def floats(self, values: Any) -> Value:
        """Return an array of float32 as a constant."""
        return self._known("floats", np.array(values, np.float32))

    def integers(self, *values: int) -> Value:
        """Return a list of integers as a constant."""
        return self._known("integers", np.array(values, np.int64))

    def node(
        self,
        operator: str,
        inputs: Sequence[Value | None],
        shape: Shape,
        *,
        element_type: int = FLOAT32,
        **attributes: Any,
    ) -> Value:
        """Add a node with one output and return that.

        Args:
            operator: Type of the node in ONNX.
            inputs: Its inputs by position; None for one that is left out.
            shape: Shape of the output.
            element_type: Number of the output's element type.
            attributes: The node's attributes.
        """
        return self.nodes(operator, inputs, (shape,), element_type=element_type, **attributes)[0]

    def nodes(
        self,
        operator: str,
        inputs: Sequence[Value | None],
        shapes: Sequence[Shape],
        *,
        element_type: int = FLOAT32,
        **attributes: Any,
    ) -> tuple[Value, ...]:
        """Add a node with an output for each shape and return those."""
        index = len(self._nodes)
        outputs = tuple(
            Value(f"{operator}_{index}_{position}", shape, element_type) for position, shape in enumerate(shapes)
        )
        names = tuple("" if value is None else value.name for value in inputs)
        self._nodes.append(_Node(operator, names, tuple(value.name for value in outputs), attributes))
        return outputs

    def output(self, *values: Value) -> None:
        """Make values outputs of the graph."""
        self._outputs += values

    def model(self) -> Any:
        """Return the model, an `onnx.ModelProto` whose bytes depend on the name and the seed alone."""
        from onnx import helper, numpy_helper

        graph = helper.make_graph(
            [
                helper.make_node(
                    node.operator, node.inputs, node.outputs, name=f"{node.operator}_{index}", **node.attributes
                )
                for index, node in enumerate(self._nodes)
            ],
            self._name,
            [helper.make_tensor_value_info(value.name, value.element_type, value.shape) for value in self._inputs],
            [helper.make_tensor_value_info(value.name, value.element_type, value.shape) for value in self._outputs],
            [numpy_helper.from_array(array, name) for name, array in self._constants.items()],
        )
        return helper.make_model(
            graph,
            producer_name="edgeprof",
            ir_version=IR_VERSION,
            opset_imports=[helper.make_opsetid("", OPSET_VERSION)],
        )

    def example_inputs(self, count: int) -> list[dict[str, NDArray[Any]]]:
        """Return inputs by name for as many runs: normally distributed, or rows of the tables that they name."""
        random = np.random.default_rng(self._seed)
        return [{value.name: self._example(value, random) for value in self._inputs} for _ in range(count)]

    def _example(self, value: Value, random: np.random.Generator) -> NDArray[Any]:
        if value.element_type == INT64:
            return random.integers(0, self._row_counts[value.name], value.shape)
        return random.standard_normal(value.shape).astype(np.float32)

    def _new_input(self, shape: Shape, element_type: int) -> Value:
        value = Value(f"input_{len(self._inputs)}", shape, element_type)
        self._inputs.append(value)
        return value

    def _new_constant(self, kind: str, values: NDArray[Any]) -> Value:
        name = f"{kind}_{len(self._constants)}"
        self._constants[name] = values
        return Value(name, values.shape, INT64 if values.dtype == np.int64 else FLOAT32)

    def _known(self, kind: str, values: NDArray[Any]) -> Value:
        key = (kind, values.shape, values.tobytes())
        if key not in self._known_constants:
            self._known_constants[key] = self._new_constant(kind, values)
        return self._known_constants[key]

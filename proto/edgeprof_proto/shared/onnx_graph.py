"""Reads what an ONNX file says about its graph: inputs, tensors by shape, and nodes, without any library of ONNX.

Only what decides how inputs are generated and in which precision the model computes is kept: names, types, shapes, and
integers that stand alone. Of the graph that an engine has optimised, lists and texts among the attributes are kept too.
"""

import dataclasses
from pathlib import Path

from edgeprof_proto.shared.onnx_fields import (
    BYTES,
    NAME_BYTES,
    VARINT,
    FieldReader,
    ModelContentError,
    integers_of,
    read_varint_signed,
    text_of,
)
from edgeprof_proto.shared.onnx_tensors import Tensor, read_sparse_tensor, read_tensor
from edgeprof_proto.shared.onnx_walk import DEPTH_LIMIT, MAX_MODEL_BYTES
from edgeprof_proto.shared.plain_file import map_plain_file

Dimension = int | str | None
"""A size, the name of one that is open, or None for an open one without a name."""

ATTRIBUTE_LIMIT = 32
"""Numbers and texts of one attribute that are read, and attributes of one node that are kept for lists and texts."""

_ATTRIBUTE_TEXT_BYTES = 200

_TENSOR, _GRAPH, _GRAPHS, _INT, _INTS, _TEXT, _TEXTS = 5, 6, 11, 3, 8, 4, 9


@dataclasses.dataclass(frozen=True, slots=True)
class DeclaredValue:
    """What a graph declares of an input or of a value within.

    Args:
        name: Its name.
        element_type: Number of the type of its elements; 0 for what is no tensor.
        dimensions: Its shape; None where the graph declares none.
    """

    name: str
    element_type: int
    dimensions: tuple[Dimension, ...] | None


@dataclasses.dataclass(slots=True)
class Node:
    """One operator of a graph; lists and texts among its attributes only where they were asked for."""

    name: str = ""
    operator: str = ""
    domain: str = ""
    inputs: list[str] = dataclasses.field(default_factory=list)
    outputs: list[str] = dataclasses.field(default_factory=list)
    integers: dict[str, int] = dataclasses.field(default_factory=dict)
    tensors: dict[str, Tensor] = dataclasses.field(default_factory=dict)
    graphs: dict[str, "Graph"] = dataclasses.field(default_factory=dict)
    lists: dict[str, tuple[int, ...]] = dataclasses.field(default_factory=dict)
    texts: dict[str, tuple[str, ...]] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(slots=True)
class Graph:
    """A graph, or the body of a function, whose inputs and outputs have names alone."""

    inputs: list[DeclaredValue] = dataclasses.field(default_factory=list)
    outputs: list[str] = dataclasses.field(default_factory=list)
    nodes: list[Node] = dataclasses.field(default_factory=list)
    initializers: dict[str, Tensor] = dataclasses.field(default_factory=dict)
    values: dict[str, DeclaredValue] = dataclasses.field(default_factory=dict)

    def fed_inputs(self) -> list[DeclaredValue]:
        """Return the inputs that a run must be given: files of old versions also list their weights as inputs."""
        return [value for value in self.inputs if value.name not in self.initializers]


@dataclasses.dataclass(slots=True)
class Model:
    """A model: its graph and the functions that it defines, by domain and name."""

    graph: Graph = dataclasses.field(default_factory=Graph)
    functions: dict[tuple[str, str], Graph] = dataclasses.field(default_factory=dict)


def read_model(path: Path, *, with_attributes: bool = False) -> Model:
    """Read a model's graph from its file.

    Args:
        path: The file.
        with_attributes: Whether to keep attributes that are lists of integers, or texts.

    Raises:
        ModelContentError: If it is no ONNX model, or built to exhaust who reads it.
        OSError: If it cannot be read.
    """
    return parse_model(map_plain_file(path, max_bytes=MAX_MODEL_BYTES), with_attributes=with_attributes)


def parse_model(content: memoryview, *, with_attributes: bool = False) -> Model:
    """Read a model's graph from the content of its file.

    Args:
        content: The whole file.
        with_attributes: Whether to keep attributes that are lists of integers, or texts.

    Raises:
        ModelContentError: If it is no ONNX model, or built to exhaust who reads it.
    """
    return _Parser(with_attributes=with_attributes).model(content)


class _Parser:
    """Reads messages; `depth` counts the graphs around one."""

    def __init__(self, *, with_attributes: bool) -> None:
        self._reader = FieldReader()
        self._fields = self._reader.fields
        self._with_attributes = with_attributes

    def model(self, message: memoryview) -> Model:
        model = Model()
        for number, wire_type, _, content in self._fields(message):
            if number == 7 and wire_type == BYTES:
                # What occurs twice is merged.
                self._graph(model.graph, content, 0)
            elif number == 25 and wire_type == BYTES:
                domain, name, body = self._function(content)
                model.functions[domain, name] = body
        return model

    def _graph(self, graph: Graph, message: memoryview, depth: int) -> Graph:
        if depth > DEPTH_LIMIT:
            raise ModelContentError(f"the model nests more than {DEPTH_LIMIT} deep, which no exporter writes")
        for number, wire_type, _, content in self._fields(message):
            if wire_type != BYTES:
                continue
            if number == 1:
                graph.nodes.append(self._node(content, depth))
            elif number == 5:
                name, tensor = read_tensor(self._reader, content)
                graph.initializers[name] = tensor
            elif number == 15:
                name, tensor = read_sparse_tensor(self._reader, content)
                graph.initializers[name] = tensor
            elif number == 11:
                graph.inputs.append(self._value(content))
            elif number in (12, 13):
                value = self._value(content)
                graph.values.setdefault(value.name, value)
                if number == 12:
                    graph.outputs.append(value.name)
        return graph

    def _function(self, message: memoryview) -> tuple[str, str, Graph]:
        name, domain, body = "", "", Graph()
        for number, wire_type, _, content in self._fields(message):
            if wire_type != BYTES:
                continue
            if number == 1:
                name = _text(content)
            elif number == 10:
                domain = _text(content)
            elif number == 4:
                body.inputs.append(DeclaredValue(_text(content), 0, None))
            elif number == 5:
                body.outputs.append(_text(content))
            elif number == 7:
                body.nodes.append(self._node(content, 0))
        return domain, name, body

    def _node(self, message: memoryview, depth: int) -> Node:
        node = Node()
        for number, wire_type, _, content in self._fields(message):
            if wire_type != BYTES:
                continue
            if number == 1:
                node.inputs.append(_text(content))
            elif number == 2:
                node.outputs.append(_text(content))
            elif number == 3:
                node.name = _text(content)
            elif number == 4:
                node.operator = _text(content)
            elif number == 7:
                node.domain = _text(content)
            elif number == 5:
                self._attribute(node, content, depth)
        return node

    def _attribute(self, node: Node, message: memoryview, depth: int) -> None:
        name, graphs = "", []
        integer, tensor = None, None
        integers: list[int] | None = None
        texts: list[str] = []
        for number, wire_type, value, content in self._fields(message):
            if number == 1:
                name = _text(content)
            elif number == _INT and wire_type == VARINT:
                integer = read_varint_signed(value)
            elif number == _INTS:
                limit = ATTRIBUTE_LIMIT - len(integers or ()) if self._with_attributes else 0
                integers = [*(integers or ()), *integers_of(wire_type, value, content, limit=limit)]
            elif number in (_TEXT, _TEXTS) and wire_type == BYTES and self._with_attributes:
                texts += [text_of(content, limit=_ATTRIBUTE_TEXT_BYTES)][: ATTRIBUTE_LIMIT - len(texts)]
            elif number == _TENSOR and wire_type == BYTES:
                tensor = read_tensor(self._reader, content)[1]
            elif number in (_GRAPH, _GRAPHS) and wire_type == BYTES:
                graphs.append(self._graph(Graph(), content, depth + 1))
        if integer is not None and integers is None:
            node.integers[name] = integer
        if integers and len(node.lists) < ATTRIBUTE_LIMIT:
            node.lists[name] = tuple(integers)
        if texts and len(node.texts) < ATTRIBUTE_LIMIT:
            node.texts[name] = tuple(texts)
        if tensor is not None:
            node.tensors[name] = tensor
        for index, graph in enumerate(graphs):
            node.graphs[f"{name}{index or ''}"] = graph

    def _value(self, message: memoryview) -> DeclaredValue:
        name, element_type, dimensions = "", 0, None
        for number, wire_type, _, content in self._fields(message):
            if number == 1:
                name = _text(content)
            elif number == 2 and wire_type == BYTES:
                for kind, kind_wire_type, _, tensor_type in self._fields(content):
                    # Other kinds are sequences, maps and optional values.
                    if kind == 1 and kind_wire_type == BYTES:
                        element_type, dimensions = self._tensor_type(tensor_type)
        return DeclaredValue(name, element_type, dimensions)

    def _tensor_type(self, message: memoryview) -> tuple[int, tuple[Dimension, ...] | None]:
        element_type, dimensions = 0, None
        for number, wire_type, value, content in self._fields(message):
            if number == 1:
                element_type = value
            elif number == 2 and wire_type == BYTES:
                sizes = [
                    self._dimension(dimension)
                    for field, field_wire_type, _, dimension in self._fields(content)
                    if field == 1 and field_wire_type == BYTES
                ]
                dimensions = (*(dimensions or ()), *sizes)
        return element_type, dimensions

    def _dimension(self, message: memoryview) -> Dimension:
        size: Dimension = None
        for number, wire_type, value, content in self._fields(message):
            if number == 1 and wire_type == VARINT:
                size = read_varint_signed(value)
            elif number == 2 and wire_type == BYTES:
                size = _text(content) or None
        return size


def _text(content: memoryview) -> str:
    return text_of(content, limit=NAME_BYTES)

"""Traces what a model does with the values of its inputs: which tables they index, and what they decide.

Generated inputs have a meaning only where the model asks for it: an index must lie within the table that it reads, a
size must be one, and where a value decides what runs, the latency holds for the generated values alone.

The trace goes backwards over the whole graph, branches, bodies of loops and functions included, from the operators
named in `operator_inputs`. It costs time in proportion to the graph. A call of a function is not told apart from
another call of it.
"""

import collections
from collections.abc import Callable
from dataclasses import dataclass

from edgeprof_agent.models.operator_inputs import DECIDING, INDEXED_TABLES, PASSING, SAME_SHAPE, SHAPE_ALONE, SIZES
from edgeprof_agent.models.traced_values import (
    RowCount,
    Scope,
    TracedValue,
    derive,
    give,
    lower_row_count,
    pass_all,
    pass_on,
)
from edgeprof_proto.shared.onnx_graph import Graph, Model, Node


@dataclass(frozen=True, slots=True)
class InputUse:
    """What a model does with the values of an input.

    Args:
        row_count: Rows of the smallest table that they index; None where they index none.
        deciding_operators: Operators for which they decide what runs, sorted.
        size_operators: Operators that take them as sizes or counts, sorted.
    """

    row_count: int | None = None
    deciding_operators: tuple[str, ...] = ()
    size_operators: tuple[str, ...] = ()


def trace_inputs(model: Model, batch_size: int) -> dict[str, InputUse]:
    """Trace what a model does with the values of its inputs.

    Args:
        model: The model.
        batch_size: Size of the dimensions that an input leaves open, where one is indexed.

    Returns:
        The use of each input that a run must be given, by its name.
    """
    return _Trace(model, batch_size).run()


class _Trace:
    def __init__(self, model: Model, batch_size: int) -> None:
        self._model = model
        self._batch_size = batch_size
        self._functions: dict[tuple[str, str], tuple[list[TracedValue], list[TracedValue]]] = {}
        self._indices: list[tuple[TracedValue, Callable[[], int]]] = []
        self._deciders: list[tuple[TracedValue, str]] = []
        self._sizes: list[tuple[TracedValue, str]] = []

    def run(self) -> dict[str, InputUse]:
        scope = Scope()
        self._read_functions()
        self._enter(self._model.graph, scope)
        self._spread_row_counts()
        self._spread_operators()
        self._spread_sizes()
        found = {}
        for declared in self._model.graph.fed_inputs():
            value = scope.find(declared.name)
            operators, sizes = tuple(sorted(value.operators)), tuple(sorted(value.size_operators))
            found[declared.name] = InputUse(value.row_count, operators, sizes)
        return found

    def _read_functions(self) -> None:
        scopes = {}
        for key, body in self._model.functions.items():
            scope = scopes[key] = Scope()
            self._functions[key] = (
                [scope.define(value.name) for value in body.inputs],
                [scope.define(name) for name in body.outputs],
            )
        for key, body in self._model.functions.items():
            outputs = dict(zip(body.outputs, self._functions[key][1], strict=True))
            self._read_nodes(body, scopes[key])
            for name, formal in outputs.items():
                # A node has defined the name anew.
                pass_on(scopes[key].find(name), formal)

    def _enter(self, graph: Graph, scope: Scope) -> tuple[list[TracedValue], list[TracedValue]]:
        """Read a graph; return its inputs and outputs."""
        inputs = []
        for declared in graph.inputs:
            value = scope.define(declared.name)
            value.dimensions = declared.dimensions
            inputs.append(value)
        for name, tensor in graph.initializers.items():
            value = scope.define(name)
            value.dimensions, value.integer = tensor.dimensions, tensor.integer
        self._read_nodes(graph, scope)
        return inputs, [scope.find(name) for name in graph.outputs]

    def _read_nodes(self, graph: Graph, scope: Scope) -> None:
        for node in graph.nodes:
            inputs = [scope.find(name) if name else None for name in node.inputs]
            outputs = [scope.define(name) if name else None for name in node.outputs]
            for name, output in zip(node.outputs, outputs, strict=True):
                if output is not None and name in graph.values:
                    output.dimensions = graph.values[name].dimensions
            self._read_node(node, inputs, outputs, scope)

    def _read_node(
        self, node: Node, inputs: list[TracedValue | None], outputs: list[TracedValue | None], scope: Scope
    ) -> None:
        self._note_uses(node, inputs)
        made = [value for value in outputs if value is not None]
        function = self._functions.get((node.domain, node.operator))
        if function is not None:
            give(inputs, function[0])
            pass_all(function[1], outputs)
        elif node.graphs:
            self._read_bodies(node, inputs, outputs, scope)
        elif node.operator not in SHAPE_ALONE:
            derive(inputs, outputs)
        for position in PASSING.get(node.operator, ()):
            if position < len(inputs):
                for value in made:
                    pass_on(inputs[position], value)
        if node.operator == "Add" and len(inputs) == 2:
            for addend, other in ((inputs[0], inputs[1]), (inputs[1], inputs[0])):
                if other is not None and other.integer is not None:
                    pass_all([addend], outputs[:1], offset=other.integer)
        if node.operator in SAME_SHAPE and inputs[:1] and outputs[:1] and inputs[0] and outputs[0]:
            outputs[0].dimensions = outputs[0].dimensions or inputs[0].dimensions
        if node.operator == "Constant" and made and node.tensors:
            tensor = next(iter(node.tensors.values()))
            made[0].dimensions, made[0].integer = tensor.dimensions, tensor.integer

    def _read_bodies(
        self, node: Node, inputs: list[TracedValue | None], outputs: list[TracedValue | None], scope: Scope
    ) -> None:
        for graph in node.graphs.values():
            inner_inputs, inner_outputs = self._enter(graph, Scope(scope))
            if node.operator == "Loop":
                # Inputs: trip count, condition, carried values. Of the body: iteration, condition, carried values;
                # its outputs: condition, carried values, collected values.
                give(inputs[2:], inner_inputs[2:])
                pass_all(inner_outputs[1 : len(inner_inputs) - 1], inner_inputs[2:])
                pass_all(inner_outputs[1:], outputs)
                self._deciders += [(value, "Loop") for value in inner_outputs[:1]]
            else:
                # What the body does not get decides what runs: an If's condition, a Scan's lengths before opset 9.
                deciding = inputs[: max(0, len(inputs) - len(inner_inputs))]
                give(inputs[len(deciding) :], inner_inputs)
                pass_all(inner_outputs, outputs)
                self._deciders += [(value, node.operator) for value in deciding if value is not None]
        # What decides on a branch or on the number of runs is in the outcome too.
        derive(inputs, outputs)

    def _note_uses(self, node: Node, inputs: list[TracedValue | None]) -> None:
        for position in DECIDING.get(node.operator, ()):
            if position < len(inputs) and (value := inputs[position]) is not None:
                self._deciders.append((value, node.operator))
        for position in SIZES.get(node.operator, ()):
            if position < len(inputs) and (value := inputs[position]) is not None:
                self._sizes.append((value, node.operator))
        for position, table_position, dimension in INDEXED_TABLES.get(node.operator, ()):
            if max(position, table_position) < len(inputs):
                indices, table = inputs[position], inputs[table_position]
                if indices is not None and table is not None:
                    self._indices.append((indices, RowCount(table, dimension, node.integers, self._batch_size)))

    def _spread_row_counts(self) -> None:
        queue: collections.deque[TracedValue] = collections.deque()
        for value, count_rows in self._indices:
            if lower_row_count(value, count_rows()):
                queue.append(value)
        while queue:
            value = queue.popleft()
            for source, offset in value.passed_from:
                row_count = (value.row_count or 0) - max(0, offset)
                if row_count >= 1 and lower_row_count(source, row_count):
                    queue.append(source)

    def _spread_sizes(self) -> None:
        queue: collections.deque[TracedValue] = collections.deque()
        for value, operator in self._sizes:
            if operator not in value.size_operators:
                value.size_operators.add(operator)
                queue.append(value)
        while queue:
            value = queue.popleft()
            for source, _ in value.passed_from:
                if not value.size_operators <= source.size_operators:
                    source.size_operators |= value.size_operators
                    queue.append(source)

    def _spread_operators(self) -> None:
        queue: collections.deque[TracedValue] = collections.deque()
        for value, operator in self._deciders:
            if operator not in value.operators:
                value.operators.add(operator)
                queue.append(value)
        while queue:
            value = queue.popleft()
            for source in (*value.derived_from, *(source for source, _ in value.passed_from)):
                if not value.operators <= source.operators:
                    source.operators |= value.operators
                    queue.append(source)

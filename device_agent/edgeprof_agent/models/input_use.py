"""Traces what a model does with the values of its inputs: which tables they index, and what they decide.

Generated inputs have a meaning only where the model asks for it: an index must lie within the table that it reads, and
where a value decides what runs, the latency holds for the generated values alone.

The trace goes backwards over the whole graph, branches, bodies of loops and functions included, from the operators
named in `operator_inputs`. It costs time in proportion to the graph. A call of a function is not told apart from
another call of it.
"""

import collections
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from edgeprof_agent.models.operator_inputs import DECIDING, INDEXED_TABLES, PASSING, SAME_SHAPE, SHAPE_ALONE
from edgeprof_agent.models.signature import Dimension
from edgeprof_proto.shared.onnx_graph import Graph, Model, Node

UNKNOWN_ROW_COUNT = 1
"""Rows of a table whose size the file does not tell: index 0 is there in any."""

_CHANGE_LIMIT = 32
"""Times that the bound of one value is lowered: a loop that counts up would lower it without end."""

_TABLE_LIMIT = 1_000
"""Tables that are looked at for one operator in a function that is called with many."""


@dataclass(frozen=True, slots=True)
class InputUse:
    """What a model does with the values of an input.

    Args:
        row_count: Rows of the smallest table that they index; None where they index none.
        deciding_operators: Operators for which they decide what runs, sorted.
    """

    row_count: int | None = None
    deciding_operators: tuple[str, ...] = ()


@dataclass(slots=True)
class _Value:
    """A value of the graph: where it comes from, by operators that pass it on and by others.

    `given_as` are the values that a caller gives for it, where it is an input of a function or of a body.
    """

    dimensions: tuple[Dimension, ...] | None = None
    integer: int | None = None
    given_as: list["_Value"] = field(default_factory=list)
    passed_from: list[tuple["_Value", int]] = field(default_factory=list)
    derived_from: list["_Value"] = field(default_factory=list)
    row_count: int | None = None
    change_count: int = 0
    operators: set[str] = field(default_factory=set)


class _Scope:
    """Values by name in a graph, and those of the graphs around it."""

    def __init__(self, outer: "_Scope | None" = None) -> None:
        self._outer = outer
        self._values: dict[str, _Value] = {}

    def define(self, name: str) -> _Value:
        """Return a new value of this graph."""
        value = self._values[name] = _Value()
        return value

    def find(self, name: str) -> _Value:
        """Return a value of this graph or of one around it; a new one where nobody has defined it."""
        scope: _Scope | None = self
        while scope is not None:
            if name in scope._values:
                return scope._values[name]
            scope = scope._outer
        return self.define(name)


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
        self._functions: dict[tuple[str, str], tuple[list[_Value], list[_Value]]] = {}
        self._indices: list[tuple[_Value, Callable[[], int]]] = []
        self._deciders: list[tuple[_Value, str]] = []

    def run(self) -> dict[str, InputUse]:
        scope = _Scope()
        self._read_functions()
        self._enter(self._model.graph, scope)
        self._spread_row_counts()
        self._spread_operators()
        found = {}
        for declared in self._model.graph.fed_inputs():
            value = scope.find(declared.name)
            found[declared.name] = InputUse(value.row_count, tuple(sorted(value.operators)))
        return found

    def _read_functions(self) -> None:
        scopes = {}
        for key, body in self._model.functions.items():
            scope = scopes[key] = _Scope()
            self._functions[key] = (
                [scope.define(value.name) for value in body.inputs],
                [scope.define(name) for name in body.outputs],
            )
        for key, body in self._model.functions.items():
            outputs = dict(zip(body.outputs, self._functions[key][1], strict=True))
            self._read_nodes(body, scopes[key])
            for name, formal in outputs.items():
                # A node has defined the name anew.
                _pass(scopes[key].find(name), formal)

    def _enter(self, graph: Graph, scope: _Scope) -> tuple[list[_Value], list[_Value]]:
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

    def _read_nodes(self, graph: Graph, scope: _Scope) -> None:
        for node in graph.nodes:
            inputs = [scope.find(name) if name else None for name in node.inputs]
            outputs = [scope.define(name) if name else None for name in node.outputs]
            for name, output in zip(node.outputs, outputs, strict=True):
                if output is not None and name in graph.values:
                    output.dimensions = graph.values[name].dimensions
            self._read_node(node, inputs, outputs, scope)

    def _read_node(self, node: Node, inputs: list[_Value | None], outputs: list[_Value | None], scope: _Scope) -> None:
        self._note_uses(node, inputs)
        made = [value for value in outputs if value is not None]
        function = self._functions.get((node.domain, node.operator))
        if function is not None:
            _give(inputs, function[0])
            _pass_all(function[1], outputs)
        elif node.graphs:
            self._read_bodies(node, inputs, outputs, scope)
        elif node.operator not in SHAPE_ALONE:
            _derive(inputs, outputs)
        for position in PASSING.get(node.operator, ()):
            if position < len(inputs):
                for value in made:
                    _pass(inputs[position], value)
        if node.operator == "Add" and len(inputs) == 2:
            for addend, other in ((inputs[0], inputs[1]), (inputs[1], inputs[0])):
                if other is not None and other.integer is not None:
                    _pass_all([addend], outputs[:1], offset=other.integer)
        if node.operator in SAME_SHAPE and inputs[:1] and outputs[:1] and inputs[0] and outputs[0]:
            outputs[0].dimensions = outputs[0].dimensions or inputs[0].dimensions
        if node.operator == "Constant" and made and node.tensors:
            tensor = next(iter(node.tensors.values()))
            made[0].dimensions, made[0].integer = tensor.dimensions, tensor.integer

    def _read_bodies(
        self, node: Node, inputs: list[_Value | None], outputs: list[_Value | None], scope: _Scope
    ) -> None:
        for graph in node.graphs.values():
            inner_inputs, inner_outputs = self._enter(graph, _Scope(scope))
            if node.operator == "Loop":
                # Inputs: trip count, condition, carried values. Of the body: iteration, condition, carried values;
                # its outputs: condition, carried values, collected values.
                _give(inputs[2:], inner_inputs[2:])
                _pass_all(inner_outputs[1 : len(inner_inputs) - 1], inner_inputs[2:])
                _pass_all(inner_outputs[1:], outputs)
                self._deciders += [(value, "Loop") for value in inner_outputs[:1]]
            else:
                # What the body does not get decides what runs: an If's condition, a Scan's lengths before opset 9.
                deciding = inputs[: max(0, len(inputs) - len(inner_inputs))]
                _give(inputs[len(deciding) :], inner_inputs)
                _pass_all(inner_outputs, outputs)
                self._deciders += [(value, node.operator) for value in deciding if value is not None]
        # What decides on a branch or on the number of runs is in the outcome too.
        _derive(inputs, outputs)

    def _note_uses(self, node: Node, inputs: list[_Value | None]) -> None:
        for position in DECIDING.get(node.operator, ()):
            if position < len(inputs) and (value := inputs[position]) is not None:
                self._deciders.append((value, node.operator))
        for position, table_position, dimension in INDEXED_TABLES.get(node.operator, ()):
            if max(position, table_position) < len(inputs):
                indices, table = inputs[position], inputs[table_position]
                if indices is not None and table is not None:
                    self._indices.append((indices, _RowCount(table, dimension, node.integers, self._batch_size)))

    def _spread_row_counts(self) -> None:
        queue: collections.deque[_Value] = collections.deque()
        for value, count_rows in self._indices:
            if _lower(value, count_rows()):
                queue.append(value)
        while queue:
            value = queue.popleft()
            for source, offset in value.passed_from:
                row_count = (value.row_count or 0) - max(0, offset)
                if row_count >= 1 and _lower(source, row_count):
                    queue.append(source)

    def _spread_operators(self) -> None:
        queue: collections.deque[_Value] = collections.deque()
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


@dataclass(frozen=True, slots=True)
class _RowCount:
    """Tells, once the graph has been read, how many rows a table has."""

    table: _Value
    dimension: str
    attributes: dict[str, int]
    batch_size: int

    def __call__(self) -> int:
        found, queue = [self.table], [self.table]
        row_counts = []
        while queue:
            table = queue.pop()
            if not table.dimensions and table.given_as:
                further = [value for value in table.given_as if all(value is not other for other in found)]
                found += further
                queue += further
            else:
                row_counts.append(self._rows(table.dimensions or ()))
            if len(found) > _TABLE_LIMIT:
                return UNKNOWN_ROW_COUNT
        return min(row_counts, default=UNKNOWN_ROW_COUNT)

    def _rows(self, dimensions: tuple[Dimension, ...]) -> int:
        if self.dimension == "every":
            sizes = dimensions[self.attributes.get("batch_dims", 0) :]
        else:
            axis = {"first": 0, "last": -1}.get(self.dimension, self.attributes.get(self.dimension, 0))
            if not -len(dimensions) <= axis < len(dimensions):
                return UNKNOWN_ROW_COUNT
            sizes = (dimensions[axis],)
        known = (size if isinstance(size, int) and size >= 0 else self.batch_size for size in sizes)
        return max(UNKNOWN_ROW_COUNT, min(known, default=UNKNOWN_ROW_COUNT))


def _lower(value: _Value, row_count: int) -> bool:
    if (value.row_count is not None and value.row_count <= row_count) or value.change_count >= _CHANGE_LIMIT:
        return False
    value.row_count = row_count
    value.change_count += 1
    return True


def _pass(source: _Value | None, target: _Value | None, offset: int = 0) -> None:
    if source is not None and target is not None:
        target.passed_from.append((source, offset))


def _pass_all(sources: Iterable[_Value | None], targets: Iterable[_Value | None], offset: int = 0) -> None:
    for source, target in zip(sources, targets, strict=False):
        _pass(source, target, offset)


def _give(sources: Iterable[_Value | None], formals: Iterable[_Value]) -> None:
    """Note what is given for the inputs of a function or of a body."""
    for source, formal in zip(sources, formals, strict=False):
        _pass(source, formal)
        if source is not None:
            formal.given_as.append(source)


def _derive(sources: Iterable[_Value | None], targets: Iterable[_Value | None]) -> None:
    # One value between them, so that many inputs and many outputs need few edges.
    between = _Value(derived_from=[value for value in sources if value is not None])
    for target in targets:
        if target is not None:
            target.derived_from.append(between)

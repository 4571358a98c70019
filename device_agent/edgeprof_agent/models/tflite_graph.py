"""Reads the graph of a TensorFlow Lite model in the operators of ONNX, to trace what it does with its inputs.

Operators that index, decide or pass values on get the name of the ONNX operator that does the same, their inputs in its
order; all others keep a name that means nothing there. Values are named by the numbers of their tensors.
Source: tensorflow/compiler/mlir/lite/schema/schema.fbs
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from edgeprof_agent.models.input_use import InputUse, trace_inputs
from edgeprof_proto.shared.flatbuffer import Flatbuffer, FlatbufferError, Table
from edgeprof_proto.shared.onnx_graph import DeclaredValue, Graph, Model, Node
from edgeprof_proto.shared.onnx_tensors import Tensor
from edgeprof_proto.shared.onnx_walk import MAX_MODEL_BYTES
from edgeprof_proto.shared.plain_file import map_plain_file

_LIMIT = 1_000_000
_GRAPH_LIMIT = 1_000
"""Graphs that are read for others that run them: each of them may be run by many."""

_OPERATOR_CODES, _SUBGRAPHS, _BUFFERS = 1, 2, 4
_TENSORS, _INPUTS, _OUTPUTS, _OPERATORS = 0, 1, 2, 3
_SHAPE, _TYPE, _BUFFER, _SHAPE_SIGNATURE = 0, 1, 2, 7
_CODE, _OPERATOR_INPUTS, _OPERATOR_OUTPUTS, _OPTIONS = 0, 1, 2, 4
_OLD_CODE, _NEW_CODE = 0, 3
_INT32, _INT64 = 2, 4
_DATA = 0

GATHER, GATHER_ND, IF, WHILE, SCATTER_ND = 36, 107, 118, 119, 122
NAMES: dict[int, str] = {
    **{0: "Add", 2: "Concat", 6: "DequantizeLinear", 22: "Reshape", 34: "Pad", GATHER: "Gather", 39: "Transpose"},
    **{43: "Squeeze", 45: "Slice", 48: "TopK", 53: "Cast", 55: "Max", 57: "Min", 60: "Pad", 64: "Where", 65: "Slice"},
    **{69: "Tile", 70: "Unsqueeze", 77: "Shape", 82: "ReduceMax", 83: "Concat", 85: "OneHot", 88: "Split"},
    **{89: "ReduceMin", 94: "ConstantOfShape", 96: "Range", 100: "Pad", 103: "Unique", GATHER_ND: "GatherND"},
    **{109: "NonZero", 110: "Size", 114: "QuantizeLinear", 120: "NonMaxSuppression", 121: "NonMaxSuppression"},
    **{123: "Where", 130: "Expand"},
}
"""ONNX's name of an operator that takes the same inputs in the same order, by its number in `BuiltinOperator`."""

REORDERED: dict[int, tuple[str, tuple[int | None, ...]]] = {
    7: ("Gather", (1, 0)),  # EMBEDDING_LOOKUP
    33: ("Gather", (4, 0)),  # EMBEDDING_LOOKUP_SPARSE
    23: ("Resize", (0, None, None, 1)),  # RESIZE_BILINEAR
    97: ("Resize", (0, None, None, 1)),  # RESIZE_NEAREST_NEIGHBOR
}
"""The same for operators that take them in another order: where each of ONNX's stands, None for one that is absent."""


_OWN_NAMES = {"Loop": "While", "ConstantOfShape": "Fill", "Expand": "BroadcastTo", "NonZero": "Where"}
"""Operators that decide what runs, by ONNX's name, where their own is another."""


def parse_graph(content: memoryview) -> Model:
    """Return the graph of a model whose file has been checked (`formats.tflite`).

    Args:
        content: The whole file.

    Raises:
        FlatbufferError: If an offset leads out of the file, or graphs run each other without end.
    """
    return _Reader(content).model()


def uses_of_inputs(path: Path, batch_size: int) -> list[InputUse]:
    """Tell what a model does with the values of its inputs.

    Args:
        path: The file, which an interpreter has read.
        batch_size: Size of the dimensions that an input leaves open, where one is indexed.

    Returns:
        The use of each input, in their order; empty where the graph cannot be followed.
    """
    try:
        model = parse_graph(map_plain_file(path, max_bytes=MAX_MODEL_BYTES))
    except (FlatbufferError, IndexError, KeyError, OSError):
        return []
    uses = trace_inputs(model, batch_size)
    return [_in_own_words(uses.get(value.name, InputUse())) for value in model.graph.inputs]


def _in_own_words(use: InputUse) -> InputUse:
    return replace(use, deciding_operators=tuple(_OWN_NAMES.get(name, name) for name in use.deciding_operators))


class _Reader:
    def __init__(self, content: memoryview) -> None:
        model = Flatbuffer(content).root()
        self._codes = [
            max(code.number(_OLD_CODE, "b"), code.number(_NEW_CODE, "i"))
            for code in model.tables(_OPERATOR_CODES, limit=_LIMIT)
        ]
        self._buffers = model.tables(_BUFFERS, limit=_LIMIT)
        self._subgraphs = model.tables(_SUBGRAPHS, limit=_LIMIT)
        self._functions: dict[tuple[str, str], Graph] = {}
        self._open: set[int] = set()
        self._graph_count = 0

    def model(self) -> Model:
        graph = self._graph(0)
        return Model(graph=graph, functions=self._functions)

    def _graph(self, number: int) -> Graph:
        if not 0 <= number < len(self._subgraphs) or number in self._open:
            raise FlatbufferError(f"graph {number} of {len(self._subgraphs)} runs itself, or is not there")
        self._graph_count += 1
        if self._graph_count > _GRAPH_LIMIT:
            raise FlatbufferError(f"more than {_GRAPH_LIMIT} graphs are run by others")
        self._open.add(number)
        subgraph = self._subgraphs[number]
        graph = Graph()
        for index, tensor in enumerate(subgraph.tables(_TENSORS, limit=_LIMIT)):
            self._add_tensor(graph, str(index), tensor)
        graph.inputs = [graph.values[str(index)] for index in subgraph.numbers(_INPUTS, "i") or ()]
        graph.outputs = [str(index) for index in subgraph.numbers(_OUTPUTS, "i") or ()]
        for operator in subgraph.tables(_OPERATORS, limit=_LIMIT):
            self._add_operator(graph, operator)
        self._open.discard(number)
        return graph

    def _add_tensor(self, graph: Graph, name: str, tensor: Table) -> None:
        shape = tensor.numbers(_SHAPE, "i") or ()
        signature = tensor.numbers(_SHAPE_SIGNATURE, "i") or shape
        dimensions = tuple(None if size < 0 else size for size in signature)
        graph.values[name] = DeclaredValue(name, 0, dimensions)
        buffer_number, kind = tensor.number(_BUFFER, "I"), tensor.number(_TYPE, "b")
        if 0 < buffer_number < len(self._buffers) and self._buffers[buffer_number].byte_count(_DATA):
            integer = None
            if kind in (_INT32, _INT64) and all(size == 1 for size in shape):
                head = self._buffers[buffer_number].head(_DATA, 4 if kind == _INT32 else 8)
                integer = int.from_bytes(head, "little", signed=True)
            graph.initializers[name] = Tensor(shape, 0, integer)

    def _add_operator(self, graph: Graph, operator: Table) -> None:
        # -1 stands for an input that is left out.
        inputs = ["" if index < 0 else str(index) for index in operator.numbers(_OPERATOR_INPUTS, "i") or ()]
        outputs = ["" if index < 0 else str(index) for index in operator.numbers(_OPERATOR_OUTPUTS, "i") or ()]
        code = self._codes[operator.number(_CODE, "I")]
        node = Node(operator=NAMES.get(code, f"operator-{code}"), inputs=inputs, outputs=outputs)
        special: dict[int, Callable[[Graph, Node, Table | None], None]] = {
            IF: self._make_if,
            WHILE: self._make_while,
            GATHER: _make_gather,
            SCATTER_ND: _make_scatter,
            GATHER_ND: _make_gather_nd,
        }
        if code in REORDERED:
            node.operator, order = REORDERED[code]
            node.inputs = [
                "" if position is None or position >= len(inputs) else inputs[position] for position in order
            ]
        if code in special:
            special[code](graph, node, operator.table(_OPTIONS))
        graph.nodes.append(node)

    def _make_if(self, graph: Graph, node: Node, options: Table | None) -> None:
        node.operator = "If"
        numbers = [options.number(index, "i") for index in (0, 1)] if options is not None else [0, 0]
        node.graphs = {str(index): self._graph(number) for index, number in enumerate(numbers)}

    def _make_while(self, graph: Graph, node: Node, options: Table | None) -> None:
        """Make a Loop, whose condition is a function of the carried values, before the first run and after each."""
        numbers = [options.number(index, "i") for index in (0, 1)] if options is not None else [0, 0]
        key = ("while", f"{numbers[0]}")
        if key not in self._functions:
            self._functions[key] = self._graph(numbers[0])
        body = self._graph(numbers[1])
        body.nodes.append(Node(operator=key[1], domain=key[0], inputs=list(body.outputs), outputs=["again"]))
        body.inputs = [DeclaredValue(name, 0, ()) for name in ("count", "was")] + body.inputs
        body.outputs = ["again", *body.outputs]
        first = f"first-{len(graph.nodes)}"
        graph.nodes.append(Node(operator=key[1], domain=key[0], inputs=list(node.inputs), outputs=[first]))
        node.operator, node.graphs = "Loop", {"body": body}
        node.inputs = ["", first, *node.inputs]


def _make_gather(graph: Graph, node: Node, options: Table | None) -> None:
    if options is not None:
        node.integers = {"axis": options.number(0, "i"), "batch_dims": options.number(1, "i")}


def _make_scatter(graph: Graph, node: Node, options: Table | None) -> None:
    """SCATTER_ND takes indices, updates and the shape of what it writes, which the table has."""
    node.operator = "ScatterND"
    table = f"table-{len(graph.nodes)}"
    declared = graph.values.get(node.outputs[0]) if node.outputs else None
    sizes = tuple(size for size in (declared.dimensions or () if declared else ()) if isinstance(size, int))
    graph.initializers[table] = Tensor(sizes, 0, None)
    node.inputs = [table, *node.inputs[:2]]


def _make_gather_nd(graph: Graph, node: Node, options: Table | None) -> None:
    """Leave of the table the dimensions that are indexed: as many as the last size of the indices."""
    declared = [graph.values.get(name) for name in node.inputs[:2]]
    table, indices = [item.dimensions or () if item else () for item in (*declared, None, None)][:2]
    depth = indices[-1] if indices else None
    if isinstance(depth, int) and 1 <= depth <= len(table):
        name = f"table-{len(graph.nodes)}"
        graph.values[name] = DeclaredValue(name, 0, table[:depth])
        graph.initializers[name] = Tensor(
            tuple(size if isinstance(size, int) else 1 for size in table[:depth]), 0, None
        )
        node.inputs = [name, *node.inputs[1:]]

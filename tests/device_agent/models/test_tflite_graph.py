"""The graph of a TensorFlow Lite model as the trace of its inputs reads it."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from device_agent.runtimes.tflite_models import OPERATORS, OPTIONS, TfliteModel

from edgeprof_agent.models.input_use import InputUse
from edgeprof_agent.models.tflite_graph import GATHER, IF, NAMES, REORDERED, SCATTER_ND, WHILE, uses_of_inputs

ALIKE = {
    "ADD": "Add",
    "CONCATENATION": "Concat",
    "DEQUANTIZE": "DequantizeLinear",
    "RESHAPE": "Reshape",
    "PAD": "Pad",
    "GATHER": "Gather",
    "TRANSPOSE": "Transpose",
    "SQUEEZE": "Squeeze",
    "STRIDED_SLICE": "Slice",
    "TOPK_V2": "TopK",
    "CAST": "Cast",
    "MAXIMUM": "Max",
    "MINIMUM": "Min",
    "PADV2": "Pad",
    "SELECT": "Where",
    "SLICE": "Slice",
    "TILE": "Tile",
    "EXPAND_DIMS": "Unsqueeze",
    "SHAPE": "Shape",
    "REDUCE_MAX": "ReduceMax",
    "PACK": "Concat",
    "ONE_HOT": "OneHot",
    "UNPACK": "Split",
    "REDUCE_MIN": "ReduceMin",
    "FILL": "ConstantOfShape",
    "RANGE": "Range",
    "MIRROR_PAD": "Pad",
    "UNIQUE": "Unique",
    "GATHER_ND": "GatherND",
    "WHERE": "NonZero",
    "RANK": "Size",
    "QUANTIZE": "QuantizeLinear",
    "NON_MAX_SUPPRESSION_V4": "NonMaxSuppression",
    "NON_MAX_SUPPRESSION_V5": "NonMaxSuppression",
    "SELECT_V2": "Where",
    "BROADCAST_TO": "Expand",
}


def test_the_numbers_are_those_of_the_schema() -> None:
    assert {getattr(OPERATORS, name): onnx for name, onnx in ALIKE.items()} == NAMES
    assert (GATHER, IF, WHILE) == (OPERATORS.GATHER, OPERATORS.IF, OPERATORS.WHILE)
    assert SCATTER_ND == OPERATORS.SCATTER_ND
    names = ("EMBEDDING_LOOKUP", "EMBEDDING_LOOKUP_SPARSE", "RESIZE_BILINEAR", "RESIZE_NEAREST_NEIGHBOR")
    assert set(REORDERED) == {getattr(OPERATORS, name) for name in names}


def _gather(model: TfliteModel, rows: int, ids: int, output: int, axis: int = 0) -> None:
    sizes = (rows, 3) if axis == 0 else (3, rows)
    options = schema.GatherOptionsT()
    options.axis = axis
    table = model.constant("table", np.ones(sizes, np.float32))
    model.operator(OPERATORS.GATHER, (table, ids), (output,), options, OPTIONS.GatherOptions)


def _shifted(path: Path) -> Path:
    """Ids that are flattened, and to which 2 is added before they index 30 rows."""
    model = TfliteModel()
    ids, flat, sums = (model.tensor(name, (6,), np.int32) for name in ("ids", "flat", "sums"))
    shape, two = model.constant("shape", np.array([6], np.int32)), model.constant("two", np.array(2, np.int32))
    y = model.tensor("y", (6, 3))
    model.operator(OPERATORS.RESHAPE, (ids, shape), (flat,), schema.ReshapeOptionsT(), OPTIONS.ReshapeOptions)
    model.operator(OPERATORS.ADD, (flat, two), (sums,), schema.AddOptionsT(), OPTIONS.AddOptions)
    _gather(model, 30, sums, y)
    return model.write(path, inputs=(ids,), outputs=(y,))


def _along_another_dimension(path: Path) -> Path:
    model = TfliteModel()
    ids, y = model.tensor("ids", (6,), np.int32), model.tensor("y", (3, 6))
    _gather(model, 30, ids, y, axis=1)
    return model.write(path, inputs=(ids,), outputs=(y,))


def _in_a_loop(path: Path) -> Path:
    """Ids that index 7 rows in the body of a While, which runs as long as a second input says."""
    model = TfliteModel()
    n, ids, m, out = (model.tensor(name, () if name in "nm" else (6,), np.int32) for name in ("n", "ids", "m", "out"))
    options = schema.WhileOptionsT()
    test = TfliteModel(model)
    a, b, c = test.tensor("a", (), np.int32), test.tensor("b", (6,), np.int32), test.tensor("c", (), np.bool_)
    five = test.constant("five", np.array(5, np.int32))
    test.operator(OPERATORS.LESS, (a, five), (c,), schema.LessOptionsT(), OPTIONS.LessOptions)
    options.condSubgraphIndex = test.end(inputs=(a, b), outputs=(c,))
    body = TfliteModel(model)
    a, b, c = body.tensor("a", (), np.int32), body.tensor("b", (6,), np.int32), body.tensor("c", (), np.int32)
    one, rows = body.constant("one", np.array(1, np.int32)), body.tensor("rows", (6, 3))
    body.operator(OPERATORS.ADD, (a, one), (c,), schema.AddOptionsT(), OPTIONS.AddOptions)
    _gather(body, 7, b, rows)
    options.bodySubgraphIndex = body.end(inputs=(a, b), outputs=(c, b))
    model.operator(OPERATORS.WHILE, (n, ids), (m, out), options, OPTIONS.WhileOptions)
    return model.write(path, inputs=(n, ids), outputs=(m, out))


def _scattered(path: Path) -> Path:
    model = TfliteModel()
    ids, updates = model.tensor("ids", (4, 1), np.int32), model.tensor("updates", (4,))
    shape, y = model.constant("shape", np.array([9], np.int32)), model.tensor("y", (9,))
    model.operator(OPERATORS.SCATTER_ND, (ids, updates, shape), (y,))
    return model.write(path, inputs=(ids, updates), outputs=(y,))


def _by_some_dimensions(path: Path) -> Path:
    """Ids that index the first of two dimensions, and as many rows as that has."""
    model = TfliteModel()
    ids, y = model.tensor("ids", (4, 1), np.int32), model.tensor("y", (4, 3))
    table = model.constant("table", np.ones((100, 3), np.float32))
    model.operator(OPERATORS.GATHER_ND, (table, ids), (y,))
    return model.write(path, inputs=(ids,), outputs=(y,))


def _two_tables(path: Path) -> Path:
    model = TfliteModel()
    ids, y, z = model.tensor("ids", (6,), np.int32), model.tensor("y", (6, 3)), model.tensor("z", (6, 3))
    _gather(model, 30, ids, y)
    table = model.constant("small", np.ones((20, 3), np.float32))
    model.operator(OPERATORS.EMBEDDING_LOOKUP, (ids, table), (z,))
    return model.write(path, inputs=(ids,), outputs=(y, z))


@pytest.mark.parametrize(
    ("write", "uses"),
    [
        (_shifted, [InputUse(28)]),
        (_along_another_dimension, [InputUse(30)]),
        (_in_a_loop, [InputUse(None, ("While",)), InputUse(7)]),
        (_by_some_dimensions, [InputUse(100)]),
        (_two_tables, [InputUse(20)]),
        (_scattered, [InputUse(9), InputUse()]),
    ],
)
def test_indices_are_bounded_by_the_tables_behind_them(
    write: Callable[[Path], Path], uses: list[InputUse], tmp_path: Path
) -> None:
    assert uses_of_inputs(write(tmp_path / "m.tflite"), 1) == uses


def test_graphs_that_run_each_other_without_end_are_not_followed(tmp_path: Path) -> None:
    model = TfliteModel()
    x, y = model.tensor("x", (), np.bool_), model.tensor("y", (), np.bool_)
    options = schema.IfOptionsT()
    options.thenSubgraphIndex = options.elseSubgraphIndex = 0
    model.operator(OPERATORS.IF, (x, x), (y,), options, OPTIONS.IfOptions)
    assert uses_of_inputs(model.write(tmp_path / "m.tflite", inputs=(x,), outputs=(y,)), 1) == []


def test_graphs_that_are_run_by_very_many_are_not_followed(tmp_path: Path) -> None:
    model = TfliteModel()
    graphs = [model, *(TfliteModel(model) for _ in range(40))]
    ends = []
    for number, graph in enumerate(graphs, start=1):
        x, y = graph.tensor("x", (), np.bool_), graph.tensor("y", (), np.bool_)
        options = schema.IfOptionsT()
        options.thenSubgraphIndex = options.elseSubgraphIndex = number
        if number < len(graphs):
            graph.operator(OPERATORS.IF, (x, x), (y,), options, OPTIONS.IfOptions)
        ends.append((graph, x, y))
    for graph, x, y in ends[1:]:
        graph.end(inputs=(x,), outputs=(y,))
    _, x, y = ends[0]
    assert uses_of_inputs(model.write(tmp_path / "m.tflite", inputs=(x,), outputs=(y,)), 1) == []

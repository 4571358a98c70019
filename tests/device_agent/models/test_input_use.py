from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from device_agent.models.onnx_models import body_of, input_of, model_of, saved
from onnx import TensorProto, helper

from edgeprof_agent.models.input_use import InputUse, trace_inputs
from edgeprof_agent.runtimes.onnxruntime import OnnxRuntime
from edgeprof_proto.records.generated_input import GeneratedInput
from edgeprof_proto.records.job_spec import Setting
from edgeprof_proto.shared.onnx_graph import parse_model

INT64, BOOL, FLOAT = TensorProto.INT64, TensorProto.BOOL, TensorProto.FLOAT
node = helper.make_node
IDS = input_of("ids", (1, 200), INT64)


def uses(model: onnx.ModelProto) -> dict[str, InputUse]:
    return trace_inputs(parse_model(memoryview(model.SerializeToString())), 1)


def told_after_a_run(model: onnx.ModelProto, folder: Path) -> dict[str, GeneratedInput]:
    """Run a model, which fails where an index lies outside its table, and return what it was given."""
    loaded = OnnxRuntime().load(saved(model, folder), Setting(runtime="onnxruntime"), input_seed=0)
    loaded.run_once()
    return {item.name: item for item in loaded.inputs}


def array(*values: int) -> np.ndarray:
    return np.array(values, np.int64)


def transposed_embedding() -> onnx.ModelProto:
    return model_of([IDS], [node("Transpose", ["ids"], ["t"]), node("Gather", ["table", "t"], ["y"])], table=(30, 4))


def gathered_along(axis: int) -> onnx.ModelProto:
    return model_of([IDS], [node("Gather", ["table", "ids"], ["y"], axis=axis)], table=(3, 30))


def quantised_embedding() -> onnx.ModelProto:
    nodes = [node("DequantizeLinear", ["table", "s"], ["floats"]), node("Gather", ["floats", "ids"], ["y"])]
    return model_of([IDS], nodes, table=np.ones((30, 4), np.int8), s=np.array(0.5, np.float32))


def constant_table() -> onnx.ModelProto:
    value = helper.make_tensor("v", FLOAT, (30, 2), [0.0] * 60)
    return model_of([IDS], [node("Constant", [], ["table"], value=value), node("Gather", ["table", "ids"], ["y"])])


def long_way() -> onnx.ModelProto:
    nodes = [
        node("Cast", ["ids"], ["a"], to=TensorProto.INT32),
        node("Reshape", ["a", "flat"], ["b"]),
        node("Unsqueeze", ["b", "zero"], ["c"]),
        node("Identity", ["c"], ["d"]),
        node("Slice", ["d", "zero", "end", "one"], ["e"]),
        node("Gather", ["table", "e"], ["y"]),
    ]
    return model_of([IDS], nodes, flat=array(-1), zero=array(0), end=array(100), one=array(1), table=(30, 4))


def two_tables() -> onnx.ModelProto:
    nodes = [node("Gather", ["large", "ids"], ["y"]), node("Gather", ["small", "ids"], ["z"])]
    return model_of([IDS], nodes, ("y", "z"), large=(1000, 2), small=(30, 2))


def shifted_positions() -> onnx.ModelProto:
    nodes = [node("Add", ["ids", "two"], ["i"]), node("Gather", ["table", "i"], ["y"])]
    return model_of([IDS], nodes, two=array(2), table=(32, 2))


def elements() -> onnx.ModelProto:
    return model_of([IDS], [node("GatherElements", ["table", "ids"], ["y"], axis=1)], table=(1, 30))


def several_dimensions() -> onnx.ModelProto:
    ids = input_of("ids", (100, 2), INT64)
    return model_of([ids], [node("GatherND", ["table", "ids"], ["y"])], table=(40, 30))


def scattered() -> onnx.ModelProto:
    nodes = [node("ScatterElements", ["table", "ids", "updates"], ["y"], axis=1)]
    return model_of([IDS], nodes, table=(1, 30), updates=(1, 200))


def float_ids() -> onnx.ModelProto:
    ids = input_of("ids", (1, 200), FLOAT)
    return model_of(
        [ids], [node("Cast", ["ids"], ["i"], to=INT64), node("Gather", ["table", "i"], ["y"])], table=(30, 4)
    )


def embedding_of_a_branch() -> onnx.ModelProto:
    gather = body_of([node("Gather", ["table", "ids"], ["b"])], [], ("b", FLOAT))
    other = body_of([node("Gather", ["table", "zero"], ["b"])], [], ("b", FLOAT))
    nodes = [node("If", ["c"], ["y"], then_branch=gather, else_branch=other)]
    return model_of([IDS], nodes, table=(30, 4), c=np.array(True), zero=array(0))


def embedding_of_a_loop() -> onnx.ModelProto:
    body = body_of(
        [
            node("Identity", ["go"], ["still"]),
            node("Identity", ["old"], ["new"]),
            node("Gather", ["table", "old"], ["f"]),
        ],
        [input_of("i", (), INT64), input_of("go", (), BOOL), input_of("old", None, INT64)],
        *(("still", BOOL), ("new", INT64), ("f", FLOAT)),
    )
    nodes = [node("Loop", ["trips", "c", "ids"], ["last", "y"], body=body)]
    return model_of([IDS], nodes, table=(30, 4), trips=np.array(3, np.int64), c=np.array(True))


def embedding_of_a_function() -> onnx.ModelProto:
    body = [node("Identity", ["i"], ["same"]), node("Gather", ["t", "same"], ["e"])]
    function = helper.make_function("mine", "Embed", ["t", "i"], ["e"], body, [helper.make_opsetid("", 17)])
    return model_of(
        [IDS], [node("Embed", ["table", "ids"], ["y"], domain="mine")], functions=(function,), table=(30, 4)
    )


@pytest.mark.parametrize(
    "make",
    [
        *(transposed_embedding, quantised_embedding, constant_table, long_way, two_tables, shifted_positions),
        *(elements, several_dimensions, scattered, float_ids),
        *(embedding_of_a_branch, embedding_of_a_loop, embedding_of_a_function),
    ],
)
def test_indices_lie_within_the_table_that_they_read_and_all_over_it(
    make: Callable[[], onnx.ModelProto], tmp_path: Path
) -> None:
    told = told_after_a_run(make(), tmp_path)["ids"]
    assert (told.lowest_value, told.highest_value) == (0, 29)


def test_the_axis_tells_what_is_indexed(tmp_path: Path) -> None:
    assert told_after_a_run(gathered_along(0), tmp_path)["ids"].highest_value == 2
    assert told_after_a_run(gathered_along(1), tmp_path)["ids"].highest_value == 29
    assert told_after_a_run(gathered_along(-1), tmp_path)["ids"].highest_value == 29


def test_a_table_of_one_row_is_read_at_row_zero(tmp_path: Path) -> None:
    model = model_of([IDS], [node("Gather", ["table", "ids"], ["y"])], table=(1, 4))
    assert told_after_a_run(model, tmp_path)["ids"].highest_value == 0


def test_a_table_whose_size_is_not_told_is_read_at_row_zero(tmp_path: Path) -> None:
    nodes = [node("NonZero", ["x"], ["n"]), node("Gather", ["n", "ids"], ["y"], axis=1)]
    model = model_of([input_of("x", (3,)), IDS], nodes, output_type=INT64)
    assert told_after_a_run(model, tmp_path)["ids"].highest_value == 0


def test_indices_fit_into_their_type(tmp_path: Path) -> None:
    ids = input_of("ids", (1, 200), TensorProto.INT8)
    nodes = [node("Cast", ["ids"], ["i"], to=INT64), node("Gather", ["table", "i"], ["y"])]
    assert told_after_a_run(model_of([ids], nodes, table=(1000, 2)), tmp_path)["ids"].highest_value == 127


def test_integers_that_index_nothing_are_0_or_1_and_floats_are_normal(tmp_path: Path) -> None:
    inputs = [input_of("x", (1, 200)), input_of("mask", (1, 200), INT64)]
    nodes = [node("Cast", ["mask"], ["m"], to=FLOAT), node("Mul", ["x", "m"], ["y"])]
    told = told_after_a_run(model_of(inputs, nodes), tmp_path)
    assert (told["mask"].lowest_value, told["mask"].highest_value) == (0, 1)
    assert (told["x"].lowest_value, told["x"].highest_value) == (None, None)
    assert told["x"].deciding_operators == ()


def if_() -> onnx.ModelProto:
    branches = {
        name: body_of([node(operator, ["x"], ["b"])], [], ("b", FLOAT))
        for name, operator in (("then_branch", "Relu"), ("else_branch", "Neg"))
    }
    return model_of([input_of("x", (1, 4)), input_of("v", (), BOOL)], [node("If", ["v"], ["y"], **branches)])


def loop_() -> onnx.ModelProto:
    body = body_of(
        [node("Identity", ["go"], ["still"]), node("Exp", ["old"], ["new"])],
        [input_of("i", (), INT64), input_of("go", (), BOOL), input_of("old", None)],
        *(("still", BOOL), ("new", FLOAT)),
    )
    inputs = [input_of("x", (1, 4)), input_of("v", (), INT64)]
    return model_of(inputs, [node("Loop", ["v", "c", "x"], ["y"], body=body)], c=np.array(True))


def loop_until() -> onnx.ModelProto:
    body = body_of(
        [
            node("ReduceSum", ["old"], ["s"], keepdims=0),
            node("Less", ["s", "limit"], ["still"]),
            node("Add", ["old", "one"], ["new"]),
        ],
        [input_of("i", (), INT64), input_of("go", (), BOOL), input_of("old", None)],
        *(("still", BOOL), ("new", FLOAT)),
    )
    constants = {"c": np.array(True), "limit": np.array(9, np.float32), "one": np.array(1, np.float32)}
    nodes = [node("Loop", ["trips", "c", "v"], ["y"], body=body)]
    return model_of([input_of("v", (1, 4))], nodes, trips=array(5)[0], **constants)


def top_k() -> onnx.ModelProto:
    inputs = [input_of("x", (1, 4)), input_of("v", (1,), INT64)]
    return model_of(inputs, [node("TopK", ["x", "v"], ["y", "i"])])


def range_() -> onnx.ModelProto:
    nodes = [node("Range", ["zero", "v", "one"], ["r"]), node("Cast", ["r"], ["y"], to=FLOAT)]
    return model_of([input_of("v", (), INT64)], nodes, zero=array(0)[0], one=array(1)[0])


def constant_of_shape() -> onnx.ModelProto:
    return model_of([input_of("v", (2,), INT64)], [node("ConstantOfShape", ["v"], ["y"])])


def shape_by_way_of_a_sum() -> onnx.ModelProto:
    nodes = [node("ReduceSum", ["v", "axes"], ["s"]), node("Expand", ["x", "s"], ["y"])]
    return model_of([input_of("x", (1, 1)), input_of("v", (2,), INT64)], nodes, axes=array(0))


def slice_() -> onnx.ModelProto:
    inputs = [input_of("x", (4, 4)), input_of("v", (1,), INT64)]
    return model_of(inputs, [node("Slice", ["x", "zero", "v"], ["y"])], zero=array(0))


def non_maximum_suppression() -> onnx.ModelProto:
    nodes = [node("NonMaxSuppression", ["boxes", "v"], ["i"]), node("Cast", ["i"], ["y"], to=FLOAT)]
    return model_of([input_of("v", (1, 1, 9))], nodes, boxes=(1, 9, 4))


def within_a_function() -> onnx.ModelProto:
    function = helper.make_function(
        *("mine", "Filled", ["s"], ["f"]), [node("ConstantOfShape", ["s"], ["f"])], [helper.make_opsetid("", 17)]
    )
    nodes = [node("Filled", ["v"], ["y"], domain="mine")]
    return model_of([input_of("v", (2,), INT64)], nodes, functions=(function,))


@pytest.mark.parametrize(
    ("make", "operator"),
    [
        *((if_, "If"), (loop_, "Loop"), (loop_until, "Loop"), (top_k, "TopK"), (range_, "Range"), (slice_, "Slice")),
        *((constant_of_shape, "ConstantOfShape"), (shape_by_way_of_a_sum, "Expand")),
        *((non_maximum_suppression, "NonMaxSuppression"), (within_a_function, "ConstantOfShape")),
    ],
)
def test_a_value_that_decides_what_runs_is_told(make: Callable[[], onnx.ModelProto], operator: str) -> None:
    found = uses(make())
    assert found.pop("v").deciding_operators == (operator,)
    assert all(not use.deciding_operators for use in found.values())


def test_the_shape_of_an_input_is_no_value_of_it() -> None:
    nodes = [
        node("Shape", ["v"], ["s"]),
        node("Gather", ["s", "zero"], ["n"]),
        node("Concat", ["n", "minus_one"], ["t"], axis=0),
        node("Reshape", ["v", "t"], ["r"]),
        node("Expand", ["r", "s"], ["y"]),
    ]
    model = model_of([input_of("v", ("n", 4))], nodes, zero=array(0), minus_one=array(-1))
    assert uses(model) == {"v": InputUse()}


def test_a_loop_that_counts_up_and_wide_nodes_are_traced_in_time() -> None:
    body = body_of(
        [
            node("Identity", ["go"], ["still"]),
            node("Add", ["old", "one"], ["new"]),
            node("Gather", ["table", "old"], ["f"]),
        ],
        [input_of("i", (), INT64), input_of("go", (), BOOL), input_of("old", None, INT64)],
        *(("still", BOOL), ("new", INT64), ("f", FLOAT)),
    )
    counting = model_of(
        [input_of("ids", (1,), INT64)],
        [node("Loop", ["trips", "c", "ids"], ["last", "y"], body=body)],
        **{"table": (1000, 4), "trips": np.array(3, np.int64), "c": np.array(True), "one": array(1)},
    )
    assert 900 < (uses(counting)["ids"].row_count or 0) < 1000
    names = [f"x{index}" for index in range(3000)]
    wide = model_of([input_of(name, (1,)) for name in names], [node("Wide", names, [f"y{name}" for name in names])])
    assert len(uses(wide)) == 3000

"""ONNX models of the odd kinds that users have, each as small as it can be."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from device_agent.models.onnx_models import body_of, input_of, model_of
from onnx import TensorProto, helper

INT64, BOOL, STRING = TensorProto.INT64, TensorProto.BOOL, TensorProto.STRING

_ODD_NAMES = ("a b/c:0", "äöü", "名前", "quote\"s'", "in[0].x{y}", "new\nline", "%s %d", "-1", "x" * 300)
"""Each is the name of a value."""


def _node(operator: str, inputs: str, outputs: str = "y", **attributes: Any) -> onnx.NodeProto:
    return helper.make_node(operator, inputs.split(), outputs.split(), **attributes)


def _relu(*inputs: onnx.ValueInfoProto) -> onnx.ModelProto:
    return model_of(list(inputs), [_node("Relu", inputs[0].name)])


def _int64(*values: int) -> np.ndarray[Any, Any]:
    return np.array(values, np.int64)


def _cast_of(element_type: int) -> onnx.ModelProto:
    return model_of([input_of("x", (1, 8), element_type)], [_node("Cast", "x", to=TensorProto.FLOAT)])


def _without_inputs() -> onnx.ModelProto:
    return model_of([], [_node("RandomNormal", "", shape=[4, 4]), _node("Relu", "y", "z")], ("z",))


def _several() -> onnx.ModelProto:
    inputs = [input_of("a", ("batch", 4)), input_of("b", ("batch", 4)), input_of("c", (4,))]
    nodes = [_node("Add", "a b", "y"), _node("Mul", "y c", "z"), _node("Split", "z", "s t", axis=1)]
    return model_of(inputs, nodes, ("y", "z", "s", "t"))


def _handed_through() -> onnx.ModelProto:
    return model_of([input_of("x", (1, 4))], [_node("Relu", "x")], ("y", "x"))


def _if() -> onnx.ModelProto:
    branches = {
        f"{name}_branch": body_of([_node(operator, "x", "z")], [], ("z", TensorProto.FLOAT))
        for name, operator in (("then", "Relu"), ("else", "Exp"))
    }
    return model_of([input_of("c", (), BOOL), input_of("x", (1, 4))], [_node("If", "c", **branches)])


def _loop(trip_count: str = "n", **constants: Any) -> onnx.ModelProto:
    body = body_of(
        [_node("Identity", "go", "went"), _node("Relu", "v", "w")],
        [input_of("i", (), INT64), input_of("go", (), BOOL), input_of("v", (1, 4))],
        *(("went", BOOL), ("w", TensorProto.FLOAT)),
    )
    inputs = [input_of("x", (1, 4)), *([] if constants else [input_of("n", (), INT64)])]
    return model_of(inputs, [_node("Loop", f"{trip_count} yes x", body=body)], yes=np.array(True), **constants)


def _scan() -> onnx.ModelProto:
    body = body_of(
        [_node("Add", "state item", "sum"), _node("Identity", "sum", "kept")],
        [input_of("state", (4,)), input_of("item", (4,))],
        *(("sum", TensorProto.FLOAT), ("kept", TensorProto.FLOAT)),
    )
    node = _node("Scan", "start x", "last y", body=body, num_scan_inputs=1)
    return model_of([input_of("x", (6, 4))], [node], ("last", "y"), start=(4,))


def _non_maximum_suppression() -> onnx.ModelProto:
    inputs = [input_of("boxes", (1, 20, 4)), input_of("scores", (1, 1, 20)), input_of("most", (1,), INT64)]
    node = _node("NonMaxSuppression", "boxes scores most overlap")
    return model_of(inputs, [node], output_type=INT64, overlap=np.array([0.5], np.float32))


def _by_values(operator: str, sizes: Sequence[int] = (1,), **more: Any) -> onnx.ModelProto:
    """An operator whose second input is whole numbers that the run is given."""
    return model_of([input_of("x", (2, 4)), input_of("n", tuple(sizes), INT64)], [_node(operator, "x n", **more)])


def _numbers(operator: str, factor: float) -> onnx.ModelProto:
    nodes = [_node("Mul", "x f", "a"), _node(operator, "a", "b"), _node("MatMul", "b w")]
    return model_of([input_of("x", (1, 64))], nodes, f=np.array(factor, np.float32), w=(64, 64))


def _huge() -> onnx.ModelProto:
    nodes = [_node("Expand", "x sizes", "a"), _node("ReduceSum", "a", keepdims=0)]
    return model_of([input_of("x", (1, 1))], nodes, sizes=_int64(2_000_000, 2_000_000))


def _function() -> onnx.ModelProto:
    function = helper.make_function(
        "mine", "Twice", ["a"], ["b"], [_node("Add", "a a", "b")], [helper.make_opsetid("", 17)]
    )
    return model_of([input_of("x", (1, 4))], [_node("Twice", "x", domain="mine")], functions=(function,))


def _custom(domain: str) -> onnx.ModelProto:
    model = model_of([input_of("x", (1, 4))], [_node("Nowhere", "x", domain=domain)])
    if domain:
        model.opset_import.append(helper.make_opsetid(domain, 1))
    return model


def _odd_names() -> onnx.ModelProto:
    names = list(_ODD_NAMES)
    pairs = zip(["x 0", *names], [*names, "out/0:1"], strict=True)
    nodes = [helper.make_node("Relu", [source], [target], name=target) for source, target in pairs]
    return model_of([input_of("x 0", (1, 4))], nodes, ("out/0:1", *names[:2]))


def _repeated(count: int, name: str) -> onnx.ModelProto:
    nodes = [helper.make_node("Relu", [f"v{i}"], [f"v{i + 1}"], name=name) for i in range(count)]
    return model_of([input_of("v0", (1, 4))], nodes, (f"v{count}",))


def _sequence() -> onnx.ModelProto:
    model = model_of([input_of("x", (1, 4))], [_node("SequenceAt", "s n")], n=np.array(0, np.int64))
    sequence = helper.make_tensor_sequence_value_info("s", TensorProto.FLOAT, (1, 4))
    model.graph.input.append(sequence)
    return model


def _text_inside() -> onnx.ModelProto:
    nodes = [_node("Cast", "x", "t", to=STRING), _node("Cast", "t", to=TensorProto.FLOAT)]
    return model_of([input_of("x", (1, 4))], nodes)


def _newer() -> onnx.ModelProto:
    model = _relu(input_of("x", (1, 4)))
    model.opset_import[0].version = 99
    return model


def _initialiser_as_output() -> onnx.ModelProto:
    return model_of([input_of("x", (1, 4))], [_node("Relu", "x")], ("y", "w"), w=(2, 2))


def _embedding() -> onnx.ModelProto:
    nodes = [_node("Gather", "table ids", "rows"), _node("ReduceMean", "rows", axes=[1])]
    return model_of([input_of("ids", ("batch", 6), INT64)], nodes, table=(1_000, 16))


def _zero_inside() -> onnx.ModelProto:
    nodes = [_node("Slice", "x zero zero", "none"), _node("Concat", "none x", axis=0)]
    return model_of([input_of("x", (2, 4))], nodes, zero=_int64(0))


MODELS: dict[str, Callable[[], onnx.ModelProto]] = {
    "open dimensions": lambda: _relu(input_of("x", ("batch", "length", 4))),
    "open batch": lambda: _relu(input_of("x", (None, 4))),
    "fixed batch": lambda: _relu(input_of("x", (3, 4))),
    "no shape": lambda: _relu(input_of("x", None)),
    "no inputs": _without_inputs,
    "scalar": lambda: _relu(input_of("x", ())),
    "texts": lambda: model_of([input_of("x", (1,), STRING)], [_node("Identity", "x")], output_type=STRING),
    "texts inside": _text_inside,
    "size 0": lambda: _relu(input_of("x", (1, 0))),
    "size 0 inside": _zero_inside,
    **{
        name: lambda element_type=element_type: _cast_of(element_type)  # type: ignore[misc]
        for name, element_type in (
            *(("int64", INT64), ("bool", BOOL), ("float16", TensorProto.FLOAT16), ("int8", TensorProto.INT8)),
            *(("uint8", TensorProto.UINT8), ("float64", TensorProto.DOUBLE), ("bfloat16", TensorProto.BFLOAT16)),
        )
    },
    "several inputs and outputs": _several,
    "an output is an input": _handed_through,
    "If": _if,
    "Loop": _loop,
    "Loop of a fixed count": lambda: _loop("five", five=np.array(5, np.int64)),
    "Scan": _scan,
    "unused input": lambda: model_of([input_of("x", (1, 4)), input_of("u", (1, 9))], [_node("Relu", "x")]),
    "Gather": lambda: model_of([input_of("n", (3,), INT64)], [_node("Gather", "t n")], t=(1, 4)),
    "embedding": _embedding,
    "NonMaxSuppression": _non_maximum_suppression,
    "TopK": lambda: model_of(
        [input_of("x", (2, 4)), input_of("n", (1,), INT64)], [_node("TopK", "x n", "y i")], ("y",)
    ),
    "Reshape": lambda: _by_values("Reshape", (2,)),
    "Expand": lambda: _by_values("Expand", (2,)),
    "Tile": lambda: _by_values("Tile", (2,)),
    "constants alone": lambda: model_of([], [_node("Relu", "w")], w=(2, 2)),
    "an initialiser is an output": _initialiser_as_output,
    "not a number": lambda: _numbers("Log", -1.0),
    "denormal": lambda: _numbers("Relu", 1e-40),
    "overflow": lambda: _numbers("Exp", 1e4),
    "huge intermediate": _huge,
    "custom operator": lambda: _custom("my.domain"),
    "unknown operator": lambda: _custom(""),
    "function": _function,
    "NonZero": lambda: model_of([input_of("x", (2, 4))], [_node("NonZero", "x")], output_type=INT64),
    "Unique": lambda: model_of([input_of("x", (8,))], [_node("Unique", "x")]),
    "odd names": _odd_names,
    "one name for all nodes": lambda: _repeated(4, "again"),
    "one node many times": lambda: _repeated(300, ""),
    "sequence": _sequence,
    "a newer opset": _newer,
    "nothing is computed": lambda: model_of([input_of("x", (1, 4))], [], ("x",)),
    "a cycle": lambda: model_of([input_of("x", (1, 4))], [_node("Add", "x y", "z"), _node("Relu", "z", "y")]),
    "a value from nowhere": lambda: model_of([input_of("x", (1, 4))], [_node("Add", "x q")]),
    "one value written twice": lambda: model_of([input_of("x", (1, 4))], [_node("Relu", "x"), _node("Exp", "x")]),
}
"""What makes each model."""


def write(kind: str, folder: Path) -> Path:
    """Write a model of a kind into a folder."""
    path = folder / "model.onnx"
    path.write_bytes(MODELS[kind]().SerializeToString())
    return path

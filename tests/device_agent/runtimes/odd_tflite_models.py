""".tflite models of the odd kinds that users have, each as small as it can be."""

import itertools
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from device_agent.runtimes.tflite_models import OPERATORS, OPTIONS, TfliteModel

Named = tuple[str, Sequence[int], Any]
"""Name, sizes and type of a tensor."""

ODD_NAMES = ("a b/c:0", "äöü", "名前", "quote\"s'", "in[0].x{y}", "new\nline", "%s %d", "", "x" * 300)


def _chain(path: Path, names: Sequence[str], sizes: Sequence[int] = (1, 4), element_type: Any = np.float32) -> Path:
    """A chain of ReLUs whose tensors have these names."""
    model = TfliteModel()
    tensors = [model.tensor(name, sizes, element_type) for name in names]
    for source, target in itertools.pairwise(tensors):
        model.operator(OPERATORS.RELU, (source,), (target,))
    return model.write(path, inputs=tensors[:1], outputs=tensors[-1:])


def _relu(*sizes: int) -> Callable[[Path], Path]:
    return lambda path: _chain(path, ("x", "y"), sizes)


def _cast_of(element_type: Any) -> Callable[[Path], Path]:
    def write(path: Path) -> Path:
        model = TfliteModel()
        x, y = model.tensor("x", (1, 8), element_type), model.tensor("y", (1, 8))
        options = schema.CastOptionsT()
        model.operator(OPERATORS.CAST, (x,), (y,), options, OPTIONS.CastOptions)
        return model.write(path, inputs=(x,), outputs=(y,))

    return write


def _operator(
    code: int | str,
    inputs: Sequence[Named],
    outputs: Sequence[Named],
    constants: Sequence[tuple[str, Any]] = (),
    options: Any = None,
    options_type: int = 0,
) -> Callable[[Path], Path]:
    """One operator on inputs, then constants."""

    def write(path: Path) -> Path:
        model = TfliteModel()
        sources = [model.tensor(*item) for item in inputs]
        values = [model.constant(name, np.asarray(value)) for name, value in constants]
        results = [model.tensor(*item) for item in outputs]
        model.operator(code, (*values, *sources), results, options, options_type)
        return model.write(path, inputs=sources, outputs=results)

    return write


def _after(
    code: int, inputs: Sequence[Named], outputs: Sequence[Named], constants: Sequence[tuple[str, Any]], **more: Any
) -> Callable[[Path], Path]:
    """One operator on inputs, whose constants come last."""

    def write(path: Path) -> Path:
        model = TfliteModel()
        sources = [model.tensor(*item) for item in inputs]
        values = [model.constant(name, np.asarray(value)) for name, value in constants]
        results = [model.tensor(*item) for item in outputs]
        model.operator(code, (*sources, *values), results, more.get("options"), more.get("options_type", 0))
        return model.write(path, inputs=sources, outputs=results)

    return write


def _constants_alone(path: Path) -> Path:
    model = TfliteModel()
    w, y = model.constant("w", np.ones((2, 2), np.float32)), model.tensor("y", (2, 2))
    model.operator(OPERATORS.RELU, (w,), (y,))
    return model.write(path, inputs=(), outputs=(y,))


def _constant_as_output(path: Path) -> Path:
    model = TfliteModel()
    w, x, y = model.constant("w", np.ones((2, 2), np.float32)), model.tensor("x", (1, 4)), model.tensor("y", (1, 4))
    model.operator(OPERATORS.RELU, (x,), (y,))
    return model.write(path, inputs=(x,), outputs=(y, w))


def _several(path: Path) -> Path:
    model = TfliteModel()
    a, b, y, z = (model.tensor(name, (-1, 4)) for name in "abyz")
    model.operator(OPERATORS.ADD, (a, b), (y,), schema.AddOptionsT(), OPTIONS.AddOptions)
    model.operator(OPERATORS.MUL, (y, b), (z,), schema.MulOptionsT(), OPTIONS.MulOptions)
    return model.write(path, inputs=(a, b), outputs=(y, z))


def _handed_through(path: Path) -> Path:
    model = TfliteModel()
    x, y = model.tensor("x", (1, 4)), model.tensor("y", (1, 4))
    model.operator(OPERATORS.RELU, (x,), (y,))
    return model.write(path, inputs=(x,), outputs=(y, x))


def _nothing(path: Path) -> Path:
    model = TfliteModel()
    x = model.tensor("x", (1, 4))
    return model.write(path, inputs=(x,), outputs=(x,))


def _unused(path: Path) -> Path:
    model = TfliteModel()
    x, u, y = model.tensor("x", (1, 4)), model.tensor("u", (1, 9)), model.tensor("y", (1, 4))
    model.operator(OPERATORS.RELU, (x,), (y,))
    return model.write(path, inputs=(x, u), outputs=(y,))


def _one_name_for_two_inputs(path: Path) -> Path:
    model = TfliteModel()
    a, b, y = model.tensor("x", (1, 4)), model.tensor("x", (3, 4)), model.tensor("y", (3, 4))
    model.operator(OPERATORS.ADD, (a, b), (y,), schema.AddOptionsT(), OPTIONS.AddOptions)
    return model.write(path, inputs=(a, b), outputs=(y,))


def _if(path: Path) -> Path:
    model = TfliteModel()
    condition, x, y = model.tensor("c", (), np.bool_), model.tensor("x", (1, 4)), model.tensor("y", (1, 4))
    options = schema.IfOptionsT()
    numbers = []
    for code in (OPERATORS.RELU, OPERATORS.EXP):
        branch = TfliteModel(model)
        a, b = branch.tensor("a", (1, 4)), branch.tensor("b", (1, 4))
        branch.operator(code, (a,), (b,))
        numbers.append(branch.end(inputs=(a,), outputs=(b,)))
    options.thenSubgraphIndex, options.elseSubgraphIndex = numbers
    model.operator(OPERATORS.IF, (condition, x), (y,), options, OPTIONS.IfOptions)
    return model.write(path, inputs=(condition, x), outputs=(y,))


def _while(path: Path) -> Path:
    """Counts its first input up to 5."""
    model = TfliteModel()
    i, x, n, y = (model.tensor(name, (1, 4) if name in "xy" else (), np.float32) for name in "ixny")
    options = schema.WhileOptionsT()
    test = TfliteModel(model)
    a, b, c = test.tensor("a", ()), test.tensor("b", (1, 4)), test.tensor("c", (), np.bool_)
    five = test.constant("five", np.array(5, np.float32))
    test.operator(OPERATORS.LESS, (a, five), (c,), schema.LessOptionsT(), OPTIONS.LessOptions)
    options.condSubgraphIndex = test.end(inputs=(a, b), outputs=(c,))
    body = TfliteModel(model)
    a, b, c, d = body.tensor("a", ()), body.tensor("b", (1, 4)), body.tensor("c", ()), body.tensor("d", (1, 4))
    one = body.constant("one", np.array(1, np.float32))
    body.operator(OPERATORS.ADD, (a, one), (c,), schema.AddOptionsT(), OPTIONS.AddOptions)
    body.operator(OPERATORS.RELU, (b,), (d,))
    options.bodySubgraphIndex = body.end(inputs=(a, b), outputs=(c, d))
    model.operator(OPERATORS.WHILE, (i, x), (n, y), options, OPTIONS.WhileOptions)
    return model.write(path, inputs=(i, x), outputs=(n, y))


def _numbers(code: int, factor: float) -> Callable[[Path], Path]:
    def write(path: Path) -> Path:
        model = TfliteModel()
        x, a, b = (model.tensor(name, (1, 64)) for name in "xab")
        f = model.constant("f", np.array([factor], np.float32))
        model.operator(OPERATORS.MUL, (x, f), (a,), schema.MulOptionsT(), OPTIONS.MulOptions)
        model.operator(code, (a,), (b,))
        return model.write(path, inputs=(x,), outputs=(b,))

    return write


def _cycle(path: Path) -> Path:
    model = TfliteModel()
    x, y, z = (model.tensor(name, (1, 4)) for name in "xyz")
    model.operator(OPERATORS.ADD, (x, y), (z,), schema.AddOptionsT(), OPTIONS.AddOptions)
    model.operator(OPERATORS.RELU, (z,), (y,))
    return model.write(path, inputs=(x,), outputs=(y,))


_X: Named = ("x", (2, 4), np.float32)
_Y: Named = ("y", (2, 4), np.float32)
_GATHER = {"options": schema.GatherOptionsT(), "options_type": OPTIONS.GatherOptions}
_SUPPRESSION = (
    ("boxes", (20, 4), np.float32),
    ("scores", (20,), np.float32),
    ("most", (), np.int32),
)

MODELS: dict[str, Callable[[Path], Path]] = {
    "open dimensions": _relu(-1, -1, 4),
    "open batch": _relu(-1, 4),
    "fixed batch": _relu(3, 4),
    "no inputs": _operator(
        OPERATORS.RANDOM_STANDARD_NORMAL,
        (),
        (("y", (4, 4), np.float32),),
        (("sizes", np.array([4, 4], np.int32)),),
        schema.RandomOptionsT(),
        OPTIONS.RandomOptions,
    ),
    "scalar": _relu(),
    "texts": lambda path: _chain(path, ("x", "y"), (1,), np.str_),
    "size 0": _relu(1, 0),
    **{
        np.dtype(kind).name: _cast_of(kind)
        for kind in (np.int64, np.bool_, np.float16, np.int8, np.uint8, np.int16, np.float64)
    },
    "several inputs and outputs": _several,
    "an output is an input": _handed_through,
    "If": _if,
    "While": _while,
    "unused input": _unused,
    "Gather": _operator(
        OPERATORS.GATHER,
        (("n", (3,), np.int32),),
        (("y", (3, 4), np.float32),),
        (("t", np.ones((1, 4), np.float32)),),
        **_GATHER,
    ),
    "GatherNd": _operator(
        OPERATORS.GATHER_ND,
        (("n", (3, 1), np.int32),),
        (("y", (3, 4), np.float32),),
        (("t", np.ones((1, 4), np.float32)),),
    ),
    "embedding": _after(
        OPERATORS.EMBEDDING_LOOKUP,
        (("ids", (6,), np.int32),),
        (("y", (6, 16), np.float32),),
        (("t", np.ones((1, 16), np.float32)),),
    ),
    "NonMaxSuppression": _after(
        OPERATORS.NON_MAX_SUPPRESSION_V4,
        _SUPPRESSION,
        (("i", (-1,), np.int32), ("count", (), np.int32)),
        (("overlap", np.array(0.5, np.float32)), ("least", np.array(0.1, np.float32))),
    ),
    "TopK": _operator(
        OPERATORS.TOPK_V2, (_X, ("n", (), np.int32)), (("y", (2, -1), np.float32), ("i", (2, -1), np.int32))
    ),
    "Reshape": _operator(OPERATORS.RESHAPE, (_X, ("n", (2,), np.int32)), (("y", (-1, -1), np.float32),)),
    "BroadcastTo": _operator(OPERATORS.BROADCAST_TO, (_X, ("n", (2,), np.int32)), (("y", (-1, -1), np.float32),)),
    "Tile": _operator(OPERATORS.TILE, (_X, ("n", (2,), np.int32)), (("y", (-1, -1), np.float32),)),
    "Fill": _operator(OPERATORS.FILL, (("n", (2,), np.int32), ("v", (), np.float32)), (("y", (-1, -1), np.float32),)),
    "constants alone": _constants_alone,
    "a constant is an output": _constant_as_output,
    "not a number": _numbers(OPERATORS.LOG, -1.0),
    "denormal": _numbers(OPERATORS.RELU, 1e-40),
    "overflow": _numbers(OPERATORS.EXP, 1e4),
    "huge intermediate": _after(
        OPERATORS.BROADCAST_TO,
        (("x", (1, 1), np.float32),),
        (("y", (-1, -1), np.float32),),
        (("n", np.array([2_000_000, 2_000_000], np.int32)),),
    ),
    "custom operator": _operator("MyOperator", (_X,), (_Y,)),
    "TensorFlow's operator": _operator("FlexErf", (_X,), (_Y,)),
    "Where": _operator(OPERATORS.WHERE, (("x", (2, 4), np.bool_),), (("y", (-1, 2), np.int64),)),
    "odd names": lambda path: _chain(path, ODD_NAMES),
    "one name for all tensors": lambda path: _chain(path, ("again",) * 4),
    "one name for two inputs": _one_name_for_two_inputs,
    "one node many times": lambda path: _chain(path, [f"v{index}" for index in range(300)]),
    "nothing is computed": _nothing,
    "a cycle": _cycle,
}
"""What writes each model."""


def write(kind: str, folder: Path) -> Path:
    """Write a model of a kind into a folder."""
    return MODELS[kind](folder / "model.tflite")

"""Models in OpenVINO's own format of the odd kinds that its exporters write, each as small as it can be."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import openvino
from openvino import Type
from openvino import opset15 as ops


def _model(inputs: list[Any], *outputs: Any) -> openvino.Model:
    return openvino.Model(list(outputs), inputs, "odd")


def _input(name: str, sizes: list[int], element_type: Any = Type.f32) -> Any:
    value = ops.parameter(sizes, element_type, name=name)
    value.output(0).set_names({name})
    return value


def _relu(*sizes: int) -> Callable[[], openvino.Model]:
    def make() -> openvino.Model:
        x = _input("x", list(sizes))
        return _model([x], ops.relu(x))

    return make


def _by_values(operator: Callable[[Any, Any], Any], sizes: list[int]) -> Callable[[], openvino.Model]:
    """An operator on numbers, and on whole numbers that the run is given."""

    def make() -> openvino.Model:
        x, n = _input("x", [2, 4]), _input("n", sizes, Type.i32)
        return _model([x, n], operator(x, n))

    return make


def _gathered(rows: int, axis: int) -> Callable[[], openvino.Model]:
    def make() -> openvino.Model:
        n = _input("n", [6], Type.i64)
        table = ops.constant(np.ones((rows, 3) if axis == 0 else (3, rows), np.float32))
        return _model([n], ops.gather(table, ops.convert(n, "i32"), ops.constant(axis)))

    return make


def _bag() -> openvino.Model:
    n, starts = _input("n", [6], Type.i32), ops.constant(np.array([0, 3], np.int32))
    return _model([n], ops.embedding_bag_offsets_sum(ops.constant(np.ones((1, 4), np.float32)), n, starts))


def _suppression() -> openvino.Model:
    boxes, scores, most = _input("boxes", [1, 20, 4]), _input("scores", [1, 1, 20]), _input("most", [], Type.i64)
    return _model([boxes, scores, most], ops.non_max_suppression(boxes, scores, most, ops.constant(np.float32(0.5))))


def _several() -> openvino.Model:
    a, b = _input("a", [-1, 4]), _input("b", [-1, 4])
    return _model([a, b], ops.add(a, b), ops.relu(a))


def _constants_alone() -> openvino.Model:
    return _model([], ops.relu(ops.constant(np.ones((2, 2), np.float32))))


def _texts() -> openvino.Model:
    x = _input("x", [1], Type.string)
    return _model([x], ops.result(x))


MODELS: dict[str, Callable[[], openvino.Model]] = {
    "open dimensions": _relu(-1, -1, 4),
    "open batch": _relu(-1, 4),
    "scalar": _relu(),
    "size 0": _relu(1, 0),
    "texts": _texts,
    "no name": lambda: (lambda x: _model([x], ops.relu(x)))(ops.parameter([1, 4], Type.f32)),
    "several inputs and outputs": _several,
    "constants alone": _constants_alone,
    "Gather": _gathered(1, 0),
    "embedding": _gathered(1_000, 0),
    "Gather along another dimension": _gathered(7, 1),
    "embedding bag": _bag,
    "NonMaxSuppression": _suppression,
    "TopK": _by_values(lambda x, n: ops.topk(x, n, 1, "max", "value").output(0), []),
    "Reshape": _by_values(lambda x, n: ops.reshape(x, n, False), [2]),
    "Broadcast": _by_values(lambda x, n: ops.broadcast(x, n, broadcast_spec="BIDIRECTIONAL"), [2]),
    "Tile": _by_values(ops.tile, [2]),
    "NonZero": lambda: (lambda x: _model([x], ops.non_zero(x)))(_input("x", [2, 4])),
}
"""What makes each model."""


def write(kind: str, folder: Path) -> Path:
    """Write a model of a kind into a folder."""
    path = folder / "model.xml"
    openvino.save_model(MODELS[kind](), path, compress_to_fp16=False)
    return path

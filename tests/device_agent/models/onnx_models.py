"""Small ONNX models for tests, built by hand."""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

Sizes = tuple[int | str | None, ...] | None
"""A shape whose sizes are taken as they are, 0 and negative ones included; None for no shape."""


def input_of(name: str, sizes: Sizes, element_type: int = TensorProto.FLOAT) -> onnx.ValueInfoProto:
    """Declare an input."""
    value = helper.make_tensor_value_info(name, element_type, sizes)
    for dimension, size in zip(value.type.tensor_type.shape.dim, sizes or (), strict=True):
        if isinstance(size, int):
            dimension.dim_value = size
    return value


def model_of(
    inputs: list[onnx.ValueInfoProto],
    nodes: list[onnx.NodeProto],
    outputs: tuple[str, ...] = ("y",),
    *,
    functions: tuple[onnx.FunctionProto, ...] = (),
    output_type: int = TensorProto.FLOAT,
    opset: int = 17,
    **constants: Any,
) -> onnx.ModelProto:
    """Make a model; constants are arrays by name, or shapes of arrays of ones."""
    graph = helper.make_graph(
        nodes,
        "graph",
        inputs,
        [helper.make_tensor_value_info(name, output_type, None) for name in outputs],
        [
            numpy_helper.from_array(value if isinstance(value, np.ndarray) else np.ones(value, np.float32), name)
            for name, value in constants.items()
        ],
    )
    imports = [helper.make_opsetid("", opset), helper.make_opsetid("com.microsoft", 1)]
    imports += [helper.make_opsetid(function.domain, 1) for function in functions]
    return helper.make_model(graph, ir_version=8, opset_imports=imports, functions=list(functions))


def body_of(
    nodes: list[onnx.NodeProto], inputs: list[onnx.ValueInfoProto], *outputs: tuple[str, int]
) -> onnx.GraphProto:
    """Make the body of a loop or a branch."""
    return helper.make_graph(
        nodes, "body", inputs, [helper.make_tensor_value_info(name, kind, None) for name, kind in outputs]
    )


def saved(model: onnx.ModelProto, folder: Path) -> Path:
    """Write a model into a folder."""
    path = folder / "model.onnx"
    path.write_bytes(model.SerializeToString())
    return path


def fixed_to(batch_size: int, path: Path) -> Path:
    """Fix the open first dimension of a model in a file."""
    model = onnx.load(path)
    for value in (*model.graph.input, *model.graph.output):
        value.type.tensor_type.shape.dim[0].dim_value = batch_size
    onnx.save(model, path)
    return path

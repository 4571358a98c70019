"""The work of a model on a simulated device: of each node of an ONNX graph, and by the size of files of other formats.

ONNX is imported only when a graph is read. A device reads each graph once and keeps its work: each job has a process of
its own, in which importing ONNX and inferring shapes would take longer than all else.
"""

import contextlib
import hashlib
import json
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from edgeprof_agent.errors import ModelRejectedError, RuntimeNotFoundError, SettingNotSupportedError
from edgeprof_agent.models.input_shapes import concrete_shapes
from edgeprof_agent.models.signature import InputSignature
from edgeprof_agent.runtimes.latency_model import BYTES_PER_NUMBER, CPU, NodeKind, NodeWork, SimulatedDeviceModel
from edgeprof_proto.record_json import from_json, to_json
from edgeprof_proto.records.job_spec import Setting
from edgeprof_proto.shared.file_kind import HEAD_BYTES
from edgeprof_proto.shared.model_formats import ONNX, recognise_format

DENSE_OPERATORS = frozenset({"Gemm", "MatMul"})
POOL_OPERATORS = frozenset({"AveragePool", "MaxPool", "GlobalAveragePool", "GlobalMaxPool", "ReduceMean"})
MOVE_OPERATORS = frozenset({"Concat", "Flatten", "Gather", "Pad", "Reshape", "Resize", "Slice", "Split", "Transpose"})
FREE_OPERATORS = frozenset({"Constant", "ConstantOfShape", "Dropout", "Identity", "Shape", "Squeeze", "Unsqueeze"})

NO_ONNX = "the simulated runtime reads models with onnx ({}); install it with: pip install 'edgeprof[host]'"


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphWork:
    """The work of a graph, as a device keeps it: the nodes that take time, in the order of execution."""

    nodes: tuple[NodeWork, ...]


def true_latency_ms(model_path: Path, setting: Setting, *, seed: int, kept_in: Path | None = None) -> float:
    """Compute the true latency of a model on a simulated device, without running it.

    Args:
        model_path: The model's main file.
        setting: How it would run; an empty provider and precision mean the simulated runtime's defaults.
        seed: Seed of the device.
        kept_in: Where the work of graphs is kept, see `read_nodes`.

    Returns:
        The latency of one run in milliseconds, without noise, warm-up and heat.

    Raises:
        ModelRejectedError: If the file holds no graph whose shapes are known.
    """
    resolved = Setting(
        runtime=setting.runtime,
        provider=setting.provider or CPU,
        precision=setting.precision or "float32",
        thread_count=setting.thread_count,
    )
    nodes = read_nodes(model_path, setting.batch_size, kept_in=kept_in)
    return SimulatedDeviceModel.from_seed(seed).latency_ms(nodes, resolved)


def read_nodes(
    model_path: Path,
    batch_size: int,
    given_shapes: Mapping[str, Sequence[int]] = MappingProxyType({}),
    *,
    kept_in: Path | None = None,
) -> tuple[NodeWork, ...]:
    """Read the work of each node from a model.

    Args:
        model_path: The model's main file.
        batch_size: Size of a first dimension that the model leaves open.
        given_shapes: Shapes that the host gives, see `input_shapes.concrete_shapes`.
        kept_in: Folder in which the work of graphs is kept, made where there is none; None to read the graph.

    Returns:
        The nodes that take time, in the order of execution.

    Raises:
        ModelRejectedError: If the file holds no graph whose shapes are known.
        RuntimeNotFoundError: If onnx cannot be imported.
    """
    with open(model_path, "rb") as file:
        model_format = recognise_format(file.read(HEAD_BYTES))
    if model_format not in (None, ONNX):
        return _nodes_of_size(model_path, batch_size)
    if kept_in is None:
        return _nodes_of_graph(model_path, batch_size, given_shapes)
    shapes = sorted((name, tuple(sizes)) for name, sizes in given_shapes.items())
    key = f"{hashlib.sha256(model_path.read_bytes()).hexdigest()} {batch_size} {shapes}"
    path = kept_in / f"{hashlib.sha256(key.encode()).hexdigest()}.json"
    # A file that is damaged is written anew.
    with contextlib.suppress(OSError, ValueError):
        return from_json(GraphWork, json.loads(path.read_text(encoding="utf-8"))).nodes
    nodes = _nodes_of_graph(model_path, batch_size, given_shapes)
    # Where nothing can be kept, the next job reads the graph again.
    with contextlib.suppress(OSError):
        kept_in.mkdir(exist_ok=True)
        part = path.with_suffix(f".{os.getpid()}")
        part.write_text(json.dumps(to_json(GraphWork(nodes=nodes))), encoding="utf-8")
        part.replace(path)
    return nodes


def _nodes_of_graph(
    model_path: Path, batch_size: int, given_shapes: Mapping[str, Sequence[int]]
) -> tuple[NodeWork, ...]:
    """Return the work of the nodes of an ONNX graph; errors as `read_nodes`."""
    try:
        import onnx
    except ImportError as error:
        raise RuntimeNotFoundError(NO_ONNX.format(error)) from error
    try:
        # Shapes suffice: data in other files are not read, and the checker would look for them elsewhere.
        model = onnx.load(model_path, load_external_data=False)
        _fix_sizes(model.graph, batch_size, given_shapes)
        if not any(tensor.data_location == onnx.TensorProto.EXTERNAL for tensor in model.graph.initializer):
            onnx.checker.check_model(model)
        _forget_shapes(model.graph)
        graph = onnx.shape_inference.infer_shapes(model, strict_mode=True, data_prop=True).graph
    except (ModelRejectedError, SettingNotSupportedError):
        raise
    except Exception as error:  # ONNX and protobuf raise errors of their own that share no base but Exception.
        raise ModelRejectedError(
            f"the simulated runtime cannot load the model: {' '.join(str(error).split())}"
        ) from error
    shapes = _read_shapes(graph)
    return tuple(_node_work(node, shapes) for node in graph.node if node.op_type not in FREE_OPERATORS)


def _nodes_of_size(model_path: Path, batch_size: int) -> tuple[NodeWork, ...]:
    """Return the work of one dense layer whose weights are all files of the model: it is not read any further."""
    files = [path for path in model_path.parent.iterdir() if path.stem == model_path.stem and path.is_file()]
    number_count = sum(path.stat().st_size for path in files or [model_path]) // BYTES_PER_NUMBER["float32"]
    return (
        NodeWork(kind=NodeKind.DENSE, flop_count=2 * batch_size * number_count, number_count=batch_size + number_count),
    )


def _fix_sizes(graph: Any, batch_size: int, given_shapes: Mapping[str, Sequence[int]]) -> None:
    constants = {initializer.name for initializer in graph.initializer}
    values = [value for value in graph.input if value.name not in constants]
    shapes = concrete_shapes([_declared(value) for value in values], batch_size, given_shapes)
    for value, shape in zip(values, shapes, strict=True):
        for dimension, size in zip(value.type.tensor_type.shape.dim, shape, strict=True):
            dimension.dim_value = size


def _forget_shapes(graph: Any) -> None:
    # Shapes stored for the exporter's batch size would contradict shape inference for this one.
    del graph.value_info[:]
    for value in graph.output:
        value.type.tensor_type.ClearField("shape")


def _declared(value: Any) -> InputSignature:
    tensor_type = value.type.tensor_type
    sizes = (
        dimension.dim_value if dimension.HasField("dim_value") else dimension.dim_param or None
        for dimension in tensor_type.shape.dim
    )
    # The values do not matter, so that the type does not either.
    return InputSignature(value.name, "", tuple(sizes) if tensor_type.HasField("shape") else None)


def _read_shapes(graph: Any) -> dict[str, tuple[int, ...]]:
    shapes = {initializer.name: tuple(initializer.dims) for initializer in graph.initializer}
    for value in (*graph.input, *graph.value_info, *graph.output):
        dimensions = value.type.tensor_type.shape.dim
        is_known = value.type.tensor_type.HasField("shape")
        if is_known and all(dimension.HasField("dim_value") for dimension in dimensions):
            shapes[value.name] = tuple(dimension.dim_value for dimension in dimensions)
    return shapes


def _node_work(node: Any, shapes: Mapping[str, tuple[int, ...]]) -> NodeWork:
    names = [name for name in (*node.input, *node.output) if name]
    unknown = [name for name in names if name not in shapes]
    if unknown:
        raise ModelRejectedError(
            f"the shape of {unknown[0]!r} at the node {node.name or node.op_type!r} is not known; export the model "
            f"with fixed shapes"
        )
    output_count = math.prod(shapes[node.output[0]])
    return NodeWork(
        kind=_kind(node, shapes),
        flop_count=_flop_count(node, shapes, output_count),
        number_count=sum(math.prod(shapes[name]) for name in names),
    )


def _kind(node: Any, shapes: Mapping[str, tuple[int, ...]]) -> NodeKind:
    if node.op_type == "Conv":
        _, channel_count, *kernel = shapes[node.input[1]]
        if channel_count < shapes[node.input[0]][1]:
            return NodeKind.GROUPED
        return NodeKind.POINTWISE if math.prod(kernel) == 1 else NodeKind.CONVOLUTION
    if node.op_type in DENSE_OPERATORS:
        return NodeKind.DENSE
    if node.op_type in POOL_OPERATORS:
        return NodeKind.POOL
    return NodeKind.MOVE if node.op_type in MOVE_OPERATORS else NodeKind.ELEMENTWISE


def _flop_count(node: Any, shapes: Mapping[str, tuple[int, ...]], output_count: int) -> int:
    if node.op_type == "Conv":
        return 2 * output_count * math.prod(shapes[node.input[1]][1:])
    if node.op_type in DENSE_OPERATORS:
        return 2 * output_count * shapes[node.input[0]][-1]
    if node.op_type in POOL_OPERATORS:
        kernel = next((attribute.ints for attribute in node.attribute if attribute.name == "kernel_shape"), ())
        return output_count * math.prod(kernel) if kernel else math.prod(shapes[node.input[0]])
    return 0 if node.op_type in MOVE_OPERATORS else output_count

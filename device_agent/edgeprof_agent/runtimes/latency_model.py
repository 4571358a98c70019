"""The latency model of simulated devices: latency of an ONNX graph as a sum over its nodes.

Each node costs a launch overhead plus the longer of its compute time and its memory time (a roofline). The parameters
of a device are drawn from its seed, so that two devices rank models differently and each is consistent with itself.
They are synthetic; their ranges cover small processors, which are bound by compute, to large ones, which are bound by
launch overhead and memory. ONNX is imported only when a graph is read.
"""

import enum
import math
import random
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgeprof_agent.errors import ModelRejectedError, SettingNotSupportedError
from edgeprof_agent.models.input_shapes import concrete_shapes
from edgeprof_proto.records.job_spec import Setting
from edgeprof_proto.shared.onnx_graph import DeclaredValue

ACCELERATOR = "accelerator"
CPU = "cpu"


class NodeKind(enum.Enum):
    """Kinds of nodes whose efficiency differs between devices."""

    CONVOLUTION = "convolution"
    POINTWISE = "pointwise"
    GROUPED = "grouped"
    DENSE = "dense"
    POOL = "pool"
    ELEMENTWISE = "elementwise"
    MOVE = "move"


ACCELERATED_KINDS = frozenset({NodeKind.CONVOLUTION, NodeKind.POINTWISE, NodeKind.DENSE})
"""Kinds that the simulated accelerator runs; the CPU runs the others."""

DENSE_OPERATORS = frozenset({"Gemm", "MatMul"})
POOL_OPERATORS = frozenset({"AveragePool", "MaxPool", "GlobalAveragePool", "GlobalMaxPool", "ReduceMean"})
MOVE_OPERATORS = frozenset({"Concat", "Flatten", "Gather", "Pad", "Reshape", "Resize", "Slice", "Split", "Transpose"})
FREE_OPERATORS = frozenset({"Constant", "ConstantOfShape", "Dropout", "Identity", "Shape", "Squeeze", "Unsqueeze"})

EFFICIENCY_RANGES = {NodeKind.POOL: (0.003, 0.1), NodeKind.GROUPED: (0.02, 0.3)}
"""Ranges of the efficiency for kinds with little data reuse, where devices differ most; 0.2 to 1 for the others."""

BYTES_PER_NUMBER = {"float32": 4, "int8": 1}


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeWork:
    """Work of one node: floating-point operations, and numbers read and written."""

    kind: NodeKind
    flop_count: int
    number_count: int

    @property
    def provider(self) -> str:
        """The provider that runs the node when the setting asks for the accelerator."""
        return ACCELERATOR if self.kind in ACCELERATED_KINDS else CPU


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedDeviceModel:
    """The parameters of one simulated device.

    Args:
        launch_ms: Launch overhead of one node, in milliseconds.
        flops_per_ms: Peak compute of one thread, in operations per millisecond.
        bytes_per_ms: Memory bandwidth, in bytes per millisecond, shared by all threads.
        efficiency: Share of the peak compute that the device reaches, for each kind of node.
        parallel_share: Share of the compute time that scales with threads.
        core_count: Threads beyond this number give no speedup.
        int8_speedup: Speedup of compute in int8.
        accelerator_speedup: Speedup of compute on the accelerator.
        handover_ms: Time of one transfer between CPU and accelerator, in milliseconds.
    """

    launch_ms: float
    flops_per_ms: float
    bytes_per_ms: float
    efficiency: Mapping[NodeKind, float]
    parallel_share: float
    core_count: int
    int8_speedup: float
    accelerator_speedup: float
    handover_ms: float

    @classmethod
    def from_seed(cls, seed: int) -> "SimulatedDeviceModel":
        """Draw the parameters of a device.

        Args:
            seed: Equal seeds give equal devices.
        """
        generator = random.Random(f"edgeprof simulated device {seed}")

        def draw(low: float, high: float) -> float:
            return math.exp(generator.uniform(math.log(low), math.log(high)))

        return cls(
            launch_ms=draw(0.002, 0.05),
            flops_per_ms=draw(1e7, 1e9),
            bytes_per_ms=draw(3e6, 5e7),
            efficiency={kind: draw(*EFFICIENCY_RANGES.get(kind, (0.2, 1.0))) for kind in NodeKind},
            parallel_share=generator.uniform(0.6, 0.95),
            core_count=generator.choice((2, 4, 8)),
            int8_speedup=draw(0.8, 3.0),
            accelerator_speedup=draw(3.0, 10.0),
            handover_ms=draw(0.02, 0.1),
        )

    def latency_ms(self, nodes: Iterable[NodeWork], setting: Setting) -> float:
        """Compute the latency of a graph.

        Args:
            nodes: The graph in the order of execution, sized for the setting's batch.
            setting: Provider, precision and threads, filled in.

        Returns:
            The latency of one run in milliseconds, without noise, warm-up and heat.
        """
        total_ms = 0.0
        place = CPU
        for node in nodes:
            provider = node.provider if setting.provider == ACCELERATOR else CPU
            if provider != place:
                total_ms += self.handover_ms
                place = provider
            total_ms += self._node_ms(node, setting, provider)
        return total_ms

    def _node_ms(self, node: NodeWork, setting: Setting, provider: str) -> float:
        speed = self.flops_per_ms * self.efficiency[node.kind]
        if setting.precision == "int8":
            speed *= self.int8_speedup
        if provider == ACCELERATOR:
            speed *= self.accelerator_speedup
        else:
            thread_count = min(setting.thread_count, self.core_count)
            # Amdahl's law.
            speed /= 1 - self.parallel_share + self.parallel_share / thread_count
        traffic_bytes = node.number_count * BYTES_PER_NUMBER[setting.precision]
        return self.launch_ms + max(node.flop_count / speed, traffic_bytes / self.bytes_per_ms)


def true_latency_ms(model_path: Path, setting: Setting, *, seed: int) -> float:
    """Compute the true latency of a model on a simulated device, without running it.

    Args:
        model_path: The model's ONNX file.
        setting: How it would run; an empty provider and precision mean the simulated runtime's defaults.
        seed: Seed of the device.

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
    return SimulatedDeviceModel.from_seed(seed).latency_ms(read_nodes(model_path, setting.batch_size), resolved)


def count_nodes(nodes: Iterable[NodeWork]) -> dict[str, int]:
    """Count the nodes that each provider runs when the setting asks for the accelerator.

    Args:
        nodes: The graph.
    """
    return dict(Counter(node.provider for node in nodes))


def read_nodes(model_path: Path, batch_size: int) -> tuple[NodeWork, ...]:
    """Read the work of each node from a model's graph.

    Args:
        model_path: The model's ONNX file.
        batch_size: Size of a first dimension that the model leaves open.

    Returns:
        The nodes that take time, in the order of execution.

    Raises:
        ModelRejectedError: If the file holds no graph whose shapes are known.
    """
    import onnx

    try:
        model = onnx.load(model_path)
        _fix_sizes(model.graph, batch_size)
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


def _fix_sizes(graph: Any, batch_size: int) -> None:
    constants = {initializer.name for initializer in graph.initializer}
    values = [value for value in graph.input if value.name not in constants]
    shapes = concrete_shapes([_declared(value) for value in values], batch_size)
    for value, shape in zip(values, shapes, strict=True):
        for dimension, size in zip(value.type.tensor_type.shape.dim, shape, strict=True):
            dimension.dim_value = size


def _forget_shapes(graph: Any) -> None:
    # Shapes stored for the exporter's batch size would contradict shape inference for this one.
    del graph.value_info[:]
    for value in graph.output:
        value.type.tensor_type.ClearField("shape")


def _declared(value: Any) -> DeclaredValue:
    tensor_type = value.type.tensor_type
    sizes = (
        dimension.dim_value if dimension.HasField("dim_value") else dimension.dim_param or None
        for dimension in tensor_type.shape.dim
    )
    return DeclaredValue(value.name, tensor_type.elem_type, tuple(sizes) if tensor_type.HasField("shape") else None)


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

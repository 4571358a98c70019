"""Small `.tflite` models for tests, written without a converter."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema

Array = np.ndarray[Any, Any]
Scale = tuple[float | Sequence[float], int | Sequence[int]]
"""Scale and zero point of a quantised tensor; sequences for one scale a channel."""

_TYPES = {
    np.dtype(np.float32): schema.TensorType.FLOAT32,
    np.dtype(np.float16): schema.TensorType.FLOAT16,
    np.dtype(np.float64): schema.TensorType.FLOAT64,
    np.dtype(np.bool_): schema.TensorType.BOOL,
    np.dtype(np.int8): schema.TensorType.INT8,
    np.dtype(np.uint8): schema.TensorType.UINT8,
    np.dtype(np.int16): schema.TensorType.INT16,
    np.dtype(np.int32): schema.TensorType.INT32,
    np.dtype(np.int64): schema.TensorType.INT64,
    np.dtype(np.str_): schema.TensorType.STRING,
}

OPERATORS = schema.BuiltinOperator
OPTIONS = schema.BuiltinOptions


class TfliteModel:
    """Collects tensors and operators of one graph, then writes the file.

    Args:
        main: The main graph, for a graph that its control flow runs; None for that itself.
    """

    def __init__(self, main: "TfliteModel | None" = None) -> None:
        self._graph = schema.SubGraphT()
        self._graph.tensors, self._graph.operators = [], []
        self._graph.inputs, self._graph.outputs = [], []
        self._graphs: list[Any] = [] if main is None else main._graphs
        self._graphs.append(self._graph)
        self._buffers: list[Any] = [schema.BufferT()] if main is None else main._buffers
        self._codes: list[int | str] = [] if main is None else main._codes

    def tensor(
        self,
        name: str,
        sizes: Sequence[int],
        element_type: Any = np.float32,
        *,
        content: Array | None = None,
        scale: Scale | None = None,
        channel_dimension: int = 0,
    ) -> int:
        """Add a tensor and return its index; a size of -1 is open."""
        tensor = schema.TensorT()
        tensor.name, tensor.type = name, _TYPES[np.dtype(element_type)]
        tensor.shape = [1 if size < 0 else size for size in sizes]
        if min(sizes, default=1) < 0:
            tensor.shapeSignature = list(sizes)
        if content is not None:
            buffer = schema.BufferT()
            buffer.data = np.frombuffer(content.tobytes(), np.uint8)
            self._buffers.append(buffer)
        tensor.buffer = len(self._buffers) - 1 if content is not None else 0
        if scale is not None:
            parameters = schema.QuantizationParametersT()
            parameters.scale = list(np.atleast_1d(np.asarray(scale[0], np.float32)))
            parameters.zeroPoint = list(np.atleast_1d(np.asarray(scale[1], np.int64)))
            parameters.quantizedDimension = channel_dimension
            tensor.quantization = parameters
        self._graph.tensors.append(tensor)
        return len(self._graph.tensors) - 1

    def constant(self, name: str, content: Array, *, scale: Scale | None = None, channel_dimension: int = 0) -> int:
        """Add a tensor with a content."""
        return self.tensor(
            name, content.shape, content.dtype, content=content, scale=scale, channel_dimension=channel_dimension
        )

    def operator(
        self, code: int | str, inputs: Sequence[int], outputs: Sequence[int], options: Any = None, options_type: int = 0
    ) -> None:
        """Add an operator: one that is built in by its number, another by its name."""
        operator = schema.OperatorT()
        if code not in self._codes:
            self._codes.append(code)
        operator.opcodeIndex = self._codes.index(code)
        operator.inputs, operator.outputs = list(inputs), list(outputs)
        operator.builtinOptions, operator.builtinOptionsType = options, options_type
        self._graph.operators.append(operator)

    def end(self, *, inputs: Sequence[int], outputs: Sequence[int]) -> int:
        """Say what the graph takes and gives; return its number."""
        self._graph.inputs, self._graph.outputs = list(inputs), list(outputs)
        return self._graphs.index(self._graph)

    def write(self, path: Path, *, inputs: Sequence[int], outputs: Sequence[int]) -> Path:
        """Write the file."""
        self.end(inputs=inputs, outputs=outputs)
        model = schema.ModelT()
        model.version, model.subgraphs, model.buffers = 3, self._graphs, self._buffers
        model.operatorCodes = []
        for code in self._codes:
            operator_code = schema.OperatorCodeT()
            if isinstance(code, str):
                operator_code.customCode, code = code, int(OPERATORS.CUSTOM)
            operator_code.builtinCode, operator_code.deprecatedBuiltinCode = code, min(code, 127)
            operator_code.version = _VERSIONS.get(code, 1)
            model.operatorCodes.append(operator_code)
        builder = flatbuffers.Builder(4_096)
        builder.Finish(model.Pack(builder), b"TFL3")
        path.write_bytes(bytes(builder.Output()))
        return path


_VERSIONS = {
    **{OPERATORS.CONV_2D: 3, OPERATORS.DEPTHWISE_CONV_2D: 3, OPERATORS.FULLY_CONNECTED: 4},
    OPERATORS.BROADCAST_TO: 2,
}
"""Versions of operators, those with tensors of 8 bits where there is one for them."""


def convolution_options() -> Any:
    """Return the options of a convolution that keeps the size, with a ReLU."""
    options = schema.Conv2DOptionsT()
    options.strideH = options.strideW = options.dilationHFactor = options.dilationWFactor = 1
    options.padding = schema.Padding.SAME
    options.fusedActivationFunction = schema.ActivationFunctionType.RELU
    return options


def depthwise_options() -> Any:
    """Return the options of a depthwise convolution that keeps the size."""
    options = schema.DepthwiseConv2DOptionsT()
    options.strideH = options.strideW = options.dilationHFactor = options.dilationWFactor = 1
    options.depthMultiplier, options.padding = 1, schema.Padding.SAME
    return options


def write_float_network(path: Path, *, batch: int = -1) -> tuple[Path, dict[str, Array]]:
    """Write a network of a convolution, a depthwise one, a mean and a dense layer: 4 nodes.

    Returns:
        The file, and its weights by name.
    """
    generator = np.random.default_rng(0)
    weights = {
        "w0": generator.standard_normal((8, 3, 3, 3)).astype(np.float32) * 0.2,
        "b0": generator.standard_normal(8).astype(np.float32),
        "w1": generator.standard_normal((1, 3, 3, 8)).astype(np.float32) * 0.2,
        "b1": generator.standard_normal(8).astype(np.float32),
        "w2": generator.standard_normal((10, 8)).astype(np.float32),
        "b2": generator.standard_normal(10).astype(np.float32),
    }
    model = TfliteModel()
    x = model.tensor("x", (batch, 16, 16, 3))
    a, b = (model.tensor(name, (batch, 16, 16, 8)) for name in "ab")
    c, y = model.tensor("c", (batch, 8)), model.tensor("y", (batch, 10))
    index = {name: model.constant(name, value) for name, value in weights.items()}
    axes = model.constant("axes", np.array([1, 2], np.int32))
    model.operator(OPERATORS.CONV_2D, (x, index["w0"], index["b0"]), (a,), convolution_options(), OPTIONS.Conv2DOptions)
    model.operator(
        OPERATORS.DEPTHWISE_CONV_2D,
        (a, index["w1"], index["b1"]),
        (b,),
        depthwise_options(),
        OPTIONS.DepthwiseConv2DOptions,
    )
    model.operator(OPERATORS.MEAN, (b, axes), (c,), schema.ReducerOptionsT(), OPTIONS.ReducerOptions)
    model.operator(
        OPERATORS.FULLY_CONNECTED,
        (c, index["w2"], index["b2"]),
        (y,),
        schema.FullyConnectedOptionsT(),
        OPTIONS.FullyConnectedOptions,
    )
    return model.write(path, inputs=(x,), outputs=(y,)), weights


def write_lookup(path: Path, *, row_count: int) -> Path:
    """Write a network that reshapes its ids and looks them up in a table of rows of four numbers."""
    model = TfliteModel()
    ids, flat = model.tensor("ids", (1, 64), np.int32), model.tensor("flat", (64,), np.int32)
    found = model.tensor("found", (64, 4))
    shape = model.constant("shape", np.array([64], np.int32))
    table = model.constant("table", np.arange(4 * row_count, dtype=np.float32).reshape(row_count, 4))
    model.operator(OPERATORS.RESHAPE, (ids, shape), (flat,), schema.ReshapeOptionsT(), OPTIONS.ReshapeOptions)
    model.operator(OPERATORS.EMBEDDING_LOOKUP, (flat, table), (found,))
    return model.write(path, inputs=(ids,), outputs=(found,))


def write_quantised_network(path: Path) -> Path:
    """Write a network in 8 bits: a convolution, a HARD_SWISH and a convolution."""
    generator = np.random.default_rng(0)
    model = TfliteModel()
    scale: Scale = (0.05, 0)
    x = model.tensor("x", (1, 8, 8, 8), np.int8, scale=scale)
    a, b, y = (model.tensor(name, (1, 8, 8, 8), np.int8, scale=scale) for name in "aby")
    for number, (source, target) in enumerate(((x, a), (b, y))):
        weights = model.constant(
            f"w{number}",
            generator.integers(-127, 128, (8, 1, 1, 8)).astype(np.int8),
            scale=([0.01] * 8, [0] * 8),
        )
        bias = model.constant(f"b{number}", np.zeros(8, np.int32), scale=([0.0005] * 8, [0] * 8))
        model.operator(
            OPERATORS.CONV_2D, (source, weights, bias), (target,), convolution_options(), OPTIONS.Conv2DOptions
        )
        if number == 0:
            model.operator(OPERATORS.HARD_SWISH, (a,), (b,), schema.HardSwishOptionsT(), OPTIONS.HardSwishOptions)
    return model.write(path, inputs=(x,), outputs=(y,))


def float_reference(weights: dict[str, Array], x: Array) -> Array:
    """Return what `write_float_network` computes, by NumPy."""
    batch = len(x)
    padded = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
    windows = np.stack([padded[:, i : i + 16, j : j + 16] for i in range(3) for j in range(3)], axis=3)
    a = np.einsum("nhwkc,okc->nhwo", windows, weights["w0"].reshape(8, 9, 3)) + weights["b0"]
    a = np.pad(np.maximum(a, 0), ((0, 0), (1, 1), (1, 1), (0, 0)))
    windows = np.stack([a[:, i : i + 16, j : j + 16] for i in range(3) for j in range(3)], axis=3)
    b = np.einsum("nhwkc,kc->nhwc", windows, weights["w1"].reshape(9, 8)) + weights["b1"]
    result: Array = b.reshape(batch, 256, 8).mean(axis=1) @ weights["w2"].T + weights["b2"]
    return result

"""Small networks in `.tflite` and ncnn files: a convolution, a mean over positions and a dense layer."""

import struct
from pathlib import Path

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from device_agent.runtimes.tflite_models import OPERATORS, OPTIONS, TfliteModel, convolution_options

SIZE = 32
CLASS_COUNT = 10


def write_tflite(path: Path, channels: int) -> Path:
    """Write a network with so many channels as a `.tflite` file."""
    model = TfliteModel()
    x = model.tensor("x", (1, SIZE, SIZE, 3))
    a, b, y = model.tensor("a", (1, SIZE, SIZE, channels)), model.tensor("b", (1, channels)), model.tensor("y", (1, 10))
    kernel, bias, matrix, zeros = (
        model.constant(name, np.full(shape, 0.01, np.float32))
        for name, shape in (("k", (channels, 3, 3, 3)), ("c", (channels,)), ("m", (10, channels)), ("z", (10,)))
    )
    axes = model.constant("axes", np.array([1, 2], np.int32))
    model.operator(OPERATORS.CONV_2D, (x, kernel, bias), (a,), convolution_options(), OPTIONS.Conv2DOptions)
    model.operator(OPERATORS.MEAN, (a, axes), (b,), schema.ReducerOptionsT(), OPTIONS.ReducerOptions)
    options = schema.FullyConnectedOptionsT()
    model.operator(OPERATORS.FULLY_CONNECTED, (b, matrix, zeros), (y,), options, OPTIONS.FullyConnectedOptions)
    return model.write(path, inputs=(x,), outputs=(y,))


def write_ncnn(path: Path, channels: int) -> Path:
    """Write a network with so many channels as a `.param` and a `.bin` file."""
    lines = (
        "7767517",
        "4 4",
        f"Input in0 0 1 in0 0={SIZE} 1={SIZE} 2=3",
        f"Convolution conv 1 1 in0 a 0={channels} 1=3 4=1 5=1 6={channels * 27} 9=1",
        "Pooling mean 1 1 a b 0=1 4=1",
        f"InnerProduct dense 1 1 b out0 0={CLASS_COUNT} 1=1 2={channels * CLASS_COUNT}",
    )
    path.write_text("\n".join(lines) + "\n")
    raw = struct.pack("I", 0)
    parts = [raw, channels * 27, channels, raw, channels * CLASS_COUNT, CLASS_COUNT]
    weights = [part if isinstance(part, bytes) else np.full(part, 0.01, np.float32).tobytes() for part in parts]
    path.with_suffix(".bin").write_bytes(b"".join(weights))
    return path


WRITERS = {"litert": (write_tflite, "tflite"), "ncnn": (write_ncnn, "param")}
"""How a network is written for a runtime, and the suffix of its file."""

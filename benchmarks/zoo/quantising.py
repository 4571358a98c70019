"""Writes the ONNX files of the zoo in int8 as the project's exporter does. Runs in the project's environment."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from benchmarks.zoo.networks import FLOAT, IDS, Input, ZooNetwork

from edgeprof.exporters.agreement import relative_difference
from edgeprof.exporters.onnx import LOG_SEVERITY_ERROR, quantize_model

CALIBRATION_COUNT = 4
"""Inputs whose activations the files are scaled by. They are random, as the weights are; more change no latency."""


def quantize(network: ZooNetwork, folder: Path) -> dict[str, Any]:
    """Write `FOLDER/int8/NAME.onnx` from `FOLDER/onnx/NAME.onnx`.

    Args:
        network: The network.
        folder: The folder of the zoo.

    Returns:
        The relative difference of its output from float32, its size in bytes and the seconds taken; or `error`.
    """
    started = time.monotonic()
    source, target = (folder / name / f"{network.name}.onnx" for name in ("onnx", "int8"))
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as work:
        try:
            copy = Path(shutil.copy(source, work))
            made = Path(work) / "int8.onnx"
            quantize_model(copy, made, _batches(network.inputs, CALIBRATION_COUNT))
            (batch,) = _batches(network.inputs, 1)
            difference = relative_difference(_output(made, batch), _output(source, batch))
            shutil.move(made, target)
        except Exception as error:  # whatever the tools raise: it is told, and the next network is written
            return {"error": f"{type(error).__name__}: {(str(error).strip().splitlines() or [''])[0][:300]}"}
    return {"difference": difference, "bytes": target.stat().st_size, "seconds": time.monotonic() - started}


def _batches(inputs: tuple[Input, ...], count: int) -> Iterator[dict[str, Any]]:
    generator = np.random.default_rng(0)
    for _ in range(count):
        yield {item.name: _values(item, generator) for item in inputs}


def _values(item: Input, generator: np.random.Generator) -> Any:
    if item.kind == FLOAT:
        return generator.standard_normal(item.shape, dtype=np.float32)
    return generator.integers(item.upper, size=item.shape) if item.kind == IDS else np.ones(item.shape, np.int64)


def _output(path: Path, feeds: dict[str, Any]) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = LOG_SEVERITY_ERROR
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"]).run(None, feeds)[0]

"""`.tflite` files by litert-torch, in float32, or in int8 by ai-edge-quantizer.

In int8 weights, activations, inputs and outputs are integers. litert-torch is large (about 850 MB beside torch) and has
no build for Arm hosts. Its first conversion takes ten seconds of imports.
"""

from __future__ import annotations

import importlib.util
import platform
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeprof.exporters.base import FLOAT32, Exporter, NetworkToExport
from edgeprof_proto.shared.model_formats import TFLITE

_DISTRIBUTIONS = ("torch", "litert-torch", "ai-edge-quantizer")


class TfliteExporter(Exporter):
    """The exporter "tflite"."""

    name = "tflite"
    model_format = TFLITE
    precisions = (FLOAT32, "int8")
    suffixes = (".tflite",)

    def version(self) -> str:
        """Return the versions of torch, the converter and the quantizer."""
        return ", ".join(f"{name} {metadata.version(name)}" for name in _DISTRIBUTIONS)

    def missing(self) -> str | None:
        """Return how to install litert-torch."""
        if all(importlib.util.find_spec(name) for name in ("litert_torch", "ai_edge_quantizer", "ai_edge_litert")):
            return None
        where = "" if platform.machine() in ("x86_64", "AMD64") else " on an x86-64 host, since it has no other build"
        return (
            f"litert-torch, which writes .tflite files, is missing; install it{where} with: pip install "
            "'edgeprof[litert-export]'"
        )

    def export(self, network: NetworkToExport, folder: Path, precision: str) -> tuple[Path, ...]:
        """Write a network."""
        import litert_torch

        path = folder / "float32.tflite"
        litert_torch.convert(network.module, (network.example,)).export(str(path))
        if precision == FLOAT32:
            return (path,)
        target = folder / "int8.tflite"
        _quantize(path, target, network)
        return (target,)

    def run(self, files: tuple[Path, ...], inputs: NDArray[np.float32]) -> NDArray[Any]:
        """Run a file in LiteRT on the CPU."""
        from ai_edge_litert.interpreter import Interpreter

        interpreter = Interpreter(model_path=str(files[0]), num_threads=1)
        interpreter.allocate_tensors()
        (declared,), (result,) = interpreter.get_input_details(), interpreter.get_output_details()
        interpreter.set_tensor(declared["index"], _scaled(inputs, declared))
        interpreter.invoke()
        output: NDArray[Any] = _unscaled(interpreter.get_tensor(result["index"]), result)
        return output


def _quantize(source: Path, target: Path, network: NetworkToExport) -> None:
    from ai_edge_quantizer import quantizer, recipe

    quantization = quantizer.Quantizer(str(source))
    quantization.load_quantization_recipe(recipe.static_wi8_ai8())
    signature, name = _signature(source)
    data = {signature: [{name: batch.numpy()} for batch in network.calibration]}
    calibrated = quantization.calibrate(data, num_threads=1)
    quantization.quantize(calibrated).export_model(str(target), overwrite=True)


def _signature(path: Path) -> tuple[str, str]:
    """Return the name of a file's only signature, and that of its only input."""
    from ai_edge_litert.interpreter import Interpreter

    ((signature, names),) = Interpreter(model_path=str(path)).get_signature_list().items()
    (name,) = names["inputs"]
    return signature, name


def _scaled(values: NDArray[np.float32], declared: dict[str, Any]) -> NDArray[Any]:
    """Return values as a tensor of the file takes them."""
    scale, zero_point = declared["quantization"]
    if not scale:
        return values.astype(declared["dtype"])
    bounds = np.iinfo(declared["dtype"])
    integers: NDArray[Any] = np.clip(np.round(values / scale + zero_point), bounds.min, bounds.max)
    return integers.astype(declared["dtype"])


def _unscaled(values: NDArray[Any], declared: dict[str, Any]) -> NDArray[Any]:
    """Return the numbers that the integers of a tensor stand for."""
    scale, zero_point = declared["quantization"]
    numbers: NDArray[Any] = (values.astype(np.float32) - zero_point) * scale if scale else values
    return numbers

"""`.tflite` files by litert-torch, in float32, or in int8 by ai-edge-quantizer.

In int8 weights, activations, inputs and outputs are integers. litert-torch is large (about 850 MB beside torch) and has
no build for Arm hosts. Its first conversion takes ten seconds of imports.
"""

from __future__ import annotations

import importlib.util
import platform
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeprof.exporters.base import FLOAT32, Exporter, NetworkToExport, version_of
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
        return ", ".join(f"{name} {version_of(name)}" for name in _DISTRIBUTIONS)

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
        litert_torch.convert(network.module, tuple(network.inputs.values())).export(str(path))
        if precision == FLOAT32:
            return (path,)
        target = folder / "int8.tflite"
        _quantize(path, target, network)
        return (target,)

    def run(self, files: tuple[Path, ...], inputs: Mapping[str, NDArray[Any]]) -> tuple[NDArray[Any], ...]:
        """Run a file in LiteRT on the CPU."""
        interpreter = _interpreter(files[0])
        interpreter.allocate_tensors()
        feeds = _feeds(interpreter, inputs)
        for item in interpreter.get_input_details():
            interpreter.set_tensor(item["index"], feeds[item["name"]])
        interpreter.invoke()
        results = sorted(interpreter.get_output_details(), key=lambda item: _place(item["name"]))
        return tuple(_unscaled(interpreter.get_tensor(item["index"]), item) for item in results)

    def file_inputs(self, files: tuple[Path, ...], inputs: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """Return the inputs by the names of their tensors, as integers where the file takes these."""
        return _feeds(_interpreter(files[0]), inputs)


def _interpreter(path: Path) -> Any:
    from ai_edge_litert.interpreter import Interpreter

    return Interpreter(model_path=str(path), num_threads=1)


def _feeds(interpreter: Any, inputs: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """Return the inputs that a file has: one that the module does not use is not in it."""
    named = {f"serving_default_{_argument(index)}": value for index, value in enumerate(inputs.values())}
    return {item["name"]: _scaled(named[item["name"]], item) for item in interpreter.get_input_details()}


def _quantize(source: Path, target: Path, network: NetworkToExport) -> None:
    from ai_edge_quantizer import quantizer, recipe

    quantization = quantizer.Quantizer(str(source))
    quantization.load_quantization_recipe(recipe.static_wi8_ai8())
    signature, names = _signature(source)
    places = {_argument(index): name for index, name in enumerate(network.inputs)}
    data = {signature: [{name: batch[places[name]].numpy() for name in names} for batch in network.calibration]}
    calibrated = quantization.calibrate(data, num_threads=1)
    quantization.quantize(calibrated).export_model(str(target), overwrite=True)


def _argument(index: int) -> str:
    """Return the name of an input in the signature that litert-torch writes."""
    return f"args_{index}"


def _place(name: str) -> int:
    """Return the place of an output among the module's, from the name of its tensor, as `..._output_1_output`."""
    numbers = re.findall(r"output_(\d+)", name)
    return int(numbers[-1]) if numbers else 0


def _signature(path: Path) -> tuple[str, list[str]]:
    """Return the name of a file's only signature, and those of its inputs."""
    from ai_edge_litert.interpreter import Interpreter

    ((signature, names),) = Interpreter(model_path=str(path)).get_signature_list().items()
    return signature, list(names["inputs"])


def _scaled(values: NDArray[Any], declared: dict[str, Any]) -> NDArray[Any]:
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

"""ONNX: networks in one file, in float32, float16 or int8.

float32 is torch's own exporter. float16 and int8 are made from it by the tools of ONNX Runtime: int8 as QuantizeLinear
and DequantizeLinear around each operator, weights by channel, which ONNX Runtime, OpenVINO and TensorRT read.
"""

from __future__ import annotations

import importlib.util
import io
import os
import warnings
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeprof.exporters.base import FLOAT32, OUTPUT_NAME, Exporter, NetworkToExport, version_of
from edgeprof.exporters.conversion import Conversion, convert
from edgeprof_predictor.spaces import Architecture, SearchSpace
from edgeprof_proto.shared.model_formats import ONNX

OPSET_VERSION = 17
"""Runtimes since 2022 read it, and it has every operator of the search spaces."""

QUANTISED_ACTIVATIONS = "QUInt8"
"""Type of activations in int8 files, by its name in ONNX Runtime: OpenVINO runs convolutions of unsigned activations in
8 bits, and two of three with asymmetric signed ones in float32."""

LOG_SEVERITY_ERROR = 3


class OnnxExporter(Exporter):
    """The exporter "onnx"."""

    name = "onnx"
    model_format = ONNX
    precisions = (FLOAT32, "float16", "int8")
    suffixes = (".onnx",)
    quick_precisions = (FLOAT32,)

    def version(self) -> str:
        """Return the version of the operator set, the type of quantised activations, and the versions of packages."""
        packages = ", ".join(f"{name} {version_of(name)}" for name in ("torch", "onnx", "onnxruntime"))
        return f"opset {OPSET_VERSION}, {QUANTISED_ACTIVATIONS} activations, {packages}"

    def missing(self) -> str | None:
        """Return what is missing of torch, onnx and onnxruntime, which the extra `host` brings."""
        absent = [name for name in ("torch", "onnx", "onnxruntime") if importlib.util.find_spec(name) is None]
        return f"{', '.join(absent)} missing; install with: pip install 'edgeprof[host]'" if absent else None

    def export(self, network: NetworkToExport, folder: Path, precision: str) -> tuple[Path, ...]:
        """Write a network."""
        path = folder / "model.onnx"
        if precision == "int8":
            _write(_float32_model(network), folder / "float32.onnx")
            batches = ({name: value.numpy() for name, value in batch.items()} for batch in network.calibration)
            quantize_model(folder / "float32.onnx", path, batches)
        elif precision == "float16":
            _write(_half(_float32_model(network)), path)
        else:
            _write(_float32_model(network), path)
        return (path,)

    def run(self, files: tuple[Path, ...], inputs: Mapping[str, NDArray[Any]]) -> tuple[NDArray[Any], ...]:
        """Run a file in ONNX Runtime on the CPU."""
        session = _session(files[0])
        return tuple(session.run(None, _feeds(session, inputs)))

    def file_inputs(self, files: tuple[Path, ...], inputs: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """Return the inputs in the types that the file declares."""
        return _feeds(_session(files[0]), inputs)


def export_architecture(
    space: SearchSpace, architecture: Architecture, folder: str | os.PathLike[str], *, batch_size: int = 1
) -> Path:
    """Export an architecture to ONNX in float32, unless the folder holds it already.

    The weights are random but the same each time, so that the same architecture is the same file. Space and
    architecture are in the model's metadata as `edgeprof.space` and `edgeprof.architecture`.

    Args:
        space: The search space.
        architecture: The architecture.
        folder: Where the file goes; made where it does not exist.
        batch_size: First dimension of the input.

    Returns:
        Path of the file.

    Raises:
        ExportError: If the file does not compute what the network does.
        OutputFileError: If the file cannot be written.
    """
    conversion = Conversion(
        exporter=OnnxExporter.name,
        precision=FLOAT32,
        space=space.name,
        architecture=space.format(architecture),
        batch_size=batch_size,
    )
    return convert(conversion, OnnxExporter(), space, Path(folder))[0]


def _session(path: Path) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = LOG_SEVERITY_ERROR
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def _feeds(session: Any, inputs: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """Return the inputs that a file has: one that the module does not use is not in it."""
    return {
        item.name: inputs[item.name].astype(np.float16) if item.type == "tensor(float16)" else inputs[item.name]
        for item in session.get_inputs()
    }


def _float32_model(network: NetworkToExport) -> Any:
    import onnx
    import torch

    content = io.BytesIO()
    with warnings.catch_warnings():
        # torch's newer exporter takes ten times longer for the same graph.
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.onnx.export(
            network.module,
            tuple(network.inputs.values()),
            content,  # type: ignore[arg-type]  # taken, with this exporter
            input_names=list(network.inputs),
            output_names=_output_names(network),
            opset_version=OPSET_VERSION,
            dynamo=False,
        )
    model = onnx.load_model_from_string(content.getvalue())
    onnx.helper.set_model_props(model, dict(network.metadata))
    return model


def _output_names(network: NetworkToExport) -> list[str]:
    count = len(network.outputs())
    return [OUTPUT_NAME] if count == 1 else [f"{OUTPUT_NAME}_{index}" for index in range(count)]


def _half(model: Any) -> Any:
    from onnxruntime.transformers.float16 import convert_float_to_float16

    with warnings.catch_warnings():
        # Weights smaller than float16 can say become its smallest number.
        warnings.simplefilter("ignore")
        return convert_float_to_float16(model, keep_io_types=False)


def quantize_model(source: Path, target: Path, batches: Iterable[Mapping[str, NDArray[Any]]]) -> None:
    """Write an ONNX model in int8: QuantizeLinear and DequantizeLinear around each operator, weights by channel.

    A folder for intermediate files must hold `source`: the model with its shapes is written beside it.

    Args:
        source: A model in float32.
        target: Where the model in int8 goes.
        batches: Values of every input by its name, whose activations the model is scaled by.
    """
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process

    class _Batches(CalibrationDataReader):  # type: ignore[misc]  # the library has no types
        def __init__(self) -> None:
            self._batches = iter(batches)

        def get_next(self) -> dict[str, NDArray[Any]] | None:
            batch = next(self._batches, None)
            return None if batch is None else dict(batch)

    prepared = source.with_name("prepared.onnx")
    quant_pre_process(str(source), str(prepared))
    quantize_static(
        str(prepared),
        str(target),
        _Batches(),
        quant_format=QuantFormat.QDQ,
        per_channel=True,
        activation_type=QuantType[QUANTISED_ACTIVATIONS],
        weight_type=QuantType.QInt8,
    )


def _write(model: Any, path: Path) -> None:
    path.write_bytes(model.SerializeToString())

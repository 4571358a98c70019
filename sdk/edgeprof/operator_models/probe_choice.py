"""Which form of the probe suite a runtime can read: ONNX, or what is converted from it."""

import threading
from pathlib import Path

from edgeprof.exporters.ncnn import NcnnExporter
from edgeprof.exporters.onnx_to_tflite import conversion
from edgeprof.operator_models.ncnn_probes import ncnn_probes
from edgeprof.operator_models.probe_files import ProbeFiles, onnx_probes
from edgeprof.operator_models.tflite_probes import tflite_probes
from edgeprof_proto.records.device import RuntimeInfo
from edgeprof_proto.records.job_spec import Setting
from edgeprof_proto.shared.model_formats import NCNN, ONNX, TFLITE

_ONE_AT_A_TIME = threading.Lock()
"""Devices that are onboarded at once need the same files: the first writes them, the others find them."""


def formats_of(runtime: RuntimeInfo) -> tuple[str, ...]:
    """Return the formats that a runtime reads; an agent that tells none is older than all others.

    Args:
        runtime: The runtime as the device describes it.
    """
    return runtime.model_formats or (ONNX,)


def probes_for(runtime: RuntimeInfo, setting: Setting, folder: Path) -> ProbeFiles:
    """Write the probe suite for a runtime.

    Args:
        runtime: The runtime as the device describes it.
        setting: How the probes run.
        folder: The folder of models.

    Raises:
        OutputFileError: If a file cannot be written.
    """
    formats = formats_of(runtime)
    if missing := _missing(runtime, setting):
        return ProbeFiles(missing=missing)
    with _ONE_AT_A_TIME:
        if ONNX in formats:
            return onnx_probes(folder, is_quantised=setting.precision == "int8")
        return ncnn_probes(folder) if NCNN in formats else tflite_probes(folder)


def _missing(runtime: RuntimeInfo, setting: Setting) -> str:
    """Return why there are no probes for a runtime; empty where there are."""
    formats = formats_of(runtime)
    if ONNX in formats:
        return ""
    if NCNN in formats:
        if setting.precision == "int8":
            return "the probe suite is not quantised for ncnn"
        missing = NcnnExporter().missing()
        return "" if missing is None else f"the probe suite is converted to ncnn by pnnx: {missing}"
    if TFLITE in formats:
        if setting.precision not in ("", "float32"):
            return f"the probe suite is not quantised for {runtime.name}: it is in float32"
        missing = conversion.missing()
        return "" if missing is None else f"the probe suite is written as .tflite files: {missing}"
    return f"{runtime.name} reads {', '.join(formats)}, and the probe suite is written in ONNX"

"""Chooses the exporter and the precision of its files for a device and a setting, before anything is measured."""

from collections.abc import Sequence
from dataclasses import dataclass

from edgeprof.errors import ExportError, SettingNotSupportedError
from edgeprof.exporters.base import FLOAT32, Exporter
from edgeprof.exporters.registry import installed_exporters
from edgeprof_proto.records.device import Device, RuntimeInfo
from edgeprof_proto.records.job_spec import Setting
from edgeprof_proto.shared.model_formats import ONNX

_RUNTIMES_OF_MODEL_PRECISION = frozenset({"onnxruntime"})
"""Runtimes that compute in the precision of the model's file, where an older agent does not tell."""

_FLOATS = frozenset({"float16", "bfloat16", "float32", "float64"})


@dataclass(frozen=True, slots=True)
class ExportChoice:
    """How networks are written for a platform.

    Args:
        exporter: What writes them.
        precision: Precision of the files, one of the exporter's.
    """

    exporter: Exporter
    precision: str

    @property
    def is_quick(self) -> bool:
        """Whether networks are written in this process."""
        return self.precision in self.exporter.quick_precisions

    @property
    def is_floating(self) -> bool:
        """Whether the files need no calibration data."""
        return self.precision.startswith(("float", "bfloat"))


def choose_exporter(
    device: Device | None, setting: Setting, exporters: Sequence[Exporter] | None = None
) -> ExportChoice:
    """Choose what writes networks for a setting of a device.

    The first format that the device's runtime reads and for which this host has an exporter decides. A runtime that
    chooses its precision itself is given float32 files, except that no runtime makes integers of them.

    Args:
        device: The device as its agent describes it; None where it is not known, for ONNX.
        setting: How the networks are to run.
        exporters: Those to choose from; None for the installed ones.

    Raises:
        SettingNotSupportedError: If the runtime does not have the precision, or no exporter writes it in a format that
            the runtime reads.
        ExportError: If the exporter's converter is not installed; the text says what to install.
    """
    runtimes = () if device is None else device.runtimes
    runtime = next((item for item in runtimes if item.name == setting.runtime), None)
    _require_precision(runtime, setting)
    precision = _file_precision(runtime, setting)
    # An agent that does not tell its formats is older than all others.
    formats = (runtime.model_formats if runtime is not None else ()) or (ONNX,)
    candidates = [
        exporter
        for model_format in formats
        for exporter in (installed_exporters() if exporters is None else exporters)
        if exporter.model_format == model_format
    ]
    if not candidates:
        raise SettingNotSupportedError(
            f"{setting.runtime} on the device reads {_listed(formats)}, and no exporter of this host writes that: "
            "choose another runtime, or install a package that brings an exporter for it"
        )
    fitting = [exporter for exporter in candidates if precision in exporter.precisions]
    if not fitting:
        written = _listed(dict.fromkeys(name for exporter in candidates for name in exporter.precisions))
        raise SettingNotSupportedError(
            f"precision {precision!r} was asked for, but edgeprof exports networks for {setting.runtime} in {written}: "
            "name one of these with --precision, or leave it out"
        )
    missing = {exporter.name: exporter.missing() for exporter in fitting}
    for exporter in fitting:
        if missing[exporter.name] is None:
            return ExportChoice(exporter, precision)
    raise ExportError(f"networks for {setting.runtime} cannot be exported: {missing[fitting[0].name]}")


def _require_precision(runtime: RuntimeInfo | None, setting: Setting) -> None:
    if runtime is not None and runtime.precisions and setting.precision not in ("", *runtime.precisions):
        raise SettingNotSupportedError(
            f"{runtime.name} on the device has no precision {setting.precision!r}; choose from: "
            f"{', '.join(runtime.precisions)}"
        )


def _file_precision(runtime: RuntimeInfo | None, setting: Setting) -> str:
    """Return the precision in which a network's file is to be written."""
    is_of_model = setting.runtime in _RUNTIMES_OF_MODEL_PRECISION or (
        runtime is not None and runtime.is_precision_of_model
    )
    if not setting.precision or (not is_of_model and setting.precision in _FLOATS):
        return FLOAT32
    return setting.precision


def _listed(names: Sequence[str] | dict[str, None]) -> str:
    *most, last = names
    return f"{', '.join(most)} or {last}" if most else last

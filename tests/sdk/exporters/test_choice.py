"""Which exporter and precision a device and a setting lead to, before anything is measured."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from numpy.typing import NDArray

from edgeprof.errors import EdgeprofError, ExportError, SettingNotSupportedError
from edgeprof.exporters.base import Exporter, NetworkToExport
from edgeprof.exporters.choice import choose_exporter
from edgeprof.exporters.onnx import OnnxExporter
from edgeprof.exporters.registry import installed_exporters
from edgeprof_proto.records.device import AgentLimits, Cpu, Device, ExecutionContext, RuntimeInfo
from edgeprof_proto.records.job_spec import Setting


class OtherExporter(Exporter):
    """Writes another format, where its converter is installed."""

    name = "other"
    model_format = "tflite"
    precisions = ("float32", "int8")
    suffixes = (".other",)

    def __init__(self, missing: str | None = None) -> None:
        self._missing = missing

    def version(self) -> str:
        return "1"

    def missing(self) -> str | None:
        return self._missing

    def export(self, network: NetworkToExport, folder: Path, precision: str) -> tuple[Path, ...]:
        raise AssertionError

    def run(self, files: tuple[Path, ...], inputs: Mapping[str, NDArray[Any]]) -> tuple[NDArray[Any], ...]:
        raise AssertionError


def device_with(**runtime: Any) -> Device:
    """A device whose runtime "engine" has these facts."""
    info = RuntimeInfo(name="engine", version="1", **runtime)
    limits = AgentLimits(
        model_bytes=1, model_cache_bytes=1, disk_reserve_bytes=0, queued_job_count=1, job_duration_s=1.0
    )
    return Device(
        device_id="d1",
        limits=limits,
        host_name="board",
        cpu=Cpu(architecture="aarch64", core_count=4),
        operating_system="Linux",
        kernel="6",
        execution_context=ExecutionContext(python_version="3.11"),
        runtimes=(info,),
    )


EXPORTERS = (OnnxExporter(), OtherExporter())


@pytest.mark.parametrize(
    ("formats", "is_of_model", "asked", "expected"),
    [
        ((), False, "", ("onnx", "float32")),
        (("onnx",), True, "int8", ("onnx", "int8")),
        (("onnx",), True, "float16", ("onnx", "float16")),
        (("tflite", "onnx"), True, "", ("other", "float32")),
        (("tflite", "onnx"), True, "float16", ("onnx", "float16")),
        (("openvino-ir", "onnx"), False, "bfloat16", ("onnx", "float32")),
        (("openvino-ir", "onnx"), False, "int8", ("onnx", "int8")),
    ],
)
def test_formats_and_precision_choose_the_exporter(
    formats: tuple[str, ...], is_of_model: bool, asked: str, expected: tuple[str, str]
) -> None:
    device = device_with(model_formats=formats, is_precision_of_model=is_of_model)
    found = choose_exporter(device, Setting(runtime="engine", precision=asked), EXPORTERS)
    assert (found.exporter.name, found.precision) == expected


@pytest.mark.parametrize(
    ("facts", "precision", "error", "sentence"),
    [
        ({"precisions": ("float32",)}, "int8", SettingNotSupportedError, "no precision 'int8'; choose from: float32"),
        ({"model_formats": ("ncnn",)}, "", SettingNotSupportedError, "reads ncnn, and no exporter"),
        (
            {"model_formats": ("onnx",), "is_precision_of_model": True},
            "bfloat16",
            SettingNotSupportedError,
            "'bfloat16' was asked for, but edgeprof exports networks for engine in float32, float16 or int8",
        ),
        ({"model_formats": ("tflite",)}, "", ExportError, r"pip install 'edgeprof\[other-export\]'"),
    ],
)
def test_what_cannot_be_exported_is_one_sentence(
    facts: dict[str, Any], precision: str, error: type[EdgeprofError], sentence: str
) -> None:
    exporters = (OnnxExporter(), OtherExporter("install it with: pip install 'edgeprof[other-export]'"))
    with pytest.raises(error, match=sentence):
        choose_exporter(device_with(**facts), Setting(runtime="engine", precision=precision), exporters)


def test_the_exporter_of_an_installed_one_goes_before_one_that_is_missing() -> None:
    exporters = (OtherExporter("install it"), OnnxExporter())
    device = device_with(model_formats=("tflite", "onnx"))
    assert choose_exporter(device, Setting(runtime="engine"), exporters).exporter.name == "onnx"


def test_the_shipped_exporters_are_found() -> None:
    assert "onnx" in [exporter.name for exporter in installed_exporters()]

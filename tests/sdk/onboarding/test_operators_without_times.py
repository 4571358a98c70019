"""An onboarding of a space on LiteRT, which tells no times of operators, and whose networks are written slowly."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sdk.operator_models.conftest import few_probes

from edgeprof.cli.main import edgeprof as command
from edgeprof.onboarding import api, operator_choice
from edgeprof.testing import SimulatedDevice
from edgeprof_predictor.profile_file import ProfileFile
from edgeprof_proto.records.job_spec import MeasurementPlan

__all__ = ["few_probes"]

pytestmark = pytest.mark.usefixtures("own_edgeprof_folders", "exporter_by_onnx")

EXPORTER = """
import numpy as np
import onnx
from ai_edge_litert.interpreter import Interpreter
from edgeprof.exporters.base import Exporter
from edgeprof.exporters.onnx import OnnxExporter
from edgeprof.exporters.onnx_to_tflite.conversion import convert

class TfliteByOnnxExporter(Exporter):
    name = "tflite_by_onnx"
    model_format = "tflite"
    precisions = ("float32",)
    suffixes = (".tflite",)

    def version(self): return "1"

    def missing(self): return None

    def export(self, network, folder, precision):
        (path,) = OnnxExporter().export(network, folder, precision)
        written = folder / "model.tflite"
        written.write_bytes(convert(onnx.load(path)).content)
        return (written,)

    def run(self, files, inputs):
        interpreter = Interpreter(model_path=str(files[0]), num_threads=1)
        interpreter.allocate_tensors()
        (item,), (images,) = interpreter.get_input_details(), inputs.values()
        interpreter.set_tensor(item["index"], np.ascontiguousarray(images.transpose(0, 2, 3, 1)))
        interpreter.invoke()
        return tuple(interpreter.get_tensor(item["index"]) for item in interpreter.get_output_details())
"""


@pytest.fixture
def simulated_device_runtimes() -> tuple[str, ...]:
    return ("litert",)


@pytest.fixture
def exporter_by_onnx(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The exporter of another package, in whose process networks are written: litert-torch is not installed here."""
    folder = tmp_path / "package"
    information = folder / "by_onnx-1.0.dist-info"
    information.mkdir(parents=True)
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: by-onnx\nVersion: 1.0\n")
    (information / "entry_points.txt").write_text(
        "[edgeprof.exporters]\ntflite_by_onnx = exporter_by_onnx:TfliteByOnnxExporter\n"
    )
    (folder / "exporter_by_onnx.py").write_text(EXPORTER)
    monkeypatch.syspath_prepend(folder)
    monkeypatch.setenv("PYTHONPATH", str(folder))
    monkeypatch.setattr(operator_choice, "GRAPH_COUNT", 8)
    plan = MeasurementPlan(warmup_duration_ms=20, timed_run_count=5, timed_duration_ms=60, block_count=3)
    monkeypatch.setattr(api, "PLAN", plan)


def _onboard(device: SimulatedDevice, output: Path, *arguments: str) -> Result:
    asked = ["onboard", "--device", device.address, "--runtime", "litert", "-o", str(output), "--json", *arguments]
    return CliRunner().invoke(command, asked)


def test_latencies_of_probes_predict_a_space_whose_networks_are_written_slowly(
    simulated_device: SimulatedDevice, few_probes: list[str], tmp_path: Path
) -> None:
    path = tmp_path / "device.edgeprof"
    assert _onboard(simulated_device, path, "--models").exit_code == 0
    done = _onboard(simulated_device, path, "--samples", "3")
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert told["method"] == "operators"
    assert f"{len(few_probes)} probes and 0 models of this device" in told["operators"]
    assert set(told["contributions"]) >= {"operators of the device", "level of the space", "operators of the samples"}
    (profile,) = ProfileFile(path).space_profiles()
    assert len(profile.predictor.samples.latency_ms) == 3

"""One runtime against another on the real engines of an agent, and what is refused before the first is measured."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import onnx
import pytest
from click.testing import CliRunner
from device_agent.runtimes.ncnn_models import write_network
from device_agent.runtimes.tflite_models import write_float_network
from onnx import TensorProto, helper

import edgeprof
from edgeprof.cli.main import edgeprof as command
from edgeprof.testing import SimulatedDevice
from edgeprof_predictor.spaces import get_space
from edgeprof_proto.records.job_spec import MeasurementPlan

SPACE = get_space("nasbench201")
SHORT = MeasurementPlan(
    warmup_run_count=6, warmup_duration_ms=0.1, timed_run_count=25, timed_duration_ms=0.1, block_count=5
)
ARCHITECTURE = "|nor_conv_1x1~0|+|none~0|none~1|+|skip_connect~0|none~1|none~2|"


@pytest.fixture(scope="module")
def device(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatedDevice]:
    with SimulatedDevice(tmp_path_factory.mktemp("device"), runtimes=()) as device:
        yield device


@pytest.fixture
def model(tmp_path: Path) -> Path:
    graph = helper.make_graph(
        [helper.make_node("Softmax", ["x"], ["y"])],
        "graph",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ("batch", 64))],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ("batch", 64))],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), tmp_path / "m.onnx")
    return tmp_path / "m.onnx"


Run = Callable[..., tuple[int, str]]


@pytest.fixture
def compare(device: SimulatedDevice, monkeypatch: pytest.MonkeyPatch) -> Run:
    # The shortest of all efforts still runs for a second each time.
    monkeypatch.setattr("edgeprof.make_plan", lambda effort: SHORT)

    def call(*arguments: str | Path) -> tuple[int, str]:
        asked = ["compare", *map(str, arguments), "--device", device.address, "--pairs", "5"]
        result = CliRunner().invoke(command, asked)
        return result.exit_code, result.output if result.exit_code != 1 else str(result.exception)

    return call


def jobs(device: SimulatedDevice) -> list[str]:
    with edgeprof.connect(device.address) as client:
        return [job.job_id for job in client.jobs()]


def test_another_runtime_starts_from_its_own_defaults(compare: Run, model: Path) -> None:
    code, output = compare(
        *(model, "--runtime", "onnxruntime", "--provider", "CPUExecutionProvider", "--precision", "float32"),
        *("--option", "graph_optimization=basic", "--versus", "runtime=openvino", "--json"),
    )
    assert code == 0, output
    found = json.loads(output[output.index("{") :])
    assert found["a"]["setting"]["options"] == {"graph_optimization": "basic"}
    assert (found["b"]["setting"]["runtime"], found["b"]["setting"]["provider"]) == ("openvino", "CPU")
    assert found["b"]["setting"]["options"] == {}


@pytest.mark.parametrize("runtime", ["litert", "ncnn"])
def test_a_runtime_of_another_format_is_given_a_second_file(
    compare: Run, device: SimulatedDevice, model: Path, tmp_path: Path, runtime: str
) -> None:
    before = jobs(device)
    code, output = compare(model, "--runtime", "onnxruntime", "--versus", f"runtime={runtime}")
    assert code == 1
    formats = {"litert": "tflite", "ncnn": "ncnn"}[runtime]
    assert f"is an ONNX model, and {runtime} reads {formats}" in output
    assert f"give B a second one, which {runtime} reads" in output
    assert jobs(device) == before
    second = write_float_network(tmp_path / "m.tflite") if runtime == "litert" else write_network(tmp_path)
    code, output = compare(model, second[0], "--runtime", "onnxruntime", "--versus", f"runtime={runtime}")
    assert code == 0, output
    # What ran stands beside each time, since the defaults of two runtimes differ.
    assert f", {runtime} " in " ".join(output.split())


def test_a_torch_module_is_exported_for_each_runtime(compare: Run, device: SimulatedDevice, tmp_path: Path) -> None:
    (tmp_path / "net.py").write_text("import torch\n\ndef make():\n    return torch.nn.Linear(8, 4)\n")
    source = f"{tmp_path / 'net.py'}:make"
    arguments = (source, "--shape", "input=1x8", "--runtime", "onnxruntime", "--precision", "int8")
    code, output = compare(*arguments, "--versus", "runtime=openvino")
    assert code == 0, output
    told = " ".join(output.split())
    assert "onnxruntime" in told and ", int8," in told and "openvino" in told and ", float32," in told
    before = jobs(device)
    code, output = compare(*arguments, "--versus", "runtime=ncnn")
    assert code == 1 and "networks for ncnn cannot be exported: " in output
    assert jobs(device) == before


def test_an_architecture_is_exported_for_each_runtime(compare: Run) -> None:
    code, output = compare(
        *(ARCHITECTURE, "--space", SPACE.name, "--runtime", "onnxruntime", "--precision", "int8"),
        *("--versus", "runtime=openvino", "--json"),
    )
    assert code == 0, output
    found = json.loads(output[output.index("{") :])
    assert (found["a"]["setting"]["precision"], found["b"]["setting"]["precision"]) == ("int8", "float32")
    assert found["b"]["name"] == f"{ARCHITECTURE} runtime=openvino"
    assert {stored.model for stored in edgeprof.results(limit=10)} == {ARCHITECTURE}


@pytest.mark.parametrize(
    ("versus", "sentence"),
    [
        (("runtime=nosuch",), "the device offers no runtime 'nosuch'; it offers: "),
        (("runtime=tflite",), "runtime 'tflite' is not available: TensorFlow Lite cannot be imported"),
        (("runtime=openvino", "precision=float64"), "'openvino' does not offer precision 'float64'; it offers: "),
        (("runtime=openvino", "provider=NPU"), "'openvino' does not offer provider 'NPU'; it offers: CPU"),
        (("runtime=openvino", "graph_optimization=basic"), "'openvino' has no option 'graph_optimization'; it has: "),
        (("threads=65",), "the device allows 64 threads, 65 were asked for"),
        (("cores=medium",), "has no cores 'medium'; choose from: all"),
        (("batch=99999",), "batch_size must be 1 to 65536, got 99999"),
        (("batch=two",), "batch wants a number, got 'two'"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, tuple) else "",
)
def test_what_b_cannot_be_is_said_before_a_is_measured(
    compare: Run, device: SimulatedDevice, model: Path, versus: tuple[str, ...], sentence: str
) -> None:
    before = jobs(device)
    arguments = [part for change in versus for part in ("--versus", change)]
    code, output = compare(model, "--runtime", "onnxruntime", *arguments)
    assert code == 1
    assert sentence in output
    assert jobs(device) == before


def test_a_missing_exporter_is_said_before_anything_is_exported(
    compare: Run, device: SimulatedDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = jobs(device)
    monkeypatch.setattr("edgeprof.exporters.converter.convert", lambda *arguments: pytest.fail("it was exported"))
    code, output = compare(ARCHITECTURE, "--space", SPACE.name, "--runtime", "onnxruntime", "--versus", "runtime=ncnn")
    assert code == 1
    assert "networks for ncnn cannot be exported: " in output and "pip install" in output
    assert jobs(device) == before

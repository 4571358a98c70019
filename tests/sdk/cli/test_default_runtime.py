"""Which runtime a command takes where none is named, on devices with and without ONNX Runtime."""

from collections.abc import Callable, Iterator
from pathlib import Path

import onnx
import pytest
from click.testing import CliRunner
from device_agent.runtimes.tflite_models import write_float_network
from onnx import TensorProto, helper

from edgeprof.cli.main import edgeprof as command
from edgeprof.devices.local_agent import LocalAgent
from edgeprof.store.platform import default_setting
from edgeprof_proto.records.device import AgentLimits, Cpu, Device, ExecutionContext, RuntimeInfo


@pytest.fixture(scope="module")
def agent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAgent]:
    """A device that does not offer ONNX Runtime."""
    offered = {"EDGEPROF_AGENT_RUNTIMES": "litert,openvino"}
    agent = LocalAgent(tmp_path_factory.mktemp("board"), environment=offered)
    agent.start()
    yield agent
    agent.stop()


@pytest.fixture
def benchmark(agent: LocalAgent) -> Callable[[Path], tuple[int, str]]:
    def call(model: Path) -> tuple[int, str]:
        short = ("--num-runs", "20", "--min-time", "0.05s", "--warmup-runs", "1")
        result = CliRunner().invoke(command, ["benchmark", str(model), "--device", agent.address, *short])
        return result.exit_code, result.output

    return call


def test_a_device_without_onnx_runtime_runs_the_first_that_reads_the_model(
    benchmark: Callable[[Path], tuple[int, str]], tmp_path: Path
) -> None:
    code, output = benchmark(write_float_network(tmp_path / "m.tflite")[0])
    assert code == 0, output
    assert "runtime: litert, the first of the device that reads tflite; --runtime names another" in output
    assert " litert " in output
    graph = helper.make_graph(
        [helper.make_node("Softmax", ["x"], ["y"])],
        "graph",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, (1, 64))],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, (1, 64))],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), tmp_path / "m.onnx")
    code, output = benchmark(tmp_path / "m.onnx")
    assert code == 0, output
    assert "runtime: openvino, the first of the device that reads onnx" in output


def device_of(*runtimes: RuntimeInfo) -> Device:
    """A device with these runtimes."""
    return Device(
        device_id="d1",
        host_name="board",
        cpu=Cpu(architecture="armv7l", core_count=4),
        operating_system="Debian",
        kernel="6.1",
        execution_context=ExecutionContext(python_version="3.11"),
        runtimes=runtimes,
        limits=AgentLimits(
            model_bytes=1, model_cache_bytes=1, disk_reserve_bytes=1, queued_job_count=1, job_duration_s=1.0
        ),
    )


ABSENT = RuntimeInfo(name="onnxruntime", unavailable_reason="not installed", model_formats=("onnx",))
ORT = RuntimeInfo(name="onnxruntime", version="1", model_formats=("onnx",))
NCNN = RuntimeInfo(name="ncnn", version="1", model_formats=("ncnn",))
SIMULATED = RuntimeInfo(name="simulated", version="1", model_formats=("onnx", "tflite"))


@pytest.mark.parametrize(
    ("runtimes", "model_format", "expected"),
    [
        ((NCNN, ORT, SIMULATED), "", "onnxruntime"),
        ((SIMULATED, NCNN, ABSENT), "", "ncnn"),
        ((SIMULATED, ABSENT), "", "simulated"),
        ((NCNN, ORT, SIMULATED), "ncnn", "ncnn"),
        ((NCNN, ORT, SIMULATED), "openvino-ir", "onnxruntime"),
        ((NCNN, ABSENT, SIMULATED), "onnx", "simulated"),
        ((RuntimeInfo(name="onnxruntime", version="1"), SIMULATED), "onnx", "onnxruntime"),
        ((ABSENT,), "", "onnxruntime"),
        ((), "", "onnxruntime"),
    ],
)
def test_onnx_runtime_is_the_default_where_it_is_and_else_the_first(
    runtimes: tuple[RuntimeInfo, ...], model_format: str, expected: str
) -> None:
    assert default_setting(device_of(*runtimes), model_format).runtime == expected

"""Shapes, values and operators on the command line, on real engines in a real agent."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from click.testing import CliRunner
from onnx import TensorProto, helper

from edgeprof.cli.main import edgeprof as command
from edgeprof.testing import SimulatedDevice

pytestmark = pytest.mark.usefixtures("own_edgeprof_folders")


@pytest.fixture(scope="module")
def shared_device_runtimes() -> tuple[str, ...]:
    return ("simulated", "onnxruntime", "openvino")


@pytest.fixture
def model(tmp_path: Path) -> Path:
    graph = helper.make_graph(
        [
            helper.make_node("Gather", ["table", "ids"], ["rows"]),
            helper.make_node("MatMul", ["rows", "weights"], ["products"]),
            helper.make_node("Relu", ["products"], ["y"]),
        ],
        "graph",
        [helper.make_tensor_value_info("ids", TensorProto.INT64, ("batch", "length"))],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ("batch", "length", 64))],
        [
            helper.make_tensor("table", TensorProto.FLOAT, (50, 64), np.ones((50, 64), np.float32).tobytes(), raw=True),
            helper.make_tensor(
                "weights", TensorProto.FLOAT, (64, 64), np.eye(64, dtype=np.float32).tobytes(), raw=True
            ),
        ],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), tmp_path / "m.onnx")
    return tmp_path / "m.onnx"


@pytest.fixture
def run(shared_device: SimulatedDevice, model: Path) -> Callable[..., tuple[int, str]]:
    def call(*arguments: str) -> tuple[int, str]:
        short = ("--effort", "quick", "--num-runs", "20", "--min-time", "0.05s", "--warmup-runs", "1")
        asked = ["benchmark", str(model), "--device", shared_device.address, *short, *arguments]
        result = CliRunner().invoke(command, asked)
        return result.exit_code, result.output

    return call


def test_open_dimensions_are_given_and_told_with_the_result(run: Callable[..., tuple[int, str]]) -> None:
    code, output = run("--runtime", "onnxruntime", "--shape", "ids=2x12")
    assert code == 0, output
    assert "ids int64 2x12" in output


def test_values_are_given_in_an_archive(run: Callable[..., tuple[int, str]], tmp_path: Path) -> None:
    np.savez(tmp_path / "inputs.npz", ids=np.arange(5, 11).reshape(1, 6))
    code, output = run("--runtime", "openvino", "--inputs", str(tmp_path / "inputs.npz"))
    assert code == 0, output
    assert "ids int64 1x6, given, 5 to 10" in output


def test_operators_are_timed_where_the_engine_reports_them(run: Callable[..., tuple[int, str]]) -> None:
    code, output = run("--runtime", "openvino", "--shape", "length=12", "--operators")
    assert code == 0, output
    assert "not reported by" not in output and " together, the measured median is " in output
    code, output = run("--runtime", "openvino", "--shape", "length=12", "--operators", "--json")
    operators = json.loads(output[output.index("{") :])["measurement"]["operators"]
    assert sum(item["share"] for item in operators) == pytest.approx(1.0)
    code, output = run("--runtime", "simulated", "--shape", "length=12", "--operators")
    assert code == 0, output
    assert "operators: not reported by simulated" in output


@pytest.mark.parametrize("text", ["ids", "ids=", "=4", "ids=0x4", "ids=1xa", "ids=" + "x".join(["1"] * 33)])
def test_what_is_no_shape_is_refused_with_an_example(run: Callable[..., tuple[int, str]], text: str) -> None:
    code, output = run("--shape", text)
    assert code == 2
    assert "write ids=1x128" in " ".join(output.split())


def test_a_name_that_is_given_twice_is_refused(run: Callable[..., tuple[int, str]]) -> None:
    code, output = run("--shape", "ids=1x2", "--shape", "ids=1x3")
    assert code == 2 and "--shape names something twice" in output

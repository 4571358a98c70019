"""`edgeprof benchmark --operators --trace`, on a real engine."""

import json
from collections.abc import Callable
from pathlib import Path

import onnx
import pytest
from onnx import TensorProto, helper
from sdk.cli.this_process import edgeprof

from edgeprof.testing import SimulatedDevice


@pytest.fixture(scope="module")
def shared_device_runtimes() -> tuple[str, ...]:
    return ("simulated", "onnxruntime")


@pytest.fixture
def benchmark(shared_device: SimulatedDevice, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Runs the command on a model of one node, and hands back what it prints."""
    monkeypatch.setenv("EDGEPROF_STORE", str(tmp_path / "store.sqlite3"))
    node = helper.make_node("MatMul", ["x", "x"], ["y"], name="product")
    value = helper.make_tensor_value_info("x", TensorProto.FLOAT, (64, 64))
    result = helper.make_tensor_value_info("y", TensorProto.FLOAT, (64, 64))
    graph = helper.make_graph([node], "graph", [value], [result])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, tmp_path / "m.onnx")

    def run(*arguments: str, exit_code: int = 0) -> str:
        plan = ("--effort", "quick", "--num-runs", "5", "--min-time", "0.2s", *arguments)
        found = edgeprof("benchmark", "m.onnx", "--device", shared_device.address, *plan, folder=tmp_path)
        assert found.returncode == exit_code, found.stderr
        return found.stdout + found.stderr

    return run


def test_operators_are_printed_and_written_as_a_trace(benchmark: Callable[..., str], tmp_path: Path) -> None:
    printed = benchmark("--runtime", "onnxruntime", "--operators", "--trace", str(tmp_path / "t.json"))
    assert "MatMul" in printed and "1 operators" in printed and "64x64" in printed
    names = [event["name"] for event in json.loads((tmp_path / "t.json").read_text())["traceEvents"]]
    assert "MatMul" in names and "median of the timed runs" in names


def test_a_runtime_without_a_profile_says_so_and_the_trace_shows_the_median(
    benchmark: Callable[..., str], tmp_path: Path
) -> None:
    assert "not reported" in benchmark("--runtime", "simulated", "--trace", str(tmp_path / "t.json"))
    events = json.loads((tmp_path / "t.json").read_text())["traceEvents"]
    assert [event["name"] for event in events if event["ph"] == "X"] == ["median of the timed runs"]


def test_a_trace_that_cannot_be_written_is_refused_before_measuring(
    benchmark: Callable[..., str], tmp_path: Path
) -> None:
    printed = benchmark("--trace", str(tmp_path / "absent" / "t.json"), exit_code=1)
    assert "cannot write" in printed and "median" not in printed
    assert "has several" in benchmark("--trace", "t.json", str(tmp_path / "m.onnx"), exit_code=2)

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

import onnx
import pytest
from device_agent.agent_process import job_spec as job_spec  # fixtures
from device_agent.agent_process import model as model
from device_agent.agent_process import scripted_commands as scripted_commands
from device_agent.agent_process import start_agent as start_agent
from fake_system import FakeSystem, make_fake_system
from onnx import TensorProto, helper

Events = list[dict[str, Any]]


class WriteModel(Protocol):
    def __call__(
        self,
        path: Path,
        *,
        shape: tuple[int | str | None, ...] = ...,
        element_type: int = ...,
        operator: str = ...,
    ) -> Path: ...


class RunWorker(Protocol):
    def __call__(self, request: Mapping[str, Any], *, environment: Mapping[str, str] = ...) -> Events: ...


@pytest.fixture(scope="session")
def write_model() -> WriteModel:
    """Writes a model of two nodes whose input has the given shape."""

    def write(
        path: Path,
        *,
        shape: tuple[int | str | None, ...] = ("batch", 3, 8, 8),
        element_type: int = TensorProto.FLOAT,
        operator: str = "Identity",
    ) -> Path:
        nodes = [helper.make_node(operator, ["x"], ["h"], name="first"), helper.make_node("Identity", ["h"], ["y"])]
        graph = helper.make_graph(
            nodes,
            "two_nodes",
            [helper.make_tensor_value_info("x", element_type, shape)],
            [helper.make_tensor_value_info("y", element_type, shape)],
        )
        onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
        return path

    return write


@pytest.fixture(scope="session")
def write_convolutions() -> Callable[[Path], Path]:
    """Writes a model with a convolution of each kind, a pool and a dense layer."""

    def write(path: Path) -> Path:
        def weights(name: str, *shape: int) -> onnx.TensorProto:
            count = 1
            for size in shape:
                count *= size
            return helper.make_tensor(name, TensorProto.FLOAT, shape, [0.01 * (i % 7 - 3) for i in range(count)])

        nodes = [
            helper.make_node("Conv", ["x", "w0"], ["a"], name="convolution", pads=[1, 1, 1, 1]),
            helper.make_node("Relu", ["a"], ["b"], name="relu"),
            helper.make_node("Conv", ["b", "w1"], ["c"], name="grouped", pads=[1, 1, 1, 1], group=8),
            helper.make_node("Conv", ["c", "w2"], ["d"], name="pointwise"),
            helper.make_node("GlobalAveragePool", ["d"], ["e"], name="pool"),
            helper.make_node("Flatten", ["e"], ["f"], name="flatten"),
            helper.make_node("Gemm", ["f", "w3"], ["y"], name="dense"),
        ]
        graph = helper.make_graph(
            nodes,
            "convolutions",
            [helper.make_tensor_value_info("x", TensorProto.FLOAT, ("batch", 3, 16, 16))],
            [helper.make_tensor_value_info("y", TensorProto.FLOAT, ("batch", 10))],
            [weights("w0", 8, 3, 3, 3), weights("w1", 8, 1, 3, 3), weights("w2", 16, 8, 1, 1), weights("w3", 16, 10)],
        )
        onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
        return path

    return write


@pytest.fixture
def run_worker(tmp_path: Path) -> RunWorker:
    """Runs a worker process to its end, as the server starts it, and hands back its events."""

    def run(request: Mapping[str, Any], *, environment: Mapping[str, str] = os.environ) -> Events:
        read_fd, write_fd = os.pipe()
        with open(read_fd, encoding="utf-8") as events:
            worker = subprocess.Popen(
                [sys.executable, "-m", "edgeprof_agent.worker.main", str(write_fd)],
                stdin=subprocess.PIPE,
                pass_fds=[write_fd],
                cwd=tmp_path,
                env=environment,
            )
            os.close(write_fd)
            with worker:
                assert worker.stdin is not None
                worker.stdin.write(json.dumps(request).encode() + b"\n")
                worker.stdin.close()
                received = [json.loads(line) for line in events]
        assert worker.returncode == 0
        return received

    return run


@pytest.fixture(scope="session")
def write_gather() -> Callable[[Path], Path]:
    """Writes a model that loads and whose runs fail: it asks a table of one row for its tenth."""

    def write(path: Path) -> Path:
        graph = helper.make_graph(
            [helper.make_node("Add", ["x", "ten"], ["i"]), helper.make_node("Gather", ["table", "i"], ["y"])],
            "gather",
            [helper.make_tensor_value_info("x", TensorProto.INT64, (1,))],
            [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
            [
                helper.make_tensor("ten", TensorProto.INT64, (1,), [10]),
                helper.make_tensor("table", TensorProto.FLOAT, (1, 2), [0.0, 0.0]),
            ],
        )
        onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
        return path

    return write


@pytest.fixture
def fake_system(tmp_path: Path) -> FakeSystem:
    """A file tree with a systemd of our own."""
    return make_fake_system(tmp_path)

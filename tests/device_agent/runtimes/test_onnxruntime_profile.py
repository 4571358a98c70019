import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
from device_agent.models.onnx_models import body_of, input_of, model_of, saved
from onnx import TensorProto, helper

from edgeprof_agent.runtimes.onnxruntime_profile import count_nodes, read_runs, time_nodes

RUN_COUNT = 3


@pytest.fixture
def write_profile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Runs a model without graph optimisation, and hands back the profile of `RUN_COUNT` runs."""
    monkeypatch.chdir(tmp_path)

    def write(path: Path, **inputs: Any) -> Path:
        options = onnxruntime.SessionOptions()
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
        options.enable_profiling = True
        session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        for _ in range(RUN_COUNT):
            session.run(None, inputs)
        return Path(session.end_profiling())

    return write


def test_nodes_are_counted_by_provider(
    tmp_path: Path, write_convolutions: Callable[[Path], Path], write_profile: Callable[..., Path]
) -> None:
    path = write_convolutions(tmp_path / "model.onnx")
    profile_path = write_profile(path, x=np.ones((1, 3, 16, 16), np.float32))
    assert count_nodes(profile_path) == {"CPUExecutionProvider": 7}

    lines = profile_path.read_text().splitlines(keepends=True)
    lines = [
        line.replace("CPUExecutionProvider", "SomeExecutionProvider") if '"dense_kernel_time"' in line else line
        for line in lines
    ]
    profile_path.write_text("".join(lines))
    assert count_nodes(profile_path) == {"CPUExecutionProvider": 6, "SomeExecutionProvider": 1}


def test_times_are_those_of_the_runs_behind_the_warm_up(
    tmp_path: Path, write_convolutions: Callable[[Path], Path], write_profile: Callable[..., Path]
) -> None:
    profile_path = write_profile(write_convolutions(tmp_path / "model.onnx"), x=np.ones((1, 3, 16, 16), np.float32))
    runs = list(read_runs(profile_path))
    assert len(runs) == RUN_COUNT
    operators = time_nodes(profile_path)
    names = ["convolution", "relu", "grouped", "pointwise", "pool", "flatten", "dense"]
    assert [item.name for item in operators] == names
    assert [item.shapes for item in operators][-3:] == [("1x16x1x1",), ("1x16",), ("1x10",)]
    for position, item in enumerate(operators):
        times_us = [run[position].duration_us for run in runs[1:]]
        assert item.time_ms == pytest.approx(sum(times_us) / len(times_us) / 1_000)


def _loop(folder: Path) -> Path:
    body = body_of(
        [
            helper.make_node("Identity", ["condition"], ["go_on"], name="go_on"),
            helper.make_node("MatMul", ["value", "value"], ["next"], name="product"),
        ],
        [
            input_of("iteration", (), TensorProto.INT64),
            input_of("condition", (), TensorProto.BOOL),
            input_of("value", (64, 64)),
        ],
        ("go_on", TensorProto.BOOL),
        ("next", TensorProto.FLOAT),
    )
    loop = helper.make_node("Loop", ["count", "", "x"], ["y"], body=body, name="loop")
    count = np.array(200, np.int64)
    return saved(model_of([input_of("x", (64, 64))], [loop], count=count), folder)


def test_the_time_of_a_loop_is_given_to_the_nodes_within(tmp_path: Path, write_profile: Callable[..., Path]) -> None:
    profile_path = write_profile(_loop(tmp_path), x=np.eye(64, dtype=np.float32))
    times_ms = {item.name: item.time_ms for item in time_nodes(profile_path)}
    assert times_ms.keys() == {"loop", "go_on", "product"}
    events = json.loads(profile_path.read_text())
    of_body_ms = {
        name: sum(event["dur"] for event in events if event["name"] == f"{name}_kernel_time") / 1_000
        for name in ("go_on", "product")
    }
    assert all(0 < times_ms[name] <= of_body_ms[name] for name in of_body_ms)
    runs_ms = [event["dur"] / 1_000 for event in events if event["name"] == "model_run"]
    assert sum(times_ms.values()) <= sum(runs_ms[1:]) / (RUN_COUNT - 1)


def test_a_profile_that_was_cut_off_is_no_profile(
    tmp_path: Path, write_convolutions: Callable[[Path], Path], write_profile: Callable[..., Path]
) -> None:
    profile_path = write_profile(write_convolutions(tmp_path / "model.onnx"), x=np.ones((1, 3, 16, 16), np.float32))
    profile_path.write_text(profile_path.read_text()[:-200])
    with pytest.raises(ValueError):
        time_nodes(profile_path)

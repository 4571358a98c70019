import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
from onnx import TensorProto

from edgeprof_agent.errors import ModelRejectedError, RunFailedError, SettingNotSupportedError
from edgeprof_agent.runtimes.contract import RuntimeContract
from edgeprof_agent.runtimes.onnxruntime import GRAPH_OPTIMIZATIONS, OnnxRuntime, count_nodes, generate_inputs
from edgeprof_proto.records.job_spec import Setting

SETTING = Setting(runtime="onnxruntime")
WriteModel = Callable[..., Path]


class TestOnnxRuntime(RuntimeContract):
    @pytest.fixture(autouse=True)
    def _models(self, write_convolutions: Callable[[Path], Path]) -> None:
        self._write = write_convolutions

    def make_runtime(self) -> OnnxRuntime:
        return OnnxRuntime()

    def write_model(self, folder: Path) -> Path:
        return self._write(folder / "model.onnx")


def _signature(path: Path) -> Any:
    return onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"]).get_inputs()


def test_a_provider_that_runs_models_elsewhere_is_not_offered() -> None:
    info = OnnxRuntime().describe()
    assert info is not None
    assert info.providers == ("CPUExecutionProvider",)


@pytest.mark.parametrize("level", list(GRAPH_OPTIMIZATIONS))
def test_every_level_of_graph_optimization_loads_and_is_reported(
    level: str, tmp_path: Path, write_convolutions: Callable[[Path], Path]
) -> None:
    setting = Setting(runtime="onnxruntime", options={"graph_optimization": level}, thread_count=2, batch_size=3)
    model = OnnxRuntime().load(write_convolutions(tmp_path / "model.onnx"), setting, input_seed=0)
    model.run_once()
    assert model.setting.options == {"graph_optimization": level}


@pytest.mark.parametrize(
    ("element_type", "expected"),
    [
        (TensorProto.FLOAT, "float32"),
        (TensorProto.FLOAT16, "float16"),
        (TensorProto.DOUBLE, "float64"),
        (TensorProto.INT64, "int64"),
        (TensorProto.INT8, "int8"),
        (TensorProto.UINT8, "uint8"),
        (TensorProto.BOOL, "bool"),
    ],
)
def test_inputs_follow_the_signature_and_the_seed(
    element_type: int, expected: str, tmp_path: Path, write_model: WriteModel
) -> None:
    path = write_model(tmp_path / "model.onnx", element_type=element_type, shape=("batch", 40))
    first = generate_inputs(_signature(path), 3, seed=1)["x"]
    assert first.shape == (3, 40)
    assert first.dtype == expected
    assert np.array_equal(first, generate_inputs(_signature(path), 3, seed=1)["x"])
    assert not np.array_equal(first, generate_inputs(_signature(path), 3, seed=2)["x"])
    OnnxRuntime().load(path, SETTING, input_seed=1).run_once()


def test_generated_integers_are_indices_of_any_table_of_two_rows(tmp_path: Path, write_model: WriteModel) -> None:
    path = write_model(tmp_path / "model.onnx", element_type=TensorProto.INT64, shape=(1, 100))
    assert set(generate_inputs(_signature(path), 1, seed=0)["x"].ravel().tolist()) == {0, 1}


def test_a_scalar_input_is_generated(tmp_path: Path, write_model: WriteModel) -> None:
    OnnxRuntime().load(write_model(tmp_path / "model.onnx", shape=()), SETTING, input_seed=0).run_once()


@pytest.mark.parametrize(("name", "told"), [("width", "width"), (None, "unnamed")])
def test_an_open_dimension_beyond_the_first_is_rejected_by_name(
    name: str | None, told: str, tmp_path: Path, write_model: WriteModel
) -> None:
    path = write_model(tmp_path / "model.onnx", shape=("batch", 3, 8, name))
    with pytest.raises(ModelRejectedError, match=rf"input 'x' leaves dimension 3 \({told}\) open"):
        OnnxRuntime().load(path, SETTING, input_seed=0)


def test_an_input_of_text_is_rejected(tmp_path: Path, write_model: WriteModel) -> None:
    path = write_model(tmp_path / "model.onnx", element_type=TensorProto.STRING, shape=(1,))
    with pytest.raises(ModelRejectedError, match=r"input 'x' is a tensor\(string\)"):
        OnnxRuntime().load(path, SETTING, input_seed=0)


def test_a_fixed_batch_must_be_asked_for(tmp_path: Path, write_model: WriteModel) -> None:
    path = write_model(tmp_path / "model.onnx", shape=(4, 3))
    with pytest.raises(SettingNotSupportedError, match="first dimension of input 'x' to 4, batch_size is 1"):
        OnnxRuntime().load(path, SETTING, input_seed=0)
    OnnxRuntime().load(path, Setting(runtime="onnxruntime", batch_size=4), input_seed=0).run_once()


def test_an_unknown_operator_is_rejected_by_name(tmp_path: Path, write_model: WriteModel) -> None:
    path = write_model(tmp_path / "model.onnx", operator="NoSuchOperator")
    with pytest.raises(ModelRejectedError, match="NoSuchOperator"):
        OnnxRuntime().load(path, SETTING, input_seed=0)


def test_a_missing_file_is_rejected(tmp_path: Path) -> None:
    with pytest.raises(ModelRejectedError):
        OnnxRuntime().load(tmp_path / "absent.onnx", SETTING, input_seed=0)


def test_a_run_that_fails_is_told_in_one_line(tmp_path: Path, write_gather: Callable[[Path], Path]) -> None:
    model = OnnxRuntime().load(write_gather(tmp_path / "model.onnx"), SETTING, input_seed=0)
    with pytest.raises(RunFailedError, match="indices element out of data bounds") as caught:
        model.run_once()
    assert "\n" not in str(caught.value)


def test_nodes_are_counted_by_provider_from_the_runtimes_own_profile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write_convolutions: Callable[[Path], Path]
) -> None:
    monkeypatch.chdir(tmp_path)
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.enable_profiling = True
    path = write_convolutions(tmp_path / "model.onnx")
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    for _ in range(3):
        session.run(None, generate_inputs(session.get_inputs(), 1, seed=0))
    profile_path = Path(session.end_profiling())
    assert count_nodes(profile_path) == {"CPUExecutionProvider": 7}

    events = json.loads(profile_path.read_text())
    for event in events:
        if event["name"].startswith("dense"):
            event["args"]["provider"] = "SomeExecutionProvider"
    profile_path.write_text(json.dumps(events))
    assert count_nodes(profile_path) == {"CPUExecutionProvider": 6, "SomeExecutionProvider": 1}


def test_counting_nodes_leaves_no_profile_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write_convolutions: Callable[[Path], Path]
) -> None:
    model = OnnxRuntime().load(write_convolutions(tmp_path / "model.onnx"), SETTING, input_seed=0)
    work_dir = tmp_path / "work"
    work_dir.mkdir()
    monkeypatch.chdir(work_dir)
    assert model.count_nodes()
    assert list(work_dir.iterdir()) == []

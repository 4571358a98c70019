import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import onnx
import onnxruntime
import pytest
from device_agent.models.onnx_models import fixed_to
from onnx.reference import ReferenceEvaluator

from edgeprof_agent.errors import ModelRejectedError, RunFailedError
from edgeprof_agent.runtimes.base import LoadedModel
from edgeprof_agent.runtimes.contract import RuntimeContract
from edgeprof_agent.runtimes.generated_inputs import generate_inputs
from edgeprof_agent.runtimes.onnxruntime import GRAPH_OPTIMIZATIONS, OnnxRuntime, count_nodes
from edgeprof_proto.records.job_spec import Setting
from edgeprof_proto.shared.onnx_graph import read_model

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

    def write_fixed_model(self, folder: Path) -> Path:
        return fixed_to(3, self._write(folder / "model.onnx"))

    def outputs_of(self, model: LoadedModel) -> Sequence[Any]:
        # One run, as the timed loop makes it.
        outputs: Sequence[Any] = model._run(None, model._feeds)  # type: ignore[attr-defined]
        return outputs

    def reference_outputs(self, folder: Path) -> Sequence[Any]:
        outputs: Sequence[Any] = ReferenceEvaluator(onnx.load(folder / "model.onnx")).run(
            None, _inputs(folder / "model.onnx")
        )
        return outputs


def _inputs(path: Path, *, batch_size: int = 1, seed: int = 0) -> Any:
    return generate_inputs(read_model(path), batch_size, seed)[0]


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
        session.run(None, _inputs(path))
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

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from device_agent.models.onnx_models import fixed_to, input_of, model_of, saved
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator

from edgeprof_agent.errors import ModelRejectedError, RunFailedError
from edgeprof_agent.runtimes.base import LoadedModel
from edgeprof_agent.runtimes.contract import RuntimeContract
from edgeprof_agent.runtimes.generated_inputs import generate_inputs
from edgeprof_agent.runtimes.onnxruntime import GRAPH_OPTIMIZATIONS, OnnxRuntime
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


def test_counting_and_timing_nodes_leaves_no_profile_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write_convolutions: Callable[[Path], Path]
) -> None:
    model = OnnxRuntime().load(write_convolutions(tmp_path / "model.onnx"), SETTING, input_seed=0)
    work_dir = tmp_path / "work"
    work_dir.mkdir()
    monkeypatch.chdir(work_dir)
    assert model.count_nodes() and model.time_operators()
    assert list(work_dir.iterdir()) == []


def test_operators_are_timed_in_runs_of_their_own(tmp_path: Path, write_convolutions: Callable[[Path], Path]) -> None:
    model = OnnxRuntime().load(write_convolutions(tmp_path / "model.onnx"), SETTING, input_seed=0)
    model.run_once()
    counts = model.count_nodes()
    operators = model.time_operators()
    assert len(operators) == counts["CPUExecutionProvider"]
    assert {item.provider for item in operators} == {"CPUExecutionProvider"}
    assert sum(item.share for item in operators) == pytest.approx(1)
    convolutions = [item for item in operators if item.type == "Conv"]
    assert len(convolutions) == 3 and all(item.time_ms > 0 for item in convolutions)
    # Layouts with blocks of channels have more of these.
    assert all(item.shapes[0].endswith("x16x16") for item in convolutions)
    assert operators[-1].shapes == ("1x10",)
    # The counts may be remembered from another worker, and the times taken again.
    assert len(model.time_operators()) == len(operators)


def test_the_graph_of_a_model_whose_runs_fail_is_told(tmp_path: Path) -> None:
    """It has the shapes that the run got to."""
    nodes = [
        helper.make_node("Add", ["x", "ten"], ["i"]),
        helper.make_node("Gather", ["table", "i"], ["a"]),
        helper.make_node("Relu", ["a"], ["y"]),
    ]
    constants = {"ten": np.array([10]), "table": np.ones((1, 2), np.float32)}
    path = saved(model_of([input_of("x", (1,), TensorProto.INT64)], nodes, **constants), tmp_path)
    graph = OnnxRuntime().load(path, SETTING, input_seed=0).read_graph()
    assert graph is not None and not graph.is_shaped_by_run
    assert [node.type for node in graph.nodes] == ["Add", "Gather", "Relu"]
    tensors = {tensor.name: tensor for tensor in graph.tensors}
    assert (tensors["i"].sizes, tensors["i"].element_type, tensors["y"].has_sizes) == ((1,), "int64", False)
    assert (tensors["table"].sizes, tensors["table"].constant_bytes) == ((1, 2), 8)


@pytest.mark.parametrize("level", list(GRAPH_OPTIMIZATIONS))
def test_every_node_of_the_graph_has_its_time_at_every_level(
    level: str, tmp_path: Path, write_convolutions: Callable[[Path], Path]
) -> None:
    setting = Setting(runtime="onnxruntime", options={"graph_optimization": level})
    model = OnnxRuntime().load(write_convolutions(tmp_path / "model.onnx"), setting, input_seed=0)
    graph = model.read_graph()
    assert graph is not None
    operators = model.time_operators()
    assert sorted(item.node_index for item in operators if item.node_index is not None) == list(range(len(graph.nodes)))
    for item in operators:
        assert item.node_index is not None
        written = [graph.tensors[index] for index in graph.nodes[item.node_index].outputs]
        assert item.shapes == tuple("x".join(map(str, tensor.sizes)) for tensor in written)

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from device_agent.runtimes.confined import measure_confined, measurement_of
from device_agent.runtimes.tflite_models import (
    float_reference,
    write_float_network,
    write_lookup,
    write_quantised_network,
)

from edgeprof_agent.errors import ModelRejectedError, SettingNotSupportedError
from edgeprof_agent.isolation.plan import TFLITE_DELEGATES_VARIABLE
from edgeprof_agent.runtimes.contract import RuntimeContract
from edgeprof_agent.runtimes.litert import LiteRt
from edgeprof_agent.runtimes.tflite_interpreter import BUILTIN, XNNPACK
from edgeprof_agent.runtimes.tflite_nodes import Node, count_nodes, precision_of
from edgeprof_proto.records.job_spec import Setting
from edgeprof_proto.records.measurement import VerdictKind


class TestLiteRt(RuntimeContract):
    def make_runtime(self) -> LiteRt:
        return LiteRt()

    def write_model(self, folder: Path) -> Path:
        return write_float_network(folder / "model.tflite")[0]


def _load(path: Path, **fields: Any) -> Any:
    return LiteRt().load(path, Setting(runtime="litert", **fields), input_seed=0)


def _outputs(model: Any) -> np.ndarray[Any, Any]:
    model.run_once()
    return np.array(model._interpreter.get_tensor(model._outputs[0]))


@pytest.mark.parametrize("provider", [XNNPACK, BUILTIN])
def test_outputs_are_those_of_float32_at_the_batch_size_asked_for(provider: str, tmp_path: Path) -> None:
    path, weights = write_float_network(tmp_path / "model.tflite")
    model = _load(path, provider=provider, batch_size=3)
    expected = float_reference(weights, model._feeds[0][1])
    assert expected.shape == (3, 10)
    assert np.abs(_outputs(model) - expected).max() < 1e-5 * np.abs(expected).max()
    assert model.setting.precision == "float32"
    assert model.count_nodes() == {provider: 4}
    assert model.is_node_count_derived


def test_the_version_names_the_package() -> None:
    info = LiteRt().describe()
    assert info is not None and info.version is not None
    assert info.version.startswith("ai-edge-litert ")
    assert info.providers[-1] == XNNPACK


def test_nodes_that_xnnpack_left_are_counted_apart(tmp_path: Path) -> None:
    model = _load(write_quantised_network(tmp_path / "model.tflite"))
    model.run_once()
    assert model.setting.precision == "int8"
    assert model.count_nodes() == {XNNPACK: 2, BUILTIN: 1}
    assert model.inputs[0].element_type == "int8"
    with pytest.raises(SettingNotSupportedError, match="the model computes in int8"):
        _load(tmp_path / "model.tflite", precision="float32")


def test_a_quantised_node_that_xnnpack_left_makes_the_verdict_fallback(tmp_path: Path) -> None:
    content = write_quantised_network(tmp_path / "model.tflite").read_bytes()
    measurement = measurement_of(measure_confined(content, Setting(runtime="litert"), tmp_path / "agent"))
    assert measurement.verdict.kind is VerdictKind.FALLBACK
    assert measurement.is_node_count_derived
    builtin = Setting(runtime="litert", provider=BUILTIN)
    measurement = measurement_of(measure_confined(content, builtin, tmp_path / "agent"))
    assert measurement.verdict.kind is not VerdictKind.FALLBACK


def test_ids_are_generated_all_over_the_table_that_they_index(tmp_path: Path) -> None:
    model: Any = LiteRt().load(
        write_lookup(tmp_path / "m.tflite", row_count=5_000), Setting(runtime="litert"), input_seed=0
    )
    model.run_once()
    ((_, ids),) = model._feeds
    assert ids.shape == (1, 64) and ids.min() < 1_000 and ids.max() >= 4_000
    assert model.inputs[0].highest_value == 4_999


def test_a_fixed_batch_is_kept(tmp_path: Path) -> None:
    path, _ = write_float_network(tmp_path / "model.tflite", batch=1)
    assert _load(path).inputs[0].sizes == (1, 16, 16, 3)
    with pytest.raises(SettingNotSupportedError, match="batch_size"):
        _load(path, batch_size=2)


def test_a_file_that_is_cut_off_is_rejected_in_one_sentence(tmp_path: Path) -> None:
    path, _ = write_float_network(tmp_path / "model.tflite")
    content = path.read_bytes()
    for length in (0, 3, 8, 100, len(content) - 400):
        path.write_bytes(content[:length])
        with pytest.raises(ModelRejectedError) as caught:
            _load(path)
        assert "\n" not in str(caught.value)


def test_delegates_are_offered_only_where_the_owner_names_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    library = tmp_path / "libdelegate.so"
    library.write_bytes(b"no library")
    path, _ = write_float_network(tmp_path / "model.tflite")
    with pytest.raises(SettingNotSupportedError, match="choose from: xnnpack, builtin-cpu"):
        _load(path, provider="npu")
    monkeypatch.setenv(TFLITE_DELEGATES_VARIABLE, f"npu={library},speed=full")
    info = LiteRt().describe()
    assert info is not None and info.providers == ("npu", BUILTIN, XNNPACK)
    assert _load(path).setting.provider == XNNPACK
    with pytest.raises(SettingNotSupportedError, match=f"'npu' cannot be loaded from {library}"):
        _load(path, provider="npu")


@pytest.mark.parametrize("text", ["npu", "npu=relative.so", "n p u=/a.so", "npu=/no/such/file.so", "npu=/a.so,speed"])
def test_a_wrong_list_of_delegates_is_told_in_the_description(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(TFLITE_DELEGATES_VARIABLE, text)
    info = LiteRt().describe()
    assert info is not None and info.unavailable_reason is not None
    assert TFLITE_DELEGATES_VARIABLE in info.unavailable_reason


def test_what_a_delegate_took_follows_from_the_graph() -> None:
    nodes = [
        Node("CONV_2D", (0, 9), (1,), ("float32", "int8")),
        Node("ADD", (1, -1), (2,), ("float32",)),
        Node("CONV_2D", (2, 9), (3,), ("float32", "float32")),
        Node("RELU", (2,), (4,), ("float32",)),
        Node("DELEGATE", (0, 9), (2,), ("float32",)),
    ]
    # The first two are the delegate's, and nothing needs the last.
    assert count_nodes(nodes, [3], provider="npu", builtin=BUILTIN) == {"npu": 2, BUILTIN: 1}
    assert count_nodes(nodes[:4], [3, 4], provider=BUILTIN, builtin=BUILTIN) == {BUILTIN: 4}


@pytest.mark.parametrize(
    ("types", "precision"),
    [
        (("float32", "float32"), "float32"),
        (("float32", "int8"), "int8"),
        (("int8", "int8"), "int8"),
        (("int16", "int8"), "int16"),
        (("float16", "float16"), "float16"),
    ],
)
def test_the_precision_is_that_of_most_convolutions(types: tuple[str, ...], precision: str) -> None:
    nodes = [Node("CONV_2D", (0, 1), (2,), types), Node("SOFTMAX", (2,), (3,), ("float32",))]
    assert precision_of(nodes, ["float32"]) == precision
    assert precision_of(nodes[1:], ["uint8"]) == "int8"

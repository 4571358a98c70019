import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import openvino
import pytest
from device_agent.models.onnx_models import input_of, model_of, saved
from device_agent.runtimes.confined import measure_confined, measurement_of
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

from edgeprof_agent.errors import ModelRejectedError, SettingNotSupportedError
from edgeprof_agent.runtimes.contract import RuntimeContract
from edgeprof_agent.runtimes.openvino import OpenVinoRuntime
from edgeprof_agent.runtimes.openvino_messages import error_text
from edgeprof_proto.records.job_spec import Setting

SETTING = Setting(runtime="openvino")
WriteConvolutions = Callable[[Path], Path]


class TestOpenVino(RuntimeContract):
    @pytest.fixture(autouse=True)
    def _models(self, write_convolutions: WriteConvolutions) -> None:
        self._write = write_convolutions

    def make_runtime(self) -> OpenVinoRuntime:
        return OpenVinoRuntime()

    def write_model(self, folder: Path) -> Path:
        return self._write(folder / "model.onnx")


def _load(path: Path, **fields: Any) -> Any:
    return OpenVinoRuntime().load(path, Setting(runtime="openvino", **fields), input_seed=0)


def _outputs(model: Any) -> np.ndarray[Any, Any]:
    return np.array(model._compiled(model._feeds)[0])


@pytest.fixture
def network(tmp_path: Path) -> Path:
    """A convolution and a dense layer whose outputs tell float32 from bfloat16."""
    generator = np.random.default_rng(0)
    nodes = [
        helper.make_node("Conv", ["x", "w0"], ["a"], pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["a"], ["b"]),
        helper.make_node("Flatten", ["b"], ["c"]),
        helper.make_node("Gemm", ["c", "w1"], ["y"]),
    ]
    weights = {
        "w0": generator.standard_normal((8, 3, 3, 3)).astype(np.float32),
        "w1": generator.standard_normal((8 * 8 * 8, 10)).astype(np.float32),
    }
    return saved(model_of([input_of("x", ("batch", 3, 8, 8))], nodes, **weights), tmp_path)


def _reference(path: Path, model: Any) -> np.ndarray[Any, Any]:
    result: np.ndarray[Any, Any] = ReferenceEvaluator(onnx.load(path)).run(None, {"x": model._feeds[0]})[0]
    return result


def _difference(path: Path, model: Any) -> float:
    expected = _reference(path, model)
    return float(np.abs(_outputs(model) - expected).max() / np.abs(expected).max())


def test_outputs_are_those_of_float32_where_the_setting_leaves_the_precision_open(network: Path) -> None:
    model = _load(network)
    assert model.setting.precision == "float32"
    assert _difference(network, model) < 1e-5
    assert [item.name for item in model.inputs] == ["x"]


def test_bfloat16_is_offered_where_the_processor_keeps_it_and_changes_the_outputs(network: Path) -> None:
    info = OpenVinoRuntime().describe()
    assert info is not None
    capabilities = openvino.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    # AVX-512 without instructions for bfloat16 is no such capability, and the engine computes in it all the same.
    assert "BF16" not in capabilities or "bfloat16" in info.precisions
    for precision in set(info.precisions) - {"float32", "int8"}:
        model = _load(network, precision=precision)
        assert model.setting.precision == precision
        assert 1e-5 < _difference(network, model) < 0.05


def test_threads_are_read_back_and_more_than_there_are_cores_refused(network: Path) -> None:
    assert _load(network, thread_count=1).setting.thread_count == 1
    with pytest.raises(SettingNotSupportedError, match=r"99 were asked for.*ask for thread_count \d"):
        _load(network, thread_count=99)


def test_executed_nodes_are_counted_without_constants_inputs_and_outputs(
    tmp_path: Path, write_convolutions: WriteConvolutions
) -> None:
    model = _load(write_convolutions(tmp_path / "model.onnx"))
    model.run_once()
    counts = model.count_nodes()
    # Three convolutions (the first with its ReLU), a reduction and a dense layer; reorders depend on the processor.
    assert counts.keys() == {"CPU"}
    assert 5 <= counts["CPU"] <= 7


def test_operators_are_timed_in_runs_of_their_own(network: Path) -> None:
    model = _load(network)
    model.run_once()
    count = model.count_nodes()["CPU"]
    operators = model.time_operators()
    assert len(operators) == count
    assert sum(item.share for item in operators) == pytest.approx(1)
    convolution = next(item for item in operators if item.type == "Convolution")
    assert convolution.shapes == ("1x8x8x8",) and convolution.time_ms > 0 and convolution.provider == "CPU"
    # The counts may be remembered from another worker.
    assert _load(network).time_operators()


def test_graph_tells_a_function_that_was_joined_into_a_convolution_under_the_name_of_what_multiplies_by_it(
    tmp_path: Path,
) -> None:
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["a"], pads=[1, 1, 1, 1]),
        helper.make_node("Sigmoid", ["a"], ["s"]),
        helper.make_node("Mul", ["a", "s"], ["b"]),
        helper.make_node("Conv", ["b", "w"], ["c"], pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["c"], ["y"]),
    ]
    weights = np.random.default_rng(0).standard_normal((3, 3, 3, 3)).astype(np.float32)
    graph = _load(saved(model_of([input_of("x", ("batch", 3, 8, 8))], nodes, w=weights), tmp_path)).read_graph()
    joined = [
        attribute.texts
        for node in graph.nodes
        if node.type == "Convolution"
        for attribute in node.attributes
        if attribute.name == "fused"
    ]
    assert joined == [("Convolution", "Multiply", "Sigmoid"), ("Convolution", "Relu")]


def _quantised(folder: Path) -> Path:
    """A convolution of 8-bit integers: QuantizeLinear and DequantizeLinear on its input and its weights."""
    generator = np.random.default_rng(0)
    scales = {"zero": np.array(128, np.uint8), "none": np.zeros((), np.int8)}
    scales |= {"scale": np.array(0.02, np.float32), "one": np.array(0.01, np.float32)}
    weights = generator.integers(-127, 128, (8, 8, 3, 3)).astype(np.int8)
    nodes = [
        helper.make_node("QuantizeLinear", ["x", "scale", "zero"], ["xq"]),
        helper.make_node("DequantizeLinear", ["xq", "scale", "zero"], ["xd"]),
        helper.make_node("DequantizeLinear", ["w", "one", "none"], ["wd"]),
        helper.make_node("Conv", ["xd", "wd"], ["y"], pads=[1, 1, 1, 1]),
    ]
    return saved(model_of([input_of("x", ("batch", 8, 8, 8))], nodes, w=weights, **scales), folder)


def test_a_quantised_file_computes_in_int8_and_no_other_precision_is_reported_for_it(
    tmp_path: Path, network: Path
) -> None:
    folder = tmp_path / "quantised"
    folder.mkdir()
    path = _quantised(folder)
    assert _load(path).setting.precision == "int8"
    assert _load(path, precision="int8").setting.precision == "int8"
    with pytest.raises(SettingNotSupportedError, match="quantised and computes in int8"):
        _load(path, precision="float32")
    with pytest.raises(SettingNotSupportedError, match="QuantizeLinear"):
        _load(network, precision="int8")


def test_ir_is_read_with_the_weights_beside_it_and_gives_the_same_outputs(network: Path, tmp_path: Path) -> None:
    folder = tmp_path / "ir"
    folder.mkdir()
    openvino.save_model(openvino.Core().read_model(network), folder / "model.xml", compress_to_fp16=False)
    model = _load(folder / "model.xml", batch_size=2)
    assert model.setting.batch_size == 2
    assert _difference(network, model) < 1e-5
    (folder / "model.bin").unlink()
    with pytest.raises(ModelRejectedError) as caught:
        _load(folder / "model.xml")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("content", [b"\x08\x08\x12", b"<?xml version='1.0'?>\n<net name='a'", b"TFL3", b"7767517\n"])
def test_damaged_files_are_rejected_in_one_sentence_that_names_no_source(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "model"
    path.write_bytes(content)
    with pytest.raises(ModelRejectedError) as caught:
        _load(path)
    assert "\n" not in str(caught.value) and ".cpp" not in str(caught.value)


def test_an_operator_that_openvino_lacks_is_named(tmp_path: Path) -> None:
    model = model_of([input_of("x", (1, 3))], [helper.make_node("NoSuchOperator", ["x"], ["y"])])
    with pytest.raises(ModelRejectedError, match="NoSuchOperator"):
        _load(saved(model, tmp_path))


def test_inputs_of_tables_are_generated_as_for_other_runtimes(tmp_path: Path) -> None:
    table = numpy_helper.from_array(np.ones((50, 4), np.float32), "table")
    graph = helper.make_graph(
        [helper.make_node("Gather", ["table", "ids"], ["y"])],
        "table",
        [input_of("ids", (1, 7), TensorProto.INT64)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [table],
    )
    imports = [helper.make_opsetid("", 17)]
    model = _load(saved(helper.make_model(graph, ir_version=8, opset_imports=imports), tmp_path))
    model.run_once()
    assert model.inputs[0].highest_value == 49


def test_telemetry_is_not_imported(network: Path) -> None:
    _load(network)
    assert sys.modules.get("openvino_telemetry") is None


def test_messages_are_short_and_without_places() -> None:
    said = error_text(RuntimeError("Exception from src/a.cpp:84:\nCheck 'x == 1' failed at src/b.cpp:5:\nNo node.\n\n"))
    assert said == "No node."
    assert error_text(RuntimeError("")) == "RuntimeError"


def test_model_is_measured_in_a_confined_worker(network: Path, tmp_path: Path) -> None:
    measurement = measurement_of(measure_confined(network.read_bytes(), SETTING, tmp_path / "agent"))
    assert measurement.setting.precision == "float32"
    assert measurement.setting.thread_count == 1
    assert [item.provider for item in measurement.node_counts] == ["CPU"]
    assert not measurement.is_node_count_derived


def test_ids_of_an_ir_model_are_generated_all_over_the_table_that_they_index(tmp_path: Path) -> None:
    ids = openvino.opset13.parameter([1, 64], np.int64, name="ids")
    flat = openvino.opset13.reshape(ids, np.array([-1]), special_zero=False)
    table = np.arange(20_000, dtype=np.float32).reshape(5_000, 4)
    found = openvino.opset13.gather(table, flat, np.array(0))
    network = openvino.Model([found], [ids])
    openvino.save_model(network, tmp_path / "model.xml", compress_to_fp16=False)
    model = _load(tmp_path / "model.xml")
    (given,) = model._feeds
    assert given.min() < 1_000 and given.max() >= 4_000
    assert model.inputs[0].highest_value == 4_999
    assert np.array_equal(_outputs(model), table[given[0]])

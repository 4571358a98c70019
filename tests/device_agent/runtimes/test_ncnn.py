import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from device_agent.runtimes.ncnn_models import PARAM, reference, write_network

from edgeprof_agent.errors import ModelRejectedError, SettingNotSupportedError
from edgeprof_agent.models.signature import InputSignature
from edgeprof_agent.runtimes.contract import RuntimeContract
from edgeprof_agent.runtimes.given_inputs import GivenInputs
from edgeprof_agent.runtimes.ncnn import NcnnRuntime
from edgeprof_agent.runtimes.ncnn_layers import weights_of
from edgeprof_agent.runtimes.ncnn_param import Layer
from edgeprof_proto.records.job_spec import Setting


class TestNcnn(RuntimeContract):
    batch_size = 1
    has_batch = False

    def make_runtime(self) -> NcnnRuntime:
        return NcnnRuntime()

    def write_model(self, folder: Path) -> Path:
        return write_network(folder)[0]


def _load(path: Path, **fields: Any) -> Any:
    return NcnnRuntime().load(path, Setting(runtime="ncnn", **fields), input_seed=0)


def _runtime_given(**shapes: tuple[int, ...]) -> NcnnRuntime:
    runtime = NcnnRuntime()
    runtime.given_inputs = GivenInputs(shapes)
    return runtime


def _difference(model: Any, weights: dict[str, Any]) -> float:
    extractor = model._net.create_extractor()
    for name, values in model._inputs:
        extractor.input(name, values)
    _, result = extractor.extract("out0")
    expected = reference(weights, model._feeds["in0"])
    return float(np.abs(np.array(result) - expected).max() / np.abs(expected).max())


def test_outputs_are_those_of_float32_where_the_setting_leaves_the_precision_open(tmp_path: Path) -> None:
    path, weights = write_network(tmp_path)
    model = _load(path)
    model.run_once()
    assert model.setting.precision == "float32"
    assert _difference(model, weights) < 1e-5
    assert model.inputs[0].sizes == (3, 16, 16)
    assert model.count_nodes() == {"cpu": 3}
    assert model.is_node_count_derived


def test_described_precisions_change_the_outputs(tmp_path: Path) -> None:
    path, weights = write_network(tmp_path)
    info = NcnnRuntime().describe()
    assert info is not None and info.precisions[0] == "float32"
    for precision in set(info.precisions) - {"float32", "int8"}:
        model = _load(path, precision=precision)
        assert model.setting.precision == precision
        assert 1e-5 < _difference(model, weights) < 0.05


def test_threads_are_read_back(tmp_path: Path) -> None:
    assert _load(write_network(tmp_path)[0], thread_count=2).setting.thread_count == 2


def test_a_batch_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingNotSupportedError, match="one input at a time"):
        _load(write_network(tmp_path)[0], batch_size=2)


def test_int8_is_only_for_quantised_files(tmp_path: Path) -> None:
    path, _ = write_network(tmp_path)
    with pytest.raises(SettingNotSupportedError, match="ncnn2int8"):
        _load(path, precision="int8")
    quantised = PARAM.replace("6=216", "6=216 8=2").replace("2=20480", "2=20480 8=2")
    write_network(tmp_path, param=quantised)
    with pytest.raises(SettingNotSupportedError, match="quantised and computes in int8"):
        _load(path, precision="float32")


def test_an_input_without_sizes_is_rejected(tmp_path: Path) -> None:
    path, _ = write_network(tmp_path, param=PARAM.replace(" 0=16 1=16 2=3", ""))
    with pytest.raises(ModelRejectedError, match="'in0' declares no shape"):
        _load(path)


def test_the_manifest_tells_the_sizes_with_a_batch_of_one(tmp_path: Path) -> None:
    path, weights = write_network(tmp_path, param=PARAM.replace(" 0=16 1=16 2=3", ""))
    runtime = NcnnRuntime()
    runtime.model_inputs = (InputSignature("in0", "float32", (1, 3, 16, 16)),)
    model: Any = runtime.load(path, Setting(runtime="ncnn"), input_seed=0)
    model.run_once()
    assert model.inputs[0].sizes == (1, 3, 16, 16)
    assert _difference(model, weights) < 1e-5
    runtime.model_inputs = (InputSignature("in0", "float32", (3, 16, 16)),)
    with pytest.raises(ModelRejectedError, match="must begin with a batch of 1"):
        runtime.load(path, Setting(runtime="ncnn"), input_seed=0)


@pytest.mark.parametrize("shape", [(1, 3, 16, 16), (3, 16, 16)])
def test_a_shape_of_the_hosts_may_begin_with_a_batch_of_one(shape: tuple[int, ...], tmp_path: Path) -> None:
    path, weights = write_network(tmp_path, param=PARAM.replace(" 0=16 1=16 2=3", ""))
    model: Any = _runtime_given(in0=shape).load(path, Setting(runtime="ncnn"), input_seed=0)
    model.run_once()
    assert model._feeds["in0"].shape == (3, 16, 16)
    assert _difference(model, weights) < 1e-5


@pytest.mark.parametrize("shape", [(16, 16), (2, 3, 16, 16), (1, 1, 3, 16, 16)])
def test_a_shape_that_the_first_layer_does_not_take_is_refused(shape: tuple[int, ...], tmp_path: Path) -> None:
    path, _ = write_network(tmp_path, param=PARAM.replace(" 0=16 1=16 2=3", ""))
    with pytest.raises(SettingNotSupportedError, match="which the layer Convolution reads: it takes 3 sizes"):
        _runtime_given(in0=shape).load(path, Setting(runtime="ncnn"), input_seed=0)


def test_ids_are_generated_all_over_the_table_that_they_index(tmp_path: Path) -> None:
    path = tmp_path / "model.param"
    path.write_text("7767517\n2 2\nInput in0 0 1 in0\nEmbed table 1 1 in0 out0 0=4 1=5000 2=0 3=20000\n")
    table = np.arange(20_000, dtype=np.float32).reshape(5_000, 4)
    path.with_suffix(".bin").write_bytes(struct.pack("I", 0) + table.tobytes())
    model: Any = _runtime_given(in0=(1, 64)).load(path, Setting(runtime="ncnn"), input_seed=0)
    ids = model._feeds["in0"]
    assert ids.dtype == np.int32 and ids.shape == (64,) and ids.min() < 1_000 and ids.max() >= 4_000
    assert model.inputs[0].highest_value == 4_999
    extractor = model._net.create_extractor()
    extractor.input("in0", model._inputs[0][1])
    assert np.array_equal(np.array(extractor.extract("out0")[1]), table[ids])


def test_the_graph_has_shapes_weights_and_attributes(tmp_path: Path) -> None:
    graph = _load(write_network(tmp_path)[0]).read_graph()
    assert graph.is_derived and graph.is_shaped_by_run and graph.is_complete
    convolution = graph.nodes[0]
    assert [graph.tensors[index].sizes for index in convolution.inputs] == [(3, 16, 16), (8, 3, 3, 3)]
    assert graph.tensors[convolution.inputs[1]].constant_bytes == 4 * 8 * 27
    assert convolution.attribute("kernel_shape").integers == (3, 3)
    assert [node.provider for node in graph.nodes] == ["cpu"] * 3


ORDERS = "7767517\n3 3\nInput in0 0 1 in0 0=4 1=3 2=2\nSplit s 1 1 in0 a\nPermute p 1 1 a out0 0={order}\n"


@pytest.mark.parametrize("order", range(6))
def test_a_permutation_is_told_as_onnx_tells_it(order: int, tmp_path: Path) -> None:
    path = tmp_path / "model.param"
    path.write_text(ORDERS.format(order=order))
    path.with_suffix(".bin").write_bytes(b"")
    (node,), tensors = (graph := _load(path).read_graph()).nodes, graph.tensors
    before, after = (tensors[index].sizes for index in (*node.inputs, *node.outputs))
    assert before == (2, 3, 4)
    assert after == tuple(before[axis] for axis in node.attribute("perm").integers)


@pytest.mark.parametrize(
    ("kind", "parameters", "expected"),
    [
        ("ConvolutionDepthWise", "0=8 1=3 11=5 3=2 6=120 7=8", [(8, 1, 5, 3)]),
        ("Convolution1D", "0=8 1=3 6=48", [(8, 2, 3)]),
        ("Convolution", "0=8 1=3 6=216 19=1", []),
        ("InnerProduct", "0=8 2=32", [(8, 4)]),
        ("Embed", "0=4 1=50 3=200", [(50, 4)]),
        ("LSTM", "0=5 1=120 2=0", [(1, 20, 6), (1, 20, 5)]),
        ("GRU", "0=5 1=180 2=2", [(2, 15, 6), (2, 15, 5)]),
        ("Gemm", "4=0 5=1 3=1 8=6 9=7", [(6, 7)]),
        ("MultiHeadAttention", "0=8 1=2 2=64", [(8, 8)] * 4),
        ("BatchNorm", "0=8", [(8,)] * 4),
        ("InnerProduct", "0=0 2=32", []),
        ("ReLU", "", []),
    ],
)
def test_shapes_of_weights_follow_from_the_parameters(
    kind: str, parameters: str, expected: list[tuple[int, ...]]
) -> None:
    pairs = dict(word.split("=") for word in parameters.split())
    assert weights_of(Layer(kind, "layer", ("a",), ("b",), pairs)) == expected


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        ("ReLU relu", "Rectifier relu", "no layer of the type 'Rectifier'"),
        ("1 1 a b", "1 1 a", "names fewer blobs"),
        ("ReLU relu 1 1", "ReLU relu one 1", "is no ncnn model"),
        ("ReLU relu 1 1 a b\n", "", "cannot read model"),
        (PARAM, "text\n", "cannot read model"),
        (PARAM, "", "cannot read model"),
    ],
)
def test_a_damaged_param_file_is_rejected_in_one_sentence(old: str, new: str, text: str, tmp_path: Path) -> None:
    path, _ = write_network(tmp_path, param=PARAM.replace(old, new))
    with pytest.raises(ModelRejectedError, match=text) as caught:
        _load(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("length", [0, 3, 1_000])
def test_weights_that_are_cut_off_or_missing_are_rejected(length: int, tmp_path: Path) -> None:
    path, _ = write_network(tmp_path)
    weights = path.with_suffix(".bin")
    weights.write_bytes(weights.read_bytes()[:length])
    with pytest.raises(ModelRejectedError, match="cut off"):
        _load(path)
    weights.unlink()
    with pytest.raises(ModelRejectedError, match=r"model\.bin must lie beside model\.param"):
        _load(path)

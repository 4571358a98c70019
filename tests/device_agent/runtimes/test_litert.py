from pathlib import Path
from typing import Any

import flatbuffers
import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from device_agent.runtimes.confined import measure_confined, measurement_of
from device_agent.runtimes.tflite_models import (
    OPERATORS,
    OPTIONS,
    TfliteModel,
    float_reference,
    write_float_network,
    write_lookup,
    write_quantised_network,
)

from edgeprof_agent.errors import ModelRejectedError, SettingNotSupportedError
from edgeprof_agent.isolation.plan import TFLITE_DELEGATES_VARIABLE
from edgeprof_agent.runtimes.contract import RuntimeContract
from edgeprof_agent.runtimes.litert import LiteRt
from edgeprof_agent.runtimes.tflite_file import ACTIVATION_FIELDS, ACTIVATIONS, NUMBERS, SCALARS
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


def _values(node: Any) -> dict[str, Any]:
    return {item.name: item.integers or " ".join(item.texts) for item in node.attributes}


def test_the_graph_has_shapes_of_the_batch_weights_and_attributes(tmp_path: Path) -> None:
    path, _ = write_float_network(tmp_path / "model.tflite")
    graph = _load(path, batch_size=3).read_graph()
    assert graph.is_derived and not graph.is_shaped_by_run
    assert [node.type for node in graph.nodes] == ["CONV_2D", "DEPTHWISE_CONV_2D", "MEAN", "FULLY_CONNECTED"]
    shapes = [[graph.tensors[index].sizes for index in (*node.inputs, *node.outputs)] for node in graph.nodes]
    assert shapes[0] == [(3, 16, 16, 3), (8, 3, 3, 3), (8,), (3, 16, 16, 8)]
    assert shapes[2] == [(3, 16, 16, 8), (2,), (3, 8)]
    weights = graph.tensors[graph.nodes[0].inputs[1]]
    assert weights.constant_bytes == 8 * 27 * 4 and weights.element_type == "float32"
    first, second, third, _ = map(_values, graph.nodes)
    assert first["strides"] == first["dilations"] == (1, 1) and first["activation"] == "Relu"
    assert second["group"] == (8,) and third["axes"] == (1, 2)


def test_the_graph_says_which_kernels_run_a_node(tmp_path: Path) -> None:
    path = write_quantised_network(tmp_path / "model.tflite")
    for provider, expected in ((XNNPACK, [XNNPACK, BUILTIN, XNNPACK]), (BUILTIN, [BUILTIN] * 3)):
        graph = _load(path, provider=provider).read_graph()
        assert [node.kernel for node in graph.nodes] == [node.provider for node in graph.nodes] == expected
        assert [node.precision for node in graph.nodes] == ["int8", "", "int8"]


def test_weights_that_are_unpacked_once_are_constants(tmp_path: Path) -> None:
    model = TfliteModel()
    x, y = model.tensor("x", (1, 4)), model.tensor("y", (1, 2))
    packed = model.constant("w", np.ones((2, 4), np.float16))
    unpacked = model.tensor("", (2, 4))
    model.operator(OPERATORS.DEQUANTIZE, (packed,), (unpacked,))
    options = schema.FullyConnectedOptionsT()
    options.fusedActivationFunction = schema.ActivationFunctionType.RELU6
    model.operator(OPERATORS.FULLY_CONNECTED, (x, unpacked, -1), (y,), options, OPTIONS.FullyConnectedOptions)
    graph = _load(model.write(tmp_path / "model.tflite", inputs=(x,), outputs=(y,))).read_graph()
    dense = graph.nodes[1]
    assert [graph.tensors[index].constant_bytes for index in dense.inputs[:2]] == [None, 32] and dense.inputs[2] == -1
    assert _values(dense) == {"activation": "Relu6"}


def test_the_fields_of_options_are_those_of_the_schema() -> None:
    def field(options: str, name: str) -> int:
        builder = flatbuffers.Builder(0)
        getattr(schema, f"{options}Start")(builder)
        getattr(schema, f"{options}Add{name}")(builder, name == "AdjY" or 2)  # no field has it as its default
        return next(index for index, offset in enumerate(builder.current_vtable) if offset)

    for kind, prefix in (("CONV_2D", "Conv2DOptions"), ("DEPTHWISE_CONV_2D", "DepthwiseConv2DOptions"),
                         ("CONV_3D", "Conv3DOptions")):  # fmt: skip
        axes = ("D", "H", "W")[-len(NUMBERS[kind]["strides"]) :]
        assert NUMBERS[kind]["strides"] == tuple(field(prefix, f"Stride{axis}") for axis in axes)
        assert NUMBERS[kind]["dilations"] == tuple(field(prefix, f"Dilation{axis}Factor") for axis in axes)
        assert ACTIVATION_FIELDS[kind] == field(prefix, "FusedActivationFunction")
    pooling = NUMBERS["MAX_POOL_2D"]
    assert pooling["strides"] == (field("Pool2DOptions", "StrideH"), field("Pool2DOptions", "StrideW"))
    assert pooling["kernel_shape"] == (field("Pool2DOptions", "FilterHeight"), field("Pool2DOptions", "FilterWidth"))
    assert NUMBERS["TRANSPOSE_CONV"]["strides"] == (
        field("TransposeConvOptions", "StrideH"), field("TransposeConvOptions", "StrideW"))  # fmt: skip
    for name, prefix in {"MAX_POOL_2D": "Pool2DOptions", "FULLY_CONNECTED": "FullyConnectedOptions",
                         "CONCATENATION": "ConcatenationOptions", "ADD": "AddOptions", "MUL": "MulOptions",
                         "TRANSPOSE_CONV": "TransposeConvOptions", "UNIDIRECTIONAL_SEQUENCE_RNN": "SequenceRNNOptions",
                         "UNIDIRECTIONAL_SEQUENCE_LSTM": "UnidirectionalSequenceLSTMOptions"}.items():  # fmt: skip
        assert ACTIVATION_FIELDS[name] == field(prefix, "FusedActivationFunction"), name
    for name, (prefix, member, attribute) in {
        "CONCATENATION": ("ConcatenationOptions", "Axis", "axis"), "GATHER": ("GatherOptions", "Axis", "axis"),
        "PACK": ("PackOptions", "Axis", "axis"), "UNPACK": ("UnpackOptions", "Axis", "axis"),
        "BATCH_MATMUL": ("BatchMatMulOptions", "AdjY", "transB"),
    }.items():  # fmt: skip
        assert SCALARS[name][attribute][0] == field(prefix, member), name
    kinds = schema.ActivationFunctionType
    assert ACTIVATIONS[kinds.RELU6] == "Relu6" and ACTIVATIONS[kinds.TANH] == "Tanh"


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

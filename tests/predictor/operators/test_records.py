from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest

from edgeprof_predictor.errors import GraphError
from edgeprof_predictor.operators.classes import OperatorClass
from edgeprof_predictor.operators.graph import Graph, Node, Tensor
from edgeprof_predictor.operators.records import OperatorRecord, records_of


def record_of(engine: str, **fields: Any) -> OperatorRecord:
    for name in ("inputs", "outputs", "weights"):
        if name in fields:
            fields[name] = tuple(Tensor(shape) for shape in fields[name])
    (record,) = records_of(Graph(engine=engine, nodes=(Node(name="node", **fields),)))
    return record


def test_a_convolution_of_onnx_runtime_by_hand() -> None:
    record = record_of(
        "onnxruntime",
        type="Conv",
        kernel="com.microsoft.nchwc",
        inputs=[(1, 16, 32, 32)],
        outputs=[(1, 32, 16, 16)],
        weights=[(32, 16, 3, 3), (32,)],
        attributes={"kernel_shape": (3, 3), "strides": (2, 2), "group": (1,), "activation": "Relu"},
    )
    assert record.operator_class is OperatorClass.CONVOLUTION
    assert record.tag == "Conv nchwc"
    assert record.sizes.flops == pytest.approx(2 * 32 * 16 * 16 * 16 * (47 / 16) ** 2)
    assert record.sizes.activation_bytes == 4 * (16 * 32 * 32 + 32 * 16 * 16)
    assert record.sizes.weight_bytes == 4 * 32 * 16 * 9
    assert (record.sizes.reduction, record.sizes.channels, record.sizes.positions) == (144, 32, 256)
    assert (record.sizes.kernel, record.sizes.stride, record.sizes.fused) == (9, 4, 2)


@pytest.mark.parametrize(
    ("outputs", "weights", "group", "expected"),
    [
        ((1, 16, 8, 8), (16, 16, 1, 1), 1, OperatorClass.POINTWISE),
        ((1, 16, 8, 8), (16, 1, 3, 3), 16, OperatorClass.DEPTHWISE),
        ((1, 16, 8, 8), (16, 4, 3, 3), 4, OperatorClass.GROUPED),
    ],
)
def test_the_class_of_a_convolution_is_told_by_groups_and_kernel(
    outputs: tuple[int, ...], weights: tuple[int, ...], group: int, expected: OperatorClass
) -> None:
    record = record_of(
        "onnxruntime",
        type="FusedConv",
        inputs=[(1, 16, 8, 8)],
        outputs=[outputs],
        weights=[weights],
        attributes={"group": (group,)},
    )
    assert record.operator_class is expected


def test_a_grouped_convolution_of_openvino_is_told_by_its_weights_alone() -> None:
    record = record_of(
        "openvino",
        type="Convolution",
        kernel="brgconv_avx512_dw_f32",
        inputs=[(1, 8, 12, 12)],
        outputs=[(1, 8, 12, 12)],
        weights=[(8, 1, 1, 3, 3)],
    )
    assert record.operator_class is OperatorClass.DEPTHWISE
    assert record.tag == "Convolution brgconv_dw_f32"
    assert record.sizes.flops == pytest.approx(2 * 8 * 144 * (34 / 12) ** 2)


def test_a_quantised_convolution_with_channels_last_is_read_with_channels_first() -> None:
    record = record_of(
        "onnxruntime",
        type="QLinearConv",
        inputs=[(1, 8, 8, 16)],
        outputs=[(1, 8, 8, 32)],
        weights=[(), (), (32, 16, 1, 1), (), ()],
        attributes={"channels_last": (1,), "kernel_shape": (1, 1)},
    )
    assert record.operator_class is OperatorClass.POINTWISE
    assert (record.sizes.reduction, record.sizes.channels, record.sizes.positions) == (16, 32, 64)


def test_a_convolution_of_tensorflow_lite_is_read_with_channels_first() -> None:
    record = record_of(
        "tflite", type="CONV_2D", inputs=[(1, 32, 32, 3)], outputs=[(1, 16, 16, 8)], weights=[(8, 3, 3, 3)]
    )
    assert record.sizes.flops == pytest.approx(2 * 8 * 256 * 3 * (47 / 16) ** 2)
    assert record.operator_class is OperatorClass.CONVOLUTION


def test_a_depthwise_convolution_of_tensorflow_lite() -> None:
    record = record_of(
        "tflite", type="DEPTHWISE_CONV_2D", inputs=[(1, 8, 8, 6)], outputs=[(1, 8, 8, 6)], weights=[(1, 3, 3, 6)]
    )
    assert record.operator_class is OperatorClass.DEPTHWISE
    assert record.sizes.flops == pytest.approx(2 * 6 * 64 * (22 / 8) ** 2)


def test_a_matrix_product_with_weights_counts_the_batch_as_rows() -> None:
    record = record_of("onnx", type="MatMul", inputs=[(2, 50, 64)], outputs=[(2, 50, 128)], weights=[(64, 128)])
    assert record.operator_class is OperatorClass.DENSE
    assert record.sizes.flops == 2 * 100 * 64 * 128
    assert (record.sizes.positions, record.sizes.groups, record.sizes.reduction) == (100, 1, 64)


def test_a_product_of_activations_has_its_batch_as_groups() -> None:
    record = record_of("onnx", type="MatMul", inputs=[(1, 4, 50, 16), (1, 4, 16, 50)], outputs=[(1, 4, 50, 50)])
    assert record.operator_class is OperatorClass.MATRIX
    assert record.sizes.flops == 2 * 4 * 50 * 50 * 16
    assert (record.sizes.positions, record.sizes.groups) == (50, 4)


def test_a_recurrent_layer_reads_its_weights_at_each_step() -> None:
    record = record_of(
        "onnxruntime",
        type="LSTM",
        inputs=[(100, 1, 64)],
        outputs=[(100, 1, 1, 128)],
        weights=[(1, 512, 64), (1, 512, 128), (1, 1024)],
        attributes={"hidden_size": (128,), "direction": "bidirectional"},
    )
    weights = 512 * 64 + 512 * 128 + 1024
    assert record.operator_class is OperatorClass.RECURRENT
    assert record.sizes.weight_bytes == 4 * weights * 100
    assert record.sizes.steps == 200
    assert record.sizes.flops == 2 * weights * 100


@pytest.mark.parametrize(("order", "run"), [((0, 2, 1, 3), 8), ((0, 1, 3, 2), 1), ((0, 1, 2, 3), 2 * 3 * 4 * 8)])
def test_the_run_of_a_transpose_is_what_stays_together(order: tuple[int, ...], run: int) -> None:
    record = record_of(
        "onnx", type="Transpose", inputs=[(2, 3, 4, 8)], outputs=[(2, 4, 3, 8)], attributes={"perm": order}
    )
    assert record.sizes.run == run


def test_a_sum_of_unequal_shapes_repeats_one_of_them() -> None:
    assert record_of("onnx", type="Add", inputs=[(1, 8, 4), (1, 8, 4)], outputs=[(1, 8, 4)]).operator_class is (
        OperatorClass.ELEMENTWISE
    )
    assert record_of("onnx", type="Add", inputs=[(1, 8, 4)], outputs=[(1, 8, 4)], weights=[(4,)]).operator_class is (
        OperatorClass.BROADCAST
    )


def test_identical_operators_are_one_record_with_a_count_and_their_mean_time() -> None:
    node = {"type": "Relu", "inputs": (Tensor((1, 8)),), "outputs": (Tensor((1, 8)),)}
    graph = Graph(
        engine="onnx",
        nodes=(
            Node(name="a", window_us=(3.0,), **node),  # type: ignore[arg-type]
            Node(name="b", window_us=(5.0,), **node),  # type: ignore[arg-type]
        ),
    )
    (record,) = records_of(graph)
    assert (record.count, record.names) == (2, ("a", "b"))
    assert record.time_us == pytest.approx(4.5)  # half a microsecond is what whole microseconds cut off


def test_times_are_scaled_to_the_latency_after_the_profilers_own_is_subtracted() -> None:
    nodes = tuple(
        Node(name=name, type=type_, outputs=(Tensor((size,)),), window_us=(time,))
        for name, type_, size, time in (("a", "Relu", 10, 9.5), ("b", "Softmax", 20, 29.5))
    )
    records = records_of(Graph(engine="onnx", nodes=nodes), latency_us=36.0)
    assert [record.time_us for record in records] == pytest.approx([8.0, 28.0])
    records = records_of(Graph(engine="onnx", nodes=nodes), latency_us=80.0)
    assert [record.time_us for record in records] == pytest.approx([20.0, 60.0])


def test_times_are_those_of_the_windows_that_nothing_disturbed() -> None:
    windows = {"a": (20.0, 8.0, 9.0, 30.0, 20.0), "b": (30.0, 10.0, 9.0, 10.0, 10.0)}
    nodes = tuple(
        Node(name=name, type=type_, outputs=(Tensor((10,)),), window_us=windows[name])
        for name, type_ in (("a", "Relu"), ("b", "Softmax"))
    )
    assert [record.time_us for record in records_of(Graph(engine="onnx", nodes=nodes))] == [9.0, 10.0]


def test_what_openvino_does_not_execute_takes_no_time() -> None:
    nodes = (
        Node(name="a", type="Reshape", outputs=(Tensor((8,)),)),
        Node(name="b", type="Reorder", inputs=(Tensor((1, 72, 1, 1)),), outputs=(Tensor((1, 72, 1, 1)),)),
        Node(name="c", type="Softmax", inputs=(Tensor((8, 8)),), outputs=(Tensor((8, 8)),)),
    )
    assert [record.names for record in records_of(Graph(engine="openvino", nodes=nodes))] == [("c",)]


@pytest.mark.parametrize("engine", ["onnx", "onnxruntime", "openvino", "tflite", "an engine of tomorrow"])
@pytest.mark.parametrize(
    "type_",
    [
        *("Conv", "Convolution", "CONV_2D", "DEPTHWISE_CONV_2D", "MatMul", "LSTM", "RNNSeq", "Transpose", "Softmax"),
        *("MaxPool", "Pooling", "Concat", "Split", "ConvTranspose", "Deconvolution", "ReduceMean", "Gather"),
        *("Attention", "Whatever"),
    ],
)
def test_a_node_of_which_nothing_is_reported_is_a_finite_record(engine: str, type_: str) -> None:
    for shapes in ((), ((),), ((0,),), ((1, 0, 3),), ((2**40, 200),)):
        tensors = tuple(Tensor(shape) for shape in shapes)
        node = Node(name="x", type=type_, inputs=tensors, outputs=tensors, weights=tensors)
        for record in records_of(Graph(engine=engine, nodes=(node,))):
            assert math.isfinite(record.guess_us) and record.guess_us >= 1
            assert all(math.isfinite(value) for value in record.features())


def test_a_type_that_no_table_holds_is_told() -> None:
    record = record_of("onnxruntime", type="MyCustomOp", outputs=[(8,)])
    assert record.operator_class is OperatorClass.OTHER and not record.is_known


@pytest.mark.parametrize(
    "refused",
    [
        lambda: Tensor((-1,)),
        lambda: Tensor((2**60,)),
        lambda: Tensor((1,) * 99),
        lambda: Node(name="a", type="C" * 5000),
        lambda: Node(name="a", type="Conv", window_us=(math.nan,)),
        lambda: Node(name="a", type="Conv", window_us=(-1.0,)),
        lambda: Graph(engine="onnx", nodes=(Node(name="a", type="Conv", sources=(0,)),)),
    ],
)
def test_what_no_engine_runs_is_no_graph(refused: Callable[[], object]) -> None:
    with pytest.raises(GraphError) as caught:
        refused()
    assert "\n" not in str(caught.value)

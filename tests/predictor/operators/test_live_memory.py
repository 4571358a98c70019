from __future__ import annotations

import pytest

from edgeprof_predictor.errors import GraphError
from edgeprof_predictor.operators.graph import Graph, Node, Tensor
from edgeprof_predictor.operators.live_memory import LiveMemory, live_memory_of

KIB = 1024
KILOBYTE = Tensor((256,))
IMAGE = Tensor((1, 1, 16, 16))


def node(
    *sources: int, kind: str = "Relu", value: Tensor = KILOBYTE, outputs: int = 1, weights: tuple[Tensor, ...] = ()
) -> Node:
    return Node(
        name="x",
        type=kind,
        inputs=(value,) * max(len(sources), 1),
        outputs=(value,) * outputs,
        weights=weights,
        sources=sources,
    )


def activation_kib(*nodes: Node) -> float:
    return live_memory_of(Graph(engine="onnx", nodes=nodes)).activation_bytes / KIB


def test_in_a_chain_the_input_of_the_model_and_two_values_are_alive() -> None:
    assert activation_kib(node(-1), node(0), node(1), node(2)) == 3


def test_a_value_that_is_read_again_later_stays() -> None:
    assert activation_kib(node(-1), node(0), node(1), node(0, 2, kind="Add")) == 4


def test_outputs_of_the_model_stay_to_the_end() -> None:
    assert activation_kib(node(-1), node(-1), node(-1)) == 4


def test_a_view_adds_nothing_and_keeps_what_it_shows() -> None:
    view = node(0, kind="Reshape")
    assert activation_kib(node(-1), view) == 2
    assert activation_kib(node(-1), view, node(-1), node(2), node(1, 3, kind="Add")) == 4


def test_a_graph_that_tells_no_sources_is_a_chain() -> None:
    assert activation_kib(node(), node(), node()) == activation_kib(node(-1), node(0), node(1))


def test_an_input_that_several_operators_read_counts_once_and_all_outputs_of_one_operator_count() -> None:
    assert activation_kib(node(-1, outputs=3)) == 4
    assert activation_kib(node(-1), node(-1, 0, kind="Add")) == 3


def test_weights_of_convolutions_stand_apart() -> None:
    convolution = Node(
        name="c", type="Conv", inputs=(IMAGE,), outputs=(IMAGE,), weights=(Tensor((1, 1, 3, 3)),), sources=(-1,)
    )
    product = node(0, kind="MatMul", weights=(Tensor((256, 4)), Tensor((8,), "int8")))
    need = live_memory_of(Graph(engine="onnx", nodes=(convolution, product)))
    assert (need.convolution_bytes, need.weight_bytes) == (36, 4 * KIB + 8)


def test_numbers_that_are_none_of_bytes_are_refused() -> None:
    for bad in (-1.0, float("nan"), float("inf"), 2.0**61):
        with pytest.raises(GraphError, match="must be in"):
            LiveMemory.from_parts([0.0, bad, 0.0])

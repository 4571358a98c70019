from __future__ import annotations

import pytest

from edgeprof_predictor.errors import GraphError
from edgeprof_predictor.operators.graph import Graph, Node, Tensor
from edgeprof_predictor.operators.reuse import reuse_bytes

KILOBYTE = Tensor((256,))


def node(*sources: int, weights: tuple[Tensor, ...] = ()) -> Node:
    return Node(
        name="x",
        type="Relu",
        inputs=(KILOBYTE,) * max(len(sources), 1),
        outputs=(KILOBYTE,),
        weights=weights,
        sources=sources,
    )


def test_in_a_chain_the_input_is_as_old_as_the_operator_before() -> None:
    graph = Graph(engine="onnx", nodes=(node(-1), node(0), node(1, weights=(KILOBYTE,) * 3), node(2)))
    assert reuse_bytes(graph, [False] * 4) == [1024, 1024, 1024, 4 * 1024]


def test_an_input_from_further_back_is_older() -> None:
    graph = Graph(engine="onnx", nodes=(node(-1), node(0), node(1), node(0)))
    assert reuse_bytes(graph, [False] * 4)[-1] == 3 * 1024


def test_a_view_is_as_old_as_what_it_shows() -> None:
    graph = Graph(engine="onnx", nodes=(node(-1), node(0), node(0), node(2)))
    assert reuse_bytes(graph, [False, False, True, False])[-1] == 2 * 1024


def test_without_sources_the_operator_before_is_taken() -> None:
    graph = Graph(engine="onnx", nodes=(node(), node(), node()))
    assert reuse_bytes(graph, [False] * 3) == [1024, 1024, 1024]


def test_a_node_that_reads_from_a_later_one_is_refused() -> None:
    with pytest.raises(GraphError, match="does not run before it"):
        Graph(engine="onnx", nodes=(node(1), node(0)))

"""Graphs are bounded at both ends, whatever the file of a stranger says."""

import dataclasses
from typing import Any

import pytest

from edgeprof_proto.records.graph import GraphAttribute, GraphNode, GraphTensor, OptimizedGraph
from edgeprof_proto.records.measurement import OperatorTime
from edgeprof_proto.records.validation import RecordError

NODE = GraphNode(name="a", type="Conv", inputs=(0, -1), outputs=(1,))
TENSORS = (GraphTensor(name="x"), GraphTensor(name="y"))
GRAPH = OptimizedGraph(nodes=(NODE,), tensors=TENSORS, inputs=(0,), outputs=(1,), node_count=1)


@pytest.mark.parametrize(
    ("record", "fields", "message"),
    [
        (GRAPH, {"nodes": (NODE,) * 10_001, "node_count": 10_001}, "graph.nodes must be 10000 at most"),
        (GRAPH, {"tensors": TENSORS * 25_001}, "graph.tensors must be 50000 at most"),
        (GRAPH, {"node_count": 0}, "node_count must be >= the 1 nodes"),
        (GRAPH, {"tensors": TENSORS[:1]}, "positions of tensors in a graph must be -1 to 0"),
        (GRAPH, {"inputs": (-2,)}, "positions of tensors"),
        (GRAPH, {"outputs": (2,)}, "positions of tensors"),
        (NODE, {"inputs": (0,) * 1_001}, "graph.nodes.inputs must be 1000 at most"),
        (NODE, {"type": "x" * 201}, "200 characters at most"),
        (NODE, {"attributes": (GraphAttribute(name="a"),) * 33}, "32 at most, got 33"),
        (GraphAttribute(name="a"), {"integers": (1,) * 33}, "32 values at most"),
        (GraphAttribute(name="a"), {"texts": ("x" * 201,)}, "200 characters at most"),
        (TENSORS[0], {"sizes": (1,) * 33}, "32 sizes of -1 or more at most"),
        (TENSORS[0], {"sizes": (-2,)}, "sizes of -1 or more"),
        (TENSORS[0], {"constant_bytes": -1}, "constant_bytes must be >= 0"),
        (OperatorTime(name="a", type="b", time_ms=1, share=1), {"window_ms": (1.0,) * 101}, "100 at most"),
        (OperatorTime(name="a", type="b", time_ms=1, share=1), {"window_ms": (float("nan"),)}, "finite"),
    ],
)
def test_a_field_outside_its_bounds_is_refused(record: Any, fields: dict[str, Any], message: str) -> None:
    with pytest.raises(RecordError, match=message):
        dataclasses.replace(record, **fields)


def test_a_graph_that_is_too_large_says_so() -> None:
    assert GRAPH.is_complete
    assert not dataclasses.replace(GRAPH, node_count=20_000).is_complete


def test_an_attribute_is_found_by_its_name() -> None:
    node = dataclasses.replace(NODE, attributes=(GraphAttribute(name="strides", integers=(2, 2)),))
    found = node.attribute("strides")
    assert found is not None and found.integers == (2, 2)
    assert node.attribute("perm") is None

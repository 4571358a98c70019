import pytest

from edgeprof_agent.runtimes.graph_builder import MAX_GRAPH_BYTES, GraphBuilder, byte_count
from edgeprof_proto.record_json import to_json
from edgeprof_proto.records.graph import LEFT_OUT, MAX_NODE_COUNT


def test_tensors_are_told_once_and_those_that_nobody_reads_not_at_all() -> None:
    builder = GraphBuilder()
    builder.add_tensor("x", element_type="float32", sizes=(1, 3))
    builder.add_tensor("w", element_type="int8", sizes=(3, 5), is_constant=True)
    builder.add_tensor("unused", element_type="float32", sizes=(9,), is_constant=True)
    builder.add_node("a", "MatMul", ["x", "w"], ["y"])
    builder.add_node("b", "Clip", ["y", "", "x"], ["z"], attributes={"axis": 1, "pads": [0, 1], "mode": "edge"})
    graph = builder.build(["x"], ["z"])
    assert [tensor.name for tensor in graph.tensors] == ["x", "z", "w", "y"]
    assert [tensor.constant_bytes for tensor in graph.tensors] == [None, None, 15, None]
    assert graph.nodes[1].inputs == (3, LEFT_OUT, 0)
    values = {item.name: item.integers or item.texts for item in graph.nodes[1].attributes}
    assert values == {"axis": (1,), "pads": (0, 1), "mode": ("edge",)}


@pytest.mark.parametrize("name_length", [1, 200])
def test_what_is_too_large_is_counted_and_left_out(name_length: int) -> None:
    builder = GraphBuilder()
    count = MAX_NODE_COUNT + 10
    for index in range(count):
        builder.add_node("n" * name_length, "Relu", [f"t{index}"], [f"t{index + 1}"])
    graph = builder.build(["t0"], [f"t{count}"])
    assert graph.node_count == count
    assert not graph.is_complete and len(graph.nodes) > 1_000
    assert len(str(to_json(graph))) < 1.2 * MAX_GRAPH_BYTES


def test_texts_and_numbers_of_strangers_are_cut_to_what_a_record_holds() -> None:
    builder = GraphBuilder()
    builder.add_tensor("x", element_type="e" * 500, sizes=(2**70, -5))
    builder.add_tensor("deep", sizes=(1,) * 40)
    attributes = {f"a{index}": [2**70] * 40 for index in range(50)}
    builder.add_node("\ud800" * 300, "t" * 300, ["x"] * 2_000, ["deep"], attributes=attributes)
    graph = builder.build(["x"], ["deep"])
    (node,) = graph.nodes
    assert (len(node.name), len(node.type), len(node.inputs), len(node.attributes)) == (200, 200, 1_000, 32)
    assert node.attributes[0].integers == (2**63 - 1,) * 32
    assert [(tensor.sizes, tensor.has_sizes) for tensor in graph.tensors] == [((2**63 - 1, -1), True), ((), False)]


@pytest.mark.parametrize(
    ("element_type", "sizes", "expected"),
    [
        ("float32", (2, 3), 24),
        ("float16", (), 2),
        ("int4", (3,), 2),
        ("bool", (5,), 5),
        ("float8e4m3fn", (5,), 5),
        ("bfloat16", (5,), 10),
        ("string", (5,), 0),
        ("float32", (-1, 3), 0),
        ("float32", None, 0),
    ],
)
def test_sizes_of_constants_follow_from_type_and_shape(
    element_type: str, sizes: tuple[int, ...] | None, expected: int
) -> None:
    assert byte_count(element_type, sizes) == expected

"""The walk through an ONNX file holds its bounds, whatever the file says."""

import time

import pytest
from onnx import TensorProto, helper

from edgeprof_proto.shared.onnx_fields import BYTES, FIXED_64, NAME_BYTES, VARINT, ModelContentError, integers_of
from edgeprof_proto.shared.onnx_graph import ATTRIBUTE_LIMIT, parse_model
from edgeprof_proto.shared.onnx_precision import PRECISIONS, precision_of
from edgeprof_proto.shared.onnx_tensors import DIMENSION_LIMIT


def _varint(value: int) -> bytes:
    encoded = b""
    while value >= 0x80:
        encoded += bytes([value & 0x7F | 0x80])
        value >>= 7
    return encoded + bytes([value])


def _field(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | BYTES) + _varint(len(content)) + content


def _model_with(tensor: bytes) -> memoryview:
    return memoryview(_field(7, _field(5, tensor)))


def _tensor(*dimension_fields: bytes, element_type: int = TensorProto.FLOAT) -> bytes:
    return b"".join(dimension_fields) + _varint(2 << 3) + _varint(element_type) + _field(8, b"w")


def test_one_number_and_a_packed_list_are_read_alike() -> None:
    minus_one = 2**64 - 1
    assert integers_of(VARINT, 5, memoryview(b""), limit=3) == [5]
    assert integers_of(VARINT, minus_one, memoryview(b""), limit=3) == [-1]
    packed = memoryview(b"".join(map(_varint, (1, 300, minus_one, 2**63, 4))))
    assert integers_of(BYTES, 0, packed, limit=5) == [1, 300, -1, -(2**63), 4]
    assert integers_of(BYTES, 0, packed, limit=2) == [1, 300]
    assert integers_of(BYTES, 0, memoryview(b""), limit=2) == []
    assert integers_of(FIXED_64, 0, memoryview(bytes(8)), limit=2) == []


@pytest.mark.parametrize("packed", [b"\x80", b"\x01\xff", b"\x80" * 11, b"\xff" * 1_000])
def test_a_list_that_is_cut_off_or_has_a_number_of_endless_length_is_refused(packed: bytes) -> None:
    with pytest.raises(ModelContentError, match="not an ONNX model"):
        integers_of(BYTES, 0, memoryview(packed), limit=100)
    with pytest.raises(ModelContentError, match="not an ONNX model"):
        parse_model(_model_with(_tensor(_field(1, packed))))


def test_numbers_after_the_limit_are_not_looked_at() -> None:
    assert integers_of(BYTES, 0, memoryview(b"\x07\x08" + b"\xff" * 20), limit=2) == [7, 8]


@pytest.mark.parametrize(
    "sizes",
    [
        _field(1, _varint(2) * (DIMENSION_LIMIT + 1)),
        (_varint(1 << 3) + _varint(2)) * (DIMENSION_LIMIT + 1),
        _field(1, _varint(2) * DIMENSION_LIMIT) + _field(1, _varint(2)),
        _field(1, _varint(2**63 - 1) * 1_000_000),
    ],
)
def test_a_tensor_of_too_many_dimensions_is_refused_however_they_are_written(sizes: bytes) -> None:
    content = _model_with(_tensor(sizes))
    start = time.perf_counter()
    with pytest.raises(ModelContentError, match="more than 64 dimensions"):
        parse_model(content)
    # The product of a million sizes would take minutes.
    assert time.perf_counter() - start < 5
    sparse = memoryview(_field(7, _field(15, _field(1, _tensor()) + sizes.replace(b"\x08", b"\x18"))))
    if sizes[0] == 0x08:
        with pytest.raises(ModelContentError, match="more than 64 dimensions"):
            parse_model(sparse)


@pytest.mark.parametrize("size", [0, 2**63 - 1, 2**64 - 1, 2**63])
def test_the_largest_and_negative_sizes_end_in_a_precision(size: int) -> None:
    model = parse_model(_model_with(_tensor(_field(1, _varint(size) * DIMENSION_LIMIT))))
    assert len(model.graph.initializers["w"].dimensions) == DIMENSION_LIMIT
    assert precision_of(model) in PRECISIONS


def test_a_name_is_read_to_its_limit() -> None:
    model = parse_model(memoryview(_field(7, _field(5, _field(8, b"n" * 5_000_000)))))
    assert list(model.graph.initializers) == ["n" * NAME_BYTES]


def test_an_input_that_is_left_out_is_no_constant() -> None:
    """ONNX writes an optional input that is left out as an empty name; tensors in attributes have no name either."""
    half = helper.make_tensor("", TensorProto.FLOAT16, (2,), [1, 1])
    nodes = [
        helper.make_node("Own", ["x"], ["h"], domain="own", table=half),
        helper.make_node("Conv", ["h", "", "w"], ["y"]),
    ]
    weights = helper.make_tensor("w", TensorProto.FLOAT, (1,), [1])
    value = helper.make_tensor_value_info("x", TensorProto.FLOAT, (1,))
    model = helper.make_model(helper.make_graph(nodes, "g", [value], [value], [weights]))
    assert precision_of(parse_model(memoryview(model.SerializeToString()))) == "float32"


def test_lists_and_texts_among_the_attributes_are_read_where_they_are_asked_for_and_bounded() -> None:
    convolution = helper.make_node(
        "Conv", ["x", "w"], ["y"], name="c", strides=[2, 1], group=3, auto_pad="VALID", own=list(range(500))
    )
    model = helper.make_model(helper.make_graph([convolution], "g", [], []))
    content = memoryview(model.SerializeToString())
    (node,) = parse_model(content, with_attributes=True).graph.nodes
    assert (node.name, node.integers) == ("c", {"group": 3})
    assert node.lists == {"strides": (2, 1), "own": tuple(range(ATTRIBUTE_LIMIT))}
    assert node.texts == {"auto_pad": ("VALID",)}
    (plain,) = parse_model(content).graph.nodes
    assert (plain.integers, plain.lists, plain.texts) == ({"group": 3}, {}, {})

"""Reads the tensors of an ONNX file: their shapes and types, and the value of a single integer."""

import dataclasses

from edgeprof_proto.shared.onnx_fields import BYTES, NAME_BYTES, FieldReader, ModelContentError, integers_of, text_of

DIMENSION_LIMIT = 64
"""Dimensions of one tensor. More of them would let a small file ask for products of unbounded length."""

_INT32, _INT64 = 6, 7


@dataclasses.dataclass(frozen=True, slots=True)
class Tensor:
    """A constant tensor: its shape, the number of its elements' type, and its value where it is a single integer."""

    dimensions: tuple[int, ...]
    element_type: int
    integer: int | None


def read_tensor(reader: FieldReader, message: memoryview) -> tuple[str, Tensor]:
    """Return the name of a tensor, and the tensor.

    Args:
        reader: Reads the fields of the file.
        message: The tensor's message.

    Raises:
        ModelContentError: If it is no tensor, or has too many dimensions.
    """
    name, element_type, content_bytes = "", 0, memoryview(b"")
    dimensions: list[int] = []
    integers: list[int] = []
    for number, wire_type, value, content in reader.fields(message):
        if number == 1:
            _add_dimensions(dimensions, wire_type, value, content)
        elif number == 2:
            element_type = value
        elif number == 8:
            name = text_of(content, limit=NAME_BYTES)
        elif number == 9:
            content_bytes = content
        elif number in (5, 7) and not integers:
            integers = integers_of(wire_type, value, content, limit=1)
    integer = None
    if element_type in (_INT32, _INT64) and all(size == 1 for size in dimensions):
        if len(content_bytes) in (4, 8):
            integer = int.from_bytes(content_bytes, "little", signed=True)
        elif integers:
            integer = integers[0]
    return name, Tensor(tuple(dimensions), element_type, integer)


def read_sparse_tensor(reader: FieldReader, message: memoryview) -> tuple[str, Tensor]:
    """Return the name of a sparse tensor, and its shape and type.

    Args:
        reader: Reads the fields of the file.
        message: The tensor's message.

    Raises:
        ModelContentError: If it is no tensor, or has too many dimensions.
    """
    name, element_type = "", 0
    dimensions: list[int] = []
    for number, wire_type, value, content in reader.fields(message):
        if number == 1 and wire_type == BYTES:
            name, values = read_tensor(reader, content)
            element_type = values.element_type
        elif number == 3:
            _add_dimensions(dimensions, wire_type, value, content)
    return name, Tensor(tuple(dimensions), element_type, None)


def _add_dimensions(dimensions: list[int], wire_type: int, value: int, content: memoryview) -> None:
    dimensions += integers_of(wire_type, value, content, limit=DIMENSION_LIMIT + 1)
    if len(dimensions) > DIMENSION_LIMIT:
        raise ModelContentError(
            f"a tensor of the model has more than {DIMENSION_LIMIT} dimensions, which no exporter writes; export it "
            "anew"
        )

"""Reads the fields of an ONNX file, a protobuf message, within a limit on their number."""

from collections.abc import Iterator

FIELD_LIMIT = 4_000_000
"""Fields in one file; the weights of a tensor are one of them, as exporters write it."""

NAME_BYTES = 1_000
"""Bytes of a name that are read."""

VARINT, FIXED_64, BYTES, FIXED_32 = 0, 1, 2, 5
"""Wire types of protobuf."""

NO_PROTOBUF = "bytes that no exporter writes"


class ModelContentError(ValueError):
    """A file is no ONNX model, or one that no device could run; the text says what it is and what to do."""


class FieldReader:
    """Reads the fields of messages, `FIELD_LIMIT` of them at most."""

    def __init__(self) -> None:
        self._field_count = 0

    def fields(self, message: memoryview) -> Iterator[tuple[int, int, int, memoryview]]:
        """Yield number, wire type, value of a varint, and content of each field of a message.

        Args:
            message: The message.

        Raises:
            ModelContentError: If it is no message, or has too many fields.
        """
        position = 0
        while position < len(message):
            self._field_count += 1
            if self._field_count > FIELD_LIMIT:
                raise ModelContentError(
                    f"the model has more than {FIELD_LIMIT} fields, which no exporter writes; export it anew"
                )
            tag, position = _read_varint(message, position)
            number, wire_type = tag >> 3, tag & 7
            value, size = 0, 0
            if wire_type == VARINT:
                value, position = _read_varint(message, position)
            elif wire_type == BYTES:
                size, position = _read_varint(message, position)
            elif wire_type in (FIXED_64, FIXED_32):
                size = 8 if wire_type == FIXED_64 else 4
            else:
                raise no_onnx(NO_PROTOBUF)
            if not number:
                raise no_onnx(NO_PROTOBUF)
            if size > len(message) - position:
                raise CutOffError(size)
            yield number, wire_type, value, message[position : position + size]
            position += size


class CutOffError(ModelContentError):
    """A field is longer than what is left of its message."""

    def __init__(self, size: int) -> None:
        super().__init__(f"the file is not an ONNX model: it contains {NO_PROTOBUF}; export the network as ONNX")
        self.size = size


def read_varint_signed(value: int) -> int:
    """Return what an int64 field means whose varint was read as unsigned.

    Args:
        value: The varint.
    """
    value &= 2**64 - 1
    return value - 2**64 if value >= 2**63 else value


def integers_of(wire_type: int, value: int, content: memoryview, *, limit: int) -> list[int]:
    """Return what a field of repeated integers holds: one number, or a packed list of them.

    Args:
        wire_type: The field's wire type, as `FieldReader.fields` yields it.
        value: Its varint.
        content: Its content.
        limit: How many numbers are read; those after them are not looked at.

    Returns:
        The first `limit` numbers, int64; none where the wire type is that of no integers.

    Raises:
        ModelContentError: If the list is cut off, or a number is longer than 64 bits need.
    """
    if wire_type == VARINT:
        return [read_varint_signed(value)][:limit]
    numbers: list[int] = []
    position = 0
    while wire_type == BYTES and position < len(content) and len(numbers) < limit:
        number, position = _read_varint(content, position)
        numbers.append(read_varint_signed(number))
    return numbers


def text_of(content: memoryview, *, limit: int = 200) -> str:
    """Return the text in a field.

    Args:
        content: The field's content.
        limit: Bytes that are read.
    """
    return bytes(content[:limit]).decode("utf-8", errors="replace")


def _read_varint(message: memoryview, position: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        if position >= len(message):
            raise CutOffError(1)
        byte = message[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
    raise no_onnx(NO_PROTOBUF)


def no_onnx(found: str, remedy: str = "export the network as ONNX") -> ModelContentError:
    """Return the error for a file that is no ONNX model.

    Args:
        found: What it contains instead.
        remedy: What to do.
    """
    return ModelContentError(f"the file is not an ONNX model: it contains {found}; {remedy}")

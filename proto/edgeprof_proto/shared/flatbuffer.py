"""Reads a FlatBuffers file within its bounds: tables, vectors and texts, none of it trusted.

A table begins with the distance to its vtable, which holds the size of both and the offset of each field. Offsets of
tables, vectors and texts count from where they stand.
Source: https://flatbuffers.dev/internals/
"""

import struct

_VECTOR_LIMIT = 10_000_000
"""Elements of one vector of numbers that are read at most."""


class FlatbufferError(ValueError):
    """An offset leads out of the file, or a part is larger than the file."""


class Flatbuffer:
    """A FlatBuffers file.

    Args:
        content: The whole file.
    """

    def __init__(self, content: memoryview) -> None:
        self._content = content

    def root(self) -> "Table":
        """Return the root table."""
        return Table(self, self.number("I", 0))

    def number(self, kind: str, position: int) -> int:
        """Read a number, little endian.

        Args:
            kind: Its type, as `struct` names it.
            position: Its first byte.
        """
        try:
            if position < 0:
                raise FlatbufferError(f"an offset leads to byte {position}")
            value: int = struct.unpack_from(f"<{kind}", self._content, position)[0]
        except struct.error:
            raise FlatbufferError(f"an offset leads to byte {position} of {len(self._content)}") from None
        return value

    def vector(self, position: int, element_bytes: int) -> tuple[int, int]:
        """Return the first byte of a vector's elements, and their number.

        Args:
            position: Where the offset of the vector stands.
            element_bytes: Size of an element.
        """
        start = position + self.number("I", position)
        count = self.number("I", start)
        if start + 4 + count * element_bytes > len(self._content):
            raise FlatbufferError(f"a vector of {count} elements of {element_bytes} bytes ends behind the file")
        return start + 4, count

    def numbers(self, kind: str, position: int) -> tuple[int, ...]:
        """Read a vector of numbers; see `number` and `vector`."""
        start, count = self.vector(position, struct.calcsize(f"<{kind}"))
        if count > _VECTOR_LIMIT:
            raise FlatbufferError(f"a vector has {count} elements")
        return struct.unpack_from(f"<{count}{kind}", self._content, start)

    def text(self, position: int) -> str:
        """Read a text, the first 200 bytes of it."""
        start, count = self.vector(position, 1)
        return self.content(start, min(count, 200)).decode("utf-8", errors="replace")

    def content(self, start: int, byte_count: int) -> bytes:
        """Return bytes of the file.

        Args:
            start: The first byte.
            byte_count: How many of them, at most.
        """
        return bytes(self._content[start : start + byte_count])


class Table:
    """A table of a file.

    Args:
        file: The file.
        position: First byte of the table.
    """

    def __init__(self, file: Flatbuffer, position: int) -> None:
        self._file = file
        self._position = position
        self._vtable = position - file.number("i", position)
        self._vtable_bytes = file.number("H", self._vtable)
        self._table_bytes = file.number("H", self._vtable + 2)
        if self._vtable_bytes < 4 or self._vtable_bytes % 2 or self._table_bytes < 4:
            raise FlatbufferError(f"the table at byte {position} has no valid size")
        # Both ends lie within the file.
        file.number("B", self._vtable + self._vtable_bytes - 1)
        file.number("B", position + self._table_bytes - 1)

    def _field(self, index: int, byte_count: int) -> int | None:
        entry = 4 + 2 * index
        if entry + 2 > self._vtable_bytes:
            return None
        offset = self._file.number("H", self._vtable + entry)
        if offset and offset + byte_count > self._table_bytes:
            raise FlatbufferError(f"field {index} of the table at byte {self._position} lies behind its end")
        return self._position + offset if offset else None

    def number(self, index: int, kind: str, default: int = 0) -> int:
        """Read a field that is a number.

        Args:
            index: Index of the field.
            kind: Its type, as `struct` names it.
            default: Its value where it is absent.
        """
        position = self._field(index, struct.calcsize(f"<{kind}"))
        return default if position is None else self._file.number(kind, position)

    def numbers(self, index: int, kind: str) -> tuple[int, ...] | None:
        """Read a field that is a vector of numbers; None where it is absent."""
        position = self._field(index, 4)
        return None if position is None else self._file.numbers(kind, position)

    def text(self, index: int) -> str:
        """Read a field that is a text; empty where it is absent."""
        position = self._field(index, 4)
        return "" if position is None else self._file.text(position)

    def byte_count(self, index: int) -> int:
        """Return the size of a field that is a vector of bytes, without reading it."""
        position = self._field(index, 4)
        return 0 if position is None else self._file.vector(position, 1)[1]

    def table(self, index: int) -> "Table | None":
        """Read a field that is a table; None where it is absent."""
        position = self._field(index, 4)
        return None if position is None else Table(self._file, position + self._file.number("I", position))

    def head(self, index: int, byte_count: int) -> bytes:
        """Return the first bytes of a field that is a vector of bytes; fewer where it has no more."""
        position = self._field(index, 4)
        if position is None:
            return b""
        start, count = self._file.vector(position, 1)
        return self._file.content(start, min(count, byte_count))

    def tables(self, index: int, *, limit: int) -> list["Table"]:
        """Read a field that is a vector of tables.

        Args:
            index: Index of the field.
            limit: Tables at most.
        """
        position = self._field(index, 4)
        if position is None:
            return []
        start, count = self._file.vector(position, 4)
        if count > limit:
            raise FlatbufferError(f"a vector has {count} tables, of which {limit} are allowed")
        places = range(start, start + 4 * count, 4)
        return [Table(self._file, place + self._file.number("I", place)) for place in places]

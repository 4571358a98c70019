"""A small TensorFlow Lite model, written as FlatBuffers by hand."""

import struct
from typing import Any

Field = tuple[str, Any]
"""A type of `struct` with a number, or "text", "numbers", "table" or "tables" with what it holds."""


def tflite_model(shape: tuple[int, ...] = (-1, 4), element_type: int = 0, *, version: int = 3) -> bytes:
    """Write a model of one ReLU."""
    fixed = [1 if size == -1 else size for size in shape]

    def tensor(name: str) -> dict[int, Field]:
        return {
            0: ("numbers", fixed),
            1: ("b", element_type),
            2: ("I", 0),
            3: ("text", name),
            7: ("numbers", list(shape)),
        }

    relu = {0: ("I", 0), 1: ("numbers", [0]), 2: ("numbers", [1])}
    graph = {
        0: ("tables", [tensor("x"), tensor("y")]),
        1: ("numbers", [0]),
        2: ("numbers", [1]),
        3: ("tables", [relu]),
    }
    root: dict[int, Field] = {
        0: ("I", version),
        1: ("tables", [{0: ("b", 19), 3: ("i", 19)}]),
        2: ("tables", [graph]),
        4: ("tables", [{}]),
    }
    writer = _Writer()
    start = writer.table(root)
    writer.content[:4] = struct.pack("<I", start)
    return bytes(writer.content)


class _Writer:
    def __init__(self) -> None:
        self.content = bytearray(b"\0\0\0\0TFL3")

    def table(self, fields: dict[int, Field]) -> int:
        """Write a table, then what it points to; return where it begins."""
        count = max(fields, default=-1) + 1
        self._align()
        vtable, size = len(self.content), 4 + 8 * len(fields)
        places = {index: 4 + 8 * place for place, index in enumerate(fields)}
        entries = [places.get(index, 0) for index in range(count)]
        self.content += struct.pack(f"<HH{count}H", 4 + 2 * count, size, *entries)
        self._align()
        start = len(self.content)
        self.content += struct.pack("<i", start - vtable) + bytes(size - 4)
        for index, (kind, value) in fields.items():
            self._field(start + places[index], kind, value)
        return start

    def _field(self, place: int, kind: str, value: Any) -> None:
        if len(kind) == 1:
            struct.pack_into(f"<{kind}", self.content, place, value)
            return
        self._align()
        struct.pack_into("<I", self.content, place, len(self.content) - place)
        if kind == "text":
            self.content += struct.pack("<I", len(value)) + value.encode() + b"\0"
        elif kind == "numbers":
            self.content += struct.pack(f"<I{len(value)}i", len(value), *value)
        else:
            vector = len(self.content) + 4
            self.content += struct.pack("<I", len(value)) + bytes(4 * len(value))
            for index, fields in enumerate(value):
                place = vector + 4 * index
                struct.pack_into("<I", self.content, place, self.table(fields) - place)

    def _align(self) -> None:
        self.content += bytes(-len(self.content) % 8)

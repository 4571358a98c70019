"""The runs of a long block, compressed: about 3 bytes each in memory and in files, where a tuple takes 32."""

import base64
import sys
import zlib
from array import array
from collections.abc import Iterator, Sequence
from typing import Any, overload

PACKED_RUN_COUNT = 2_000
"""Runs from which a block is packed: shorter ones stay readable in journals and stores."""

_NS_PER_MS = 1_000_000
_NANOSECONDS, _FLOATS = b"I", b"d"
_MAX_NS = 2**32 - 1


class PackedRuns(Sequence[float]):
    """Wall times of runs in milliseconds, equal to a tuple of the same values. Each use unpacks all of them.

    Args:
        values: The times.
    """

    __slots__ = ("_length", "_packed")

    def __init__(self, values: Sequence[float]) -> None:
        self._length = len(values)
        self._packed = _pack(values)

    @classmethod
    def from_text(cls, text: str) -> "PackedRuns":
        """Rebuild runs from `to_text`.

        Raises:
            ValueError: If the text is damaged.
        """
        try:
            return cls(_unpack(base64.b64decode(text, validate=True)))
        except (zlib.error, IndexError) as error:
            raise ValueError(f"packed runs are damaged: {error}") from error

    def to_text(self) -> str:
        """Return the packed runs as text, for JSON."""
        return base64.b64encode(self._packed).decode()

    def __len__(self) -> int:
        return self._length

    @overload
    def __getitem__(self, index: int) -> float: ...

    @overload
    def __getitem__(self, index: slice) -> tuple[float, ...]: ...

    def __getitem__(self, index: int | slice) -> float | tuple[float, ...]:
        found = _unpack(self._packed)[index]
        return tuple(found) if isinstance(found, array) else found

    def __iter__(self) -> Iterator[float]:
        return iter(_unpack(self._packed))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PackedRuns | tuple) and tuple(self) == tuple(other)

    def __hash__(self) -> int:
        return hash(tuple(self))

    def __repr__(self) -> str:
        return f"PackedRuns of {self._length} runs"

    @property
    def __array_interface__(self) -> dict[str, Any]:
        """NumPy reads all values at once through this."""
        order = "<" if sys.byteorder == "little" else ">"
        return {"version": 3, "shape": (self._length,), "typestr": f"{order}f8", "data": _unpack(self._packed)}


def packed(values: Sequence[float]) -> Sequence[float]:
    """Return runs packed where they are many, as they are otherwise."""
    if isinstance(values, PackedRuns) or len(values) < PACKED_RUN_COUNT:
        return values
    return PackedRuns(values)


def _pack(values: Sequence[float]) -> bytes:
    # Times are whole nanoseconds; what is not, or too long, is kept as it is.
    numbers: array[Any] = array("d", values)
    kind = _FLOATS
    whole = [round(value * _NS_PER_MS) for value in numbers]
    if all(0 <= ns <= _MAX_NS and ns / _NS_PER_MS == value for ns, value in zip(whole, numbers, strict=True)):
        kind, numbers = _NANOSECONDS, array("I", whole)
    if sys.byteorder == "big":
        numbers.byteswap()
    return kind + zlib.compress(numbers.tobytes(), 1)


def _unpack(data: bytes) -> "array[float]":
    kind = data[:1]
    if kind not in (_NANOSECONDS, _FLOATS):
        raise ValueError(f"packed runs are damaged: their kind is {kind!r}")
    numbers: array[Any] = array(kind.decode())
    numbers.frombytes(zlib.decompress(data[1:]))
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers if kind == _FLOATS else array("d", (ns / _NS_PER_MS for ns in numbers))

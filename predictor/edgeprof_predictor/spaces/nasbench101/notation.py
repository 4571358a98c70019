"""How NAS-Bench-101 writes a cell, and how the rows of tables do."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from edgeprof_predictor.errors import ArchitectureError
from edgeprof_predictor.spaces.nasbench101.geometry import (
    EDGES,
    OPERATIONS,
    OUTPUT,
    ROW_OPERATIONS,
    VERTEX_COUNT,
)

_BIT_ROW: Final = r"\[\s*[01](?:\s*,\s*[01])*\s*\]"
_NAME: Final = r"(?:'[\w-]+'|\"[\w-]+\")"
_SPEC: Final = re.compile(
    rf"(?P<open>(?:ModelSpec\s*)?\(\s*)?"
    rf"(?:matrix\s*=\s*)?(?P<matrix>\[\s*{_BIT_ROW}(?:\s*,\s*{_BIT_ROW})*\s*\])\s*,\s*"
    rf"(?:ops\s*=\s*)?(?P<names>\[\s*{_NAME}(?:\s*,\s*{_NAME})*\s*\])\s*(?P<close>\))?"
)
_TABLE_ROW: Final = re.compile(rf"\(\s*\d(?:\s*,\s*\d){{{VERTEX_COUNT**2 + VERTEX_COUNT - 1}}}\s*\)")


def write_spec(choices: Sequence[int]) -> str:
    """Return the published notation of 26 choices: the matrix, then the operations.

    Unused vertices at the end, with the first operation, are not written, so that a cell of fewer than
    seven vertices is written with so many.
    """
    used = OUTPUT - 1
    while used and choices[len(EDGES) + used - 1] == 0 and not any(_touching(choices, used)):
        used -= 1
    vertices = [*range(used + 1), OUTPUT]
    chosen = {edge for edge, choice in zip(EDGES, choices, strict=False) if choice}
    matrix = [[int((start, end) in chosen) for end in vertices] for start in vertices]
    names = ["input", *(OPERATIONS[choice] for choice in choices[len(EDGES) :][:used]), "output"]
    return f"ModelSpec(matrix={matrix}, ops={names})"


def read_spec(text: str) -> tuple[int, ...]:
    """Return the 26 choices of a cell in the published notation, or as a table's row has it.

    Raises:
        ArchitectureError: If the text follows neither, with the reason alone.
    """
    if _TABLE_ROW.fullmatch(text):
        numbers = list(map(int, re.findall(r"\d", text)))
        square, row = VERTEX_COUNT**2, VERTEX_COUNT
        matrix = [numbers[first : first + row] for first in range(0, square, row)]
        return _choices(matrix, [_row_operation(index, number) for index, number in enumerate(numbers[square:])])
    match = _SPEC.fullmatch(text)
    if match is None or bool(match["open"]) != bool(match["close"]):
        raise ArchitectureError("it needs a matrix of 0 and 1 and a list of operations")
    rows = re.findall(_BIT_ROW, match["matrix"])
    return _choices([list(map(int, re.findall("[01]", row))) for row in rows], re.findall(r"[\w-]+", match["names"]))


def _touching(choices: Sequence[int], vertex: int) -> list[int]:
    return [choice for edge, choice in zip(EDGES, choices, strict=False) if vertex in edge]


def _row_operation(vertex: int, number: int) -> str:
    if vertex in (0, OUTPUT):
        return {0: "input", 1: "output"}.get(number, str(number))
    return ROW_OPERATIONS.get(number, str(number))


def _choices(matrix: Sequence[Sequence[int]], names: Sequence[str]) -> tuple[int, ...]:
    count = len(matrix)
    if not 2 <= count <= VERTEX_COUNT:
        raise ArchitectureError(f"a cell has 2 to {VERTEX_COUNT} vertices, got {count}")
    if any(len(row) != count for row in matrix) or len(names) != count:
        raise ArchitectureError(
            f"{count} vertices need a matrix of {count} columns and as many operations, got rows of "
            f"{', '.join(str(len(row)) for row in matrix)} and {len(names)} operations"
        )
    if any(
        not 0 <= bit <= 1 or (bit and end <= start) for start, row in enumerate(matrix) for end, bit in enumerate(row)
    ):
        raise ArchitectureError("the matrix must hold 0 and 1, and ones above the diagonal only")
    if names[0] != "input" or names[-1] != "output":
        raise ArchitectureError(
            f"the first vertex is the input and the last the output, got {names[0]} and {names[-1]}"
        )
    for name in names[1:-1]:
        if name not in OPERATIONS:
            raise ArchitectureError(f"{name!r} is no operation; they are {', '.join(OPERATIONS)}")
    position = {vertex: vertex for vertex in range(count - 1)} | {count - 1: OUTPUT}
    chosen = {
        (position[start], position[end]) for start, row in enumerate(matrix) for end, bit in enumerate(row) if bit
    }
    operations = [OPERATIONS.index(name) for name in names[1:-1]]
    return (*(int(edge in chosen) for edge in EDGES), *operations, *[0] * (OUTPUT - 1 - len(operations)))

"""How DARTS writes a pair of cells, and how the rows of tables do.

A cell is 11 choices: for each node which two inputs it reads, where there is more than one pair, and the
operation on each, the earlier input first.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edgeprof_predictor.errors import ArchitectureError
from edgeprof_predictor.spaces.architecture import ChoiceArray
from edgeprof_predictor.spaces.nasbench301.geometry import CONCATENATED, INPUT_PAIRS, NODE_COUNT, OPERATIONS

Edge = tuple[int, int]
"""Number of what is read and index of the operation on it."""

CELL_CHOICE_COUNTS: Final = tuple(
    count
    for pairs in INPUT_PAIRS
    for count in ([len(pairs)] if len(pairs) > 1 else []) + [len(OPERATIONS), len(OPERATIONS)]
)


def _list_of(item: str) -> str:
    return rf"[(\[]\s*{item}(?:\s*,\s*{item})*\s*,?\s*[)\]]"


_NAMED_EDGES: Final = _list_of(r"\(\s*['\"]\w+['\"]\s*,\s*\d\s*\)")
_CONCAT: Final = rf"(?:range\(\s*{CONCATENATED[0]}\s*,\s*{CONCATENATED[-1] + 1}\s*\)|{_list_of('[0-9]')})"
_GENOTYPE: Final = re.compile(
    rf"Genotype\(\s*normal\s*=\s*(?P<normal>{_NAMED_EDGES})\s*,\s*normal_concat\s*=\s*(?P<normal_concat>{_CONCAT})\s*,"
    rf"\s*reduce\s*=\s*(?P<reduce>{_NAMED_EDGES})\s*,\s*reduce_concat\s*=\s*(?P<reduce_concat>{_CONCAT})\s*,?\s*\)"
)
_NUMBERED_EDGES: Final = _list_of(r"[(\[]\s*\d\s*,\s*\d\s*[)\]]")
_TABLE_ROW: Final = re.compile(rf"[(\[]\s*(?P<normal>{_NUMBERED_EDGES})\s*,\s*(?P<reduce>{_NUMBERED_EDGES})\s*[)\]]")
_CELLS: Final = ("normal", "reduce")


def cell_edges(choices: Sequence[int]) -> list[tuple[Edge, Edge]]:
    """Return the two edges of each node of a cell of 11 choices."""
    remaining = iter(choices)
    nodes = []
    for pairs in INPUT_PAIRS:
        first, second = pairs[next(remaining) if len(pairs) > 1 else 0]
        nodes.append(((first, next(remaining)), (second, next(remaining))))
    return nodes


def edge_arrays(choices: ChoiceArray) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return what the eight edges of cells of `n x 11` choices read, and their operations: `n x 8` each."""
    starts, operations = [], []
    columns = iter(choices.T.astype(np.intp))
    for pairs in INPUT_PAIRS:
        pair = next(columns) if len(pairs) > 1 else np.zeros(len(choices), dtype=np.intp)
        starts.append(np.array(pairs)[pair])
        operations += [next(columns), next(columns)]
    return np.concatenate(starts, axis=1), np.stack(operations, axis=1)


def write_genotype(choices: Sequence[int]) -> str:
    """Return the published notation of 22 choices."""
    half = len(CELL_CHOICE_COUNTS)
    normal, reduce = (
        [(OPERATIONS[operation], start) for edges in cell_edges(cell) for start, operation in edges]
        for cell in (choices[:half], choices[half:])
    )
    concat = list(CONCATENATED)
    return f"Genotype(normal={normal}, normal_concat={concat}, reduce={reduce}, reduce_concat={concat})"


def read_genotype(text: str) -> tuple[int, ...]:
    """Return the 22 choices of a genotype, or of a row of a table.

    Raises:
        ArchitectureError: If the text follows neither, with the reason alone.
    """
    row = _TABLE_ROW.fullmatch(text)
    if row is not None:
        return _choices({name: _numbered_edges(row[name]) for name in _CELLS})
    genotype = _GENOTYPE.fullmatch(text)
    if genotype is None:
        raise ArchitectureError("it needs Genotype(normal=..., normal_concat=..., reduce=..., reduce_concat=...)")
    for name in _CELLS:
        _check_concat(genotype[f"{name}_concat"])
    return _choices({name: _named_edges(genotype[name]) for name in _CELLS})


def _numbered_edges(text: str) -> list[Edge]:
    return [(int(start), int(operation)) for start, operation in re.findall(r"(\d)\s*,\s*(\d)\s*[)\]]", text)]


def _named_edges(text: str) -> list[Edge]:
    return [(int(start), _operation(name)) for name, start in re.findall(r"(\w+)['\"]\s*,\s*(\d)", text)]


def _choices(cells: Mapping[str, Sequence[Edge]]) -> tuple[int, ...]:
    return tuple(choice for name, edges in cells.items() for choice in _cell_choices(name, edges))


def _check_concat(text: str) -> None:
    if not text.startswith("range") and tuple(map(int, re.findall(r"\d", text))) != CONCATENATED:
        raise ArchitectureError(f"all nodes are joined, {list(CONCATENATED)}, got {text}")


def _operation(name: str) -> int:
    if name not in OPERATIONS:
        raise ArchitectureError(f"{name!r} is no operation; they are {', '.join(OPERATIONS)}")
    return OPERATIONS.index(name)


def _cell_choices(name: str, edges: Sequence[Edge]) -> list[int]:
    if len(edges) != 2 * NODE_COUNT:
        raise ArchitectureError(f"a cell has {2 * NODE_COUNT} operations, two for each node; {name} has {len(edges)}")
    choices: list[int] = []
    for node, pairs in enumerate(INPUT_PAIRS):
        (first, first_operation), (second, second_operation) = sorted(edges[2 * node : 2 * node + 2])
        if (first, second) not in pairs:
            raise ArchitectureError(
                f"node {node} of {name} must read two of 0 to {pairs[-1][-1]}, got {first} and {second}"
            )
        for operation in (first_operation, second_operation):
            if operation >= len(OPERATIONS):
                raise ArchitectureError(f"operations are numbered 0 to {len(OPERATIONS) - 1}, got {operation}")
        if len(pairs) > 1:
            choices.append(pairs.index((first, second)))
        choices += [first_operation, second_operation]
    return choices

"""Values of a graph while it is traced: where each comes from, and what the operators behind it say of it."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from edgeprof_agent.models.signature import Dimension

UNKNOWN_ROW_COUNT = 1
"""Rows of a table whose size the file does not tell: index 0 is there in any."""

_CHANGE_LIMIT = 32
"""Times that the bound of one value is lowered: a loop that counts up would lower it without end."""

_TABLE_LIMIT = 1_000
"""Tables that are looked at for one operator in a function that is called with many."""


@dataclass(slots=True)
class TracedValue:
    """A value of the graph: where it comes from, by operators that pass it on and by others.

    `given_as` are the values that a caller gives for it, where it is an input of a function or of a body.
    """

    dimensions: tuple[Dimension, ...] | None = None
    integer: int | None = None
    given_as: list["TracedValue"] = field(default_factory=list)
    passed_from: list[tuple["TracedValue", int]] = field(default_factory=list)
    derived_from: list["TracedValue"] = field(default_factory=list)
    row_count: int | None = None
    change_count: int = 0
    operators: set[str] = field(default_factory=set)
    size_operators: set[str] = field(default_factory=set)


class Scope:
    """Values by name in a graph, and those of the graphs around it."""

    def __init__(self, outer: "Scope | None" = None) -> None:
        self._outer = outer
        self._values: dict[str, TracedValue] = {}

    def define(self, name: str) -> TracedValue:
        """Return a new value of this graph."""
        value = self._values[name] = TracedValue()
        return value

    def find(self, name: str) -> TracedValue:
        """Return a value of this graph or of one around it; a new one where nobody has defined it."""
        scope: Scope | None = self
        while scope is not None:
            if name in scope._values:
                return scope._values[name]
            scope = scope._outer
        return self.define(name)


@dataclass(frozen=True, slots=True)
class RowCount:
    """Tells, once the graph has been read, how many rows a table has."""

    table: TracedValue
    dimension: str
    attributes: dict[str, int]
    batch_size: int

    def __call__(self) -> int:
        """Return the number, at least 1."""
        found, queue = [self.table], [self.table]
        row_counts = []
        while queue:
            table = queue.pop()
            if not table.dimensions and table.given_as:
                further = [value for value in table.given_as if all(value is not other for other in found)]
                found += further
                queue += further
            else:
                row_counts.append(self._rows(table.dimensions or ()))
            if len(found) > _TABLE_LIMIT:
                return UNKNOWN_ROW_COUNT
        return min(row_counts, default=UNKNOWN_ROW_COUNT)

    def _rows(self, dimensions: tuple[Dimension, ...]) -> int:
        if self.dimension == "every":
            sizes = dimensions[self.attributes.get("batch_dims", 0) :]
        else:
            axis = {"first": 0, "last": -1}.get(self.dimension, self.attributes.get(self.dimension, 0))
            if not -len(dimensions) <= axis < len(dimensions):
                return UNKNOWN_ROW_COUNT
            sizes = (dimensions[axis],)
        known = (size if isinstance(size, int) and size >= 0 else self.batch_size for size in sizes)
        return max(UNKNOWN_ROW_COUNT, min(known, default=UNKNOWN_ROW_COUNT))


def lower_row_count(value: TracedValue, row_count: int) -> bool:
    """Note that a value indexes a table of so many rows; return whether that is fewer than was known."""
    if (value.row_count is not None and value.row_count <= row_count) or value.change_count >= _CHANGE_LIMIT:
        return False
    value.row_count = row_count
    value.change_count += 1
    return True


def pass_on(source: TracedValue | None, target: TracedValue | None, offset: int = 0) -> None:
    """Note that a value holds what another held, with a number added; None stands for one that is left out."""
    if source is not None and target is not None:
        target.passed_from.append((source, offset))


def pass_all(sources: Iterable[TracedValue | None], targets: Iterable[TracedValue | None], offset: int = 0) -> None:
    """Note the same of each of several, as far as both sides go."""
    for source, target in zip(sources, targets, strict=False):
        pass_on(source, target, offset)


def give(sources: Iterable[TracedValue | None], formals: Iterable[TracedValue]) -> None:
    """Note what is given for the inputs of a function or of a body."""
    for source, formal in zip(sources, formals, strict=False):
        pass_on(source, formal)
        if source is not None:
            formal.given_as.append(source)


def derive(sources: Iterable[TracedValue | None], targets: Iterable[TracedValue | None]) -> None:
    """Note that values are computed from others."""
    # One value between them, so that many inputs and many outputs need few edges.
    between = TracedValue(derived_from=[value for value in sources if value is not None])
    for target in targets:
        if target is not None:
            target.derived_from.append(between)

"""Make one checked table of published rows, whatever format they came from."""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from edgeprof_predictor.errors import ArchitectureError
from edgeprof_predictor.spaces import CHOICE_TYPE, SPACE_NAMES, Architecture, CategoricalSpace, space_of_notation
from edgeprof_predictor.tables.importers.doubts import chosen_platforms, notes_on, refuse_other_scales
from edgeprof_predictor.tables.importers.errors import PublishedTableError
from edgeprof_predictor.tables.importers.rows import LatencyUnit, PublishedRow
from edgeprof_predictor.tables.latency_table import LatencyTable

Choices = tuple[int, ...]

_INTEGERS: Final = re.compile(r"[\[(]?\s*-?\d{1,9}(?:[\s,]+-?\d{1,9})*[\s,]*[\])]?", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedTable:
    """A published table as a table of ours.

    Args:
        table: The latencies in milliseconds.
        space: Search space in whose notation the architectures were published; None where they were
            integers, which are a space of their own to whoever knows no better.
        notes: What may have been meant otherwise, in sentences.
    """

    table: LatencyTable
    space: CategoricalSpace | None
    notes: tuple[str, ...] = ()


def assemble(
    rows: Iterable[PublishedRow],
    *,
    unit: LatencyUnit,
    platforms: tuple[str, ...] | None = None,
    space: CategoricalSpace | None,
) -> ImportedTable:
    """Put rows together, architectures and platforms in the order in which they first come.

    Nothing is guessed and nothing dropped: what a table of ours may not hold is refused.

    Args:
        rows: The published rows; an architecture may have several, with different platforms.
        unit: Unit of their latencies.
        platforms: Names of the platforms to take, in their order; None for all.
        space: Search space of the architectures; None to find it by their notation.

    Raises:
        PublishedTableError: If an architecture is unknown; if a latency is not finite, not greater than 0,
            given twice or missing. The text names the row.
        TableError: If all latencies of a platform are equal.
    """
    read = _Read.of(rows, unit, platforms, space)
    _check_complete(read.origins, read.latency_ms)
    return read.table(tuple(read.latency_ms), list(read.origins))


def assemble_ragged(
    rows: Iterable[PublishedRow], *, unit: LatencyUnit, space: CategoricalSpace | None
) -> tuple[ImportedTable, ...]:
    """Put rows together whose platforms may lack architectures: a table for each set of measured architectures.

    Args:
        rows: The published rows.
        unit: Unit of their latencies.
        space: Search space of the architectures; None to find it by their notation.

    Raises:
        PublishedTableError: As `assemble`, but for missing latencies.
        TableError: If all latencies of a platform are equal.
    """
    read = _Read.of(rows, unit, None, space)
    alike: dict[frozenset[Choices], list[str]] = {}
    for name, column in read.latency_ms.items():
        alike.setdefault(frozenset(column), []).append(name)
    return tuple(read.table(names, [row for row in read.origins if row in known]) for known, names in alike.items())


@dataclass(frozen=True, slots=True, kw_only=True)
class _Read:
    """Checked latencies by platform and architecture, and where each architecture first came."""

    reader: _ArchitectureReader
    space: CategoricalSpace | None
    origins: dict[Choices, str]
    latency_ms: dict[str, dict[Choices, float]]

    @classmethod
    def of(
        cls,
        rows: Iterable[PublishedRow],
        unit: LatencyUnit,
        platforms: tuple[str, ...] | None,
        space: CategoricalSpace | None,
    ) -> _Read:
        reader = _ArchitectureReader(space)
        origins: dict[Choices, str] = {}
        latency_ms: dict[str, dict[Choices, float]] = {}
        for row in rows:
            choices = reader.read(row)
            origins.setdefault(choices, row.origin)
            for platform, latency in row.latencies.items():
                if platforms is not None and platform not in platforms:
                    continue
                column = latency_ms.setdefault(platform, {})
                found = _checked_ms(latency, platform, row, unit)
                if choices in column:
                    raise PublishedTableError(
                        f"{row.origin}: a latency of {platform} for {row.architecture} is there already: "
                        f"{column[choices]:g} ms, now {found:g} ms (the architecture first came as "
                        f"{origins[choices]}); leave one of them out"
                    )
                column[choices] = found
        latency_ms = chosen_platforms(latency_ms, platforms)
        if not latency_ms:
            raise PublishedTableError("there is no latency in it")
        if platforms is None:
            refuse_other_scales(latency_ms)
        return cls(reader=reader, space=space, origins=origins, latency_ms=latency_ms)

    def table(self, platforms: Sequence[str], rows: Sequence[Choices]) -> ImportedTable:
        """Return the table of some platforms, all of them measured on these architectures."""
        table = LatencyTable(
            platforms=tuple(platforms),
            # Integers of no known space are kept as published: who reads the table numbers them, column by column.
            choices=np.array(rows, dtype=CHOICE_TYPE if self.reader.is_known else np.int64),
            latency_ms=np.array([[self.latency_ms[name][row] for row in rows] for name in platforms]),
        )
        notation = self.reader.notation
        return ImportedTable(table=table, space=notation, notes=notes_on(table, self.space, notation))


class _ArchitectureReader:
    """Read architectures as choices; the first text that is no integers settles the search space."""

    def __init__(self, space: CategoricalSpace | None) -> None:
        self._space = space
        self._choice_count: int | None = None
        self.notation: CategoricalSpace | None = None

    @property
    def is_known(self) -> bool:
        """Whether the architectures are choices of a known search space."""
        return self._space is not None

    def read(self, row: PublishedRow) -> Choices:
        text = row.architecture
        try:
            if _INTEGERS.fullmatch(text.strip()):
                choices = self._integers(text)
            else:
                self._space = self.notation = self._space or _space_of(text)
                choices = self._space.parse(text).choices
        except ArchitectureError as error:
            raise PublishedTableError(f"{row.origin}: {error}") from error
        if self._choice_count not in (None, len(choices)):
            raise PublishedTableError(
                f"{row.origin}: the architecture has {len(choices)} choices, those before it {self._choice_count}"
            )
        self._choice_count = len(choices)
        return choices

    def _integers(self, text: str) -> Choices:
        choices = tuple(map(int, re.findall(r"-?\d+", text)))
        if self._space is not None:
            self._space.check(Architecture(space=self._space.name, choices=choices))
        elif len(choices) == 1:
            raise ArchitectureError(f"{text} is only the number of an architecture; give its text or its choices")
        return choices


def _space_of(text: str) -> CategoricalSpace:
    space = space_of_notation(text)
    if space is not None:
        return space
    raise ArchitectureError(
        f"{text[:120]!r} is neither choices joined by commas nor an architecture of {' or '.join(SPACE_NAMES)}; "
        f"name the search space to learn what is wrong with it"
    )


def _checked_ms(latency: float, platform: str, row: PublishedRow, unit: LatencyUnit) -> float:
    # JSON and pickles know integers that no float can hold; NaN fails every comparison.
    latency_ms = unit.to_ms(float(latency)) if 0 < latency <= sys.float_info.max else math.nan
    if not 0 < latency_ms < math.inf:
        raise PublishedTableError(
            f"{row.origin}: the latency of {platform} must be finite and > 0, got {latency}; "
            f"leave the architecture or the platform out"
        )
    return latency_ms


def _check_complete(origins: dict[Choices, str], latency_ms: dict[str, dict[Choices, float]]) -> None:
    for platform, column in latency_ms.items():
        missing = [origin for choices, origin in origins.items() if choices not in column]
        if missing:
            raise PublishedTableError(
                f"{missing[0]}: no latency of {platform} for this architecture ({len(missing)} of {len(origins)} "
                f"architectures have none); leave these architectures or the platform out"
            )

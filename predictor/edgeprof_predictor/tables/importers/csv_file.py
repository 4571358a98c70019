"""Read tables of comma-separated values, one row an architecture or one row a measurement."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from edgeprof_predictor._plain_files import open_plain_text
from edgeprof_predictor.tables.importers.doubts import refuse_doubtful
from edgeprof_predictor.tables.importers.errors import PublishedTableError
from edgeprof_predictor.tables.importers.rows import (
    ARCHITECTURE_FIELDS,
    PLATFORM_FIELDS,
    LatencyUnit,
    PublishedRow,
    find_field,
)

DELIMITERS: Final = ",;\t"

_NUMBER: Final = re.compile(
    r"[+-]?(?:\d{1,40}(?:\.\d{0,40})?|\.\d{1,40})(?:e[+-]?\d{1,4})?|[+-]?(?:nan|inf|infinity)", re.ASCII | re.IGNORECASE
)

_CHOICE_FIELD: Final = re.compile(r"(?:arch|architecture|choice|edge|layer|op)[ _]?\d+", re.IGNORECASE | re.ASCII)


def read_csv(source: Path, unit: LatencyUnit, platforms: tuple[str, ...] | None = None) -> Iterator[PublishedRow]:
    """Read a table whose first line names the columns.

    The architecture is one column `arch` or `architecture`, or one column for each decision, `arch_0`,
    `layer_1` and so on. With a column `device` or `platform` each row is one measurement and its
    latency stands in `latency_ms` (or `latency`); without, the other columns with a name are platforms. Where such a
    name may be that of something else, as `accuracy` and `flops`, the platforms have to be named.

    Args:
        source: The file; its columns are parted by commas, semicolons or tabs.
        unit: Unit of the latencies.
        platforms: Names of the platforms to take; None for all.

    Raises:
        PublishedTableError: If a column is missing or doubtful, or a row has too many, too few or no numbers.
        OSError: If the file cannot be read.
    """
    wanted = platforms
    # The byte order mark that spreadsheets put in front would become part of the first name.
    with open_plain_text(source, newline="") as file:
        delimiter = max(DELIMITERS, key=file.readline().count)
        file.seek(0)
        reader = csv.reader(file, delimiter=delimiter, strict=True)
        try:
            layout = _Layout.of_header(next(reader, []), unit, wanted)
            for cells in reader:
                if any(cell.strip() for cell in cells):
                    row = layout.row(cells, f"line {reader.line_num}")
                    if wanted is None or not layout.measurement or not row.latencies.keys().isdisjoint(wanted):
                        yield row
        except csv.Error as error:
            raise PublishedTableError(f"line {reader.line_num} is no row of a table: {error}") from error


@dataclass(frozen=True, slots=True, kw_only=True)
class _Layout:
    """Which columns hold what; `measurement` are platform and latency where each row is one measurement."""

    names: tuple[str, ...]
    architecture: tuple[int, ...]
    platforms: tuple[int, ...]
    measurement: tuple[int, int] | None

    @classmethod
    def of_header(cls, cells: Sequence[str], unit: LatencyUnit, wanted: tuple[str, ...] | None) -> _Layout:
        names = _column_names(cells)
        architecture = _architecture_columns(names)
        # A column without a name is the index that pandas writes in front.
        platforms = tuple(index for index, name in enumerate(names) if name and index not in architecture)
        if not platforms:
            raise PublishedTableError(f"no column holds latencies; the columns are {', '.join(names)}")
        measurement = _measurement_columns(names, unit)
        if measurement is None:
            if wanted is None:
                refuse_doubtful([names[index] for index in platforms], unit)
            else:
                platforms = tuple(index for index in platforms if names[index] in wanted)
        return cls(names=names, architecture=architecture, platforms=platforms, measurement=measurement)

    def row(self, cells: Sequence[str], origin: str) -> PublishedRow:
        if len(cells) != len(self.names):
            raise PublishedTableError(f"{origin} has {len(cells)} cells, the first line has {len(self.names)}")
        if self.measurement is None:
            pairs = [(self.names[index], cells[index]) for index in self.platforms]
        else:
            platform, latency = self.measurement
            pairs = [(cells[platform].strip(), cells[latency])]
        return PublishedRow(
            origin=origin,
            architecture=",".join(cells[index].strip() for index in self.architecture),
            latencies={name: _number(text, name, origin) for name, text in pairs if text.strip()},
        )


def _column_names(cells: Sequence[str]) -> tuple[str, ...]:
    names = tuple(cell.strip() for cell in cells)
    if not any(names):
        raise PublishedTableError("the first line is empty; it must name the columns: arch, then one for each platform")
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise PublishedTableError(f"each column needs a name of its own, repeated: {', '.join(map(repr, repeated))}")
    return names


def _architecture_columns(names: Sequence[str]) -> tuple[int, ...]:
    name = find_field(names, ARCHITECTURE_FIELDS)
    if name is not None:
        return (names.index(name),)
    columns = tuple(index for index, name in enumerate(names) if _CHOICE_FIELD.fullmatch(name))
    if not columns:
        raise PublishedTableError(
            f"no column holds the architecture: one must be called arch, or several arch_0, arch_1 and so on; "
            f"the columns are {', '.join(names)}"
        )
    return columns


def _measurement_columns(names: Sequence[str], unit: LatencyUnit) -> tuple[int, int] | None:
    """Return the columns of platform and latency where each row is one measurement, else None."""
    platform = find_field(names, PLATFORM_FIELDS)
    latency = find_field(names, unit.latency_fields)
    if platform is None and latency is None:
        return None
    if platform is None or latency is None:
        raise PublishedTableError(
            f"a table with one measurement a row needs the columns device and {unit.latency_fields[0]}, or for another "
            f"unit --unit; the columns are {', '.join(names)}"
        )
    return names.index(platform), names.index(latency)


def _number(text: str, platform: str, origin: str) -> float:
    # Python reads underscores and digits of other scripts as well.
    if not _NUMBER.fullmatch(text.strip()):
        raise PublishedTableError(f"{origin}: the latency of {platform} is no number: {text[:80]!r}")
    return float(text)

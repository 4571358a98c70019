"""Read tables of latencies as others publish them: one small module for each format.

An importer is a function that takes a path, a unit and the platforms asked for, and yields `PublishedRow`s;
`assembly` makes a checked table of them, and `doubts` says what may have been meant otherwise.
A format of your own is such a function and one line in `_READERS`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Final

from edgeprof_predictor.errors import TableError
from edgeprof_predictor.spaces import CategoricalSpace
from edgeprof_predictor.tables.importers.archive import save_latency_table
from edgeprof_predictor.tables.importers.assembly import ImportedTable, assemble, assemble_ragged
from edgeprof_predictor.tables.importers.doubts import as_names
from edgeprof_predictor.tables.importers.errors import PublishedTableError
from edgeprof_predictor.tables.importers.rows import LatencyUnit, PublishedRow

Reader = Callable[[Path, LatencyUnit, tuple[str, ...] | None], Iterator[PublishedRow]]

# Module and function, imported on first use.
_READERS: Final = {
    "help": ("edgeprof_predictor.tables.importers.help_folder", "read_help_folder"),
    "csv": ("edgeprof_predictor.tables.importers.csv_file", "read_csv"),
    "jsonl": ("edgeprof_predictor.tables.importers.json_lines", "read_json_lines"),
}

_FORMAT_OF_SUFFIX: Final = {".csv": "csv", ".tsv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl"}

FORMAT_NAMES: Final = tuple(_READERS)


def import_latency_table(
    source: str | os.PathLike[str],
    *,
    format_name: str | None = None,
    unit: LatencyUnit = LatencyUnit.MILLISECONDS,
    platforms: Sequence[str] | None = None,
    space: CategoricalSpace | None = None,
) -> ImportedTable:
    """Read a published table.

    Args:
        source: A file, or a folder as HELP publishes them.
        format_name: One of `FORMAT_NAMES`; None to derive it from the name of the source.
        unit: Unit of the published latencies.
        platforms: Names of the platforms to take; None for all, where none of their names is doubtful.
        space: Search space of the architectures; None to find it by their notation.

    Raises:
        TableError: If the source cannot be read, or holds no table that can be taken over.
    """
    reader = _reader(Path(source), format_name)
    named = None if platforms is None else as_names(platforms)
    with _errors_of(source):
        return assemble(reader(Path(source), unit, named), unit=unit, platforms=named, space=space)


def import_ragged_tables(
    source: str | os.PathLike[str],
    *,
    unit: LatencyUnit = LatencyUnit.MILLISECONDS,
    space: CategoricalSpace | None = None,
) -> tuple[ImportedTable, ...]:
    """Read a table whose platforms may be measured on architectures of their own, as tables in which none is missing.

    Args:
        source: A file, or a folder as HELP publishes them.
        unit: Unit of the published latencies.
        space: Search space of the architectures; None to find it by their notation.

    Raises:
        TableError: If the source cannot be read, or holds no table that can be taken over.
    """
    reader = _reader(Path(source), None)
    with _errors_of(source):
        return assemble_ragged(reader(Path(source), unit, None), unit=unit, space=space)


@contextmanager
def _errors_of(source: str | os.PathLike[str]) -> Iterator[None]:
    """Name the source in the errors of reading it."""
    try:
        yield
    except TableError as error:
        raise PublishedTableError(f"{source}: {error}") from error
    except UnicodeDecodeError as error:
        raise PublishedTableError(f"{source} is no text in UTF-8 ({error.reason} at byte {error.start})") from error
    except OSError as error:
        raise PublishedTableError(f"cannot read {error.filename or source}: {error.strerror or error}") from error


def _reader(path: Path, format_name: str | None) -> Reader:
    name = format_name or ("help" if path.is_dir() else _FORMAT_OF_SUFFIX.get(path.suffix.lower()))
    if name not in _READERS:
        raise PublishedTableError(
            f"the name of {path} does not show its format; give one of {', '.join(FORMAT_NAMES)}"
            if name is None
            else f"there is no format {name!r}; the known ones are {', '.join(FORMAT_NAMES)}"
        )
    module_name, function_name = _READERS[name]
    reader: Reader = getattr(import_module(module_name), function_name)
    return reader


__all__ = [
    "FORMAT_NAMES",
    "ImportedTable",
    "LatencyUnit",
    "PublishedRow",
    "PublishedTableError",
    "import_latency_table",
    "import_ragged_tables",
    "save_latency_table",
]

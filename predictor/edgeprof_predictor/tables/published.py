"""Read published tables of latencies: NumPy archives without pickles."""

from __future__ import annotations

import os
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edgeprof_predictor._nearest_names import nearest_names
from edgeprof_predictor._plain_files import MAX_TABLE_BYTES, open_plain_file
from edgeprof_predictor.errors import TableError
from edgeprof_predictor.spaces import (
    SPACE_NAMES,
    CategoricalSpace,
    ChoiceArray,
    space_of_notation,
    space_of_options,
)
from edgeprof_predictor.spaces.table_space import TableSpace
from edgeprof_predictor.tables.latency_table import LatencyTable

_READ_ERRORS: Final = (OSError, EOFError, ValueError, KeyError, RuntimeError, zipfile.BadZipFile, zlib.error)
"""What NumPy and the archive raise for a file that is damaged, empty or something else; an archive
that claims to be encrypted or packed in an unknown way is a RuntimeError."""


def load_latency_table(path: str | os.PathLike[str], space: CategoricalSpace | None = None) -> LatencyTable:
    """Read a table from an archive with `arch`, `device` and `latency_ms`.

    Args:
        path: The `.npz` file.
        space: Search space of its architectures; needed where they are texts. Without one, integers are kept as
            published; `load_table_with_space` numbers them.

    Raises:
        TableError: If the file cannot be read or holds no such table.
        ArchitectureError: If a text names no architecture of the space.
        EncodingError: If a row of integers is none.
    """
    architectures, names, latency_ms = read_arrays(path, "arch", "device", "latency_ms")
    return _table(Path(path), _choices(architectures, space, Path(path)), names, latency_ms)


def load_table_with_space(
    path: str | os.PathLike[str], space: CategoricalSpace | None = None
) -> tuple[CategoricalSpace, LatencyTable]:
    """Read a table and find the search space of its architectures.

    The notation of texts identifies their space, the names of the options in `op` that of a matrix of integers. Any
    other matrix of integers is a space of its own: one decision a column, its options the values of the column,
    nothing known of its costs.

    Args:
        path: The `.npz` file.
        space: The search space; None to find it.

    Raises:
        TableError: If the file cannot be read or holds no such table.
        ArchitectureError: If a text names no architecture of the space.
        EncodingError: If a row of integers is none.
    """
    architectures, names, latency_ms, options = read_arrays(path, "arch", "device", "latency_ms", optional=("op",))
    if space is None and architectures.dtype.kind == "U" and architectures.size:
        space = space_of_notation(str(architectures.flat[0]))
    if space is None and architectures.ndim == 2:
        space = space_of_options(options.astype(str).tolist(), architectures.shape[1])
    if space is None and architectures.dtype.kind in "iu" and architectures.ndim == 2:
        space = TableSpace.of_columns(Path(path).stem, architectures.astype(np.int64))
    choices = _choices(_in_our_order(architectures, options, space), space, Path(path))
    assert space is not None  # `_choices` refuses what is neither texts of a space nor integers
    return space, _table(Path(path), choices, names, latency_ms)


def read_arrays(
    path: str | os.PathLike[str], *names: str, optional: Sequence[str] = ()
) -> tuple[NDArray[np.generic], ...]:
    """Return arrays of an archive, in the order asked for; nothing is unpickled.

    Args:
        path: The archive.
        names: Arrays that must be there.
        optional: Arrays that come last; empty where the archive has none.

    Raises:
        TableError: If the file cannot be read or lacks one of them.
    """
    _check_exists(Path(path))
    try:
        with _archive(path) as archive:
            missing = [name for name in names if name not in archive]
            if missing:
                held = ", ".join([*archive.files[:4], *(["..."] if len(archive.files) > 4 else [])])
                raise ValueError(f"it has no {' and no '.join(missing)}, but {held or 'nothing'}")
            found = [archive[name] for name in names]
            return (*found, *(archive[name] if name in archive else np.zeros(0, dtype=np.str_) for name in optional))
    except _READ_ERRORS as error:
        raise TableError(f"{path} is no table ({error}); it must be a .npz with {', '.join(names)}") from error


def load_architectures(path: str | os.PathLike[str], space: CategoricalSpace) -> ChoiceArray:
    """Read the architectures of an archive, `arch`: texts of the space, or choices numbered as in `op`: `n x l`.

    Args:
        path: The `.npz` file.
        space: Search space of the architectures.

    Raises:
        TableError: If the file cannot be read or holds no architectures.
        ArchitectureError: If a text names no architecture of the space.
        EncodingError: If a row of integers is none.
    """
    architectures, options = read_arrays(path, "arch", optional=("op",))
    return _choices(_in_our_order(architectures, options, space), space, Path(path))


def array_names(path: str | os.PathLike[str]) -> tuple[str, ...]:
    """Return the names of all arrays of an archive.

    Raises:
        TableError: If the file cannot be read.
    """
    _check_exists(Path(path))
    try:
        with _archive(path) as archive:
            return tuple(archive.files)
    except _READ_ERRORS as error:
        raise TableError(f"{path} is no table ({error}); it must be a .npz") from error


@contextmanager
def _archive(path: str | os.PathLike[str]) -> Iterator[np.lib.npyio.NpzFile]:
    # Opened here, since NumPy leaves a file open that turns out to be damaged.
    with open_plain_file(path, max_bytes=MAX_TABLE_BYTES) as file:
        archive = np.load(file, allow_pickle=False)
        if not isinstance(archive, np.lib.npyio.NpzFile):
            raise ValueError("it holds a single array")
        # Told by the archive's directory: a small file can unpack to more than there is memory.
        unpacked_bytes = sum(item.file_size for item in archive.zip.infolist()) if archive.zip else 0
        if unpacked_bytes > MAX_TABLE_BYTES:
            raise ValueError(f"unpacked it has {unpacked_bytes} bytes, at most {MAX_TABLE_BYTES} are read")
        yield archive


def space_of_table(name: str, choices: ChoiceArray) -> CategoricalSpace:
    """Return choices that are numbered already as a search space of their own: one decision a column.

    Args:
        name: Name of the space.
        choices: The architectures: `n x l`.
    """
    return CategoricalSpace(name, (choices.max(axis=0).astype(int) + 1).tolist())


def _table(
    path: Path, choices: ChoiceArray, names: NDArray[np.generic], latency_ms: NDArray[np.generic]
) -> LatencyTable:
    if names.dtype.kind != "U" or names.ndim != 1:
        raise TableError(f"{path}: device must be a list of names, got shape {names.shape} of {names.dtype}")
    if latency_ms.dtype.kind not in "iuf":
        raise TableError(f"{path}: latency_ms must be numbers, got {latency_ms.dtype}")
    return LatencyTable(platforms=tuple(names.tolist()), choices=choices, latency_ms=latency_ms.astype(np.float64))


def _in_our_order(
    architectures: NDArray[np.generic], options: NDArray[np.generic], space: CategoricalSpace | None
) -> NDArray[np.generic]:
    """Return choices with their options numbered as the space does, where the table names them in another order."""
    if space is None or architectures.dtype.kind not in "iu" or sorted(options.tolist()) != sorted(space.option_names):
        return architectures
    choices = architectures.astype(np.int64)
    if np.any(choices < 0) or np.any(choices >= len(options)):
        return architectures  # to be refused as no choices of the space
    number = np.array([space.option_names.index(name) for name in options.tolist()])
    renumbered: NDArray[np.generic] = number[choices]
    return renumbered


def _check_exists(path: Path) -> None:
    if not path.exists():
        raise TableError(f"there is no file {path}{_nearest(path)}")


def _nearest(path: Path) -> str:
    """Return the files beside a missing one whose names are alike, for the end of a sentence."""
    beside = [item.name for item in path.parent.glob("*.npz")] if path.parent.is_dir() else []
    nearest = nearest_names(path.name, beside, cutoff=0.5, where=" in its folder")
    return f"; {nearest}" if nearest else ""


def _choices(architectures: NDArray[np.generic], space: CategoricalSpace | None, path: Path) -> ChoiceArray:
    if architectures.dtype.kind in "iu" and architectures.ndim == 2:
        if space is not None:
            return space.number_columns(architectures)
        return architectures.astype(np.int64)  # as published, not numbered
    if architectures.dtype.kind == "U" and architectures.ndim == 1 and space is not None:
        return space.choices([space.parse_row(text) for text in architectures.tolist()])
    raise TableError(
        f"{path}: arch must be texts of a known search space ({', '.join(SPACE_NAMES)}) or a matrix of integers, "
        f"got shape {architectures.shape} of {architectures.dtype}"
    )

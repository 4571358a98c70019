"""Read published tables of latencies: NumPy archives without pickles."""

from __future__ import annotations

import os
import zipfile
import zlib
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edgeprof_predictor.dataset import LatencyTable
from edgeprof_predictor.errors import TableError
from edgeprof_predictor.spaces import CategoricalSpace, ChoiceArray

_READ_ERRORS: Final = (OSError, EOFError, ValueError, KeyError, RuntimeError, zipfile.BadZipFile, zlib.error)
"""What NumPy and the archive raise for a file that is damaged, empty or something else; an archive
that claims to be encrypted or packed in an unknown way is a RuntimeError."""


def load_latency_table(path: str | os.PathLike[str], space: CategoricalSpace | None = None) -> LatencyTable:
    """Read a table from an archive with `arch`, `device` and `latency_ms`.

    Args:
        path: The `.npz` file.
        space: Search space of its architectures; needed where they are texts. Integers are taken
            as choices of any space.

    Raises:
        TableError: If the file cannot be read or holds no such table.
        ArchitectureError: If a text names no architecture of the space.
        EncodingError: If a row of integers is none.
    """
    architectures, names, latency_ms = read_arrays(path, "arch", "device", "latency_ms")
    if names.dtype.kind != "U" or names.ndim != 1:
        raise TableError(f"{path}: device must be a list of names, got shape {names.shape} of {names.dtype}")
    if latency_ms.dtype.kind not in "iuf":
        raise TableError(f"{path}: latency_ms must be numbers, got {latency_ms.dtype}")
    return LatencyTable(
        platforms=tuple(names.tolist()),
        choices=_choices(architectures, space, Path(path)),
        latency_ms=latency_ms.astype(np.float64),
    )


def read_arrays(path: str | os.PathLike[str], *names: str) -> tuple[NDArray[np.generic], ...]:
    """Return arrays of an archive, in the order asked for; nothing is unpickled.

    Raises:
        TableError: If the file cannot be read or lacks one of them.
    """
    try:
        with Path(path).open("rb") as file:  # NumPy leaves a file open that turns out to be damaged
            archive = np.load(file, allow_pickle=False)
            if not isinstance(archive, np.lib.npyio.NpzFile):
                raise ValueError("it holds a single array")
            return tuple(archive[name] for name in names)
    except _READ_ERRORS as error:
        raise TableError(f"{path} is no table ({error}); it must be a .npz with {', '.join(names)}") from error


def space_of_table(name: str, choices: ChoiceArray) -> CategoricalSpace:
    """Return integer columns as a search space of their own: one decision a column.

    Args:
        name: Name of the space.
        choices: The architectures: `n x l`.
    """
    return CategoricalSpace(name, (choices.max(axis=0).astype(int) + 1).tolist())


def _choices(architectures: NDArray[np.generic], space: CategoricalSpace | None, path: Path) -> ChoiceArray:
    if architectures.dtype.kind in "iu" and architectures.ndim == 2:
        if space is not None:
            return space.check_choices(architectures)
        if architectures.min(initial=0) < 0 or architectures.max(initial=0) > np.iinfo(np.int8).max:
            raise TableError(f"{path}: choices must lie between 0 and {np.iinfo(np.int8).max}")
        return architectures.astype(np.int8)
    if architectures.dtype.kind == "U" and architectures.ndim == 1 and space is not None:
        return space.choices([space.parse(text) for text in architectures.tolist()])
    raise TableError(
        f"{path}: arch must be texts of a known search space or a matrix of integers, "
        f"got shape {architectures.shape} of {architectures.dtype}"
    )

"""Read published tables of latencies: NumPy archives without pickles."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edgeprof_predictor.dataset import LatencyTable
from edgeprof_predictor.errors import TableError
from edgeprof_predictor.spaces import CategoricalSpace, ChoiceArray


def load_latency_table(path: str | os.PathLike[str], space: CategoricalSpace | None = None) -> LatencyTable:
    """Read a table from an archive with `arch`, `device` and `latency_ms`.

    Args:
        path: The `.npz` file.
        space: Search space of its architectures; needed where they are texts. Integers are taken
            as choices of any space.

    Raises:
        TableError: If the file cannot be read or holds no such table.
        ArchitectureError: If a text names no architecture of the space.
    """
    try:
        with np.load(path, allow_pickle=False) as archive:
            architectures, names, latency_ms = (archive[key] for key in ("arch", "device", "latency_ms"))
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise TableError(
            f"{path} is no table of latencies ({error}); it must be a .npz with arch, device and latency_ms"
        ) from error
    return LatencyTable(
        platforms=tuple(map(str, names.tolist())),
        choices=_choices(architectures, space, Path(path)),
        latency_ms=np.asarray(latency_ms, dtype=np.float64),
    )


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

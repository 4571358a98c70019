"""Calibration data of the user's: inputs of networks, by whose activations an integer format is scaled."""

from __future__ import annotations

import hashlib
import os
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from edgeprof.errors import ExportError
from edgeprof.exporters.base import INPUT_NAME
from edgeprof_predictor.spaces import SearchSpace

if TYPE_CHECKING:
    from torch import Tensor

MAX_CALIBRATION_COUNT = 128
"""Inputs that are used: more change the ranges of activations little and take time for each network."""


def calibration_digest(path: str | os.PathLike[str]) -> str:
    """Return the SHA-256 of a file of calibration data.

    Raises:
        ExportError: If it cannot be read.
    """
    try:
        return hashlib.sha256(Path(path).read_bytes()).hexdigest()
    except OSError as error:
        raise ExportError(f"the calibration data {os.fspath(path)} cannot be read ({error.strerror})") from error


def read_calibration(path: str | os.PathLike[str], space: SearchSpace) -> NDArray[np.float32]:
    """Read calibration data.

    Args:
        path: An archive of NumPy's (.npz) with one array, or with one that is called `image`.
        space: The search space whose networks are to take the inputs.

    Shapes:
        the array: `n x input_shape`, any n of 1 and more; the first `MAX_CALIBRATION_COUNT` are used.

    Raises:
        ExportError: If it cannot be read, or holds no such array.
    """
    name = os.fspath(path)
    arrays = _arrays(path)
    chosen = INPUT_NAME if INPUT_NAME in arrays else next(iter(arrays)) if len(arrays) == 1 else None
    if chosen is None:
        raise ExportError(
            f"the calibration data {name} need one array, or one called {INPUT_NAME!r}; found: "
            f"{', '.join(list(arrays)[:8]) or 'none'}"
        )
    data = arrays[chosen]
    if data.ndim < 1 or not len(data) or data.shape[1:] != space.input_shape or data.dtype.kind not in "fiu":
        raise ExportError(
            f"the calibration data {name} hold {data.dtype} of shape {data.shape}; {space.name} takes numbers of shape "
            f"n x {' x '.join(map(str, space.input_shape))}"
        )
    return _finite(data[:MAX_CALIBRATION_COUNT].astype(np.float32), name)


def read_calibration_of_module(
    path: str | os.PathLike[str], inputs: Mapping[str, Tensor]
) -> tuple[dict[str, Tensor], ...]:
    """Read calibration data for a user's module.

    Args:
        path: An archive of NumPy's (.npz) with an array for each floating-point input by its name, or with a single
            array where the module has one input. Inputs that are left out keep the value of the example.
        inputs: An example of each input, `b x ...`.

    Shapes:
        an array: `n x ...`, any n of 1 and more, the same for all; the first `MAX_CALIBRATION_COUNT` are used.

    Returns:
        Batches of b; rows repeat until the last one is full.

    Raises:
        ExportError: If it cannot be read, or does not fit the inputs.
    """
    import torch

    name, arrays = os.fspath(path), _arrays(path)
    if len(arrays) == len(inputs) == 1:
        arrays = dict(zip(inputs, arrays.values(), strict=True))
    if not arrays or not arrays.keys() <= inputs.keys():
        raise ExportError(
            f"the calibration data {name} hold {', '.join(list(arrays)[:8]) or 'nothing'}; the module takes "
            f"{', '.join(list(inputs)[:8])}"
        )
    count = min(MAX_CALIBRATION_COUNT, *(len(data) if data.ndim else 0 for data in arrays.values()))
    for key, data in arrays.items():
        wanted = tuple(inputs[key].shape[1:])
        if not count or not inputs[key].dim() or data.shape[1:] != wanted or data.dtype.kind not in "fiub":
            raise ExportError(
                f"the calibration data {name} hold {data.dtype} of shape {data.shape} for {key!r}; the module takes "
                f"numbers of shape n x {' x '.join(map(str, wanted))}"
            )
    batches = []
    size = max(len(inputs[key]) for key in arrays)
    for start in range(0, count, size):
        batch = dict(inputs)
        for key, data in arrays.items():
            rows = np.resize(data[start:count], (len(inputs[key]), *data.shape[1:]))
            batch[key] = torch.from_numpy(_finite(rows, name)).to(inputs[key].dtype)
        batches.append(batch)
    return tuple(batches)


def read_values(path: str | os.PathLike[str]) -> dict[str, NDArray[Any]]:
    """Read the values of inputs by their names.

    Args:
        path: An archive of NumPy's (.npz).

    Raises:
        ExportError: If it cannot be read.
    """
    return _arrays(path, "values")


def _arrays(path: str | os.PathLike[str], what: str = "calibration data") -> dict[str, NDArray[Any]]:
    try:
        with np.load(path, allow_pickle=False) as archive:
            return dict(archive) if isinstance(archive, np.lib.npyio.NpzFile) else {}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise ExportError(f"the {what} {os.fspath(path)} are no archive of NumPy's (.npz): {error}") from error


def _finite(inputs: NDArray[Any], name: str) -> NDArray[Any]:
    if not np.isfinite(inputs).all():
        raise ExportError(f"the calibration data {name} hold values that are not finite")
    return inputs

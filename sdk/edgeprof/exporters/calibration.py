"""Calibration data of the user's: inputs of a search space whose activations an integer format is scaled by."""

import hashlib
import os
import zipfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edgeprof.errors import ExportError
from edgeprof.exporters.base import INPUT_NAME
from edgeprof_predictor.spaces import SearchSpace

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
    try:
        with np.load(path, allow_pickle=False) as archive:
            names = list(archive) if isinstance(archive, np.lib.npyio.NpzFile) else []
            chosen = INPUT_NAME if INPUT_NAME in names else names[0] if len(names) == 1 else None
            data = None if chosen is None else np.asarray(archive[chosen])
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise ExportError(f"the calibration data {name} are no archive of NumPy's (.npz): {error}") from error
    if data is None:
        raise ExportError(
            f"the calibration data {name} need one array, or one called {INPUT_NAME!r}; found: "
            f"{', '.join(names[:8]) or 'none'}"
        )
    if data.ndim < 1 or not len(data) or data.shape[1:] != space.input_shape or data.dtype.kind not in "fiu":
        raise ExportError(
            f"the calibration data {name} hold {data.dtype} of shape {data.shape}; {space.name} takes numbers of shape "
            f"n x {' x '.join(map(str, space.input_shape))}"
        )
    inputs = data[:MAX_CALIBRATION_COUNT].astype(np.float32)
    if not np.isfinite(inputs).all():
        raise ExportError(f"the calibration data {name} hold values that are not finite")
    return inputs

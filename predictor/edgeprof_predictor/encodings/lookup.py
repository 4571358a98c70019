"""Encodings looked up in a table: scores of zero-cost proxies, latencies on reference platforms."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edgeprof_predictor.dataset import LatencyTable
from edgeprof_predictor.encodings.base import Encoding
from edgeprof_predictor.errors import EncodingError, TableError
from edgeprof_predictor.spaces import CategoricalSpace, ChoiceArray, FloatArray
from edgeprof_predictor.tables import read_arrays

LOG_RANGE: Final = 1000.0
"""A positive score whose largest value is more than this many times its median is taken as logarithm: synflow
and its like span orders of magnitude, and standardised as they are only a few networks would differ."""


class LookupEncoding(Encoding):
    """One row of numbers for each architecture of a table, standardised column by column.

    Args:
        name: `zcp` or `hwl`, or one of your own.
        choices: The architectures of the table.
        values: Their numbers; a column that does not vary says nothing and is left out.

    Shapes:
        choices: `n x l`.  values: `n x d`.

    Raises:
        TableError: If shapes differ or a value is not finite.
    """

    def __init__(self, name: str, choices: ChoiceArray, values: FloatArray) -> None:
        if values.ndim != 2 or len(values) != len(choices):
            raise TableError(f"{name}: {len(choices)} architectures need as many rows, got shape {values.shape}")
        if not np.all(np.isfinite(values)):
            raise TableError(
                f"{name}: scores must be finite, got {values[~np.isfinite(values)][0]}; leave such rows out"
            )
        values = values[:, np.ptp(values, axis=0) > 0]
        super().__init__(name, values.shape[1])
        self._values = (values - values.mean(axis=0)) / values.std(axis=0)
        self._rows = {architecture.tobytes(): row for row, architecture in enumerate(choices.astype(np.int8))}

    def covers(self, choices: ChoiceArray) -> NDArray[np.bool_]:
        """Tell which of `n x l` architectures the table has."""
        rows = np.ascontiguousarray(choices, dtype=np.int8)
        return np.array([architecture.tobytes() in self._rows for architecture in rows], dtype=np.bool_)

    def encode(self, choices: ChoiceArray) -> FloatArray:
        """Return the rows of architectures: `n x l` to `n x d`.

        Raises:
            EncodingError: If the table lacks an architecture.
        """
        try:
            rows = [self._rows[architecture.tobytes()] for architecture in np.ascontiguousarray(choices, dtype=np.int8)]
        except KeyError as error:
            missing = np.frombuffer(error.args[0], dtype=np.int8).tolist()
            raise EncodingError(
                f"the {self.name} table has no row for the architecture {missing}; add it or leave the encoding out"
            ) from None
        found: FloatArray = self._values[np.array(rows, dtype=np.int64)]
        return found


def proxy_encoding(choices: ChoiceArray, scores: FloatArray) -> LookupEncoding:
    """Return zero-cost proxies as an encoding: ZCP.

    Args:
        choices: Architectures of the table.
        scores: One column a proxy.

    Shapes:
        choices: `n x l`.  scores: `n x d`.

    Source:
        Multi-Predict, section 3.2: normalised scores; how they are normalised is ours.
    """
    columns = [_compressed(column) for column in np.asarray(scores, dtype=np.float64).T]
    return LookupEncoding("zcp", choices, np.stack(columns, axis=1))


def latency_encoding(table: LatencyTable, platforms: Sequence[str]) -> LookupEncoding:
    """Return latencies on reference platforms as an encoding: HWL.

    Args:
        table: Of the reference platforms.
        platforms: Those to use; never the new one.

    Raises:
        UnknownPlatformError: If one is not in the table.

    Source:
        Multi-Predict, section 3.2; log latency, as everywhere here.
    """
    return LookupEncoding("hwl", table.choices, np.log(table.select(platforms).latency_ms).T)


def load_proxy_encoding(path: str | os.PathLike[str], space: CategoricalSpace) -> LookupEncoding:
    """Read an archive with `arch` (choices, or texts of the space) and `score`.

    Raises:
        TableError: If the file cannot be read or holds no such table.
        ArchitectureError: If a text names no architecture of the space.
    """
    architectures, scores = read_arrays(path, "arch", "score")
    if scores.dtype.kind not in "iuf" or scores.ndim != 2:
        raise TableError(f"{path}: score must be a matrix of numbers, got shape {scores.shape} of {scores.dtype}")
    if architectures.dtype.kind == "U":
        choices = space.choices([space.parse(text) for text in architectures.tolist()])
    else:
        choices = space.check_choices(architectures)
    return proxy_encoding(choices, scores.astype(np.float64))


def _compressed(score: FloatArray) -> FloatArray:
    if np.all(score > 0) and score.max() > LOG_RANGE * np.median(score):
        return np.log(score)
    return score

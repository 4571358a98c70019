"""Encodings looked up in a table: scores of zero-cost proxies, latencies on reference platforms."""

from __future__ import annotations

import os
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from edgeprof_predictor.dataset import LatencyTable
from edgeprof_predictor.encodings.base import Encoding
from edgeprof_predictor.encodings.normalisation import Standard
from edgeprof_predictor.errors import EncodingError, TableError
from edgeprof_predictor.spaces import CategoricalSpace, ChoiceArray, FloatArray
from edgeprof_predictor.tables import read_arrays


class LookupEncoding(Encoding):
    """One row of numbers for each architecture of a table, standardised column by column.

    Args:
        name: `zcp` or `hwl`, or one of your own.
        choices: The architectures of the table.
        values: Their numbers, NaN where one is missing. A column that does not vary says nothing and is left out.
        columns: Names of the columns; none to number them.
        normalisation: Learnt elsewhere, for the columns that vary; None to learn it from the whole table.

    Shapes:
        choices: `n x l`.  values: `n x d`.

    Raises:
        TableError: If shapes differ, or a table holds no score at all.
    """

    def __init__(
        self,
        name: str,
        choices: ChoiceArray,
        values: FloatArray,
        columns: Sequence[str] = (),
        normalisation: Standard | None = None,
    ) -> None:
        if values.ndim != 2 or len(values) != len(choices):
            raise TableError(f"{name}: {len(choices)} architectures need as many rows, got shape {values.shape}")
        names = tuple(columns) or tuple(f"{name}_{index}" for index in range(values.shape[1]))
        if len(names) != values.shape[1]:
            raise TableError(f"{name}: {len(names)} names for {values.shape[1]} columns; name each once")
        if not np.isfinite(values).any():
            raise TableError(f"{name}: there is not one score among {values.size}; leave the encoding out")
        if normalisation is None:
            normalisation = Standard.fit(values)
            varies = normalisation.scale > 0
            values = values[:, varies]
            names = tuple(column for column, kept in zip(names, varies, strict=True) if kept)
            normalisation = Standard.fit(values) if varies.any() else normalisation
        super().__init__(name, values.shape[1], names)
        self.normalisation = normalisation
        self._choices, self._raw = choices, values
        self._values = normalisation.apply(values) if values.shape[1] else values
        self._rows = {architecture.tobytes(): row for row, architecture in enumerate(choices.astype(np.int8))}

    def fitted(self, choices: ChoiceArray) -> LookupEncoding:
        """Return the encoding, normalised by these architectures alone.

        Raises:
            EncodingError: If the table lacks one.
        """
        learnt = Standard.fit(self._raw[self._found(choices)])
        return LookupEncoding(self.name, self._choices, self._raw, self.columns, learnt)

    def covers(self, choices: ChoiceArray) -> NDArray[np.bool_]:
        """Tell which of `n x l` architectures the table has."""
        rows = np.ascontiguousarray(choices, dtype=np.int8)
        return np.array([architecture.tobytes() in self._rows for architecture in rows], dtype=np.bool_)

    def encode(self, choices: ChoiceArray) -> FloatArray:
        """Return the rows of architectures: `n x l` to `n x d`.

        Raises:
            EncodingError: If the table lacks an architecture.
        """
        found: FloatArray = self._values[self._found(choices)]
        return found

    def _found(self, choices: ChoiceArray) -> NDArray[np.int64]:
        try:
            rows = [self._rows[architecture.tobytes()] for architecture in np.ascontiguousarray(choices, dtype=np.int8)]
        except KeyError as error:
            missing = np.frombuffer(error.args[0], dtype=np.int8).tolist()
            raise EncodingError(
                f"the {self.name} table has no row for the architecture {missing}; add it or leave the encoding out"
            ) from None
        return np.array(rows, dtype=np.int64)


def proxy_encoding(choices: ChoiceArray, scores: FloatArray, names: Sequence[str] = ()) -> LookupEncoding:
    """Return zero-cost proxies as an encoding: ZCP.

    Args:
        choices: Architectures of the table.
        scores: One column a proxy, NaN or infinite where one is not available.
        names: Of the proxies.

    Shapes:
        choices: `n x l`.  scores: `n x d`.

    Source:
        Multi-Predict, section 3.2: normalised scores; how they are normalised is ours.
    """
    return LookupEncoding("zcp", choices, np.asarray(scores, dtype=np.float64), names)


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
    return LookupEncoding("hwl", table.choices, np.log(table.select(platforms).latency_ms).T, platforms)


def load_proxy_encoding(path: str | os.PathLike[str], space: CategoricalSpace) -> LookupEncoding:
    """Read an archive with `arch` (choices, or texts of the space) and `score`.

    Raises:
        TableError: If the file cannot be read or holds no such table.
        ArchitectureError: If a text names no architecture of the space.
    """
    architectures, scores, names = read_arrays(path, "arch", "score", optional=("proxy",))
    if scores.dtype.kind not in "iuf" or scores.ndim != 2:
        raise TableError(f"{path}: score must be a matrix of numbers, got shape {scores.shape} of {scores.dtype}")
    if architectures.dtype.kind == "U":
        choices = space.choices([space.parse(text) for text in architectures.tolist()])
    else:
        choices = space.check_choices(architectures)
    return proxy_encoding(choices, scores.astype(np.float64), names.astype(str).tolist())

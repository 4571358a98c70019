"""Encodings looked up in a table: scores of zero-cost proxies, latencies on reference platforms."""

from __future__ import annotations

import os
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from edgeprof_predictor.encodings.base import Encoding
from edgeprof_predictor.encodings.normalisation import Normalisation, Standardised
from edgeprof_predictor.errors import EncodingError, TableError
from edgeprof_predictor.spaces import CHOICE_TYPE, CategoricalSpace, ChoiceArray, FloatArray
from edgeprof_predictor.tables.latency_table import LatencyTable
from edgeprof_predictor.tables.published import read_arrays


class LookupEncoding(Encoding):
    """One row of numbers for each architecture of a table, normalised.

    Args:
        name: `zcp` or `hwl`, or one of your own.
        choices: The architectures of the table.
        values: Their numbers; NaN where one is missing, infinite where one has no bound.
        columns: What each number is; numbered when not given.
        normalisation: As learned elsewhere, on the source; None to learn it here.

    Shapes:
        choices: `n x l`.  values: `n x d`.

    Raises:
        TableError: If shapes differ, or there is no score at all.
    """

    def __init__(
        self,
        name: str,
        choices: ChoiceArray,
        values: FloatArray,
        columns: Sequence[str] | None = None,
        *,
        normalisation: Normalisation | None = None,
    ) -> None:
        if values.ndim != 2 or len(values) != len(choices):
            raise TableError(f"{name}: {len(choices)} architectures need as many rows, got shape {values.shape}")
        super().__init__(name, columns or [f"{name} {index + 1}" for index in range(values.shape[1])])
        if values.shape[1] != self.width:
            raise TableError(f"{name}: {self.width} columns are named, the rows have {values.shape[1]}")
        if not np.isfinite(values).any():
            raise TableError(f"{name}: there is not one score among {values.size}; leave the encoding out")
        self.normalisation = normalisation or Standardised.fit(values)
        self._choices, self._raw = choices, values
        self._values = self.normalisation.apply(values)
        self._rows = {architecture.tobytes(): row for row, architecture in enumerate(choices.astype(CHOICE_TYPE))}

    def covers(self, choices: ChoiceArray) -> NDArray[np.bool_]:
        """Tell which of `n x l` architectures the table has."""
        rows = np.ascontiguousarray(choices, dtype=CHOICE_TYPE)
        return np.array([architecture.tobytes() in self._rows for architecture in rows], dtype=np.bool_)

    def fitted(self, choices: ChoiceArray) -> LookupEncoding:
        """Return the encoding, standardised by these architectures alone.

        Raises:
            EncodingError: If the table lacks one.
        """
        learned = Standardised.fit(self._raw[self._found(choices)])
        return LookupEncoding(self.name, self._choices, self._raw, self.columns, normalisation=learned)

    def encode(self, choices: ChoiceArray) -> FloatArray:
        """Return the rows of architectures: `n x l` to `n x d`.

        Raises:
            EncodingError: If the table lacks an architecture.
        """
        found: FloatArray = self._values[self._found(choices)]
        return found

    def _found(self, choices: ChoiceArray) -> NDArray[np.int64]:
        try:
            rows = [
                self._rows[architecture.tobytes()] for architecture in np.ascontiguousarray(choices, dtype=CHOICE_TYPE)
            ]
        except KeyError as error:
            missing = np.frombuffer(error.args[0], dtype=CHOICE_TYPE).tolist()
            raise EncodingError(
                f"the {self.name} table has no row for the architecture {missing}; add it or leave the encoding out"
            ) from None
        return np.array(rows, dtype=np.int64)


def proxy_encoding(
    choices: ChoiceArray,
    scores: FloatArray,
    proxies: Sequence[str] | None = None,
    *,
    normalisation: Normalisation | None = None,
) -> LookupEncoding:
    """Return zero-cost proxies as an encoding: ZCP.

    Args:
        choices: Architectures of the table.
        scores: One column a proxy.
        proxies: Their names.
        normalisation: As learned on the source; None to learn it on this table.

    Shapes:
        choices: `n x l`.  scores: `n x d`.

    Source:
        Multi-Predict, section 3.2: normalised scores; how they are normalised is ours.
    """
    values = np.asarray(scores, dtype=np.float64)
    return LookupEncoding("zcp", choices, values, proxies, normalisation=normalisation)


def latency_encoding(
    table: LatencyTable, platforms: Sequence[str], *, normalisation: Normalisation | None = None
) -> LookupEncoding:
    """Return latencies on reference platforms as an encoding: HWL.

    Args:
        table: Of the reference platforms, published or measured through agents.
        platforms: Those to use; never the new one.
        normalisation: As learned on the source; None to learn it on this table.

    Raises:
        UnknownPlatformError: If one is not in the table.

    Source:
        Multi-Predict, section 3.2; log latency, as everywhere here.
    """
    values = np.log(table.select(platforms).latency_ms).T
    return LookupEncoding("hwl", table.choices, values, platforms, normalisation=normalisation)


def load_proxy_encoding(path: str | os.PathLike[str], space: CategoricalSpace) -> LookupEncoding:
    """Read an archive with `arch` (choices, or texts of the space), `score`, and `proxy` where the columns have names.

    Raises:
        TableError: If the file cannot be read or holds no such table.
        ArchitectureError: If a text names no architecture of the space.
    """
    architectures, scores, names = read_arrays(path, "arch", "score", optional=("proxy",))
    if scores.dtype.kind not in "iuf" or scores.ndim != 2:
        raise TableError(f"{path}: score must be a matrix of numbers, got shape {scores.shape} of {scores.dtype}")
    if names.size not in (0, scores.shape[1]):
        raise TableError(f"{path}: {names.size} names in proxy do not fit {scores.shape[1]} columns of score")
    if architectures.dtype.kind == "U":
        choices = space.choices([space.parse_row(text) for text in architectures.tolist()])
    else:
        choices = space.number_columns(architectures)
    return proxy_encoding(choices, scores.astype(np.float64), names.astype(str).tolist() or None)

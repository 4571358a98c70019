"""Make columns of scores or latencies comparable.

What that takes is learned once, on rows of the source, and stored with whatever was trained on the normalised rows:
the same score must mean the same number wherever it turns up later. A value that is missing (NaN) becomes 0, the middle
of its column; one without bound (infinite) the finite extreme of its column.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from edgeprof_predictor.errors import EncodingError
from edgeprof_predictor.spaces import FloatArray

QUANTILE_COUNT: Final = 256
"""Quantiles of a column that are stored: finer than the ranks of a few hundred architectures."""

LOG_RANGE: Final = 1000.0
"""A positive score whose largest value is more than this many times its median is taken as logarithm: synflow
and its like span orders of magnitude, and standardised as they are only a few networks would differ."""


class Normalisation(Protocol):
    """A way to make columns comparable, learned already.

    Letters: `n` rows, `d` columns.
    """

    def apply(self, values: FloatArray) -> FloatArray:
        """Return comparable values, all finite: `n x d` to `n x d`."""

    def tensors(self) -> dict[str, NDArray[np.generic]]:
        """Return what to save."""


@dataclass(frozen=True, slots=True, eq=False)
class Standardised:
    """Each column less its mean, in standard deviations; those over orders of magnitude as logarithms.

    Args:
        is_log: Columns taken as logarithms.
        centre: Mean of each column.
        scale: Standard deviation of each; infinite where a column does not vary, which makes it 0.

    Shapes:
        is_log, centre, scale: `d`.
    """

    is_log: NDArray[np.bool_]
    centre: FloatArray
    scale: FloatArray

    @classmethod
    def fit(cls, values: FloatArray) -> Standardised:
        """Learn from rows: `n x d`.

        Raises:
            EncodingError: If there is no row.
        """
        given = _with_rows(values)
        with_nan_as_1 = np.where(np.isnan(given), 1.0, given)
        is_positive = np.all(with_nan_as_1 > 0, axis=0)
        is_log = is_positive & (with_nan_as_1.max(axis=0) > LOG_RANGE * np.median(with_nan_as_1, axis=0))
        logs = _with_logs(given, is_log)
        scale = np.nanstd(logs, axis=0)
        return cls(is_log=is_log, centre=np.nanmean(logs, axis=0), scale=np.where(scale > 0, scale, np.inf))

    def apply(self, values: FloatArray) -> FloatArray:
        """Return standardised values: `n x d` to `n x d`."""
        standardised = (_with_logs(bounded(values), self.is_log) - self.centre) / self.scale
        return np.where(np.isnan(standardised), 0.0, standardised)

    def tensors(self) -> dict[str, NDArray[np.generic]]:
        """Return what to save."""
        return {f"normalisation.{name}": getattr(self, name) for name in ("is_log", "centre", "scale")}

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, NDArray[np.generic]]) -> Standardised:
        """Return what `tensors` was saved from."""
        return cls(
            is_log=tensors["normalisation.is_log"].astype(np.bool_),
            centre=tensors["normalisation.centre"].astype(np.float64),
            scale=tensors["normalisation.scale"].astype(np.float64),
        )


@dataclass(frozen=True, slots=True, eq=False)
class RankNormal:
    """Each column by its rank, as the quantile of a normal distribution.

    Letters: `q` stored quantiles.

    Args:
        quantiles: Of each column, ascending.

    Shapes:
        quantiles: `q x d`.
    """

    quantiles: FloatArray

    @classmethod
    def fit(cls, values: FloatArray) -> RankNormal:
        """Learn the distribution of columns: `n x d`.

        Raises:
            EncodingError: If there is no row.
        """
        given = _with_rows(values)
        shares = np.linspace(0.0, 1.0, min(QUANTILE_COUNT, len(given)))
        return cls(np.nanquantile(given, shares, axis=0))

    def apply(self, values: FloatArray) -> FloatArray:
        """Return normal scores: `n x d` to `n x d`; ties share their middle rank."""
        filled = bounded(values)
        scores = np.zeros(filled.shape)
        count = len(self.quantiles)
        for column, (found, quantiles) in enumerate(zip(filled.T, self.quantiles.T, strict=True)):
            present = ~np.isnan(found)
            below = np.searchsorted(quantiles, found[present], side="left")
            upto = np.searchsorted(quantiles, found[present], side="right")
            # Between two stored quantiles the place is interpolated, so that no two values tie that differ.
            between = np.interp(found[present], quantiles, np.arange(count, dtype=np.float64))
            place = np.where(upto > below, (below + upto - 1) / 2.0, between)
            scores[present, column] = ndtri((place + 0.5) / count)
        return scores

    def tensors(self) -> dict[str, NDArray[np.generic]]:
        """Return what to save."""
        return {"normalisation.quantiles": self.quantiles}

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, NDArray[np.generic]]) -> RankNormal:
        """Return what `tensors` was saved from."""
        return cls(tensors["normalisation.quantiles"].astype(np.float64))


def bounded(values: FloatArray) -> FloatArray:
    """Return values with infinite ones at the finite extremes of their column, NaN kept: `n x d`."""
    given = np.array(values, dtype=np.float64)
    finite = np.isfinite(given)
    highest = np.max(np.where(finite, given, -np.inf), axis=0, initial=-np.inf)
    lowest = np.min(np.where(finite, given, np.inf), axis=0, initial=np.inf)
    with_any = finite.any(axis=0)
    clipped: FloatArray = np.clip(given, np.where(with_any, lowest, np.nan), np.where(with_any, highest, np.nan))
    return clipped


def _with_rows(values: FloatArray) -> FloatArray:
    """Return bounded values to learn from; a column without any value holds zeros."""
    given = bounded(values)
    if given.ndim != 2 or not len(given):
        raise EncodingError(f"columns cannot be normalised without a row, got shape {given.shape}")
    return np.where(np.isnan(given).all(axis=0), 0.0, given)


def _with_logs(values: FloatArray, is_log: NDArray[np.bool_]) -> FloatArray:
    """Return values, logarithms in some columns; there a value that is not positive is missing."""
    logs: FloatArray = np.array(values)
    logs[:, is_log] = np.log(np.where(values[:, is_log] > 0, values[:, is_log], np.nan))
    return logs

"""Make columns of scores or latencies comparable; what is learned for that is stored with what was trained on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from edgeprof_predictor.errors import EncodingError
from edgeprof_predictor.spaces import FloatArray

QUANTILE_COUNT: Final = 256
"""Quantiles of a column that are stored: finer than the ranks of a few hundred architectures can tell."""


@dataclass(frozen=True, slots=True, eq=False)
class RankNormal:
    """Each column by its rank, as the quantile of a normal distribution; 0 where a value is missing.

    Letters: `n` rows, `d` columns, `q` stored quantiles.

    Args:
        quantiles: Of each column, ascending.

    Shapes:
        quantiles: `q x d`.
    """

    quantiles: FloatArray

    @classmethod
    def fit(cls, values: FloatArray) -> RankNormal:
        """Learn the distribution of columns: `n x d`, NaN where a value is missing.

        Raises:
            EncodingError: If there is no row.
        """
        filled = bounded(values)
        if not len(filled):
            raise EncodingError("columns cannot be normalised without a row")
        missing = np.isnan(filled).all(axis=0)
        filled = np.where(missing, 0.0, filled)
        shares = np.linspace(0.0, 1.0, min(QUANTILE_COUNT, len(filled)))
        return cls(np.nanquantile(filled, shares, axis=0))

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


LOG_RANGE: Final = 1000.0
"""A positive score whose largest value is more than this many times its median is taken as logarithm: synflow
and its like span orders of magnitude, and standardised as they are only a few networks would differ."""


@dataclass(frozen=True, slots=True, eq=False)
class Standard:
    """Each column less its mean, in units of its spread; 0, the mean, where a value is missing.

    Letters: `n` rows, `d` columns.

    Args:
        is_log: Whether a column is taken as logarithm first.
        mean: Of each column.
        scale: What each is multiplied by; 0 for a column that does not vary.

    Shapes:
        is_log, mean, scale: `d`.
    """

    is_log: NDArray[np.bool_]
    mean: FloatArray
    scale: FloatArray

    @classmethod
    def fit(cls, values: FloatArray) -> Standard:
        """Learn from columns: `n x d`, NaN where a value is missing.

        Raises:
            EncodingError: If there is no row.
        """
        if not len(values):
            raise EncodingError("columns cannot be normalised without a row")
        filled = np.where(np.isnan(bounded(values)).all(axis=0), 0.0, bounded(values))
        positive = np.nanmin(filled, axis=0) > 0
        is_log = positive & (np.nanmax(filled, axis=0) > LOG_RANGE * np.nanmedian(filled, axis=0))
        filled = _logarithmic(filled, is_log)
        spread = np.nanstd(filled, axis=0)
        varies = np.nanmax(filled, axis=0) > np.nanmin(filled, axis=0)
        return cls(is_log, np.nanmean(filled, axis=0), np.where(varies, 1.0 / np.where(varies, spread, 1.0), 0.0))

    def apply(self, values: FloatArray) -> FloatArray:
        """Return columns standardised: `n x d` to `n x d`."""
        scaled: FloatArray = (_logarithmic(bounded(values), self.is_log) - self.mean) * self.scale
        return np.where(np.isnan(scaled), 0.0, scaled)

    def tensors(self) -> dict[str, NDArray[np.generic]]:
        """Return what to save."""
        return {
            "normalisation.is_log": self.is_log,
            "normalisation.mean": self.mean,
            "normalisation.scale": self.scale,
        }

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, NDArray[np.generic]]) -> Standard:
        """Return what `tensors` was saved from."""
        return cls(
            tensors["normalisation.is_log"].astype(np.bool_),
            tensors["normalisation.mean"].astype(np.float64),
            tensors["normalisation.scale"].astype(np.float64),
        )


def _logarithmic(values: FloatArray, is_log: NDArray[np.bool_]) -> FloatArray:
    """Return columns with logarithms where they are taken; a value that has none is missing."""
    has_one = is_log & (values > 0)
    logarithms = np.log(np.where(has_one, values, 1.0))
    found: FloatArray = np.where(is_log, np.where(has_one, logarithms, np.nan), values)
    return found


def bounded(values: FloatArray) -> FloatArray:
    """Return values with infinite ones at the finite extremes of their column, NaN kept: `n x d`."""
    given = np.array(values, dtype=np.float64)
    finite = np.isfinite(given)
    highest = np.max(np.where(finite, given, -np.inf), axis=0, initial=-np.inf)
    lowest = np.min(np.where(finite, given, np.inf), axis=0, initial=np.inf)
    with_any = finite.any(axis=0)
    clipped: FloatArray = np.clip(given, np.where(with_any, lowest, np.nan), np.where(with_any, highest, np.nan))
    return clipped

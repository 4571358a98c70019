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


def bounded(values: FloatArray) -> FloatArray:
    """Return values with infinite ones at the finite extremes of their column, NaN kept: `n x d`."""
    given = np.array(values, dtype=np.float64)
    finite = np.isfinite(given)
    highest = np.max(np.where(finite, given, -np.inf), axis=0, initial=-np.inf)
    lowest = np.min(np.where(finite, given, np.inf), axis=0, initial=np.inf)
    with_any = finite.any(axis=0)
    clipped: FloatArray = np.clip(given, np.where(with_any, lowest, np.nan), np.where(with_any, highest, np.nan))
    return clipped

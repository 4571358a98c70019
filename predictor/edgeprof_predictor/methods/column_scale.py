"""Columns of numbers on one scale, as kernels need them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edgeprof_predictor.spaces import FloatArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ColumnScale:
    """Centres columns, and scales them so that the squares of a typical row add up to 1.

    Columns that do not vary become 0.

    Shapes:
        centre, spread: `d`.
    """

    centre: FloatArray
    spread: FloatArray

    @classmethod
    def of(cls, columns: FloatArray) -> ColumnScale:
        """Return the scale on which these are typical rows: `n x d`."""
        spread = columns.std(axis=0)
        is_varied = spread > 1e-9 * np.maximum(np.abs(columns).max(axis=0, initial=0.0), 1e-300)
        spread = np.where(is_varied, spread * np.sqrt(max(is_varied.sum(), 1)), np.inf)
        return cls(centre=columns.mean(axis=0), spread=spread)

    def __call__(self, columns: FloatArray) -> FloatArray:
        """Return columns on the scale: `n x d`."""
        scaled: FloatArray = (columns - self.centre) / self.spread
        return scaled

"""Solves by a Cholesky factor with NumPy alone: `scipy.linalg` takes longer to import than a prediction takes."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

_BLOCK: Final = 64


def solve_lower(factor: NDArray[np.float64], right: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return `inverse(factor) right` by forward substitution, block by block.

    Shapes:
        factor: `n x n`, lower triangular.  right, returns: `n x m`.
    """
    solved = np.empty_like(right)
    for start in range(0, len(factor), _BLOCK):
        rows = slice(start, start + _BLOCK)
        known = factor[rows, :start] @ solved[:start]
        solved[rows] = np.linalg.solve(factor[rows, rows], right[rows] - known)
    return solved

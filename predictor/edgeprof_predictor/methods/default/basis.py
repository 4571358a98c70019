"""Means and kernel features of architectures, and what a prior leaves free about its means."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edgeprof_predictor.spaces import FloatArray

OFFSET_VARIANCE: Final = 0.06
"""Variance of a constant part of the relative latency, the same for all networks."""

SCALE_VARIANCE: Final = 0.3
"""Variance of a factor on the mean: a few samples determine the scale of a platform only roughly."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Basis:
    """Means and kernel features of a batch of architectures.

    Letters: `n` architectures, `m` means, `j` kernels.

    Shapes:
        means: `n x m`.  factors: `j - 1` of `n x d_j`; a kernel is their inner product.
        one_hots: encodings behind the last kernel, that of choices and their pairs.
    """

    means: FloatArray
    factors: tuple[FloatArray, ...]
    one_hots: tuple[FloatArray, ...]
    decision_count: int

    def __len__(self) -> int:
        return len(self.means)

    def __getitem__(self, indices: slice | NDArray[np.int64]) -> Basis:
        return Basis(
            means=self.means[indices],
            factors=tuple(factor[indices] for factor in self.factors),
            one_hots=tuple(one_hot[indices] for one_hot in self.one_hots),
            decision_count=self.decision_count,
        )

    def cross(self, other: Basis) -> FloatArray:
        """Return all kernels between two batches: `j x n x n'`."""
        kernels = [mine @ theirs.T for mine, theirs in zip(self.factors, other.factors, strict=True)]
        shared = [mine @ theirs.T for mine, theirs in zip(self.one_hots, other.one_hots, strict=True)]
        kernels.append(np.mean([self._choice_kernel(count) for count in shared], axis=0))
        return np.stack(kernels)

    def diagonal(self) -> FloatArray:
        """Return all kernels of each architecture with itself: `j x n`."""
        variances = [(factor**2).sum(axis=1) for factor in self.factors]
        return np.stack([*variances, np.ones(len(self))])

    def _choice_kernel(self, shared_count: FloatArray) -> FloatArray:
        """Share of equal choices and of equal pairs of choices, in equal parts."""
        count = self.decision_count
        pairs = shared_count * (shared_count - 1) / max(count * (count - 1), 1)
        kernel: FloatArray = 0.5 * shared_count / count + 0.5 * pairs
        return kernel


def standardised(values: FloatArray, space_sample: FloatArray) -> FloatArray:
    """Return features of mean 0 over the space sample and mean variance 1 altogether.

    Shapes:
        values: `n x d`.  space_sample: `r x d`.  returns: `n x` features that vary.
    """
    spread = space_sample.std(axis=0)
    varies = spread > 1e-9 * np.abs(space_sample).max(axis=0)
    centred = (values[:, varies] - space_sample[:, varies].mean(axis=0)) / spread[varies]
    scaled: FloatArray = centred / np.sqrt(max(int(varies.sum()), 1))
    return scaled

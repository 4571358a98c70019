"""Hardware embeddings: one learned row a platform, and how a new platform gets its first row."""

from __future__ import annotations

from typing import Final

import numpy as np
import torch
from torch import Tensor, nn

from edgeprof_predictor.errors import UnknownPlatformError
from edgeprof_predictor.spaces import FloatArray

INITIAL_ROWS: Final = ("max_correlation", "mean", "random")
"""Ways to start the row of a new platform; the first is the paper's, the others its baselines."""


class EmbeddingTable(nn.Module):
    """One row for each platform.

    Letters: `p` platforms, `h` embedding width.

    Args:
        platforms: Names of the `p` rows.
        width: `h`.
    """

    def __init__(self, platforms: tuple[str, ...], width: int) -> None:
        super().__init__()
        self.platforms = platforms
        self.rows = nn.Parameter(torch.randn(len(platforms), width))

    def forward(self, platform_index: Tensor) -> Tensor:
        """Return the rows with these indices: `n` to `n x h`."""
        return self.rows[platform_index]

    def row(self, platform: str) -> Tensor:
        """Return a copy of the row of a platform: `h`.

        Raises:
            UnknownPlatformError: If it has none.
        """
        if platform not in self.platforms:
            raise UnknownPlatformError(
                f"{platform!r} has no hardware embedding; these have: {', '.join(self.platforms)}"
            )
        return self.rows[self.platforms.index(platform)].detach().clone()

    def initial_row(self, how: str, nearest: str | None, *, seed: int) -> Tensor:
        """Return the row that a new platform starts from; no row of the table changes.

        Args:
            how: One of `INITIAL_ROWS`.
            nearest: The source that correlates best; the mean row serves while none is known.
            seed: Of the random row.

        Source:
            Multi-Predict, section 3.3, Eq. 1, for `max_correlation`.
        """
        if how not in INITIAL_ROWS:
            raise ValueError(f"a row starts as one of {', '.join(INITIAL_ROWS)}, got {how!r}")
        if how == "random":
            return torch.randn(self.rows.shape[1], generator=torch.Generator().manual_seed(seed))
        if how == "max_correlation" and nearest is not None:
            return self.row(nearest)
        return self.rows.detach().mean(dim=0)


def nearest_platform(
    platforms: tuple[str, ...], source_latencies: FloatArray, latency_ms: FloatArray
) -> tuple[str | None, float]:
    """Return the source whose latencies correlate best with the new platform's, and how well.

    Args:
        platforms: Names of the `p` sources.
        source_latencies: Of the `k` samples on each source, in any unit, positive.
        latency_ms: Of the samples on the new platform.

    Shapes:
        source_latencies: `p x k`.  latency_ms: `k`.
        returns: None and nan for fewer than two samples, or equal ones.

    Source:
        Multi-Predict, Eq. 1; Pearson correlation of log latencies, where the paper leaves the kind
        of correlation open.
    """
    if len(latency_ms) < 2 or np.ptp(latency_ms) == 0:
        return None, float("nan")
    mine = np.log(latency_ms) - np.log(latency_ms).mean()
    theirs = np.log(source_latencies)
    theirs = theirs - theirs.mean(axis=1, keepdims=True)
    norms = np.sqrt((theirs**2).sum(axis=1) * (mine**2).sum())
    correlations = theirs @ mine / np.maximum(norms, 1e-12)
    best = int(correlations.argmax())
    return platforms[best], float(correlations[best])

"""Latencies of many architectures on many platforms, checked once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from edgeprof_predictor._nearest_names import nearest_names
from edgeprof_predictor.errors import TableError, UnknownPlatformError
from edgeprof_predictor.spaces import ChoiceArray, FloatArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LatencyTable:
    """What every platform needed for every architecture.

    Letters: `p` platforms, `n` architectures, `l` decisions of the search space.

    Args:
        platforms: Names of the `p` platforms, each once.
        choices: The architectures.
        latency_ms: Milliseconds of one inference. A missing value is refused rather than guessed:
            leave the architecture or the platform out.

    Shapes:
        choices: `n x l`.  latency_ms: `p x n`.

    Raises:
        TableError: If a shape, a name or a value is wrong.
    """

    platforms: tuple[str, ...]
    choices: ChoiceArray
    latency_ms: FloatArray

    def __post_init__(self) -> None:
        if self.choices.ndim != 2 or self.latency_ms.shape != (len(self.platforms), len(self.choices)):
            raise TableError(
                f"latency_ms must be {len(self.platforms)} platforms x {len(self.choices)} architectures, "
                f"got shape {self.latency_ms.shape}"
            )
        if not self.platforms or not len(self.choices):
            raise TableError("a table needs at least one platform and one architecture")
        repeated = sorted({name for name in self.platforms if self.platforms.count(name) > 1})
        if repeated:
            raise TableError(f"each platform may stand in a table once, repeated: {', '.join(repeated)}")
        for name, row in zip(self.platforms, self.latency_ms, strict=True):
            if not np.all(np.isfinite(row)) or np.any(row <= 0):
                wrong = row[~np.isfinite(row) | (row <= 0)][0]
                raise TableError(f"latencies of {name} must be finite and > 0, got {wrong}; leave such entries out")
            if len(row) > 1 and np.all(row == row[0]):
                raise TableError(f"all latencies of {name} are {row[0]:g} ms; nothing can be learnt from that")

    def select(self, platforms: Sequence[str]) -> LatencyTable:
        """Return the table of these platforms, in this order.

        Raises:
            UnknownPlatformError: If one is not in the table, with the nearest name that is.
        """
        rows = [self._row(name) for name in platforms]
        return LatencyTable(platforms=tuple(platforms), choices=self.choices, latency_ms=self.latency_ms[rows])

    def subset(self, indices: ArrayLike) -> LatencyTable:
        """Return the table of the architectures with these indices."""
        chosen: NDArray[np.int64] = np.asarray(indices, dtype=np.int64)
        return LatencyTable(
            platforms=self.platforms, choices=self.choices[chosen], latency_ms=self.latency_ms[:, chosen]
        )

    def latencies_of(self, platform: str) -> FloatArray:
        """Return the latencies of one platform: `n`.

        Raises:
            UnknownPlatformError: If it is not in the table, with the nearest name that is.
        """
        latencies: FloatArray = self.latency_ms[self._row(platform)]
        return latencies

    def _row(self, platform: str) -> int:
        if platform not in self.platforms:
            nearest = nearest_names(platform, self.platforms) or f"it has {', '.join(sorted(self.platforms)[:3])}"
            raise UnknownPlatformError(f"no platform {platform!r} in the table; {nearest}")
        return self.platforms.index(platform)

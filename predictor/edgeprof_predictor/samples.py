"""What was measured on a new platform, as the predictor takes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from edgeprof_predictor.errors import SamplesError
from edgeprof_predictor.spaces import CHOICE_TYPE, CategoricalSpace, ChoiceArray, FloatArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Samples:
    """Measured architectures of one platform.

    Letters: `k` samples, `l` decisions of the search space.

    Args:
        choices: The architectures.
        latency_ms: Median latency of each, in milliseconds.
        relative_sd: Standard error of each, as a share of its latency; 0 where unknown.
        resolution_ms: Step of the clock: 1.0 when latencies are whole milliseconds, 0.0 for a
            fine clock.

    Shapes:
        choices: `k x l`.  latency_ms: `k`.  relative_sd: `k`.

    Raises:
        SamplesError: If a shape or a value is wrong.
    """

    choices: ChoiceArray
    latency_ms: FloatArray
    relative_sd: FloatArray
    resolution_ms: float = 0.0

    def __post_init__(self) -> None:
        if self.choices.ndim != 2:
            raise SamplesError(f"choices must be samples x decisions, got shape {self.choices.shape}")
        for name in ("latency_ms", "relative_sd"):
            values: FloatArray = getattr(self, name)
            if values.shape != (self.count,):
                raise SamplesError(f"{name} must hold {self.count} values, one a sample, got shape {values.shape}")
        if not np.all(np.isfinite(self.latency_ms)) or np.any(self.latency_ms <= 0):
            raise SamplesError(f"latencies of samples must be finite and > 0 ms, got {self.latency_ms}")
        if not np.all(np.isfinite(self.relative_sd)) or np.any(self.relative_sd < 0):
            raise SamplesError(f"relative_sd must be finite and >= 0, got {self.relative_sd}")
        if not 0 <= self.resolution_ms < np.inf:
            raise SamplesError(f"resolution_ms must be finite and >= 0, got {self.resolution_ms}")

    @property
    def count(self) -> int:
        """Number of samples: `k`."""
        return len(self.choices)

    @classmethod
    def of(cls, choices: ChoiceArray, latency_ms: FloatArray) -> Samples:
        """Return samples whose noise is unknown; whole milliseconds are noticed.

        Args:
            choices: The architectures: `k x l`.
            latency_ms: Their latencies: `k`.
        """
        latencies = np.asarray(latency_ms, dtype=np.float64)
        is_whole = len(latencies) > 0 and bool(np.all(latencies == np.round(latencies)))
        return cls(
            choices=choices,
            latency_ms=latencies,
            relative_sd=np.zeros(len(choices)),
            resolution_ms=1.0 if is_whole else 0.0,
        )

    @classmethod
    def none(cls, space: CategoricalSpace) -> Samples:
        """Return no samples of a search space."""
        return cls.of(np.zeros((0, len(space.choice_counts)), dtype=CHOICE_TYPE), np.zeros(0))

    def __getitem__(self, indices: slice) -> Samples:
        """Return some of the samples, at the same clock."""
        return self._at(indices)

    def where(self, is_kept: NDArray[np.bool_]) -> Samples:
        """Return the samples that are marked, at the same clock: `k`."""
        return self._at(np.flatnonzero(is_kept))

    def with_choices(self, choices: ChoiceArray) -> Samples:
        """Return the same measurements, of architectures described otherwise: `k x l`."""
        return replace(self, choices=choices)

    def tensors(self) -> dict[str, NDArray[np.generic]]:
        """Return what to save."""
        return {
            "samples.choices": self.choices,
            "samples.latency_ms": self.latency_ms,
            "samples.relative_sd": self.relative_sd,
            "samples.resolution_ms": np.array(self.resolution_ms),
        }

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, NDArray[np.generic]]) -> Samples:
        """Return what `tensors` was saved from."""
        return cls(
            choices=tensors["samples.choices"].astype(CHOICE_TYPE),
            latency_ms=tensors["samples.latency_ms"].astype(np.float64),
            relative_sd=tensors["samples.relative_sd"].astype(np.float64),
            resolution_ms=tensors["samples.resolution_ms"].item(),
        )

    def _at(self, indices: slice | NDArray[np.int64]) -> Samples:
        return Samples(
            choices=self.choices[indices],
            latency_ms=self.latency_ms[indices],
            relative_sd=self.relative_sd[indices],
            resolution_ms=self.resolution_ms,
        )

    def joined(self, other: Samples) -> Samples:
        """Return these samples and then the others, at the coarser of the two clocks."""
        return Samples(
            choices=np.concatenate([self.choices, other.choices]),
            latency_ms=np.concatenate([self.latency_ms, other.latency_ms]),
            relative_sd=np.concatenate([self.relative_sd, other.relative_sd]),
            resolution_ms=max(self.resolution_ms, other.resolution_ms),
        )

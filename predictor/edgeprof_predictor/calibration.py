"""Learn from left-out source platforms how much wider intervals must be than the model says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edgeprof_predictor.dataset import LatencyTable
from edgeprof_predictor.methods.base import INTERVAL_DEVIATIONS, INTERVAL_SHARE
from edgeprof_predictor.posterior import Hypotheses, Posterior
from edgeprof_predictor.prior import Prior
from edgeprof_predictor.samplers import choose_informative
from edgeprof_predictor.samples import Samples
from edgeprof_predictor.spaces import FloatArray

SAMPLE_COUNTS: Final = (3, 5, 10, 20)
"""Sample counts at which intervals are checked; between them the factor is interpolated."""

FAMILY_CORRELATION: Final = 0.985
"""Sources whose log latencies correlate better are one family: left out together, so that no twin
makes a left-out platform look easy."""

CHECKED_COUNT: Final = 400
"""Architectures of each left-out source on which intervals are checked; as many are candidates."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """Factors on the standard deviations of the model.

    Args:
        sample_counts: Ascending numbers of samples.
        factors: For each of them, at least 1.
    """

    sample_counts: tuple[int, ...]
    factors: tuple[float, ...]

    def tensors(self) -> dict[str, NDArray[np.generic]]:
        """Return what to save."""
        return {
            "calibration.sample_counts": np.array(self.sample_counts, dtype=np.int64),
            "calibration.factors": np.array(self.factors),
        }

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, NDArray[np.generic]]) -> Calibration:
        """Return what `tensors` was saved from."""
        return cls(
            sample_counts=tuple(tensors["calibration.sample_counts"].tolist()),
            factors=tuple(tensors["calibration.factors"].tolist()),
        )

    def factor(self, sample_count: int) -> float:
        """Return the factor for a number of samples."""
        return float(np.interp(sample_count, self.sample_counts, self.factors))


def calibrate(prior: Prior, hypotheses: Hypotheses, sources: LatencyTable, *, seed: int) -> Calibration:
    """Leave out each family of sources in turn and see how far its intervals reach.

    A factor below 1 is never returned: quiet sources cannot tell how noisy a new platform will be.

    Args:
        prior: Knows all sources.
        hypotheses: Drawn for that prior.
        sources: Latencies of the sources.
        seed: Of the architectures checked.
    """
    order = np.random.default_rng(seed).permutation(len(sources.choices))
    candidates, checked = np.array_split(order[: 2 * CHECKED_COUNT], 2)
    counts = [count for count in SAMPLE_COUNTS if count <= len(candidates)]
    squares = np.zeros(len(counts))
    found = families(sources)
    for family in found:
        rest = prior.without(family) if len(family) < len(sources.platforms) else prior
        ratios = [_ratios(rest, hypotheses, sources, name, candidates, checked, counts) for name in family]
        squares += np.mean(np.square(ratios), axis=0)
    factors = np.maximum(np.sqrt(squares / len(found)), 1.0)
    return Calibration(sample_counts=tuple(counts), factors=tuple(factors.tolist()))


def families(sources: LatencyTable) -> list[tuple[str, ...]]:
    """Return the sources in groups that are alike, directly or through others."""
    correlation = np.atleast_2d(np.corrcoef(np.log(sources.latency_ms)))
    is_alike = correlation > FAMILY_CORRELATION
    remaining, found = list(range(len(sources.platforms))), []
    while remaining:
        members, border = set(), [remaining[0]]
        while border:
            members.add(border[-1])
            border = [*border[:-1], *(set(np.flatnonzero(is_alike[border[-1]]).tolist()) - members - set(border))]
        found.append(tuple(sources.platforms[index] for index in sorted(members)))
        remaining = [index for index in remaining if index not in members]
    return found


def _ratios(
    prior: Prior,
    hypotheses: Hypotheses,
    sources: LatencyTable,
    platform: str,
    candidates: NDArray[np.int64],
    checked: NDArray[np.int64],
    counts: list[int],
) -> FloatArray:
    """Return needed over claimed reach of the interval, for each number of samples."""
    latency_ms = sources.latencies_of(platform)
    untouched = Posterior.infer(prior, hypotheses, Samples.none(prior.feature_map.space))
    order = candidates[choose_informative(untouched, prior.basis(sources.choices[candidates]), max(counts))]
    basis = prior.basis(sources.choices[checked])
    ratios = []
    for count in counts:
        chosen = order[:count]
        samples = Samples.of(sources.choices[chosen], latency_ms[chosen])
        mean, sd = Posterior.infer(prior, hypotheses, samples).predict(basis)
        deviations = np.abs(np.log(latency_ms[checked] / mean)) / np.sqrt(np.log1p((sd / mean) ** 2))
        ratios.append(float(np.quantile(deviations, INTERVAL_SHARE)) / INTERVAL_DEVIATIONS)
    return np.array(ratios)

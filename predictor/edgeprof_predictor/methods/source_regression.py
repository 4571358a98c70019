"""A ridge regression of relative latency for each source platform."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edgeprof_predictor.methods.cost_features import CostFeatures, FeatureMap
from edgeprof_predictor.spaces import ChoiceArray, FloatArray
from edgeprof_predictor.tables.latency_table import LatencyTable

PAIR_WIDTH_MAX: Final = 2000
"""Largest number of pairs of choices for which they are columns of the regressions."""

PENALTIES: Final = np.logspace(-4, 3, 15)
"""Ridge penalties tried; the leave-one-out error of the source's own samples picks one."""

RELATIVE_FLOOR: Final = 0.02
"""Smallest relative latency that a regression may predict, so that latencies are positive."""

PART_WEIGHT: Final = 0.5
"""Factor on the columns of pairs and costs; the ridge penalises them more than single choices."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SourceRegressions:
    """Ridge regressions of the relative latency of `p` source platforms.

    Args:
        platforms: Their names.
        weights: Of the columns of the design matrix.
        intercepts: Added to them.
        trust: How much each source counts against the others, above 0 and at most 1: errors of a source of trust 0.5
            have twice the variance of others'. None where all count alike.

    Shapes:
        weights: `w x p`, of the design matrix.  intercepts: `p`.  trust: `p`.
    """

    platforms: tuple[str, ...]
    weights: FloatArray
    intercepts: FloatArray
    trust: FloatArray | None = None

    @classmethod
    def fit(cls, feature_map: FeatureMap, table: LatencyTable, *, trust: FloatArray | None = None) -> SourceRegressions:
        """Fit the regressions to the latencies of the source platforms.

        Args:
            feature_map: Of the search space.
            table: The latencies.
            trust: Of each source: `p`; None where all count alike.
        """
        design = design_matrix(feature_map, feature_map.describe(table.choices))
        centre = design.mean(axis=0)
        left, singular, right = np.linalg.svd(design - centre, full_matrices=False)
        relative = table.latency_ms / np.exp(np.log(table.latency_ms).mean(axis=1, keepdims=True))
        columns = [_ridge(left, singular, latencies - latencies.mean()) for latencies in relative]
        weights = right.T @ np.stack(columns, axis=1)
        intercepts = relative.mean(axis=1) - centre @ weights
        # Over the whole space every source has mean 1, whatever was sampled of it.
        space_sample = design_matrix(feature_map, feature_map.space_sample) @ weights + intercepts
        scale = np.maximum(space_sample, RELATIVE_FLOOR).mean(axis=0)
        return cls(platforms=table.platforms, weights=weights / scale, intercepts=intercepts / scale, trust=trust)

    @classmethod
    def none(cls) -> SourceRegressions:
        """Return the regressions of no source."""
        return cls(platforms=(), weights=np.zeros((0, 0)), intercepts=np.zeros(0))

    def without(self, platforms: Sequence[str]) -> SourceRegressions:
        """Return the regressions of all other sources."""
        return self.select([name for name in self.platforms if name not in platforms])

    def select(self, platforms: Sequence[str]) -> SourceRegressions:
        """Return the regressions of these sources, in this order."""
        kept = [self.platforms.index(name) for name in platforms]
        return SourceRegressions(
            platforms=tuple(platforms),
            weights=self.weights[:, kept],
            intercepts=self.intercepts[kept],
            trust=None if self.trust is None else self.trust[kept],
        )

    def joined(self, other: SourceRegressions) -> SourceRegressions:
        """Return the regressions of these sources and others of the same design matrix."""
        if not self.platforms:
            return other
        return SourceRegressions(
            platforms=(*self.platforms, *other.platforms),
            weights=np.concatenate([self.weights, other.weights], axis=1),
            intercepts=np.concatenate([self.intercepts, other.intercepts]),
            trust=np.concatenate([self.trusts, other.trusts]),
        )

    @property
    def trusts(self) -> FloatArray:
        """How much each source counts, 1 where nothing else is known: `p`."""
        return np.ones(len(self.platforms)) if self.trust is None else self.trust

    def mean(self, latencies: FloatArray) -> FloatArray:
        """Return the mean over the sources, those count most that are trusted most: `n x p` to `n`."""
        mean: FloatArray = latencies.mean(axis=1) if self.trust is None else latencies @ (self.trust / self.trust.sum())
        return mean

    def residual_factor(self, latencies: FloatArray) -> FloatArray:
        """Return the factor of the sources' covariance around their mean, weighted by trust: `n x p` to `n x p`.

        Source:
            The unbiased weighted sample covariance, for weights of reliability.
        """
        factor: FloatArray = (latencies - self.mean(latencies)[:, None]) / self.residual_scales
        return factor

    @property
    def residual_scales(self) -> FloatArray:
        """What a latency less the mean over the sources is divided by in that factor: `p`."""
        trust = self.trusts
        if len(trust) < 2:
            return np.ones(len(trust))
        freedom = trust.sum() - (trust**2).sum() / trust.sum()
        scales: FloatArray = np.sqrt(freedom / trust)
        return scales

    def tensors(self) -> dict[str, NDArray[np.generic]]:
        """Return what to save."""
        trust = {} if self.trust is None else {"sources.trust": self.trust}
        return {"sources.weights": self.weights, "sources.intercepts": self.intercepts, **trust}

    @classmethod
    def from_tensors(cls, platforms: tuple[str, ...], tensors: Mapping[str, NDArray[np.generic]]) -> SourceRegressions:
        """Return what `tensors` was saved from."""
        return cls(
            platforms=platforms,
            weights=tensors["sources.weights"].astype(np.float64),
            intercepts=tensors["sources.intercepts"].astype(np.float64),
            trust=tensors["sources.trust"].astype(np.float64) if "sources.trust" in tensors else None,
        )

    def predict(self, design: FloatArray) -> FloatArray:
        """Return relative latencies on all sources: `n x w` to `n x p`."""
        predicted: FloatArray = np.maximum(design @ self.weights + self.intercepts, RELATIVE_FLOOR)
        return predicted

    def predict_choices(self, feature_map: FeatureMap, choices: ChoiceArray) -> FloatArray:
        """Return relative latencies of architectures on all sources: `n x l` to `n x p`."""
        return self.predict(design_matrix(feature_map, feature_map.describe(choices)))


def design_matrix(feature_map: FeatureMap, features: CostFeatures) -> FloatArray:
    """Return the columns of the regressions: choices, pairs of choices where there are few, costs.

    Shapes:
        returns: `n x w`.
    """
    counts = feature_map.space.choice_counts
    parts = list(features.one_hots)
    if sum(counts) ** 2 / 2 <= PAIR_WIDTH_MAX:
        parts += [PART_WEIGHT * _pairs(one_hot, counts) for one_hot in features.one_hots]
    for flat, space_sample in zip(features.flat_costs, feature_map.space_sample.flat_costs, strict=True):
        spread = space_sample.std(axis=0)
        parts.append(PART_WEIGHT * flat[:, spread > 0] / spread[spread > 0])
    return np.concatenate(parts, axis=1)


def _pairs(one_hot: FloatArray, counts: tuple[int, ...]) -> FloatArray:
    ends = np.cumsum(counts)
    blocks = [one_hot[:, end - count : end] for end, count in zip(ends, counts, strict=True)]
    pairs = [
        (first[:, :, None] * second[:, None, :]).reshape(len(one_hot), first.shape[1] * second.shape[1])
        for index, first in enumerate(blocks)
        for second in blocks[index + 1 :]
    ]
    side_by_side: FloatArray = np.concatenate(pairs, axis=1)
    return side_by_side


def _ridge(left: FloatArray, singular: FloatArray, centred: FloatArray) -> FloatArray:
    """Return the solution in the right singular basis, penalty by leave-one-out error."""
    projected = left.T @ centred
    best_error, best = np.inf, np.zeros_like(singular)
    for penalty in PENALTIES:
        shrinkage = singular**2 / (singular**2 + penalty)
        leverage = np.minimum(left**2 @ shrinkage + 1.0 / len(centred), 0.999)
        error = float(np.mean(((centred - left @ (shrinkage * projected)) / (1.0 - leverage)) ** 2))
        if error < best_error:
            best_error, best = error, shrinkage * projected / np.maximum(singular, 1e-12)
    return best

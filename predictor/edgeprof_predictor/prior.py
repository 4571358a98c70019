"""What is known of a platform before it is measured: sources, physics, and how they may be wrong.

Relative latency of architecture `x` on a new platform: `t(x) = m(x) + f(x)`, where `m` is one of a
few means and `f` a Gaussian process whose covariance is a sum of kernels. Each kernel names a way
in which platforms differ: from source to source, in the prices of arithmetic and traffic, in whole
costs, in costs per stage, in single choices and their pairs, in what a cut graph costs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from edgeprof_predictor.features import FeatureMap, Features
from edgeprof_predictor.physics import physics_line, virtual_platforms
from edgeprof_predictor.sources import SourceRegressions, design_matrix
from edgeprof_predictor.spaces import ChoiceArray, FloatArray

AMPLITUDES: Final = {
    "sources": (0.03, 4.0),
    "prices": (0.05, 3.0),
    "totals": (0.003, 1.0),
    "stages": (0.001, 0.1),
    "cut": (0.003, 0.5),
    "choices": (0.0003, 0.03),
}
"""Range of each kernel's amplitude. The first two multiply a spread that is there, so 1 is their
natural size; the others are variances of relative latency, from hardly any to as much as sources
and physics leave open. Broad on purpose: the samples decide."""


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

    def __getitem__(self, indices: object) -> Basis:
        return Basis(
            means=self.means[indices],  # type: ignore[index]
            factors=tuple(factor[indices] for factor in self.factors),  # type: ignore[index]
            one_hots=tuple(one_hot[indices] for one_hot in self.one_hots),  # type: ignore[index]
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


class Prior:
    """Means and kernels for the platforms of one search space.

    Args:
        feature_map: Of the search space.
        sources: Regressions of the source platforms, or of some of them.
        seed: Of the virtual platforms.
    """

    def __init__(self, feature_map: FeatureMap, sources: SourceRegressions, *, seed: int = 0) -> None:
        self.feature_map: Final = feature_map
        self.sources: Final = sources
        reference = feature_map.reference
        self._prices = [virtual_platforms(reference, g, seed=seed + g) for g in range(len(reference.stage_costs))]
        self._price_factor = self._factor_of_prices() if self._prices else np.zeros((0, 0))
        self._has_cut = not bool(np.all(reference.is_connected))
        self.kernel_names: Final = tuple(name for name in AMPLITUDES if self._has_kernel(name))
        self.reference: Final = self.basis(feature_map.reference_choices)

    def basis(self, choices: ChoiceArray) -> Basis:
        """Return means and kernel features of architectures.

        Shapes:
            choices: `n x l`.
        """
        features = self.feature_map.describe(choices)
        sources = self.sources.predict(design_matrix(self.feature_map, features))
        factors = [self._source_factor(sources)]
        if features.stage_costs:
            factors += [self._price_features(features), *self._cost_features(features)]
        if self._has_cut:
            factors.append((~features.is_connected)[:, None].astype(np.float64))
        return Basis(
            means=self._means(features, sources.mean(axis=1)),
            factors=tuple(factors),
            one_hots=features.one_hots,
            decision_count=len(self.feature_map.space.choice_counts),
        )

    def _has_kernel(self, name: str) -> bool:
        if name in ("prices", "totals", "stages"):
            return bool(self._prices)
        return self._has_cut if name == "cut" else True

    def _means(self, features: Features, source_mean: FloatArray) -> FloatArray:
        """Return what a platform may be like: the sources, physics, or half of each."""
        if not features.stage_costs:
            return source_mean[:, None]
        line = physics_line(features, self.feature_map.reference)
        virtual = [
            costs @ prices.mean(axis=0) + constant.mean()
            for costs, (prices, constant) in zip(features.flat_costs, self._prices, strict=True)
        ]
        physical = [line, *virtual]
        mixed = [(source_mean + mean) / 2 for mean in physical]
        return np.stack([source_mean, *physical, *mixed], axis=1)

    def _source_factor(self, sources: FloatArray) -> FloatArray:
        centred = sources - sources.mean(axis=1, keepdims=True)
        return centred / np.sqrt(max(sources.shape[1] - 1, 1))

    def _price_features(self, features: Features) -> FloatArray:
        costs = np.concatenate(features.flat_costs, axis=1)
        ones = np.ones((len(costs), 1))
        return np.concatenate([costs, ones], axis=1) @ self._price_factor

    def _factor_of_prices(self) -> FloatArray:
        """Return `B` with `B B'` the covariance of prices and constants over virtual platforms."""
        width = sum(prices.shape[1] for prices, _ in self._prices) + 1
        rows, first = [], 0
        for prices, constant in self._prices:
            block = np.zeros((len(prices), width))
            block[:, first : first + prices.shape[1]], block[:, -1] = prices, constant
            rows.append(block)
            first += prices.shape[1]
        drawn = np.concatenate(rows)
        centred = (drawn - drawn.mean(axis=0)) / np.sqrt(len(drawn) - 1)
        _, singular, right = np.linalg.svd(centred, full_matrices=False)
        factor: FloatArray = right.T * singular
        return factor

    def _cost_features(self, features: Features) -> tuple[FloatArray, FloatArray]:
        """Return standardised whole costs and stage costs, each of mean variance 1."""
        reference = self.feature_map.reference
        totals = _standardised(np.concatenate(features.totals, axis=1), np.concatenate(reference.totals, axis=1))
        stages = _standardised(np.concatenate(features.flat_costs, axis=1), np.concatenate(reference.flat_costs, axis=1))
        return totals, stages


def _standardised(values: FloatArray, reference: FloatArray) -> FloatArray:
    spread = reference.std(axis=0)
    varies = spread > 1e-9 * np.abs(reference).max(axis=0)
    centred = (values[:, varies] - reference[:, varies].mean(axis=0)) / spread[varies]
    return centred / np.sqrt(max(int(varies.sum()), 1))

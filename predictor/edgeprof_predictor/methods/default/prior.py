"""The prior of a platform: means from sources and costs, kernels for the ways in which platforms differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edgeprof_predictor.errors import EncodingError
from edgeprof_predictor.methods.choice_kernel import choice_kernel
from edgeprof_predictor.methods.column_scale import ColumnScale
from edgeprof_predictor.methods.cost_features import CostFeatures, FeatureMap
from edgeprof_predictor.methods.default.random_cost_models import RandomCostModels, cost_based_latency
from edgeprof_predictor.methods.source_regression import SourceRegressions, design_matrix
from edgeprof_predictor.spaces import CHOICE_TYPE, CategoricalSpace, ChoiceArray, FloatArray
from edgeprof_predictor.tables.latency_table import LatencyTable

OFFSET_VARIANCE: Final = 0.06
"""Variance of a constant part of the relative latency, the same for all networks."""

SCALE_VARIANCE: Final = 0.3
"""Variance of a factor on the mean: a few samples determine the scale of a platform only roughly."""

AMPLITUDES: Final = {
    "sources": (0.03, 4.0),
    "own": (0.03, 4.0),
    "cost_models": (0.05, 3.0),
    "totals": (0.003, 1.0),
    "stages": (0.001, 0.1),
    "cut": (0.003, 0.5),
    "operations": (0.003, 1.0),
    "choices": (0.0003, 0.03),
}
"""Range of each kernel's amplitude. The first three multiply an empirical covariance, so 1 is their natural size; the
others are variances of relative latency, from negligible to what sources and costs leave unexplained. The ranges are
broad because the samples weigh the draws."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Basis:
    """Means and kernel features of a batch of architectures.

    Letters: `n` architectures, `m` means, `j` kernels.

    Shapes:
        means: `n x m`.  factors: `j - 1` of `n x d_j`, by kernel; a kernel is their inner product.
        one_hots: encodings behind the last kernel, that of choices and their pairs.
    """

    means: FloatArray
    factors: Mapping[str, FloatArray]
    one_hots: tuple[FloatArray, ...]
    decision_count: int

    def __len__(self) -> int:
        return len(self.means)

    def __getitem__(self, indices: slice | NDArray[np.int64]) -> Basis:
        return replace(
            self,
            means=self.means[indices],
            factors={name: factor[indices] for name, factor in self.factors.items()},
            one_hots=tuple(one_hot[indices] for one_hot in self.one_hots),
        )

    def cross(self, other: Basis) -> FloatArray:
        """Return all kernels between two batches: `j x n x n'`."""
        by_choices = [
            choice_kernel(mine @ theirs.T, self.decision_count)
            for mine, theirs in zip(self.one_hots, other.one_hots, strict=True)
        ]
        kernels = [factor @ other.factors[name].T for name, factor in self.factors.items()]
        return np.stack([*kernels, np.mean(by_choices, axis=0)])

    def diagonal(self) -> FloatArray:
        """Return all kernels of each architecture with itself: `j x n`."""
        return np.stack([*((factor**2).sum(axis=1) for factor in self.factors.values()), np.ones(len(self))])


@dataclass(eq=False, repr=False)
class Prior:
    """Means and kernels for the platforms of one search space.

    Args:
        feature_map: Of the search space.
        sources: Regressions of the source platforms, or of some of them; of none where costs are known.
        cost_models: Random linear cost models; None where the space knows no costs.
        runs_pruned: Whether the platform runs graphs without what cannot influence the output, as exported networks
            are. Architectures are then described by their pruned choices. False for tables that may have timed all
            of the graph: descriptions hold both graphs, and the samples decide.
        counts_operations: Whether platforms differ in what an operation of a kind takes, whatever its arithmetic, where
            the space counts operations: average pooling in int8 takes ONNX Runtime ten times as long as in float32.
        own_platforms: Sources that are the user's own. What they have in common against the mean of all sources has a
            kernel of its own: a few of them among many published sources would hardly count.
    """

    feature_map: FeatureMap
    sources: SourceRegressions
    cost_models: RandomCostModels | None
    runs_pruned: bool = field(default=False, kw_only=True)
    counts_operations: bool = field(default=False, kw_only=True)
    own_platforms: tuple[str, ...] = field(default=(), kw_only=True)

    def __post_init__(self) -> None:
        self._has_cut = not bool(np.all(self.feature_map.space_sample.is_connected))
        self._space_sample_operations = self._operations(self.feature_map.space_sample_choices)
        self.space_sample = self.basis(self.feature_map.space_sample_choices)
        self.kernel_names = (*self.space_sample.factors, "choices")

    @classmethod
    def of(cls, feature_map: FeatureMap, sources: SourceRegressions, *, seed: int) -> Prior:
        """Return the prior of a space, with random cost models where its costs are known."""
        sample = feature_map.space_sample
        return cls(feature_map, sources, RandomCostModels.draw(sample, seed=seed) if sample.stage_costs else None)

    def without(self, platforms: Sequence[str]) -> Prior:
        """Return the prior without these sources.

        Raises:
            EncodingError: If there are no others.
        """
        if set(self.sources.platforms) <= set(platforms):
            raise EncodingError(f"a prior needs a source besides {', '.join(platforms)}; leave fewer of them out")
        own = tuple(name for name in self.own_platforms if name not in platforms)
        return replace(self, sources=self.sources.without(platforms), own_platforms=own)

    def for_pruned_graphs(self) -> Prior:
        """Return the prior of platforms that run graphs without what cannot influence the output."""
        return replace(self, runs_pruned=True, counts_operations=True)

    def tensors(self) -> dict[str, NDArray[np.generic]]:
        """Return what to save."""
        return {
            "reference_choices": self.feature_map.space_sample_choices,
            "runs_pruned": np.array(int(self.runs_pruned)),
            **({"counts_operations": np.array(1)} if self.counts_operations else {}),
            **({"sources.is_own": self.own_weights.astype(bool).astype(np.int64)} if self.own_platforms else {}),
            **self.sources.tensors(),
            **({} if self.cost_models is None else self.cost_models.tensors()),
        }

    @classmethod
    def from_tensors(
        cls, space: CategoricalSpace, platforms: tuple[str, ...], tensors: Mapping[str, NDArray[np.generic]]
    ) -> Prior:
        """Return what `tensors` was saved from; earlier releases described both graphs, and counted no operations."""
        is_own = tensors.get("sources.is_own", np.zeros(len(platforms))).tolist()
        return cls(
            FeatureMap(space, tensors["reference_choices"].astype(CHOICE_TYPE)),
            SourceRegressions.from_tensors(platforms, tensors),
            RandomCostModels.from_tensors(tensors) if "prices.means" in tensors else None,
            runs_pruned=bool(tensors.get("runs_pruned", np.array(0)).item()),
            counts_operations="counts_operations" in tensors,
            own_platforms=tuple(name for name, own in zip(platforms, is_own, strict=True) if own),
        )

    @property
    def own_weights(self) -> FloatArray:
        """Shares of the user's own platforms by the trust in them, 0 for other sources: `p`."""
        trust = np.where(np.isin(self.sources.platforms, self.own_platforms), self.sources.trusts, 0.0)
        weights: FloatArray = trust / max(float(trust.sum()), 1e-12)
        return weights

    @property
    def unsampled_mean(self) -> int:
        """Index of the mean used without samples: costs, or the sources where costs are unknown.

        The sources may differ from the new platform, which no measurement shows yet; arithmetic takes time everywhere.
        """
        return 0 if self.cost_models is None or not self.sources.platforms else 1

    def as_run(self, choices: ChoiceArray) -> ChoiceArray:
        """Return the choices that describe what the platform runs: pruned ones, or all as they are: `n x l`."""
        return self.feature_map.space.pruned(choices) if self.runs_pruned else choices

    def one_hot(self, choices: ChoiceArray) -> FloatArray:
        """Return the one-hot encodings of what the platform runs, as networks read them: `n x l` to `n x d`."""
        return self.feature_map.space.one_hot(self.as_run(choices))

    def source_latencies(self, choices: ChoiceArray) -> FloatArray:
        """Return relative latencies on all sources: `n x l` to `n x p`."""
        return self._predict_sources(self.feature_map.describe(self.as_run(choices)))

    def source_table(self) -> LatencyTable | None:
        """Return latencies of the sources on pruned architectures of the space sample, as their regressions give them.

        They are multiples of each source's mean; what was measured there is not kept. None where there is no source.
        """
        if not self.sources.platforms:
            return None
        sample = self.feature_map.space_sample_choices[self.feature_map.space_sample.is_connected]
        choices = np.unique(self.feature_map.space.pruned(sample), axis=0)
        predicted = self.sources.predict_choices(self.feature_map, choices)
        return LatencyTable(platforms=self.sources.platforms, choices=choices, latency_ms=predicted.T)

    def basis(self, choices: ChoiceArray) -> Basis:
        """Return means and kernel features of architectures.

        Shapes:
            choices: `n x l`.
        """
        features = self.feature_map.describe(self.as_run(choices))
        latencies = self._predict_sources(features)
        return Basis(
            means=self._means(features, latencies),
            factors=self._factors(features, latencies, self._operations(choices)),
            one_hots=features.one_hots,
            decision_count=len(self.feature_map.space.choice_counts),
        )

    def _predict_sources(self, features: CostFeatures) -> FloatArray:
        if not self.sources.platforms:
            return np.zeros((len(features.is_connected), 0))
        return self.sources.predict(design_matrix(self.feature_map, features))

    def _operations(self, choices: ChoiceArray) -> FloatArray | None:
        return self.feature_map.space.operation_counts(choices) if self.counts_operations else None

    def _means(self, features: CostFeatures, latencies: FloatArray) -> FloatArray:
        """Return the possible means: the sources, costs, or half of each; those that there are: `n x m`."""
        by_sources = [self.sources.mean(latencies)] if self.sources.platforms else []
        by_costs = []
        if self.cost_models is not None:
            by_line = cost_based_latency(features, self.feature_map.space_sample)
            by_costs = [by_line, *self.cost_models.mean_latency(features)]
        halves = [(source_mean + cost_mean) / 2 for source_mean in by_sources for cost_mean in by_costs]
        return np.stack([*by_sources, *by_costs, *halves], axis=1)

    def _factors(
        self, features: CostFeatures, latencies: FloatArray, operations: FloatArray | None
    ) -> dict[str, FloatArray]:
        """Return the factors of the kernels that there are, in the order of `AMPLITUDES`."""
        factors, sample = {}, self.feature_map.space_sample
        if self.sources.platforms:
            factors["sources"] = self.sources.residual_factor(latencies)
        if self.own_platforms:
            factors["own"] = (latencies - self.sources.mean(latencies)[:, None]) * np.sqrt(self.own_weights)
        if self.cost_models is not None:
            factors["cost_models"] = self.cost_models.spread(features)
            for name, of_sample, columns in (
                ("totals", sample.totals, features.totals),
                ("stages", sample.flat_costs, features.flat_costs),
            ):
                scale = ColumnScale.of(np.concatenate(of_sample, axis=1))
                factors[name] = scale(np.concatenate(columns, axis=1))
        if self._has_cut:
            factors["cut"] = (~features.is_connected)[:, None].astype(np.float64)
        if operations is not None and self._space_sample_operations is not None:
            factors["operations"] = ColumnScale.of(self._space_sample_operations)(operations)
        return factors

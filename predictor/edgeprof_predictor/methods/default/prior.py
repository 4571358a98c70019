"""The prior of a platform: means from sources and costs, kernels for the ways in which platforms differ.

Relative latency of architecture `x` on a new platform: `t(x) = m(x) + f(x)`, where `m` is one of a few means (sources,
costs, half of each) and `f` a Gaussian process whose covariance is a sum of kernels: residuals of the sources, random
linear cost models, whole costs, costs of each stage, graphs whose input does not reach the output, counts of
operations, single choices and their pairs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edgeprof_predictor.errors import EncodingError
from edgeprof_predictor.methods.cost_features import CostFeatures, FeatureMap
from edgeprof_predictor.methods.default.basis import Basis, standardised
from edgeprof_predictor.methods.default.random_cost_models import RandomCostModels, cost_based_latency
from edgeprof_predictor.methods.source_regression import SourceRegressions, design_matrix
from edgeprof_predictor.spaces import CHOICE_TYPE, CategoricalSpace, ChoiceArray, FloatArray
from edgeprof_predictor.tables.latency_table import LatencyTable

AMPLITUDES: Final = {
    "sources": (0.03, 4.0),
    "cost_models": (0.05, 3.0),
    "totals": (0.003, 1.0),
    "stages": (0.001, 0.1),
    "cut": (0.003, 0.5),
    "operations": (0.003, 1.0),
    "choices": (0.0003, 0.03),
}
"""Range of each kernel's amplitude. The first two multiply an empirical covariance, so 1 is their natural size; the
others are variances of relative latency, from negligible to what sources and costs leave unexplained. The ranges are
broad because the samples weigh the draws."""

SOURCES: Final = "known platforms"
COSTS: Final = "costs"
HALVES: Final = "half known platforms, half costs"
"""Kinds of means."""


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
    """

    def __init__(
        self,
        feature_map: FeatureMap,
        sources: SourceRegressions,
        cost_models: RandomCostModels | None,
        *,
        runs_pruned: bool = False,
        counts_operations: bool = False,
    ) -> None:
        self.feature_map: Final = feature_map
        self.sources: Final = sources
        self.cost_models: Final = cost_models
        self.runs_pruned: Final = runs_pruned
        self.counts_operations: Final = counts_operations
        self._has_cut = not bool(np.all(feature_map.space_sample.is_connected))
        self._space_sample_operations = self._operations(feature_map.space_sample_choices)
        self.kernel_names: Final = tuple(name for name in AMPLITUDES if self._has_kernel(name))
        self.space_sample: Final = self.basis(feature_map.space_sample_choices)

    @classmethod
    def of(cls, feature_map: FeatureMap, sources: SourceRegressions, *, seed: int) -> Prior:
        """Return the prior of a space, with random cost models where its costs are known."""
        has_costs = bool(feature_map.space_sample.stage_costs)
        return cls(
            feature_map, sources, RandomCostModels.draw(feature_map.space_sample, seed=seed) if has_costs else None
        )

    def without(self, platforms: Sequence[str]) -> Prior:
        """Return the prior without these sources.

        Raises:
            EncodingError: If there are no others.
        """
        if set(self.sources.platforms) <= set(platforms):
            raise EncodingError(f"a prior needs a source besides {', '.join(platforms)}; leave fewer of them out")
        return Prior(
            self.feature_map,
            self.sources.without(platforms),
            self.cost_models,
            runs_pruned=self.runs_pruned,
            counts_operations=self.counts_operations,
        )

    @property
    def mean_names(self) -> tuple[str, ...]:
        """What each mean is made of."""
        by_costs = 0 if self.cost_models is None else 1 + len(self.cost_models.means)
        has_sources = bool(self.sources.platforms)
        names = [SOURCES] * has_sources + [COSTS] * by_costs + [HALVES] * (by_costs * has_sources)
        return tuple(names)

    def for_pruned_graphs(self) -> Prior:
        """Return the prior of platforms that run graphs without what cannot influence the output."""
        return Prior(self.feature_map, self.sources, self.cost_models, runs_pruned=True, counts_operations=True)

    def tensors(self) -> dict[str, NDArray[np.generic]]:
        """Return what to save."""
        cost_models = {} if self.cost_models is None else self.cost_models.tensors()
        return {
            "reference_choices": self.feature_map.space_sample_choices,
            "runs_pruned": np.array(int(self.runs_pruned)),
            **({"counts_operations": np.array(1)} if self.counts_operations else {}),
            **self.sources.tensors(),
            **cost_models,
        }

    @classmethod
    def from_tensors(
        cls, space: CategoricalSpace, platforms: tuple[str, ...], tensors: Mapping[str, NDArray[np.generic]]
    ) -> Prior:
        """Return what `tensors` was saved from; earlier releases described both graphs, and counted no operations."""
        feature_map = FeatureMap(space, tensors["reference_choices"].astype(CHOICE_TYPE))
        cost_models = RandomCostModels.from_tensors(tensors) if "prices.means" in tensors else None
        runs_pruned = "runs_pruned" in tensors and bool(tensors["runs_pruned"].item())
        return cls(
            feature_map,
            SourceRegressions.from_tensors(platforms, tensors),
            cost_models,
            runs_pruned=runs_pruned,
            counts_operations="counts_operations" in tensors,
        )

    def as_run(self, choices: ChoiceArray) -> ChoiceArray:
        """Return the choices that describe what the platform runs: pruned ones, or all as they are: `n x l`."""
        return self.feature_map.space.pruned(choices) if self.runs_pruned else choices

    def one_hot(self, choices: ChoiceArray) -> FloatArray:
        """Return the one-hot encodings of what the platform runs, as networks read them: `n x l` to `n x d`."""
        return self.feature_map.space.one_hot(self.as_run(choices))

    def basis(self, choices: ChoiceArray) -> Basis:
        """Return means and kernel features of architectures.

        Shapes:
            choices: `n x l`.
        """
        features = self.feature_map.describe(self.as_run(choices))
        sources = self._predict_sources(features)
        factors = [self.sources.residual_factor(sources)] if self.sources.platforms else []
        if self.cost_models is not None:
            factors += [self.cost_models.spread(features), *self._cost_features(features)]
        if self._has_cut:
            factors.append((~features.is_connected)[:, None].astype(np.float64))
        operations = self._operations(choices)
        if operations is not None and self._space_sample_operations is not None:
            factors.append(standardised(operations, self._space_sample_operations))
        return Basis(
            means=self._means(features, sources),
            factors=tuple(factors),
            one_hots=features.one_hots,
            decision_count=len(self.feature_map.space.choice_counts),
        )

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

    @property
    def unsampled_mean(self) -> int:
        """Index of the mean used without samples: costs, or the sources where costs are unknown.

        The sources may differ from the new platform, which no measurement shows yet; arithmetic takes time everywhere.
        """
        return 0 if self.cost_models is None or not self.sources.platforms else 1

    def _has_kernel(self, name: str) -> bool:
        if name == "sources":
            return bool(self.sources.platforms)
        if name in ("cost_models", "totals", "stages"):
            return self.cost_models is not None
        if name == "operations":
            return self._space_sample_operations is not None
        return self._has_cut if name == "cut" else True

    def _operations(self, choices: ChoiceArray) -> FloatArray | None:
        return self.feature_map.space.operation_counts(choices) if self.counts_operations else None

    def _predict_sources(self, features: CostFeatures) -> FloatArray:
        if not self.sources.platforms:
            return np.zeros((len(features.is_connected), 0))
        return self.sources.predict(design_matrix(self.feature_map, features))

    def _means(self, features: CostFeatures, sources: FloatArray) -> FloatArray:
        """Return the possible means: the sources, costs, or half of each; those that there are."""
        by_costs = []
        if self.cost_models is not None:
            by_costs = [
                cost_based_latency(features, self.feature_map.space_sample),
                *self.cost_models.mean_latency(features),
            ]
        if not self.sources.platforms:
            return np.stack(by_costs, axis=1)
        source_mean = self.sources.mean(sources)
        mixed = [(source_mean + mean) / 2 for mean in by_costs]
        return np.stack([source_mean, *by_costs, *mixed], axis=1)

    def _cost_features(self, features: CostFeatures) -> tuple[FloatArray, FloatArray]:
        """Return standardised whole costs and stage costs, each of mean variance 1."""
        space_sample = self.feature_map.space_sample
        totals = standardised(np.concatenate(features.totals, axis=1), np.concatenate(space_sample.totals, axis=1))
        stages = standardised(
            np.concatenate(features.flat_costs, axis=1), np.concatenate(space_sample.flat_costs, axis=1)
        )
        return totals, stages

"""Numbers that describe architectures: one-hot encodings and physical costs, per graph variant.

A runtime may run the graph as written or without what cannot reach the output, and published
platforms do either. So every description comes once for each variant of the graph.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edgeprof_predictor.spaces import CategoricalSpace, ChoiceArray, FloatArray

SPACE_SAMPLE_COUNT: Final = 1000
"""Architectures of the space sample, over which means and deviations are taken."""

SPACE_SAMPLE_SEED: Final = 201


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CostFeatures:
    """Descriptions of a batch of architectures.

    Letters: `n` architectures, `g` graph variants (1 or 2), `d` width of the one-hot encoding,
    `s` stages, `q` cost quantities.

    Shapes:
        one_hots: `g` of `n x d`.  stage_costs: `g` of `n x s x q`, empty where a space knows no
        costs.  fixed_costs: `q`.  is_connected: `n`.
    """

    one_hots: tuple[FloatArray, ...]
    stage_costs: tuple[FloatArray, ...]
    fixed_costs: FloatArray
    is_connected: NDArray[np.bool_]

    @property
    def flat_costs(self) -> tuple[FloatArray, ...]:
        """Costs of all stages side by side, for each variant: `g` of `n x s q`."""
        return tuple(costs.reshape(len(costs), costs.shape[1] * costs.shape[2]) for costs in self.stage_costs)

    @property
    def totals(self) -> tuple[FloatArray, ...]:
        """Costs of whole networks for each variant: `g` of `n x q`."""
        return tuple(costs.sum(axis=1) + self.fixed_costs for costs in self.stage_costs)


class FeatureMap:
    """Describe architectures of one search space.

    Args:
        space: The search space.
        space_sample_choices: The space sample; drawn by seed when not given. Bundles and profiles keep theirs, since
            another release of NumPy might draw others.

    Shapes:
        space_sample_choices: `r x l`.
    """

    def __init__(self, space: CategoricalSpace, space_sample_choices: ChoiceArray | None = None) -> None:
        self.space: Final = space
        if space_sample_choices is None:
            space_sample_choices = space.sample_choices(min(SPACE_SAMPLE_COUNT, space.size), seed=SPACE_SAMPLE_SEED)
        self.space_sample_choices: Final = space_sample_choices
        is_pruned = np.any(space.pruned(self.space_sample_choices) != self.space_sample_choices)
        self._can_prune = bool(is_pruned) and not space.is_run_pruned
        self.space_sample: Final = self.describe(self.space_sample_choices)

    def describe(self, choices: ChoiceArray) -> CostFeatures:
        """Return the features of architectures.

        Shapes:
            choices: `n x l`.
        """
        variants = [self.space.costs_as_written(choices), self.space.costs(choices)] if self._can_prune else None
        costs = [found for found in variants or [self.space.costs(choices)] if found is not None]
        return CostFeatures(
            one_hots=tuple(self.space.one_hot(variant) for variant in self._variants(choices)),
            stage_costs=tuple(found.amounts for found in costs),
            fixed_costs=costs[-1].fixed if costs else np.zeros(0),
            is_connected=self.space.is_connected(choices),
        )

    def _variants(self, choices: ChoiceArray) -> list[ChoiceArray]:
        if self.space.is_run_pruned:
            return [self.space.pruned(choices)]
        return [choices, self.space.pruned(choices)] if self._can_prune else [choices]

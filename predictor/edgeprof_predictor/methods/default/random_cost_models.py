"""Random linear cost models: latency as a weighted sum of arithmetic, memory traffic, launches and other costs.

No platform's latencies are used.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edgeprof_predictor.methods.cost_features import CostFeatures
from edgeprof_predictor.spaces import FloatArray
from edgeprof_predictor.spaces.costs import DEPTHWISE, MACS, QUANTITIES

COST_MODEL_COUNT: Final = 400
"""Models drawn for each graph variant; more change nothing."""

SHARE_CONCENTRATION: Final = 0.7
"""Of the Dirichlet distribution of time over arithmetic, traffic and so on: below 1, so that most
models are dominated by one or two of them, as devices are."""

EFFICIENCY_SD: Final = 0.5
"""Standard deviation of the logarithm of a coefficient from stage to stage: small feature maps and narrow layers use a
machine less efficiently."""

DEPTHWISE_LOG_RATIO: Final = (1.0, 0.7)
"""Mean and standard deviation of the log ratio of a depthwise to a dense multiply-accumulate's coefficient: depthwise
layers are limited by memory on nearly every machine."""

OVERHEAD_MAX: Final = 0.5
"""Largest constant, the time that every network needs whatever its layers, as a share of the mean latency."""

COST_WEIGHTS: Final = {"params": 0.1, "traffic": 0.1, "launches": 0.1}
"""Weights, beside 1 for arithmetic, of the cost-based latency: a tenth for each other cost, so that they order networks
of equal arithmetic."""


def cost_based_latency(features: CostFeatures, space_sample: CostFeatures) -> FloatArray:
    """Return the relative latency by costs alone, for the graph as written.

    Args:
        features: The `n` architectures.
        space_sample: Those whose mean is 1.

    Shapes:
        returns: `n`, positive.
    """
    totals, means = features.totals[0], space_sample.totals[0].mean(axis=0)
    line = (totals[:, MACS] + totals[:, DEPTHWISE]) / (means[MACS] + means[DEPTHWISE])
    for quantity, share in COST_WEIGHTS.items():
        column = QUANTITIES.index(quantity)
        line = line + share * totals[:, column] / means[column]
    relative: FloatArray = line / (1.0 + sum(COST_WEIGHTS.values()))
    return relative


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RandomCostModels:
    """Coefficients of random linear cost models: mean and covariance.

    Relative latency of a network in graph variant `g` is `stage costs @ coefficients + constant`.
    Letters: `g` graph variants, `c` stage costs (stages times quantities), `r` rank.

    Shapes:
        means: `g x c`.  constants: `g`.
        factor: `(g c + 1) x r`; its product with itself is the covariance of all coefficients, variants
        side by side, and of the constant.
    """

    means: FloatArray
    constants: FloatArray
    factor: FloatArray

    @classmethod
    def draw(cls, space_sample: CostFeatures, *, seed: int) -> RandomCostModels:
        """Draw models, as many for each graph variant.

        Args:
            space_sample: Architectures over which each model's mean latency is 1.
            seed: The same seed draws the same models.
        """
        from scipy.linalg import block_diag  # an import that loading and predicting do not need

        generator = np.random.default_rng(seed)
        variants = [_draw_cost_models(space_sample, g, generator) for g in range(len(space_sample.stage_costs))]
        coefficients, constants = zip(*variants, strict=True)
        drawn = np.column_stack([block_diag(*coefficients), np.concatenate(constants)])
        centred = (drawn - drawn.mean(axis=0)) / np.sqrt(len(drawn) - 1)
        _, singular, right = np.linalg.svd(centred, full_matrices=False)
        return cls(means=np.mean(coefficients, axis=1), constants=np.mean(constants, axis=1), factor=right.T * singular)

    def tensors(self) -> dict[str, NDArray[np.generic]]:
        """Return what to save."""
        return {f"prices.{field.name}": getattr(self, field.name) for field in fields(self)}

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, NDArray[np.generic]]) -> RandomCostModels:
        """Return what `tensors` was saved from."""
        return cls(**{field.name: tensors[f"prices.{field.name}"].astype(np.float64) for field in fields(cls)})

    def mean_latency(self, features: CostFeatures) -> list[FloatArray]:
        """Return the mean relative latency over all models: `g` of `n`."""
        return [
            costs @ coefficients + constant
            for costs, coefficients, constant in zip(features.flat_costs, self.means, self.constants, strict=True)
        ]

    def spread(self, features: CostFeatures) -> FloatArray:
        """Return features whose inner product is the covariance of relative latency: `n x r`."""
        costs = np.concatenate(features.flat_costs, axis=1)
        return np.concatenate([costs, np.ones((len(costs), 1))], axis=1) @ self.factor


def _draw_cost_models(
    space_sample: CostFeatures, variant: int, generator: np.random.Generator
) -> tuple[FloatArray, FloatArray]:
    """Draw models with random positive coefficients: `v x c`, and their constants: `v`."""
    totals = space_sample.totals[variant].mean(axis=0)
    _, stage_count, quantity_count = space_sample.stage_costs[variant].shape
    depthwise_ratio = np.exp(generator.normal(*DEPTHWISE_LOG_RATIO, COST_MODEL_COUNT))
    coefficients = np.exp(EFFICIENCY_SD * generator.standard_normal((COST_MODEL_COUNT, stage_count, quantity_count)))
    coefficients[:, :, DEPTHWISE] *= depthwise_ratio[:, None]
    # Arithmetic of both kinds is one resource of a machine; each other quantity is its own.
    resources = [[MACS, DEPTHWISE]] + [[q] for q in range(quantity_count) if q not in (MACS, DEPTHWISE)]
    shares = generator.dirichlet(np.full(len(resources), SHARE_CONCENTRATION), COST_MODEL_COUNT)
    for share, members in zip(shares.T, resources, strict=True):
        total = totals[members].sum()
        coefficients[:, :, members] *= (share / total if total > 0 else np.zeros_like(share))[:, None, None]
    flat = coefficients.reshape(COST_MODEL_COUNT, stage_count * quantity_count)
    constants = generator.uniform(0.0, OVERHEAD_MAX, COST_MODEL_COUNT)
    means = flat @ space_sample.flat_costs[variant].mean(axis=0) + constants
    return flat / means[:, None], constants / means

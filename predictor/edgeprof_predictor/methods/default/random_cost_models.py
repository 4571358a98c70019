"""What any machine does: arithmetic, traffic and launches take time. No platform's data is used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edgeprof_predictor.methods.cost_features import CostFeatures
from edgeprof_predictor.spaces import FloatArray
from edgeprof_predictor.spaces.costs import DEPTHWISE, MACS, QUANTITIES

COST_MODEL_COUNT: Final = 400
"""Virtual platforms drawn for each graph variant; more change nothing."""

SHARE_CONCENTRATION: Final = 0.7
"""Of the Dirichlet distribution of time over arithmetic, traffic and so on: below 1, so that most
virtual platforms are limited by one or two of them, as real ones are."""

EFFICIENCY_SD: Final = 0.5
"""Spread of the logarithm of the price of one operation from stage to stage: small feature maps
and narrow layers use a machine worse."""

DEPTHWISE_LOG_PRICE: Final = (1.0, 0.7)
"""Mean and spread of the logarithm of a depthwise multiply-accumulate's price against a dense
one: depthwise layers are limited by memory on nearly every machine."""

OVERHEAD_MAX: Final = 0.5
"""Largest time that every network needs whatever its layers, as a share of the mean latency."""

COST_WEIGHTS: Final = {"params": 0.1, "traffic": 0.1, "launches": 0.1}
"""Weights, beside 1 for arithmetic, of the prediction that needs no sample: a tenth for each other
thing that takes time everywhere, so that they order networks of equal arithmetic and no more."""


def cost_based_latency(features: CostFeatures, reference: CostFeatures) -> FloatArray:
    """Return the relative latency that costs alone suggest, for the graph as written.

    Args:
        features: The `n` architectures.
        reference: Those whose mean is 1.

    Shapes:
        returns: `n`, positive.
    """
    totals, means = features.totals[0], reference.totals[0].mean(axis=0)
    line = (totals[:, MACS] + totals[:, DEPTHWISE]) / (means[MACS] + means[DEPTHWISE])
    for quantity, share in COST_WEIGHTS.items():
        column = QUANTITIES.index(quantity)
        line = line + share * totals[:, column] / means[column]
    relative: FloatArray = line / (1.0 + sum(COST_WEIGHTS.values()))
    return relative


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RandomCostModels:
    """What one operation costs on virtual platforms: mean and covariance.

    Relative latency of a network in graph variant `g` is `stage costs @ price + constant`.
    Letters: `g` graph variants, `c` stage costs (stages times quantities), `r` rank.

    Shapes:
        means: `g x c`.  constants: `g`.
        factor: `(g c + 1) x r`; its product with itself is the covariance of all prices, variants
        side by side, and of the constant.
    """

    means: FloatArray
    constants: FloatArray
    factor: FloatArray

    @classmethod
    def draw(cls, reference: CostFeatures, *, seed: int) -> RandomCostModels:
        """Draw virtual platforms, as many for each graph variant.

        Args:
            reference: Architectures over which each platform's mean latency is 1.
            seed: The same seed draws the same platforms.
        """
        generator = np.random.default_rng(seed)
        variants = [_draw_cost_models(reference, g, generator) for g in range(len(reference.stage_costs))]
        width = sum(prices.shape[1] for prices, _ in variants)
        drawn = np.zeros((COST_MODEL_COUNT * len(variants), width + 1))
        for index, (prices, constants) in enumerate(variants):
            rows = slice(index * COST_MODEL_COUNT, (index + 1) * COST_MODEL_COUNT)
            first = index * prices.shape[1]
            drawn[rows, first : first + prices.shape[1]], drawn[rows, -1] = prices, constants
        centred = (drawn - drawn.mean(axis=0)) / np.sqrt(len(drawn) - 1)
        _, singular, right = np.linalg.svd(centred, full_matrices=False)
        return cls(
            means=np.stack([prices.mean(axis=0) for prices, _ in variants]),
            constants=np.array([constants.mean() for _, constants in variants]),
            factor=right.T * singular,
        )

    def tensors(self) -> dict[str, NDArray[np.generic]]:
        """Return what to save."""
        return {"prices.means": self.means, "prices.constants": self.constants, "prices.factor": self.factor}

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, NDArray[np.generic]]) -> RandomCostModels:
        """Return what `tensors` was saved from."""
        means, constants, factor = (
            tensors[f"prices.{name}"].astype(np.float64) for name in ("means", "constants", "factor")
        )
        return cls(means=means, constants=constants, factor=factor)

    def mean_latency(self, features: CostFeatures) -> list[FloatArray]:
        """Return the mean relative latency over virtual platforms: `g` of `n`."""
        return [
            costs @ price + constant
            for costs, price, constant in zip(features.flat_costs, self.means, self.constants, strict=True)
        ]

    def spread(self, features: CostFeatures) -> FloatArray:
        """Return features whose inner product is the covariance of relative latency: `n x r`."""
        costs = np.concatenate(features.flat_costs, axis=1)
        return np.concatenate([costs, np.ones((len(costs), 1))], axis=1) @ self.factor


def _draw_cost_models(
    reference: CostFeatures, variant: int, generator: np.random.Generator
) -> tuple[FloatArray, FloatArray]:
    """Draw machines with random positive prices: `v x c`, and their constant parts: `v`."""
    costs, totals = reference.stage_costs[variant], reference.totals[variant].mean(axis=0)
    _, stage_count, quantity_count = costs.shape
    depthwise_price = np.exp(generator.normal(*DEPTHWISE_LOG_PRICE, COST_MODEL_COUNT))
    prices = np.exp(EFFICIENCY_SD * generator.standard_normal((COST_MODEL_COUNT, stage_count, quantity_count)))
    prices[:, :, DEPTHWISE] *= depthwise_price[:, None]
    # Arithmetic of both kinds is one resource of a machine; each other quantity is its own.
    resources = [[MACS, DEPTHWISE]] + [[q] for q in range(quantity_count) if q not in (MACS, DEPTHWISE)]
    shares = generator.dirichlet(np.full(len(resources), SHARE_CONCENTRATION), COST_MODEL_COUNT)
    for column, members in enumerate(resources):
        total = totals[members].sum()
        share = shares[:, column] / total if total > 0 else np.zeros(COST_MODEL_COUNT)
        prices[:, :, members] *= share[:, None, None]
    flat = prices.reshape(COST_MODEL_COUNT, stage_count * quantity_count)
    constants = generator.uniform(0.0, OVERHEAD_MAX, COST_MODEL_COUNT)
    means = flat @ reference.flat_costs[variant].mean(axis=0) + constants
    return flat / means[:, None], constants / means

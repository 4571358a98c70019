"""What any machine does: arithmetic, traffic and launches take time. No platform's data is used."""

from __future__ import annotations

from typing import Final

import numpy as np

from edgeprof_predictor.features import Features
from edgeprof_predictor.spaces import FloatArray
from edgeprof_predictor.spaces.costs import QUANTITIES

VIRTUAL_COUNT: Final = 400
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

LINE_SHARES: Final = {"traffic": 0.25, "launches": 0.25}
"""Weights, beside 1 for arithmetic, of the prediction that needs no sample."""

MACS: Final = QUANTITIES.index("macs")
DEPTHWISE: Final = QUANTITIES.index("depthwise_macs")


def physics_line(features: Features, reference: Features) -> FloatArray:
    """Return the relative latency that costs alone suggest, for the graph as written.

    Args:
        features: The `n` architectures.
        reference: Those whose mean is 1.

    Shapes:
        returns: `n`, positive.
    """
    totals, means = features.totals[0], reference.totals[0].mean(axis=0)
    line = (totals[:, MACS] + totals[:, DEPTHWISE]) / (means[MACS] + means[DEPTHWISE])
    for quantity, share in LINE_SHARES.items():
        column = QUANTITIES.index(quantity)
        line = line + share * totals[:, column] / means[column]
    relative: FloatArray = line / (1.0 + sum(LINE_SHARES.values()))
    return relative


def virtual_platforms(reference: Features, variant: int, *, seed: int) -> tuple[FloatArray, FloatArray]:
    """Draw machines with random positive prices for all costs.

    Args:
        reference: Architectures over which each machine's mean latency is 1.
        variant: Index of the graph variant that they run.
        seed: The same seed draws the same machines.

    Shapes:
        returns: prices `v x s q` and the constant part `v`: relative latency is
        `stage_costs @ price + constant`.
    """
    generator = np.random.default_rng(seed)
    costs, totals = reference.stage_costs[variant], reference.totals[variant].mean(axis=0)
    _, stage_count, quantity_count = costs.shape
    depthwise_price = np.exp(generator.normal(*DEPTHWISE_LOG_PRICE, VIRTUAL_COUNT))
    prices = np.exp(EFFICIENCY_SD * generator.standard_normal((VIRTUAL_COUNT, stage_count, quantity_count)))
    prices[:, :, DEPTHWISE] *= depthwise_price[:, None]
    # Arithmetic of both kinds is one resource of a machine; each other quantity is its own.
    resources = [[MACS, DEPTHWISE]] + [[q] for q in range(quantity_count) if q not in (MACS, DEPTHWISE)]
    shares = generator.dirichlet(np.full(len(resources), SHARE_CONCENTRATION), VIRTUAL_COUNT)
    for column, members in enumerate(resources):
        total = totals[members].sum()
        prices[:, :, members] *= (shares[:, column] / total if total > 0 else np.zeros(VIRTUAL_COUNT))[:, None, None]
    flat = prices.reshape(VIRTUAL_COUNT, -1)
    constant = generator.uniform(0.0, OVERHEAD_MAX, VIRTUAL_COUNT)
    mean = flat @ costs.reshape(len(costs), -1).mean(axis=0) + constant
    return flat / mean[:, None], constant / mean

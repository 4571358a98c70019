"""A small table with a known truth: machines with random costs, and a method fitted on six of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from edgeprof_predictor.methods.default.method import DefaultMethod
from edgeprof_predictor.networks.hyperparameters import HARDWARE_TRANSFER, TransferHyperparameters
from edgeprof_predictor.spaces import SearchSpace, get_space
from edgeprof_predictor.tables.latency_table import LatencyTable

SOURCES = tuple(f"source_{index}" for index in range(6))
UNSEEN = ("unseen_0", "unseen_1")
NOISE = 0.01


@pytest.fixture(scope="session")
def space() -> SearchSpace:
    return get_space("nasbench201")


@pytest.fixture(scope="session")
def world(space: SearchSpace) -> LatencyTable:
    """Eight machines with random costs of arithmetic, weights, traffic and launches."""
    generator = np.random.default_rng(7)
    choices = space.sample_choices(500, seed=3)
    costs = space.costs(choices)
    assert costs is not None
    totals = costs.totals / np.maximum(costs.totals.mean(axis=0), 1.0)
    prices = generator.dirichlet(np.ones(totals.shape[1]), len(SOURCES + UNSEEN))
    speed = generator.uniform(1.0, 50.0, len(prices))
    latency_ms = speed[:, None] * (prices @ totals.T + 0.2)
    latency_ms *= np.exp(NOISE * generator.standard_normal(latency_ms.shape))
    return LatencyTable(platforms=SOURCES + UNSEEN, choices=choices, latency_ms=latency_ms)


@pytest.fixture(scope="session")
def quick() -> TransferHyperparameters:
    """The sizes of the paper, for a few epochs."""
    return replace(HARDWARE_TRANSFER, source_epochs=8, target_epochs=5, source_learning_rate=0.003)


@pytest.fixture(scope="session")
def method(space: SearchSpace, world: LatencyTable, quick: TransferHyperparameters) -> DefaultMethod:
    """The default method on the six sources, 300 architectures each."""
    sources = world.select(SOURCES).subset(range(300))
    return DefaultMethod.fit_sources(space, sources, seed=0, hyperparameters=quick)

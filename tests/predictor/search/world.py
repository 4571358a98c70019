"""A small search with a known truth: accuracies that follow a proxy and the decisions, a platform from few samples."""

from __future__ import annotations

from typing import Final

import numpy as np

from edgeprof_predictor.accuracy.task import AccuracyTask, Candidates, Trained
from edgeprof_predictor.methods.default.method import DefaultMethod
from edgeprof_predictor.methods.default.predictor import DefaultPredictor
from edgeprof_predictor.samples import Samples
from edgeprof_predictor.search.guides import RandomSearch, UpperConfidenceBound
from edgeprof_predictor.spaces import FloatArray, SearchSpace
from edgeprof_predictor.tables.latency_table import LatencyTable

MIN_TRAINED_COUNT: Final = 4
"""Random networks that are trained before a ridge regression without a prior is used."""


class LateUpperConfidenceBound(UpperConfidenceBound):
    """The upper confidence bound for a predictor without a prior: the first few networks are random."""

    def worth(self, trained: Trained, keeping: FloatArray, *, seed: int) -> FloatArray:
        if trained.count < MIN_TRAINED_COUNT:
            return RandomSearch().worth(trained, keeping, seed=seed)
        return super().worth(trained, keeping, seed=seed)


def accuracy_task(world: LatencyTable, space: SearchSpace) -> AccuracyTask:
    """Larger networks are better, with a little of chance; two proxies tell of it."""
    costs = space.costs(world.choices)
    assert costs is not None
    size = np.log1p(costs.totals[:, 0])
    generator = np.random.default_rng(1)
    accuracy = 60.0 + 3.0 * (size - size.mean()) / size.std() + 0.5 * generator.standard_normal(len(size))
    scores = np.stack([size, accuracy + generator.standard_normal(len(size))], axis=1)
    candidates = Candidates(space=space.name, choices=world.choices, proxies=("flops", "nwot"), scores=scores)
    return AccuracyTask(name="nasbench201/small", candidates=candidates, accuracy=accuracy)


def adapted(method: DefaultMethod, world: LatencyTable) -> DefaultPredictor:
    """The platform `unseen_0` as eight samples tell it."""
    return method.adapt(Samples.of(world.choices[:8], world.latencies_of("unseen_0")[:8]), seed=0)


def truth(world: LatencyTable) -> FloatArray:
    """What `unseen_0` needs for each candidate."""
    return world.latencies_of("unseen_0")

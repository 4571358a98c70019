"""The coverage that the benchmark of searches reports is that of networks which the search did not measure."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from predictor.search.world import LateUpperConfidenceBound, accuracy_task, adapted, truth

from edgeprof_predictor.accuracy.registry import get_accuracy_method
from edgeprof_predictor.methods.base import PlatformPredictor
from edgeprof_predictor.methods.default.method import DefaultMethod
from edgeprof_predictor.samples import Samples
from edgeprof_predictor.search.latency import MeasuredLatency, PlatformPosterior
from edgeprof_predictor.search.procedure import Budget, Search
from edgeprof_predictor.search.state import SearchState
from edgeprof_predictor.search.tables import TableLookup
from edgeprof_predictor.spaces import SearchSpace
from edgeprof_predictor.tables.latency_table import LatencyTable

ROOT = Path(__file__).parents[3]


def test_networks_that_were_measured_do_not_count(
    method: DefaultMethod, world: LatencyTable, space: SearchSpace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(ROOT)
    coverages_after = import_module("benchmarks.search.coverage").coverages_after
    lookup, platform, latency_ms = TableLookup(accuracy_task(world, space), space), adapted(method, world), truth(world)
    of_text = dict(zip(lookup.pool.architectures, latency_ms.tolist(), strict=True))
    search = Search(
        lookup.pool,
        LateUpperConfidenceBound(get_accuracy_method("ridge-zcp").fit_sources((), seed=0)),
        lookup,
        SearchState(None, {}),
        budget=Budget(training_count=6, measurement_count=12),
        latency=PlatformPosterior(platform),
        limit_ms=float(np.quantile(latency_ms, 0.3)),
        meter=lambda text: MeasuredLatency(latency_ms=of_text[text]),
        seed=0,
    )
    count = search.run().measurement_count
    given: list[Samples] = []

    def adapt(measured: Samples) -> PlatformPredictor:
        given.append(measured)
        return method.adapt(platform.samples.joined(measured), seed=0)

    found = coverages_after(search, latency_ms, adapt)
    assert [samples.count for samples in given] == [count]
    prediction, is_measured = search.knowledge.prediction(), search.knowledge.is_measured()
    assert prediction is not None and is_measured.sum() == count
    is_inside = (prediction.lower_ms <= latency_ms) & (latency_ms <= prediction.upper_ms)
    assert np.all(is_inside[is_measured])
    assert found["search_coverage"] == pytest.approx(is_inside[~is_measured].mean())
    assert 0.6 < found["fresh_coverage"] <= 1.0

"""HELP is meta-learned until sources that were left out are predicted no better."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from predictor.methods.tables import SPACE, table

from edgeprof_predictor.methods.baselines.help import STEP_COUNTS, Help
from edgeprof_predictor.methods.baselines.help_network import MetaHyperparameters
from edgeprof_predictor.metrics import spearman
from edgeprof_predictor.samples import Samples

QUICK = MetaHyperparameters(
    episodes=120, check_every=20, patience=40, tasks=4, layer_width=20, meta_learning_rate=0.003
)
TARGET = "platform_2"


@pytest.fixture
def trained(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """Return the sources and the episodes at most of each meta-learning."""
    found: list[tuple[int, int]] = []
    original = Help._meta_train

    def meta_train(self: Help, *given: Any, **more: Any) -> None:
        _, _, _, platforms, _ = given
        found.append((len(platforms), more["episodes"]))
        original(self, *given, **more)

    monkeypatch.setattr(Help, "_meta_train", meta_train)
    return found


def test_left_out_sources_decide_episodes_and_steps_and_then_all_are_learned(trained: list[tuple[int, int]]) -> None:
    sources = table().select([platform for platform in table().platforms if platform != TARGET])
    method = Help.fit_sources(SPACE, sources, seed=0, hyperparameters=QUICK)
    count = len(sources.platforms)
    (first, most), (second, episodes) = trained
    assert first == count - max(1, count // 5)
    assert (second, most) == (count, QUICK.episodes)
    assert episodes in range(20, 121, 20)
    assert method.inner_steps in STEP_COUNTS
    known = table()
    chosen = method.choose_samples(known.choices, 20, measured=Samples.none(SPACE), seed=0)
    samples = Samples.of(known.choices[chosen], known.latencies_of(TARGET)[chosen])
    predicted = method.adapt(samples, seed=0).predict(known.choices)
    assert spearman(known.latencies_of(TARGET), predicted.latency_ms) > 0.7


def test_meta_learning_that_gains_nothing_ends_before_its_limit(trained: list[tuple[int, int]]) -> None:
    still = replace(QUICK, episodes=2000, meta_learning_rate=0.0, inner_learning_rate=0.0)
    Help.fit_sources(SPACE, table(), seed=0, hyperparameters=still)
    assert trained[1][1] == QUICK.check_every


def test_of_few_sources_none_is_left_out(trained: list[tuple[int, int]]) -> None:
    few = table().select(table().platforms[:2])
    method = Help.fit_sources(SPACE, few, seed=0, hyperparameters=QUICK)
    assert trained == [(2, QUICK.episodes)]
    assert method.inner_steps == QUICK.inner_steps
    samples = Samples.of(few.choices[:6], few.latency_ms[0, :6])
    assert np.all(np.isfinite(method.adapt(samples, seed=0).predict(few.choices).upper_ms))

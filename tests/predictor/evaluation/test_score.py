"""What a method is shown by the evaluation, and what comes of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from typing import ClassVar

import numpy as np
import pytest
from numpy.typing import NDArray

from edgeprof_predictor.errors import TableError, UnknownPlatformError
from edgeprof_predictor.evaluation import Protocol, Score, evaluate
from edgeprof_predictor.methods.baselines.flops import Flops, FlopsPredictor
from edgeprof_predictor.samples import Samples
from edgeprof_predictor.spaces import CategoricalSpace, ChoiceArray, SearchSpace
from edgeprof_predictor.tables.latency_table import LatencyTable

SOURCES = ("source_0", "source_3")
FIELDS_ASKED_FOR = {
    "method", "platform", "sample_count", "seed", "spearman", "kendall_tau", "median_ape", "mape",
    "within_5_percent", "within_10_percent", "interval_coverage", "interval_width_ratio", "source_platform",
    "fit_s", "adapt_s",
}  # fmt: skip


class Watched(Flops):
    """FLOPs, with a memory of all that the evaluation showed."""

    name: ClassVar[str] = "watched"
    shown_sources: ClassVar[list[LatencyTable]] = []
    shown_samples: ClassVar[list[Samples]] = []
    predicted: ClassVar[list[ChoiceArray]] = []

    @classmethod
    def fit_sources(cls, space: CategoricalSpace, sources: LatencyTable, *, seed: int) -> Flops:
        cls.shown_sources.append(sources)
        return super().fit_sources(space, sources, seed=seed)

    def choose_samples(self, candidates: ChoiceArray, count: int, *, measured: Samples, seed: int) -> NDArray[np.int64]:
        return np.arange(count)

    def adapt(self, samples: Samples, *, seed: int) -> FlopsPredictor:
        self.shown_samples.append(samples)
        watched = self.predicted

        class WatchedPredictor(FlopsPredictor):
            def predict(self, choices):  # type: ignore[no-untyped-def]
                if len(choices) > 1:  # one alone only tells how long an adaptation takes
                    watched.append(choices)
                return super().predict(choices)

        return WatchedPredictor(self, samples)


@pytest.fixture
def watched() -> Iterator[type[Watched]]:
    yield Watched
    for memory in (Watched.shown_sources, Watched.shown_samples, Watched.predicted):
        memory.clear()  # type: ignore[attr-defined]


def protocol(method: type[Flops] = Flops, **changes: object) -> Protocol:
    settings = {
        "train": SOURCES,
        "test": ("unseen_0",),
        "sample_counts": (0, 3, 8),
        "seeds": (0,),
        "pretrain_samples": 50,
        "methods": (method,),
    }
    return Protocol(**(settings | changes))  # type: ignore[arg-type]


def test_every_row_has_every_field(space: SearchSpace, world: LatencyTable) -> None:
    rows = [score.as_row() for score in evaluate(space, world, protocol())]
    assert len(rows) == 3
    for row in rows:
        assert set(row) == {field.name for field in fields(Score)}
        assert set(row) >= FIELDS_ASKED_FOR


def test_a_method_is_shown_its_sources_on_some_architectures_and_of_the_platform_its_samples_alone(
    space: SearchSpace, world: LatencyTable, watched: type[Watched]
) -> None:
    list(evaluate(space, world, protocol(watched)))
    (sources,) = watched.shown_sources
    assert sources.platforms == SOURCES
    assert len(sources.choices) == 50
    assert [samples.count for samples in watched.shown_samples] == [0, 3, 8]
    three, eight = watched.shown_samples[1:]
    assert np.array_equal(eight.choices[:3], three.choices)


def test_samples_are_not_scored_and_everything_else_is(
    space: SearchSpace, world: LatencyTable, watched: type[Watched]
) -> None:
    list(evaluate(space, world, protocol(watched)))
    for samples, choices in zip(watched.shown_samples, watched.predicted, strict=True):
        measured, scored = (set(map(tuple, rows.tolist())) for rows in (samples.choices, choices))
        assert not measured & scored
        assert len(measured | scored) == len(world.choices)


def test_without_samples_only_ranks_are_scored(space: SearchSpace, world: LatencyTable) -> None:
    without, with_samples, _ = evaluate(space, world, protocol())
    assert np.isfinite(without.spearman) and np.isfinite(without.kendall_tau)
    for name in ("median_ape", "mape", "interval_coverage", "interval_width_ratio", "expected_error"):
        assert np.isnan(getattr(without, name))
        assert np.isfinite(getattr(with_samples, name))


def test_the_same_seed_gives_the_same_scores(space: SearchSpace, world: LatencyTable) -> None:
    first, second = ([score.spearman for score in evaluate(space, world, protocol())] for _ in range(2))
    assert first == second


def test_progress_is_told_before_each_platform(space: SearchSpace, world: LatencyTable) -> None:
    steps: list[str] = []
    list(evaluate(space, world, protocol(), on_progress=steps.append))
    assert steps == ["flops, seed 0: fit 2 sources", "flops, seed 0: unseen_0"]


def test_an_unknown_platform_is_answered_with_the_nearest_known_one(space: SearchSpace, world: LatencyTable) -> None:
    with pytest.raises(UnknownPlatformError, match=r"'unseen_9'.*unseen_"):
        list(evaluate(space, world, protocol(test=("unseen_9",))))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"methods": ()}, "at least one of methods"),
        ({"sample_counts": ()}, "at least one of sample_counts"),
        ({"sample_counts": (-1,)}, "sample counts must be >= 0"),
        ({"pretrain_samples": 1}, "pretrain_samples >= 2"),
        ({"test": SOURCES}, "not for both: source_0, source_3"),
    ],
)
def test_a_protocol_that_makes_no_sense_is_refused(changes: dict[str, object], reason: str) -> None:
    with pytest.raises(TableError, match=reason):
        protocol(**changes)  # type: ignore[arg-type]

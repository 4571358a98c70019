"""Transfers between two small spaces whose platforms price arithmetic and steps differently."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from edgeprof_predictor.encodings.reference_latencies import TableReferences
from edgeprof_predictor.errors import (
    EncodingError,
    ReferencesError,
    SampleCountError,
    UnknownMethodError,
    UnknownPlatformError,
)
from edgeprof_predictor.metrics import interval_coverage, median_ape, spearman
from edgeprof_predictor.samples import Samples
from edgeprof_predictor.spaces import CategoricalSpace
from edgeprof_predictor.tables.latency_table import LatencyTable
from edgeprof_predictor.transfer import TRANSFER_NAMES, TransferTask, get_transfer

SOURCE = CategoricalSpace("source", (4, 4, 4, 4))
TARGET = CategoricalSpace("target", (3, 3, 3, 3, 3))
PLATFORMS = ("a", "b", "c", "d", "new")
MIXES = np.array([0.0, 0.3, 0.7, 1.0, 0.5])


def latencies(space: CategoricalSpace, seed: int) -> LatencyTable:
    generator = np.random.default_rng(seed)
    choices = space.sample_choices(space.size, seed=seed)
    arithmetic, steps = generator.uniform(0.2, 3.0, (2, sum(space.choice_counts)))
    prices = (1.0 - MIXES[:, None]) * arithmetic + MIXES[:, None] * steps
    noise = generator.normal(scale=0.01, size=(len(PLATFORMS), len(choices)))
    return LatencyTable(
        platforms=PLATFORMS, choices=choices, latency_ms=(1.0 + prices @ space.one_hot(choices).T) * np.exp(noise)
    )


TABLE = latencies(TARGET, seed=2)


def task(**changes: object) -> TransferTask:
    fields: dict[str, object] = {
        "source_space": SOURCE,
        "target_space": TARGET,
        "source": latencies(SOURCE, seed=1).subset(range(100)),
        "platform": "new",
        "references": TableReferences("target", TABLE.select(PLATFORMS[:-1])),
        "pool": TABLE.choices[:80],
    }
    return TransferTask(**(fields | changes))  # type: ignore[arg-type]


def samples(rows: object) -> Samples:
    some = TABLE.subset(rows)  # type: ignore[arg-type]
    return Samples.of(some.choices, some.latencies_of("new"))


def test_the_default_ranks_and_its_intervals_hold_most_latencies() -> None:
    method = get_transfer("default")(task(), seed=0)
    chosen = method.choose_samples(8)
    assert len(set(chosen.tolist())) == 8
    predicted = method.adapt(samples(chosen)).predict(TABLE.choices[80:])
    actual = TABLE.latencies_of("new")[80:]
    assert spearman(actual, predicted.latency_ms) > 0.95
    assert interval_coverage(actual, predicted.lower_ms, predicted.upper_ms) > 0.7
    assert not predicted.is_relative


def test_the_default_ranks_without_a_sample() -> None:
    predicted = get_transfer("default")(task(), seed=0).adapt(Samples.none(TARGET)).predict(TABLE.choices[80:])
    assert predicted.is_relative
    assert spearman(TABLE.latencies_of("new")[80:], predicted.latency_ms) > 0.8


def test_the_same_seed_gives_the_same_predictions() -> None:
    first, second = (get_transfer("default")(task(), seed=3) for _ in range(2))
    assert np.array_equal(first.choose_samples(6), second.choose_samples(6))
    rows = first.choose_samples(6)
    assert np.array_equal(
        first.adapt(samples(rows)).predict(TABLE.choices[:9]).latency_ms,
        second.adapt(samples(rows)).predict(TABLE.choices[:9]).latency_ms,
    )


@pytest.mark.parametrize("name", TRANSFER_NAMES)
def test_every_transfer_gives_milliseconds_from_samples(name: str) -> None:
    method = get_transfer(name)(task(), seed=0)
    assert method.name == name
    predicted = method.adapt(samples(method.choose_samples(12))).predict(TABLE.choices[80:])
    assert spearman(TABLE.latencies_of("new")[80:], predicted.latency_ms) > 0.3


@pytest.mark.parametrize("name", TRANSFER_NAMES)
def test_what_the_pool_never_shows_ends_in_no_wild_latency(name: str) -> None:
    never = TABLE.choices[:, 0] == 2
    pool = np.flatnonzero(~never)[:80]
    level = float(np.median(TABLE.latencies_of("a")))
    constant = LatencyTable(
        platforms=("a", "b"),
        choices=TABLE.choices,
        latency_ms=np.stack([TABLE.latencies_of("a"), np.where(never, 2.0 * level, level)]),
    )
    few = task(references=TableReferences("target", constant), pool=TABLE.choices[pool])
    method = get_transfer(name)(few, seed=0)
    predicted = method.adapt(samples(pool[:6])).predict(TABLE.choices[never])
    ratio = predicted.latency_ms / TABLE.latencies_of("new")[never]
    assert np.all((ratio > 0.2) & (ratio < 5.0))


def test_the_papers_network_ranks_without_a_sample_and_improves_with_some() -> None:
    method = get_transfer("mlp-hwl")(task(), seed=0)
    actual = TABLE.latencies_of("new")[80:]
    before = method.adapt(Samples.none(TARGET)).predict(TABLE.choices[80:])
    after = method.adapt(samples(range(12))).predict(TABLE.choices[80:])
    assert before.is_relative and not after.is_relative
    assert spearman(actual, before.latency_ms) > 0.9
    assert spearman(actual, after.latency_ms) > 0.9
    assert median_ape(actual, after.latency_ms) < 0.1


def test_a_sample_far_outside_the_source_does_not_ruin_the_papers_network() -> None:
    odd = dataclasses.replace(TABLE, latency_ms=TABLE.latency_ms.copy())
    odd.latency_ms[1:4, 3] /= 1000.0
    few = task(references=TableReferences("target", odd.select(PLATFORMS[:-1])))
    predicted = get_transfer("mlp-hwl")(few, seed=0).adapt(samples(range(8))).predict(TABLE.choices[80:])
    actual = TABLE.latencies_of("new")[80:]
    assert spearman(actual, predicted.latency_ms) > 0.85
    assert median_ape(actual, predicted.latency_ms) < 0.2


def test_the_papers_network_does_not_depend_on_the_unit_of_any_platform() -> None:
    factors = np.array([[1.0], [7.0], [0.01], [1.0], [1000.0]])
    source, target = latencies(SOURCE, seed=1).subset(range(100)), TABLE.select(PLATFORMS[:-1])
    scaled = task(
        source=dataclasses.replace(source, latency_ms=source.latency_ms * factors),
        references=TableReferences("target", dataclasses.replace(target, latency_ms=target.latency_ms * factors[:-1])),
    )
    plain, other = (
        get_transfer("mlp-hwl")(one, seed=0).adapt(samples(range(8))).predict(TABLE.choices[80:]).latency_ms
        for one in (task(), scaled)
    )
    assert other == pytest.approx(plain, rel=1e-3)


def test_a_reference_on_the_target_is_all_that_a_space_without_costs_needs() -> None:
    alone = task(references=TableReferences("target", TABLE.select(["a"])))
    method = get_transfer("default")(alone, seed=0)
    assert method.needed_references == ("a",)
    assert method.adapt(samples([0, 1, 2, 3])).predict(TABLE.choices[80:]).latency_ms.shape == (163,)


def test_a_source_that_is_the_target_is_refused() -> None:
    with pytest.raises(ReferencesError, match="source and target are both target; within one space, onboard"):
        task(source_space=TARGET)


def test_the_target_platform_among_its_references_is_refused() -> None:
    with pytest.raises(ReferencesError, match="new is the target and among its own references"):
        task(references=TableReferences("target", TABLE))


def test_a_platform_that_the_source_does_not_know_is_refused() -> None:
    with pytest.raises(UnknownPlatformError, match="no platform 'elsewhere'"):
        task(platform="elsewhere")


def test_references_of_another_space_are_refused() -> None:
    with pytest.raises(ReferencesError, match="known on source, the target is target"):
        task(references=TableReferences("source", latencies(SOURCE, seed=1).select(["a"])))


def test_more_samples_than_the_pool_holds_are_refused() -> None:
    for name in ("default", "equal"):
        with pytest.raises(SampleCountError, match="81 samples were asked for, the pool holds 80"):
            get_transfer(name)(task(), seed=0).choose_samples(81)


def test_a_network_from_scratch_says_that_it_needs_a_sample() -> None:
    with pytest.raises(EncodingError, match="scratch-hwl knows nothing without a sample"):
        get_transfer("scratch-hwl")(task(), seed=0).adapt(Samples.none(TARGET))


def test_an_unknown_transfer_is_answered_with_the_nearest() -> None:
    with pytest.raises(UnknownMethodError, match="the nearest are ridge-half"):
        get_transfer("ridge-hal")

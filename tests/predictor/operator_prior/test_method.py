from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from edgeprof_predictor import metrics
from edgeprof_predictor.operator_prior.method import SPACE_SD, UNKNOWN_LEVEL, OperatorPriorMethod, level_beside
from edgeprof_predictor.operator_prior.predictor import OperatorPriorPredictor
from edgeprof_predictor.operators.classes import OperatorClass
from edgeprof_predictor.operators.model import OperatorModel
from edgeprof_predictor.operators.networks import MeasuredNetwork
from edgeprof_predictor.operators.records import OperatorRecord
from edgeprof_predictor.operators.sizes import Sizes
from edgeprof_predictor.profile import restored_predictor
from edgeprof_predictor.samples import Samples
from edgeprof_predictor.spaces import ChoiceArray, get_space

SPACE = get_space("nasbench201")
LEVEL = 1.25
"""How much longer networks take than their operators in probes."""

KINDS = {
    1: OperatorClass.ELEMENTWISE,
    2: OperatorClass.CONVOLUTION,
    3: OperatorClass.CONVOLUTION,
    4: OperatorClass.POOLING,
}


def record(choice: int, count: int = 1, *, time_factor: float | None = None) -> OperatorRecord:
    """An operation of a cell, as an engine would run it."""
    sizes = Sizes(flops=4e5 * 9 ** (choice == 3) * (choice in (2, 3)) + 1e3, activation_bytes=2e4, weight_bytes=1e3)
    found = OperatorRecord(operator_class=KINDS[choice], tag=f"kind {choice}", sizes=sizes, count=count)
    return found if time_factor is None else replace(found, time_us=(1 + 0.3 * choice) * time_factor * found.guess_us)


def records_of(choices: ChoiceArray, time_factor: float | None = None) -> tuple[OperatorRecord, ...]:
    counts = {kind: int((choices == kind).sum()) for kind in KINDS}
    kinds = {**counts, 2: counts[2] + 1}  # the stem
    return tuple(record(kind, count, time_factor=time_factor) for kind, count in kinds.items() if count)


def measured(name: str, records: tuple[OperatorRecord, ...], *, is_probe: bool = False) -> MeasuredNetwork:
    latency_us = sum((one.time_us or 0.0) * one.count for one in records)
    return MeasuredNetwork(name=name, records=records, latency_us=latency_us, is_probe=is_probe)


def cells(count: int, seed: int) -> ChoiceArray:
    drawn = SPACE.sample_choices(4 * count, seed=seed)
    return np.unique(SPACE.pruned(drawn[SPACE.is_connected(drawn)]), axis=0)[:count]


def named(choices: ChoiceArray) -> list[str]:
    return [SPACE.format(item) for item in SPACE.architectures(choices)]


@pytest.fixture(scope="module")
def method() -> OperatorPriorMethod:
    probes = [measured(f"probe {kind}", (record(kind, time_factor=1.0),), is_probe=True) for kind in KINDS]
    read = cells(60, 1)
    records = {text: records_of(row) for text, row in zip(named(read), read, strict=True)}
    return OperatorPriorMethod(space=SPACE, model=OperatorModel.fit(probes), records=records)


def sampled(choices: ChoiceArray) -> tuple[list[MeasuredNetwork], Samples]:
    networks = [measured(text, records_of(row, LEVEL)) for text, row in zip(named(choices), choices, strict=True)]
    return networks, Samples.of(choices, np.array([network.latency_us for network in networks]) / 1e3)


def adapted(method: OperatorPriorMethod, choices: ChoiceArray) -> OperatorPriorPredictor:
    networks, samples = sampled(choices)
    return method.given(networks).adapt(samples, seed=0)


@pytest.mark.parametrize(("count", "error", "spearman"), [(0, 0.3, 0.97), (1, 0.08, 0.97), (5, 0.04, 0.98)])
def test_a_few_samples_tell_the_level_and_the_rest(
    method: OperatorPriorMethod, count: int, error: float, spearman: float
) -> None:
    unseen = cells(200, 3)
    actual = sampled(unseen)[1].latency_ms
    found = adapted(method, cells(40, 2)[8 : 8 + count]).predict(unseen)
    assert metrics.median_ape(actual, found.latency_ms) < error
    assert metrics.spearman(actual, found.latency_ms) > spearman
    assert metrics.interval_coverage(actual, found.lower_ms, found.upper_ms) > 0.85


def test_samples_lower_the_expected_error_and_another_one_would_lower_it_further(method: OperatorPriorMethod) -> None:
    few, many = adapted(method, cells(40, 2)[8:11]), adapted(method, cells(40, 2)[8:18])
    candidates = cells(200, 3)
    assert many.expected_error < few.expected_error
    assert few.error_after(candidates, 3) < few.error_after(candidates, 1) < few.expected_error
    assert few.expectation.lower < few.expected_error < few.expectation.upper


def test_contributions_tell_that_the_level_and_the_samples_count(method: OperatorPriorMethod) -> None:
    told = adapted(method, cells(40, 2)[8:14]).contributions
    assert list(told) == [
        "operators of the device",
        "level of the space",
        "operators of the samples",
        "process on the rest",
    ]
    assert told["operators of the device"] > 0.1 > told["level of the space"]
    assert adapted(method, cells(40, 2)[8:9]).contributions == {}


def test_the_first_sample_is_typical_and_no_later_one_is_chosen_twice(method: OperatorPriorMethod) -> None:
    candidates = cells(150, 4)
    chosen = method.choose_samples(candidates, 6, measured=Samples.none(SPACE), seed=0)
    assert len(set(chosen.tolist())) == 6
    latencies = sampled(candidates)[1].latency_ms
    assert 0.3 < np.mean(latencies < latencies[chosen[0]]) < 0.7


def test_a_saved_predictor_predicts_the_same_and_learns_from_more_samples(method: OperatorPriorMethod) -> None:
    predictor = adapted(method, cells(40, 2)[8:12])
    restored = restored_predictor(SPACE, predictor.tensors(), predictor.document())
    unseen = cells(50, 3)
    assert restored.predict(unseen).latency_ms == pytest.approx(predictor.predict(unseen).latency_ms)
    assert restored.expected_error == pytest.approx(predictor.expected_error)
    more = sampled(cells(40, 2)[20:26])[1]
    joined = restored.joined(more)
    assert joined.samples.count == 10
    assert joined.expected_error <= predictor.expected_error


def test_samples_without_operators_count_as_latencies(method: OperatorPriorMethod) -> None:
    networks, samples = sampled(cells(40, 2)[8:13])
    predictor = method.given(networks[:2]).adapt(samples, seed=0)
    assert predictor.samples.count == 5
    actual = sampled(cells(100, 3))[1].latency_ms
    assert metrics.median_ape(actual, predictor.predict(cells(100, 3)).latency_ms) < 0.08


def test_noise_of_the_samples_does_not_hide_that_operators_miss_them(method: OperatorPriorMethod) -> None:
    choices, factors = cells(40, 2)[8:12], np.exp([0.5, -0.5, 0.5, -0.5]) * LEVEL
    networks = [
        measured(text, records_of(row, factor))
        for text, row, factor in zip(named(choices), choices, factors, strict=True)
    ]
    latency_ms = np.array([network.latency_us for network in networks]) / 1e3
    noisy = replace(Samples.of(choices, latency_ms), relative_sd=np.full(4, 0.12))
    assert adapted(method, choices).expected_error < 0.1
    assert method.given(networks).adapt(noisy, seed=0).expected_error > 0.15


def test_a_space_starts_from_the_level_that_its_device_showed_on_others() -> None:
    assert level_beside([]) == UNKNOWN_LEVEL
    one, many = level_beside([0.2]), level_beside([0.2] * 9)
    assert UNKNOWN_LEVEL.mean < one.mean < many.mean < 0.2
    assert UNKNOWN_LEVEL.sd > one.sd > many.sd > SPACE_SD

"""What holds for every method whose samples another sampler chooses."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from predictor.methods.tables import SPACE, table

from edgeprof_predictor.errors import SampleCountError, TableError
from edgeprof_predictor.evaluation import Protocol, Score, evaluate, resolve_methods
from edgeprof_predictor.evaluation.score import HasDescriptors, SeesTruth
from edgeprof_predictor.methods.base import Method
from edgeprof_predictor.methods.default import hyperparameter_samples
from edgeprof_predictor.methods.registry import METHOD_NAMES, get_method
from edgeprof_predictor.methods.sampled import with_sampler
from edgeprof_predictor.methods.sampler_registry import SAMPLER_NAMES
from edgeprof_predictor.networks.hyperparameters import DEFAULT_TRANSFER, HARDWARE_TRANSFER
from edgeprof_predictor.samples import Samples
from edgeprof_predictor.spaces import CategoricalSpace
from edgeprof_predictor.tables.latency_table import LatencyTable

TARGET = "platform_2"
QUICK = {
    "hyperparameters": replace(HARDWARE_TRANSFER, source_epochs=2, target_epochs=2),
}
SHOWN = ("default", "help", "multi-predict-sample", "nearest", "ridge")
"""Methods that differ in how they choose: one at a time, descriptor architectures first, at random."""


@pytest.fixture(autouse=True)
def few_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hyperparameter_samples, "DRAWN_COUNT", 150)


def quick(name: str) -> type[Method]:
    """A method that is trained briefly."""
    method: Any = get_method(name)
    if name == "default":

        class QuickDefault(method):  # type: ignore[misc, valid-type]
            @classmethod
            def fit_sources(cls, space: CategoricalSpace, sources: LatencyTable, *, seed: int) -> Method:
                brief = replace(DEFAULT_TRANSFER, source_epochs=2, target_epochs=2)
                fitted: Method = method.fit_sources(space, sources, seed=seed, hyperparameters=brief)
                return fitted

        return QuickDefault
    if name == "help":
        return type("QuickHelp", (method,), {"hyperparameters": replace(method.hyperparameters, episodes=5, tasks=2)})
    return type("Quick", (method,), QUICK) if hasattr(method, "hyperparameters") else method


def protocol(*methods: type[Method]) -> Protocol:
    return Protocol(
        train=tuple(name for name in table().platforms if name != TARGET),
        test=(TARGET,),
        sample_counts=(0, 4, 12),
        seeds=(0,),
        pretrain_samples=60,
        methods=methods,
    )


def rows(method: type[Method]) -> list[Score]:
    """Scores without what differs from run to run."""
    scores = evaluate(SPACE, table(), protocol(method))
    return [replace(score, method="", fit_s=0.0, adapt_s=0.0, source_correlation=0.0) for score in scores]


@pytest.mark.parametrize("name", METHOD_NAMES)
def test_every_method_names_the_sampler_that_it_uses_itself(name: str) -> None:
    assert get_method(name).sampler_name in SAMPLER_NAMES


@pytest.mark.parametrize("name", SHOWN)
def test_a_method_with_its_own_sampler_gives_the_same_rows(name: str) -> None:
    method = quick(name)
    alone, wrapped = rows(method), rows(with_sampler(method, method.sampler_name))
    assert [str(score) for score in wrapped] == [str(score) for score in alone]


@pytest.mark.parametrize("name", ["help", "multi-predict-sample"])
@pytest.mark.parametrize("sampler", ["diversity", "latency", "informative"])
def test_descriptor_architectures_are_measured_before_what_a_sampler_chooses(name: str, sampler: str) -> None:
    sources = table().select(protocol(quick(name)).train).subset(range(60))
    method: Any = with_sampler(quick(name), sampler).fit_sources(SPACE, sources, seed=0)
    assert isinstance(method, HasDescriptors)
    needed = {row.tobytes() for row in method.descriptors.choices}
    chosen = method.choose_samples(table().choices, 15, measured=Samples.none(SPACE), seed=0)
    found = [row.tobytes() for row in table().choices[chosen]]
    assert set(found[: len(needed)]) == needed
    assert len(set(found)) == 15
    measured = Samples.of(table().choices[chosen], table().latencies_of(TARGET)[chosen])
    rest = np.setdiff1d(np.arange(len(table().choices)), chosen)
    more = method.choose_samples(table().choices[rest], 3, measured=measured, seed=0)
    assert len(set(more.tolist())) == 3
    with pytest.raises(SampleCountError, match="cannot choose 4 of 3"):
        method.choose_samples(table().choices[:3], 4, measured=Samples.none(SPACE), seed=0)


def test_a_sampler_that_learns_from_measurements_chooses_one_at_a_time_whatever_the_method() -> None:
    sources = table().select(protocol(quick("ridge")).train).subset(range(60))
    sequential = with_sampler(quick("ridge"), "informative").fit_sources(SPACE, sources, seed=0)
    at_once = with_sampler(quick("default"), "random").fit_sources(SPACE, sources, seed=0)
    assert [sequential.next_round(count, 10) for count in (0, 3, 9)] == [3, 1, 1]
    assert [at_once.next_round(count, 10) for count in (0, 3, 9)] == [10, 7, 1]


def test_an_upper_bound_with_another_sampler_still_sees_the_truth() -> None:
    (oracle,) = resolve_methods(["oracle+diversity"], SPACE, lambda part: pytest.fail(part))
    scores = list(evaluate(SPACE, table(), protocol(oracle)))
    assert all(score.is_upper_bound for score in scores)
    fitted = oracle.fit_sources(SPACE, table(), seed=0)
    assert isinstance(fitted, SeesTruth)


@pytest.mark.parametrize("name", ["flops+random", "ridge+parameters", "ridge+flops"])
def test_what_needs_costs_says_so_before_anything_is_computed(name: str) -> None:
    with pytest.raises(TableError, match="needs the costs of architectures"):
        list(evaluate(SPACE, table(), protocol(get_method(name))))

"""The searches: one unit is one configuration with one seed, or all limits of one seed on one platform."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any, Final

import numpy as np
from benchmarks.published_data import DATA_FOLDER
from benchmarks.search.coverage import coverages_after
from benchmarks.search.truth import KnownLatency, TruthTable

from edgeprof_predictor.accuracy.base import AccuracyMethod
from edgeprof_predictor.accuracy.registry import get_accuracy_method
from edgeprof_predictor.accuracy.tables import load_task, task_names
from edgeprof_predictor.accuracy.task import AccuracyTask
from edgeprof_predictor.methods.default.method import DefaultMethod
from edgeprof_predictor.methods.default.predictor import DefaultPredictor
from edgeprof_predictor.runs import Unit
from edgeprof_predictor.samples import Samples
from edgeprof_predictor.search.guides import (
    ExpectedImprovement,
    Guide,
    RandomSearch,
    TopPredicted,
    UpperConfidenceBound,
)
from edgeprof_predictor.search.latency import LatencyPosterior, MeasuredLatency, PlatformPosterior
from edgeprof_predictor.search.procedure import Budget, Search
from edgeprof_predictor.search.result import Found
from edgeprof_predictor.search.state import SearchState
from edgeprof_predictor.search.tables import TableLookup
from edgeprof_predictor.spaces import get_space
from edgeprof_predictor.tables.published import load_latency_table

SPACE: Final = "nasbench201"
TASK: Final = "nasbench201/cifar10"
TASKS: Final = ("nasbench101/cifar10", TASK)
"""Tables of the searches without a limit; those under one are on the latter, whose latencies are published."""

TABLE: Final = DATA_FOLDER / "accuracy_and_zcp.npz"

NEAR: Final = 0.1
"""Percentage points below the best accuracy of the table at which a search counts as successful."""

TRAINING_COUNT: Final = 80
MEASUREMENT_COUNT: Final = 150
RANDOM_COUNT: Final = 725
SAMPLE_COUNT: Final = 10
SOURCE_COUNT: Final = 900
CANDIDATE_COUNT: Final = 3_000
LIMITED: Final = "limit"
"""How the names of units under a latency limit begin."""

QUANTILES: Final = (0.1, 0.3)

FAMILIES: Final = {
    "raspi4": ("raspi", "silver", "gold"),
    "eyeriss": ("eyeriss",),
    "titan_rtx_256": ("titan", "1080ti", "2080ti"),
    "pixel3": ("pixel", "samsung", "essential"),
}
"""Platforms of the searches under a limit, and how the names of their families begin."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchConfiguration:
    """How a search is configured.

    Args:
        title: Name in the plot.
        guide: Scores what to train next.
        method: Name of its accuracy predictor; empty for none.
        knows_own_space: Whether the sources include the other tasks of the target's own search space.
        batch_count: Networks of a round.
        training_count: Upper limit of networks to train.
    """

    title: str
    guide: type[Guide]
    method: str
    knows_own_space: bool = False
    batch_count: int = 1
    training_count: int = 100


CONFIGURATIONS: Final = {
    "random": SearchConfiguration(title="random", guide=RandomSearch, method="", training_count=RANDOM_COUNT),
    "paper-vec": SearchConfiguration(
        title="the paper's, Vec", guide=TopPredicted, method="scratch-vec", batch_count=10
    ),
    "paper-zcp": SearchConfiguration(
        title="the paper's, ZCP", guide=TopPredicted, method="scratch-zcp", batch_count=10
    ),
    "ours": SearchConfiguration(title="ours, prior from other spaces", guide=UpperConfidenceBound, method="default"),
    "ours-ei": SearchConfiguration(title="ours, expected improvement", guide=ExpectedImprovement, method="default"),
    "ours-all": SearchConfiguration(
        title="ours, prior from all other tasks", guide=UpperConfidenceBound, method="default", knows_own_space=True
    ),
}


def units(seed_count: int, folder: Path) -> list[Unit]:
    """Return all units, in the order of seeds, so that an early stop leaves some seeds of every search."""
    found = []
    for seed in range(seed_count):
        found += [
            Unit(name=f"{task} {name} {seed}", work=partial(free_search, task, name, seed))
            for task in TASKS
            for name in configurations_of(task)
        ]
        found += [
            Unit(name=f"{LIMITED} {platform} {seed}", work=partial(limited_searches, platform, seed, folder))
            for platform in FAMILIES
        ]
    return found


def is_limited(unit: Unit) -> bool:
    """Tell whether a unit searches under a latency limit."""
    return unit.name.startswith(f"{LIMITED} ")


def configurations_of(task: str) -> list[str]:
    """Return the names of the searches in a task: where its space has no other, those that know the others are left."""
    space = task.partition("/")[0]
    has_others = any(name != task and name.startswith(f"{space}/") for name in task_names(TABLE))
    return [name for name, configuration in CONFIGURATIONS.items() if has_others or not configuration.knows_own_space]


def free_search(task_name: str, name: str, seed: int) -> list[dict[str, Any]]:
    """Search without a limit."""
    configuration, task = CONFIGURATIONS[name], _task(task_name)
    guide: Guide = RandomSearch()
    if configuration.method:
        method = _method(task_name, configuration.method, configuration.knows_own_space, seed)
        guide = configuration.guide(method)  # type: ignore[call-arg]
    lookup = TableLookup(task, get_space(task.space))
    count = min(configuration.training_count, task.candidates.count)
    search = Search(
        lookup.pool,
        guide,
        lookup,
        SearchState(None, {}),
        budget=Budget(training_count=count, batch_count=configuration.batch_count),
        seed=seed,
    )
    result = search.run()
    best = float(task.accuracy.max())
    curve = np.maximum.accumulate([found.accuracy or 0.0 for found in result.trained])[:200].tolist()
    labels = {"kind": "free", "task": task_name, "way": name, "seed": seed}
    return [labels | {"count": arrived(result.trained, best), "curve": curve, "best": best}]


def arrived(trained: Sequence[Found], best: float, *, keeps: set[str] | None = None) -> int:
    """Return the number of the first training within `NEAR` of the best; one more than all where there is none."""
    for number, found in enumerate(trained, start=1):
        if (found.accuracy or 0.0) >= best - NEAR and (keeps is None or found.architecture in keeps):
            return number
    return len(trained) + 1


def limited_searches(platform: str, seed: int, folder: Path) -> list[dict[str, Any]]:
    """Search under each limit on a platform: with all latencies known, and with a profile of ten samples."""
    truth = _truth(platform)
    task = _task(TASK)
    latency_ms = truth.of(task.candidates.choices)
    profile = _profile(platform, seed, folder)
    predicted = profile.predict(task.candidates.choices)
    coverage = float(np.mean((predicted.lower_ms <= latency_ms) & (latency_ms <= predicted.upper_ms)))

    def adapt(measured: Samples) -> DefaultPredictor:
        return _fitted(platform, folder).adapt(profile.samples.joined(measured), seed=seed)

    rows = []
    for quantile in QUANTILES:
        limit_ms = float(np.quantile(latency_ms, quantile))
        beliefs: dict[str, LatencyPosterior] = {"known": KnownLatency(truth), "profile": PlatformPosterior(profile)}
        for name, belief in beliefs.items():
            guide = UpperConfidenceBound(_method(TASK, "default", False, seed))
            search, row = _limited(guide, belief, truth, limit_ms, seed)
            labels = {"kind": "limit", "platform": platform, "quantile": quantile, "seed": seed, "belief": name}
            rows.append(labels | {"limit_ms": limit_ms, "coverage": coverage} | row)
            if name == "profile":
                rows[-1] |= coverages_after(search, latency_ms, adapt)
    return rows


def _limited(
    guide: Guide, belief: LatencyPosterior, truth: TruthTable, limit_ms: float, seed: int
) -> tuple[Search, dict[str, Any]]:
    space, task = get_space(SPACE), _task(TASK)
    lookup = TableLookup(task, space)
    measured_at: list[int] = []

    def train(architecture: str) -> float:
        measured_at.append(len(state.latencies))
        return lookup(architecture)

    def measure(architecture: str) -> MeasuredLatency:
        return MeasuredLatency(latency_ms=_latency(truth, architecture))

    state = SearchState(None, {})
    search = Search(
        lookup.pool,
        guide,
        train,
        state,
        budget=Budget(training_count=TRAINING_COUNT, measurement_count=MEASUREMENT_COUNT),
        latency=belief,
        limit_ms=limit_ms,
        meter=measure,
        seed=seed,
    )
    result = search.run()
    latency_ms = truth.of(task.candidates.choices)
    keeps = {text for text, value in zip(lookup.pool.architectures, latency_ms, strict=True) if value <= limit_ms}
    best = max(lookup(text) for text in keeps)
    count = arrived(result.trained, best, keeps=keeps)
    return search, {
        "count": count,
        "measured_at_count": measured_at[min(count, len(measured_at)) - 1],
        "measurement_count": result.measurement_count,
        "is_kept": result.chosen.architecture in keeps,
        "is_measured": result.chosen.is_measured,
        "lost": best - (result.chosen.accuracy or 0.0),
        "best": best,
    }


def _latency(truth: TruthTable, architecture: str) -> float:
    space = get_space(SPACE)
    return float(truth.of(space.choices([space.parse(architecture)]))[0])


@cache
def _task(name: str) -> AccuracyTask:
    return load_task(TABLE, name)


@cache
def _method(target: str, name: str, knows_own_space: bool, seed: int) -> AccuracyMethod:
    """Return an accuracy predictor fitted on all tasks except the target, with or without those of its space."""
    sources: list[AccuracyTask] = []
    if name == "default":
        own = f"{target.partition('/')[0]}/"
        others = [one for one in task_names(TABLE) if one != target]
        sources = [_task(one) for one in others if knows_own_space or not one.startswith(own)]
    return get_accuracy_method(name).fit_sources(sources, seed=seed)


@cache
def _truth(platform: str) -> TruthTable:
    table = load_latency_table(DATA_FOLDER / f"latency_{SPACE}.npz", get_space(SPACE))
    return TruthTable(table.choices, table.latencies_of(platform))


def _profile(platform: str, seed: int, folder: Path) -> DefaultPredictor:
    """Return a predictor of the platform adapted with ten samples, its family left out of the sources."""
    space, truth = get_space(SPACE), _truth(platform)
    method = _fitted(platform, folder)
    candidates = space.sample_choices(CANDIDATE_COUNT, seed=seed)
    samples = Samples.none(space)
    while samples.count < SAMPLE_COUNT:
        count = method.next_round(samples.count, SAMPLE_COUNT)
        chosen = method.choose_samples(candidates, count, measured=samples, seed=seed)
        samples = samples.joined(Samples.of(candidates[chosen], truth.of(candidates[chosen])))
        candidates = np.delete(candidates, chosen, axis=0)
    return method.adapt(samples, seed=seed)


def _fitted(platform: str, folder: Path) -> DefaultMethod:
    """Return the latency predictor fitted without the platform's family; fitted once."""
    from edgeprof_predictor.bundle import Bundle, BundleCard, load_bundle

    path = folder / f"without-{platform}"
    if not (path / f"{SPACE}.json").exists():
        space = get_space(SPACE)
        table = load_latency_table(DATA_FOLDER / f"latency_{SPACE}.npz", space)
        names = [name for name in table.platforms if not name.startswith(FAMILIES[platform])]
        kept = np.random.default_rng(0).permutation(len(table.choices))[:SOURCE_COUNT]
        method = DefaultMethod.fit_sources(space, table.select(names).subset(kept), seed=0)
        card = BundleCard(
            space=SPACE,
            platforms=tuple(names),
            provenance="HELP's table",
            licence="MIT",
            architecture_count=SOURCE_COUNT,
            seed=0,
            hyperparameters={},
        )
        path.mkdir(parents=True, exist_ok=True)
        Bundle(card=card, method=method).save(path)
    return load_bundle(SPACE, folder=path).method

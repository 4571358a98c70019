"""The runs: units of `edgeprof_predictor.evaluation`, each a fitted method on all its targets."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, partial
from typing import Final

import numpy as np
from benchmarks.published_data import DATA_FOLDER

from edgeprof_predictor.accuracy.evaluation import unit_rows
from edgeprof_predictor.accuracy.registry import get_accuracy_method
from edgeprof_predictor.accuracy.tables import load_task, task_names
from edgeprof_predictor.accuracy.task import AccuracyTask
from edgeprof_predictor.metrics import spearman
from edgeprof_predictor.runs import Unit
from edgeprof_predictor.runs.journal import Row

TABLE: Final = DATA_FOLDER / "accuracy_and_zcp.npz"

SAMPLE_COUNT: Final = 10
"""Networks trained on a target, as in section A.9."""

SCRATCH_TASK: Final = "nasbench201/cifar10"
SCRATCH_COUNTS: Final = (5, 10, 20, 40, 80, 160)
REMOVAL_COUNT: Final = 40
"""Networks trained where proxies are removed; the paper does not give its number."""

REMOVED: Final = (0, 2, 4, 6, 8, 10)

MOST_SEEDS: Final = {"brp-nas": 2, "transfer-zcp": 2}
"""Fewer seeds where a run takes long."""

ALL_OTHERS: Final = "all other tasks"
OTHER_SPACES: Final = "other spaces only"


def units(seeds: Sequence[int]) -> list[Unit]:
    """Return all units, in the order of seeds, so that an early stop leaves some seeds of every exhibit."""
    found = []
    for seed in seeds:
        found += [unit for unit in _scratch_units(seed) if seed < _most_seeds(unit.name)]
        found += [unit for unit in _pair_units(seed) if seed < _most_seeds(unit.name)]
        found += _pooled_units(seed) + _removal_units(seed)
        found += [unit for unit in _curve_units(seed) if seed < _most_seeds(unit.name)]
    return found


def _most_seeds(name: str) -> int:
    return next((count for method, count in MOST_SEEDS.items() if f" {method} " in name), 99)


def _scratch_units(seed: int) -> list[Unit]:
    methods = ("scratch-vec", "scratch-zcp", "ridge-zcp")
    return [_unit("scratch", method, (), names(), (SAMPLE_COUNT,), seed) for method in methods]


def _pair_units(seed: int) -> list[Unit]:
    return [
        _unit("pair", method, (source,), [name for name in names() if name != source], (SAMPLE_COUNT,), seed)
        for method in ("transfer-ridge", "transfer-zcp")
        for source in names()
    ]


def _pooled_units(seed: int) -> list[Unit]:
    found = []
    for space in dict.fromkeys(name.partition("/")[0] for name in names()):
        inside = [name for name in names() if name.startswith(f"{space}/")]
        outside = [name for name in names() if name not in inside]
        found.append(_unit(OTHER_SPACES, "default", outside, inside, (SAMPLE_COUNT,), seed))
    for target in names():
        others = [name for name in names() if name != target]
        found.append(_unit(ALL_OTHERS, "default", others, [target], (SAMPLE_COUNT,), seed))
    return found


def _curve_units(seed: int) -> list[Unit]:
    methods = ("scratch-vec", "scratch-zcp", "ridge-zcp", "brp-nas")
    return [_unit("curve", method, (), [SCRATCH_TASK], SCRATCH_COUNTS, seed) for method in methods]


def _removal_units(seed: int) -> list[Unit]:
    return [
        Unit(
            name=f"removal {method} {end} {count}, seed {seed}",
            work=partial(_removal_rows, method, end, count, seed),
        )
        for method in ("ridge-zcp", "scratch-zcp")
        for end in ("best", "worst")
        for count in REMOVED
    ]


def _unit(
    exhibit: str,
    method: str,
    sources: Sequence[str],
    targets: Sequence[str],
    counts: Sequence[int],
    seed: int,
) -> Unit:
    name = f"{exhibit}: {method} from {'+'.join(sources) or 'none'} to {'+'.join(targets)}, seed {seed}"
    return Unit(name=name, work=partial(_rows, exhibit, method, tuple(sources), tuple(targets), tuple(counts), seed))


def _rows(
    exhibit: str, method: str, sources: Sequence[str], targets: Sequence[str], counts: Sequence[int], seed: int
) -> list[Row]:
    found = unit_rows(
        get_accuracy_method(method), [task(name) for name in sources], [task(name) for name in targets], counts, seed
    )
    return [{"exhibit": exhibit, **row} for row in found]


def _removal_rows(method: str, end: str, count: int, seed: int) -> list[Row]:
    """Score a method without the proxies that rank best, or worst, on all networks of the task."""
    full = task(SCRATCH_TASK)
    order = proxies_by_rank(full)
    kept = order[count:] if end == "best" else order[: len(order) - count]
    left = AccuracyTask(name=full.name, candidates=full.candidates.with_proxies(kept), accuracy=full.accuracy)
    rows = unit_rows(get_accuracy_method(method), (), [left], (REMOVAL_COUNT,), seed)
    return [{"exhibit": "removal", "end": end, "removed": count, **row} for row in rows]


def proxies_by_rank(of: AccuracyTask) -> tuple[str, ...]:
    """Return the proxies of a task by the absolute rank correlation of their scores with accuracy, highest first."""
    scores = np.where(np.isfinite(of.candidates.scores), of.candidates.scores, 0.0)
    ranks = [abs(spearman(column, of.accuracy)) for column in scores.T]
    return tuple(of.candidates.proxies[index] for index in np.argsort(ranks)[::-1])


@cache
def names() -> tuple[str, ...]:
    """Return the names of all tasks of the published table."""
    return task_names(TABLE)


@cache
def task(name: str) -> AccuracyTask:
    """Return a task of the published table."""
    return load_task(TABLE, name)

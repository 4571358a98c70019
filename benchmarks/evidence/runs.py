"""What is computed: a unit for each split and seed, its rows the scores of `edgeprof_predictor.evaluation`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Final

import numpy as np
from benchmarks import ceiling, published_data
from benchmarks.code_version import PREDICTOR, digest_of_modules
from benchmarks.evidence import constants, contenders, splits
from benchmarks.evidence.contenders import DEFAULT, ablations
from benchmarks.evidence.splits import DEFAULT_SPLITS, SOURCE_COUNTS, SPLITS, source_count
from benchmarks.published_data import TASKS
from benchmarks.transfer import published
from benchmarks.transfer.published import latencies

from edgeprof_predictor.evaluation import Protocol, fitted, score_method
from edgeprof_predictor.methods.base import Method
from edgeprof_predictor.methods.baselines.flops import Flops
from edgeprof_predictor.methods.default.method import DefaultMethod
from edgeprof_predictor.metrics import spearman
from edgeprof_predictor.runs import Unit
from edgeprof_predictor.runs.journal import Row
from edgeprof_predictor.spaces import CategoricalSpace, get_space
from edgeprof_predictor.tables.latency_table import LatencyTable

COUNTS: Final = (0, 3, 5, 10, 20)
"""Samples of a new platform."""

ABLATION_COUNTS: Final = (3, 10)

FLOPS_COUNTS: Final = (0, 10)

FIT_SEED: Final = 0
"""Of what sources show and of fits to them, which all seeds share; constants are tried with this seed alone."""

FLOPS: Final = "FLOPs"
ALL_DATA: Final = "all data"
NO_SOURCE: Final = "no source"
ONE_SOURCE: Final = "one source"
ITS_OWN: Final = "that source's own latencies"


def units(seeds: Sequence[int]) -> list[Unit]:
    """Return all units, in the order of seeds, so that an early stop leaves some seeds of everything."""
    found = [Unit(name=f"{split}: all data", work=partial(_ceiling_rows, split)) for split in SPLITS]
    for seed in seeds:
        for split in SPLITS:
            found.append(Unit(name=f"{split}: {DEFAULT}, seed {seed}", work=partial(_default_rows, split, seed)))
            found.append(Unit(name=f"{split}: {FLOPS}, seed {seed}", work=partial(_flops_rows, split, seed)))
        for split in TASKS:
            found.append(Unit(name=f"{split}: {NO_SOURCE}, seed {seed}", work=partial(_no_source_rows, split, seed)))
        for split in DEFAULT_SPLITS:
            for name, constant, value in constants.values() if seed == FIT_SEED else ():
                work = partial(_constant_rows, split, name, constant, value)
                found.append(Unit(name=f"{split}: sources alone, {name}", work=work))
            found.append(Unit(name=f"{split}: {ONE_SOURCE}, seed {seed}", work=partial(_one_source_rows, split, seed)))
    return found


@cache
def code_digest() -> str:
    """Return the digest of all code that rows depend on; pages and prose do not count."""
    spaces = {kind.__module__ for split in SPLITS.values() for kind in type(get_space(split.space)).__mro__}
    rooms = ("evaluation", "methods.default.method", "methods.baselines.flops", "methods.baselines.boosting")
    rooms += ("methods.sampler_registry", "samplers.random_sampler", "tables.published")
    modules = {name for name in spaces if name.startswith(f"{PREDICTOR}.")} | {f"{PREDICTOR}.{room}" for room in rooms}
    used = (ceiling, published_data, published, constants, contenders, splits)
    return digest_of_modules(modules, files=[Path(__file__), *(Path(str(module.__file__)) for module in used)])


def _sources(split: str, train: Sequence[str], seed: int, *, count: int) -> LatencyTable:
    """Return what sources show with a seed: latencies of so many random architectures, the same of each."""
    table = latencies(SPLITS[split].space)
    drawn = np.random.default_rng(seed).choice(len(table.choices), count, replace=False)
    return table.select(train).subset(drawn)


def _scores(split: str, contender: str, method: Method, counts: Sequence[int], seed: int) -> Iterator[Row]:
    """Score a fitted method on all new platforms of a split."""
    task = SPLITS[split]
    protocol = Protocol(
        train=(),
        test=tuple(task.test.split()),
        sample_counts=tuple(counts),
        seeds=(seed,),
        pretrain_samples=source_count(split),
        methods=(fitted(method),),
    )
    space, table = _space(split), latencies(task.space)
    for score in score_method(space, table, protocol, protocol.methods[0], seed):
        yield {"split": split, **score.as_row(), "method": contender}


def _space(split: str) -> CategoricalSpace:
    space = get_space(SPLITS[split].space)
    assert isinstance(space, CategoricalSpace)
    return space


def _default_rows(split: str, seed: int) -> list[Row]:
    """Score the default, and on the published splits the default without its parts."""
    rows: list[Row] = []
    for name, method in _fitted(split).items():
        rows += _scores(split, name, method, COUNTS if name == DEFAULT else ABLATION_COUNTS, seed)
    return rows


@cache
def _fitted(split: str) -> dict[str, Method]:
    """Return the default, and on the published splits the default without its parts: fitted once for all seeds."""
    sources = _sources(split, SPLITS[split].train.split(), FIT_SEED, count=source_count(split))
    default = DefaultMethod.fit_sources(_space(split), sources, seed=FIT_SEED)
    parts = ablations(default, sources, seed=FIT_SEED) if split in TASKS else {}
    return {DEFAULT: default, **parts}


def _flops_rows(split: str, seed: int) -> list[Row]:
    sources = _sources(split, SPLITS[split].train.split(), seed, count=source_count(split))
    return list(_scores(split, FLOPS, Flops.fit_sources(_space(split), sources, seed=seed), FLOPS_COUNTS, seed))


def _no_source_rows(split: str, seed: int) -> list[Row]:
    method = DefaultMethod.without_sources(_space(split), seed=seed)
    return list(_scores(split, NO_SOURCE, method, COUNTS, seed))


def _one_source_rows(split: str, seed: int) -> list[Row]:
    """Score the default fitted to one source that is drawn, and how that source itself ranks."""
    task, table = SPLITS[split], latencies(SPLITS[split].space)
    source = str(np.random.default_rng(seed).choice(task.train.split()))
    sources = _sources(split, [source], seed, count=source_count(split))
    method = DefaultMethod.fit_sources(_space(split), sources, seed=seed)
    rows = list(_scores(split, ONE_SOURCE, method, (10,), seed))
    for platform in task.test.split():
        found = spearman(table.latencies_of(platform), table.latencies_of(source))
        rows.append({"split": split, "method": ITS_OWN, "platform": platform, "seed": seed, "spearman": found})
    return [{**row, "source": source} for row in rows]


def _constant_rows(split: str, name: str, constant: constants.Constant | None, value: object) -> list[Row]:
    """Score the model with a constant changed on the sources of a split, each family of them left out in turn."""
    count = SOURCE_COUNTS[SPLITS[split].space]
    sources = _sources(split, SPLITS[split].train.split(), FIT_SEED, count=count)
    rows = constants.score_with(_space(split), sources, ABLATION_COUNTS, constant, value, seed=FIT_SEED)
    return [{"split": sources_of(split), "method": name, **row} for row in rows]


def sources_of(split: str) -> str:
    """Return how rows name the sources of a split, where these are left out in turn."""
    return f"sources of {split}"


def _ceiling_rows(split: str) -> list[Row]:
    """Score what nearly all measurements of each new platform allow."""
    task, table = SPLITS[split], latencies(SPLITS[split].space)
    rows: list[Row] = []
    for platform in task.test.split():
        rank, error = ceiling.ceiling(_space(split), table.choices, table.latencies_of(platform), fold_count=1)
        figures = {"spearman": rank, "median_ape": error}
        rows.append({"split": split, "method": ALL_DATA, "platform": platform, "seed": 0, **figures})
    return rows

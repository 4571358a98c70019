"""Figure 17's other half: networks to train until the others' accuracies are ranked, from each encoding."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np
from benchmarks.accuracy.runs import OTHER_SPACES, TABLE, names, task
from benchmarks.code_version import PREDICTOR, SHOWN_DIGITS, commit, digest_of_modules
from benchmarks.paper.figures import NOT_PRINTED, OURS, SCRATCH_COUNTS
from benchmarks.paper.results import ResultCurve, ResultFigure, codes
from benchmarks.paper.runs import latency_table
from benchmarks.published_data import TASKS

from edgeprof_predictor.accuracy.evaluation import unit_rows
from edgeprof_predictor.accuracy.registry import get_accuracy_method
from edgeprof_predictor.accuracy.task import AccuracyTask, Candidates
from edgeprof_predictor.metrics import sample_deviation
from edgeprof_predictor.runs import Journal, Unit, run_units
from edgeprof_predictor.runs.journal import Row

NAME: Final = "figure-17-accuracy"
SPACE: Final = "nasbench201"
SOURCES: Final = tuple(TASKS[f"{SPACE}-default"].train.split())
"""Platforms whose latencies HWL reads: those that the figure's half on latencies has as sources."""

CURVES: Final = {
    "Vec, scratch": ("scratch-vec", False),
    "ZCP, scratch": ("scratch-zcp", False),
    "HWL, scratch": ("scratch-zcp", True),
    "ZCPVec, scratch": ("scratch-zcpvec", False),
    "HWLVec, scratch": ("scratch-zcpvec", True),
    "ZCP, ridge (ours)": ("ridge-zcp", False),
    f"{OURS}, {OTHER_SPACES}": ("default", False),
}
"""By its label: the accuracy predictor, and whether latencies take the place of its proxies."""

DIFFERENCES: Final = (
    "725 networks of NAS-Bench-201 have published proxies: they train, sample and score here. Every network that was "
    "not trained is scored.",
    f"HWL is the latency on the {len(SOURCES)} source platforms of the default split; it is not counted.",
    "Scores and latencies are ranked among the networks, not min-max normalised.",
    "The default's sources are the tasks of other search spaces; their trained networks are not counted.",
    "The paper does not say which tasks it draws; ours are all that are public. The graph network of BRP-NAS on "
    "CIFAR-10 is in [Figure 8](accuracy.md#figure-8-sample-efficiency-from-scratch).",
    NOT_PRINTED,
)


def figure(folder: Path, seeds: Sequence[int], *, is_finished_only: bool = False) -> ResultFigure:
    """Compute the figure, going on with what the folder holds already.

    Args:
        folder: For the journal of finished units.
        seeds: Of all chance.
        is_finished_only: Whether nothing is computed that the folder does not hold.
    """
    journal = Journal(folder / f"{NAME}-{_digest()}.journal", {"table": TABLE.name}, depends_on_code=False)
    units = [
        Unit(name=f"{target} {label} {seed}", work=partial(_rows, target, label, seed))
        for seed in seeds
        for target in _targets()
        for label in CURVES
    ]
    kept = [unit for unit in units if not is_finished_only or unit.name in journal.finished]
    rows = run_units(kept, journal=journal, jobs=1)
    return ResultFigure(
        title="Figure 17, the other half: networks to train for an accuracy predictor, NAS-Bench-201",
        x_label="networks trained",
        curves=tuple(_curve(target, label, rows) for target in _targets() for label in CURVES),
        differences=DIFFERENCES,
        is_bars=False,
    )


def _targets() -> list[str]:
    return [name for name in names() if name.startswith(f"{SPACE}/")]


def _digest() -> str:
    kinds = {type_.__module__ for name, _ in CURVES.values() for type_ in get_accuracy_method(name).__mro__}
    used = {module for module in kinds if module.startswith(f"{PREDICTOR}.")}
    return digest_of_modules({*used, f"{PREDICTOR}.accuracy.evaluation"}, files=(Path(__file__),))[:SHOWN_DIGITS]


def _rows(target: str, label: str, seed: int) -> list[Row]:
    name, reads_latencies = CURVES[label]
    method = get_accuracy_method(name)
    others = [task(one) for one in names() if not one.startswith(f"{SPACE}/")]
    scored = with_latencies(task(target)) if reads_latencies else task(target)
    found = unit_rows(method, [] if method.source_use == "none" else others, [scored], SCRATCH_COUNTS, seed)
    return [{"label": label, "code": commit(), **row} for row in found]


def with_latencies(of: AccuracyTask) -> AccuracyTask:
    """Return a task whose networks have latencies on the source platforms in the place of their proxies."""
    table = latency_table(SPACE)
    row_of = {choices.tobytes(): row for row, choices in enumerate(table.choices)}
    rows = [row_of[choices.tobytes()] for choices in np.ascontiguousarray(of.candidates.choices)]
    latencies = np.stack([table.latencies_of(platform)[rows] for platform in SOURCES], axis=1)
    candidates = Candidates(space=of.space, choices=of.candidates.choices, proxies=SOURCES, scores=latencies)
    return AccuracyTask(name=of.name, candidates=candidates, accuracy=of.accuracy)


def _curve(target: str, label: str, rows: Sequence[Row]) -> ResultCurve:
    found = [row for row in rows if (row["target"], row["label"]) == (target, label)]
    seeds = sorted({row["seed"] for row in found})
    by_count = [[row["spearman"] for row in found if row["sample_count"] == count] for count in SCRATCH_COUNTS]
    return ResultCurve(
        panel=target,
        label=label,
        x=SCRATCH_COUNTS,
        y=tuple(float(np.mean(values)) for values in by_count) if found else (),
        spreads=tuple(sample_deviation(values) if len(values) > 1 else None for values in by_count),
        seed_count=len(seeds),
        code=codes(row["code"] for row in found),
    )

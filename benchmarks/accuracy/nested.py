"""Score accuracy predictors with constants that were chosen without the task that is scored.

python -m benchmarks.accuracy.nested --results FOLDER [--output docs] [--seeds 20] [--jobs N]

Each task is left out in turn. Every setting of a method's constants is scored on the other tasks, each of them left out
of the sources once more; the best is fitted anew and scored on the task. Where only other spaces are sources, the whole
space of the task takes no part. The table is read as by `benchmarks.accuracy`, and finished units are kept likewise.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
from benchmarks.accuracy.nested_page import page
from benchmarks.accuracy.runs import ALL_OTHERS, OTHER_SPACES, SAMPLE_COUNT, TABLE, names, task
from benchmarks.code_version import commit, digest_of_benchmark, made_from
from benchmarks.page_options import page_parser, parsed

from edgeprof_predictor.accuracy.base import AccuracyMethod, AccuracyPredictor
from edgeprof_predictor.accuracy.beliefs import BELIEFS, Beliefs
from edgeprof_predictor.accuracy.default import DefaultAccuracy
from edgeprof_predictor.accuracy.evaluation import target_scores
from edgeprof_predictor.accuracy.pooled_ridge import PooledRidgeAccuracy
from edgeprof_predictor.accuracy.task import AccuracyTask
from edgeprof_predictor.runs import Journal, Unit, run_units, write_rows
from edgeprof_predictor.runs.journal import Row

PENALTIES: Final = (1.0, 3.0, 10.0, 30.0, 100.0)

SEED_COUNT: Final = 20
"""Draws of the networks trained on the task that is scored. Coverage of one task has a deviation of .02 to .12 over
them: the mean of 5 is known to .03, which is not enough to tell whether it lies in a range as wide as 85 to 95 %."""

FACTORS: Final = (0.9, 1.0, 1.15, 1.3, 1.5)
"""On the deviations of intervals."""

SETTING_COUNT: Final = 8
"""Settings of the default's constants, drawn at random."""

THINNED_COUNT: Final = 120
"""Networks of each source while settings are compared, which is what takes long."""

COMPARISON_SEEDS: Final = (0, 1)
"""Of the samples while settings are compared."""

DRAWN_FROM: Final[Mapping[str, Sequence[Any]]] = {
    "weight_variance": (0.01, 0.02, 0.05, 0.1),
    "smooth": (0.1, 0.2, 0.4, 0.8),
    "length": (2.0, 4.0, 8.0),
    "decisions": (0.1, 0.2, 0.4, 0.8),
    "decisions_length": (0.25, 0.5, 1.0),
    "source_noise": (0.1, 0.2, 0.4),
    "task_shares": ((0.1, 0.3), (0.2, 0.5), (0.3, 0.6), (0.5,)),
    "noises": ((0.05, 0.15, 0.4), (0.1, 0.3, 0.8), (0.2, 0.6, 1.2), (0.3,)),
    "degrees": (2.0, 4.0, 8.0),
}
"""Values of each constant; those of the shipped default are not singled out."""


def main() -> int:
    """Run the units that are not finished, then write rows and page."""
    arguments = parsed(page_parser(__doc__, seeds=SEED_COUNT))
    path = arguments.results / "accuracy_nested.json"
    digest = digest_of_benchmark(Path(__file__).parent)
    inputs = {
        "table": hashlib.sha256(TABLE.read_bytes()).hexdigest(),
        "benchmark": digest,
        "seeds": str(arguments.seeds),
    }
    journal = Journal.beside(path, inputs)
    rows = run_units(
        units(range(arguments.seeds)),
        journal=journal,
        jobs=arguments.jobs,
        on_finished=lambda name: print(name, file=sys.stderr, flush=True),
    )
    write_rows(path, rows)
    journal.remove()
    text = page(rows, names(), code=made_from(digest, commit()), setting_count=SETTING_COUNT)
    (arguments.output / "accuracy_nested.md").write_text(text, encoding="utf-8")
    return 0


def units(seeds: Sequence[int]) -> list[Unit]:
    """Return a unit for each kind of sources and all tasks that share a choice: those of a space, or a single one."""
    spaces = dict.fromkeys(name.partition("/")[0] for name in names())
    groups = [(OTHER_SPACES, [name for name in names() if name.partition("/")[0] == space]) for space in spaces]
    groups += [(ALL_OTHERS, [name]) for name in names()]
    return [
        Unit(name=f"{exhibit}: {' '.join(group)}", work=partial(task_rows, exhibit, tuple(group), tuple(seeds)))
        for exhibit, group in groups
    ]


def task_rows(exhibit: str, group: Sequence[str], seeds: Sequence[int]) -> list[Row]:
    """Return the scores of tasks that share a choice: default with what was chosen and as shipped, pooled ridge."""
    penalties = [{"penalty": penalty} for penalty in PENALTIES]
    ridge = _best(PooledRidgeAccuracy, exhibit, group[0], penalties)
    drawn = _best(DefaultAccuracy, exhibit, group[0], [{"beliefs": beliefs} for beliefs in drawn_beliefs()])
    factor = _best_factor(exhibit, group[0], drawn["beliefs"])
    chosen = {"beliefs": replace(drawn["beliefs"], interval_factor=factor)}
    shipped = {"beliefs": BELIEFS}
    return [
        {"exhibit": exhibit, "constants": kind, "setting": _in_words(setting), **row}
        for name in group
        for method, kind, setting in (
            (DefaultAccuracy, "chosen", chosen),
            (DefaultAccuracy, "shipped", shipped),
            (PooledRidgeAccuracy, "chosen", ridge),
        )
        for row in _rows(method, _without(exhibit, [name]), task(name), seeds, setting)
    ]


def drawn_beliefs() -> list[Beliefs]:
    """Return the settings that are compared."""
    generator = np.random.default_rng(0)
    return [
        Beliefs(**{constant: values[int(generator.integers(len(values)))] for constant, values in DRAWN_FROM.items()})
        for _ in range(SETTING_COUNT)
    ]


def _best(method: type[AccuracyMethod], exhibit: str, name: str, settings: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the setting that ranks best, on average over the tasks that take part."""
    scores = [np.mean([row["spearman"] for row in _compared(method, exhibit, name, setting)]) for setting in settings]
    return settings[int(np.argmax(scores))]


def _best_factor(exhibit: str, name: str, beliefs: Beliefs) -> float:
    """Return the factor on intervals with which the tasks that take part are covered nearest to nine tenths."""
    coverages: dict[float, list[float]] = {factor: [] for factor in FACTORS}
    for other, sources in _comparisons(exhibit, name):
        predictor = DefaultAccuracy.fit_sources(sources, seed=0, beliefs=beliefs).predictor_for(other.candidates)
        for factor, found in coverages.items():
            rows = _scored(predictor.with_interval_factor(factor), other, COMPARISON_SEEDS)
            found += [row["interval_coverage"] for row in rows]
    return min(FACTORS, key=lambda factor: abs(float(np.mean(coverages[factor])) - 0.9))


def _compared(method: Any, exhibit: str, name: str, setting: Mapping[str, Any]) -> list[Row]:
    """Return the scores of a setting on the tasks that take part, each left out of thinned sources."""
    return [
        row
        for other, sources in _comparisons(exhibit, name)
        for row in _rows(method, sources, other, COMPARISON_SEEDS, setting)
    ]


def _comparisons(exhibit: str, name: str) -> Iterator[tuple[AccuracyTask, list[AccuracyTask]]]:
    """Yield the tasks that take part in the choice for a task, each with thinned sources that lack both."""
    space = name.partition("/")[0]
    for other in names():
        if other != name and (exhibit == ALL_OTHERS or other.partition("/")[0] != space):
            yield task(other), [_thinned(source) for source in _without(exhibit, [name, other])]


def _without(exhibit: str, left_out: Sequence[str]) -> list[AccuracyTask]:
    """Return the sources: all tasks but some, or all but those of their spaces."""
    spaces = {name.partition("/")[0] for name in left_out}
    return [
        task(name)
        for name in names()
        if name not in left_out and (exhibit == ALL_OTHERS or name.partition("/")[0] not in spaces)
    ]


def _thinned(source: AccuracyTask) -> AccuracyTask:
    return source.subset(np.random.default_rng(0).permutation(source.candidates.count)[:THINNED_COUNT])


def _rows(
    method: Any, sources: Sequence[AccuracyTask], target: AccuracyTask, seeds: Sequence[int], setting: Mapping[str, Any]
) -> list[Row]:
    predictor = method.fit_sources(sources, seed=0, **setting).predictor_for(target.candidates)
    return [{"method": method.name, **row} for row in _scored(predictor, target, seeds)]


def _scored(predictor: AccuracyPredictor, target: AccuracyTask, seeds: Sequence[int]) -> list[Row]:
    return [{"seed": seed, **row} for seed in seeds for row in target_scores(predictor, target, (SAMPLE_COUNT,), seed)]


def _in_words(setting: Mapping[str, Any]) -> dict[str, Any]:
    return asdict(setting["beliefs"]) if "beliefs" in setting else dict(setting)


if __name__ == "__main__":
    sys.exit(main())

"""Samplers compared on the published tables: one method, fitted once, is adapted with the samples of each.

python benchmarks/samplers.py [--task NAME ...] [--method default] [--samplers random,diversity,...]
                              [--samples 3,5,10,20] [--seeds 1] [--output FILE]

Protocol, tables and figures are those of `published_tables.py`.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from published_data import DATA_FOLDER, TASKS

from edgeprof_predictor.evaluation import Protocol, Score, evaluate, summarise
from edgeprof_predictor.methods.base import Method
from edgeprof_predictor.methods.registry import get_method
from edgeprof_predictor.methods.sampled import with_sampler
from edgeprof_predictor.methods.sampler_registry import SAMPLER_NAMES
from edgeprof_predictor.runs import write_rows
from edgeprof_predictor.runs.journal import Row
from edgeprof_predictor.spaces import CategoricalSpace
from edgeprof_predictor.tables.latency_table import LatencyTable
from edgeprof_predictor.tables.published import load_table_with_space


def fitted_once(method: type[Method]) -> type[Method]:
    """Return a method that is fitted once for each seed: all samplers of a task share the fitted method."""
    fitted: dict[int, Method] = {}

    def fit_sources(cls: type[Method], space: CategoricalSpace, sources: LatencyTable, *, seed: int) -> Method:
        if seed not in fitted:
            fitted[seed] = method.fit_sources(space, sources, seed=seed)
        return fitted[seed]

    return type(method.__name__, (method,), {"fit_sources": classmethod(fit_sources)})


def run(task_name: str, method: str, samplers: Sequence[str], counts: Sequence[int], seeds: int) -> list[Score]:
    """Score a method with each sampler on a task, with progress on stderr."""
    task = TASKS[task_name]
    space, table = load_table_with_space(DATA_FOLDER / f"latency_{task.space}.npz")
    shared = fitted_once(get_method(method))
    protocol = Protocol(
        train=tuple(task.train.split()),
        test=tuple(task.test.split()),
        sample_counts=tuple(counts),
        seeds=tuple(range(seeds)),
        pretrain_samples=space.paper_source_count,
        methods=tuple(with_sampler(shared, name) for name in samplers),
    )
    report = partial(print, f"{task_name}:", file=sys.stderr)
    return list(evaluate(space, table, protocol, on_progress=report))


def summary(task_name: str, scores: Sequence[Score]) -> list[str]:
    """Return Markdown rows: one a sampler, means over platforms and seeds."""
    cells: dict[str, list[str]] = {}
    for group in summarise(scores):
        cells.setdefault(group.method, []).append(f"{group.spearman:.3f} / {group.median_ape:.1%}")
    return [f"| {task_name} | {method} | {' | '.join(of_method)} |" for method, of_method in cells.items()]


def main() -> int:
    """Print Spearman and median error of each sampler, and write all scores."""
    parser = argparse.ArgumentParser(description="Samplers compared on the published tables.")
    parser.add_argument("--task", action="append", choices=sorted(TASKS), help="default: all")
    parser.add_argument("--method", default="default", help="method that is adapted with the samples of each sampler")
    parser.add_argument("--samplers", default=",".join(SAMPLER_NAMES), help="names joined by commas")
    parser.add_argument("--samples", default="3,5,10,20", help="sample counts, joined by commas")
    parser.add_argument("--seeds", type=int, default=1, help="number of seeds")
    parser.add_argument("--output", type=Path, metavar="FILE", help="file for all scores")
    arguments = parser.parse_args()
    counts = [int(count) for count in arguments.samples.split(",")]
    print(f"| task | sampler | {' | '.join(f'k = {count}' for count in sorted(counts))} |")
    print(f"| --- | --- |{' --- |' * len(counts)}")
    rows: list[Row] = []
    for task_name in arguments.task or TASKS:
        scores = run(task_name, arguments.method, arguments.samplers.split(","), counts, arguments.seeds)
        print("\n".join(summary(task_name, scores)), flush=True)
        rows += [{"task": task_name, **score.as_row()} for score in scores]
        if arguments.output is not None:
            write_rows(arguments.output, rows)
    return 0


if __name__ == "__main__":
    sys.exit(main())

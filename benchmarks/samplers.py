"""Samplers compared on the published tables: one method, fitted once, learns from the samples of each.

python benchmarks/samplers.py [--task NAME ...] [--method default] [--samplers random,diversity,...]
                              [--samples 3,5,10,20] [--seeds 1] [--json FILE]

Rules and tables are those of `published_tables.py`: full range, test platforms not among the sources,
1000 candidates drawn by seed, scored on every architecture that is no sample.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import numpy as np
from published_tables import DATA_FOLDER, TASKS

from edgeprof_predictor import metrics
from edgeprof_predictor.dataset import LatencyTable
from edgeprof_predictor.hyperparameters import SOURCE_SAMPLE_COUNTS
from edgeprof_predictor.methods import get_method
from edgeprof_predictor.methods.base import Method
from edgeprof_predictor.methods.sampled import Sampled
from edgeprof_predictor.samplers import SAMPLER_NAMES, make_sampler
from edgeprof_predictor.samples import Samples
from edgeprof_predictor.spaces import get_space
from edgeprof_predictor.tables import load_latency_table

CANDIDATE_COUNT: Final = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """One sampler on one platform with one number of samples and one seed."""

    task: str
    sampler: str
    platform: str
    sample_count: int
    seed: int
    spearman: float
    median_ape: float


def run(task_name: str, method_name: str, samplers: Sequence[str], counts: Sequence[int], seed: int) -> Iterator[Score]:
    """Fit the method to the sources of a task, then score it with each sampler."""
    task = TASKS[task_name]
    space = get_space(task.space)
    table = load_latency_table(DATA_FOLDER / f"latency_{task.space}.npz", space)
    known = np.random.default_rng(seed).choice(len(table.choices), SOURCE_SAMPLE_COUNTS[task.space], replace=False)
    sources = table.select(task.train.split()).subset(known)
    print(f"{task_name}, seed {seed}: fitting {method_name}", file=sys.stderr)
    fitted = get_method(method_name).fit_sources(space, sources, seed=seed)
    for name in samplers:
        method = Sampled(fitted, make_sampler(name, space, sources, seed=seed))
        for platform in task.test.split():
            print(f"{task_name}, seed {seed}: {name} on {platform}", file=sys.stderr)
            for count, spearman, error in _figures(method, table.select([platform]), counts, seed):
                yield Score(
                    task=task_name,
                    sampler=name,
                    platform=platform,
                    sample_count=count,
                    seed=seed,
                    spearman=spearman,
                    median_ape=error,
                )


def _figures(
    method: Method, table: LatencyTable, counts: Sequence[int], seed: int
) -> Iterator[tuple[int, float, float]]:
    latency_ms = table.latency_ms[0]
    candidates = np.random.default_rng(seed).permutation(len(latency_ms))[:CANDIDATE_COUNT]
    chosen = np.zeros(0, dtype=np.int64)
    for count in sorted(counts):
        samples = Samples.of(table.choices[chosen], latency_ms[chosen])
        rest = candidates[~np.isin(candidates, chosen)]
        added = method.choose_samples(table.choices[rest], count - len(chosen), measured=samples, seed=seed)
        chosen = np.concatenate([chosen, rest[added]])
        predictor = method.adapt(Samples.of(table.choices[chosen], latency_ms[chosen]), seed=seed)
        unseen = np.setdiff1d(np.arange(len(latency_ms)), chosen)
        actual, predicted = latency_ms[unseen], predictor.predict(table.choices[unseen]).latency_ms
        yield count, metrics.spearman(actual, predicted), metrics.median_ape(actual, predicted)


def summary(scores: Sequence[Score]) -> list[str]:
    """Return Markdown rows: one a task and sampler, means over platforms and seeds."""
    rows = []
    for task, sampler in dict.fromkeys((score.task, score.sampler) for score in scores):
        cells = []
        for count in sorted({score.sample_count for score in scores}):
            group = [s for s in scores if (s.task, s.sampler, s.sample_count) == (task, sampler, count)]
            spearman, error = (np.mean([getattr(s, field) for s in group]) for field in ("spearman", "median_ape"))
            cells.append(f"{spearman:.3f} / {error:.1%}")
        rows.append(f"| {task} | {sampler} | {' | '.join(cells)} |")
    return rows


def main() -> int:
    """Print Spearman and median error of each sampler, and write all scores."""
    parser = argparse.ArgumentParser(description="Samplers compared on the published tables.")
    parser.add_argument("--task", action="append", choices=sorted(TASKS), help="default: all")
    parser.add_argument("--method", default="default", help="learns from the samples of every sampler")
    parser.add_argument("--samplers", default=",".join(SAMPLER_NAMES), help="names joined by commas")
    parser.add_argument("--samples", default="3,5,10,20", help="sample counts, joined by commas")
    parser.add_argument("--seeds", type=int, default=1, help="number of seeds")
    parser.add_argument("--json", type=Path, help="file for all scores")
    arguments = parser.parse_args()
    counts = [int(count) for count in arguments.samples.split(",")]
    print(f"| task | sampler | {' | '.join(f'k = {count}' for count in sorted(counts))} |")
    print(f"| --- | --- |{' --- |' * len(counts)}")
    scores: list[Score] = []
    for task_name in arguments.task or TASKS:
        of_task = [
            score
            for seed in range(arguments.seeds)
            for score in run(task_name, arguments.method, arguments.samplers.split(","), counts, seed)
        ]
        print("\n".join(summary(of_task)), flush=True)
        scores += of_task
        if arguments.json is not None:
            arguments.json.write_text(
                json.dumps([asdict(score) for score in scores], indent=1) + "\n", encoding="utf-8"
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())

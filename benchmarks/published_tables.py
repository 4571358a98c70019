"""Accuracy on the published tables, test platforms not among the sources, full range.

python benchmarks/published_tables.py [--task NAME ...] [--samples 0,3,5,10,20] [--seeds 5]
                                      [--methods default,flops,multi-predict] [--json FILE]

The tables are read from the folder named by EDGEPROF_DATA, else from ../shared/data beside the
repository.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from edgeprof_predictor.evaluation import Protocol, Score, evaluate
from edgeprof_predictor.hyperparameters import SOURCE_SAMPLE_COUNTS
from edgeprof_predictor.methods import METHOD_NAMES, get_method
from edgeprof_predictor.spaces import get_space
from edgeprof_predictor.tables import load_latency_table

DATA_FOLDER: Final = Path(
    os.environ.get("EDGEPROF_DATA", Path(__file__).resolve().parents[1].parent / "shared" / "data")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A split of platforms.

    Args:
        space: Name of the search space.
        train: Source platforms.
        test: New platforms.

    Source:
        Multi-Predict, section 4 and Table 13; the default splits are HELP's.
    """

    space: str
    train: str
    test: str


PHONES_AND_CPUS: Final = "silver_4114 silver_4210r samsung_a50 pixel3 essential_ph_1 samsung_s7"
GPUS: Final = ("1080ti", "2080ti", "titan_rtx", "titanx", "titanxp")
TASKS: Final = {
    "nasbench201-default": Task(
        space="nasbench201",
        train=f"1080ti_1 1080ti_32 1080ti_256 {PHONES_AND_CPUS}",
        test="titan_rtx_256 gold_6226 pixel2 raspi4 eyeriss fpga",
    ),
    "nasbench201-adversarial": Task(
        space="nasbench201",
        train="titan_rtx_1 titan_rtx_32 titanxp_1 2080ti_1 titanx_1 1080ti_1 titanx_32 titanxp_32 2080ti_32 "
        "1080ti_32 gold_6226 samsung_s7 silver_4114 gold_6240 silver_4210r samsung_a50 pixel2",
        test="eyeriss",
    ),
    "fbnet-default": Task(
        space="fbnet",
        train=f"1080ti_1 1080ti_32 1080ti_64 {PHONES_AND_CPUS}",
        test="fpga raspi4 eyeriss",
    ),
    "fbnet-adversarial": Task(
        space="fbnet",
        train=" ".join(f"{gpu}_{batch}" for gpu in GPUS for batch in (1, 32, 64)),
        test="gold_6226 essential_ph_1 samsung_s7 pixel2",
    ),
}


def run(task_name: str, samples: Sequence[int], seeds: int, methods: Sequence[str]) -> list[Score]:
    """Score the methods on one task, telling stderr how far it is."""
    task = TASKS[task_name]
    space = get_space(task.space)
    table = load_latency_table(DATA_FOLDER / f"latency_{task.space}.npz", space)
    protocol = Protocol(
        train=tuple(task.train.split()),
        test=tuple(task.test.split()),
        sample_counts=tuple(samples),
        seeds=tuple(range(seeds)),
        pretrain_samples=SOURCE_SAMPLE_COUNTS[task.space],
        methods=tuple(get_method(name) for name in methods),
    )
    return list(
        evaluate(space, table, protocol, on_progress=lambda step: print(f"{task_name}: {step}", file=sys.stderr))
    )


def summary(task_name: str, scores: Sequence[Score]) -> list[str]:
    """Return Markdown rows: means over platforms, spread over seeds, then each platform."""
    rows = []
    for method, count in sorted({(score.method, score.sample_count) for score in scores}):
        group = [score for score in scores if (score.method, score.sample_count) == (method, count)]
        by_seed = [np.mean([s.spearman for s in group if s.seed == seed]) for seed in {s.seed for s in group}]
        platforms = " ".join(
            f"{name} {np.mean([s.spearman for s in group if s.platform == name]):.3f}"
            for name in dict.fromkeys(s.platform for s in group)
        )
        error, coverage, width = (
            float(np.mean([getattr(s, field) for s in group]))
            for field in ("median_ape", "interval_coverage", "interval_width_ratio")
        )
        rows.append(
            f"| {task_name} | {method} | {count} | {np.mean(by_seed):.3f} ± {np.std(by_seed):.3f} "
            f"| {error:.3f} | {coverage:.2f} | {width:.2f} | {platforms} |"
        )
    return rows


def main() -> int:
    """Print the table of the tasks that were asked for."""
    parser = argparse.ArgumentParser(description="Accuracy on the published tables.")
    parser.add_argument("--task", action="append", choices=sorted(TASKS), help="default: all")
    parser.add_argument("--samples", default="0,3,5,10,20", help="sample counts, joined by commas")
    parser.add_argument("--seeds", type=int, default=5, help="number of seeds")
    parser.add_argument("--methods", default="default,flops", help=f"of {', '.join(METHOD_NAMES)}")
    parser.add_argument("--json", type=Path, help="file for all scores")
    arguments = parser.parse_args()
    samples = [int(count) for count in arguments.samples.split(",")]
    print("| task | method | samples | Spearman | median APE | coverage | width | by platform |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    rows = []
    for task_name in arguments.task or TASKS:
        scores = run(task_name, samples, arguments.seeds, arguments.methods.split(","))
        print("\n".join(summary(task_name, scores)), flush=True)
        rows += [{"task": task_name, **score.as_row()} for score in scores]
    if arguments.json is not None:
        arguments.json.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())

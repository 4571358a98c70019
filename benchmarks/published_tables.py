"""Accuracy on the published splits: `edgeprof evaluate`, task by task, as Markdown.

python benchmarks/published_tables.py [--task NAME ...] [--samples 0,3,5,10,20] [--seeds 5]
                                      [--methods default,flops,multi-predict] [--jobs N] [--output FILE]

The tables are read from the folder named by EDGEPROF_DATA, else from ../shared/data beside the
repository. With --output an interrupted run goes on where it stopped.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from code_version import commit, digest_of_benchmark, made_from
from published_data import DATA_FOLDER, TASKS

from edgeprof_predictor.evaluation import (
    EVALUATED_NAMES,
    Group,
    Protocol,
    Score,
    check_calibration,
    evaluation_inputs,
    evaluation_units,
    resolve_methods,
    score_encoding,
    summarise,
)
from edgeprof_predictor.runs import Journal, Unit, run_units, write_rows
from edgeprof_predictor.tables.published import load_table_with_space

HEADING: Final = (
    "| task | method | samples | Spearman | seeds | median APE | coverage | lowest | width | kept | by platform |",
    "| --- " * 11 + "|",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskRun:
    """A task with all that its evaluation needs.

    Args:
        name: Of the task.
        units: Parts of the evaluation, their names those of task, method and seed.
        inputs: What their rows depend on, for the journal.
    """

    name: str
    units: list[Unit]
    inputs: dict[str, str]

    @classmethod
    def prepare(cls, name: str, samples: Sequence[int], seeds: int, methods: Sequence[str]) -> TaskRun:
        """Read the table of a task and check what is asked of it."""
        task = TASKS[name]
        space, table = load_table_with_space(DATA_FOLDER / f"latency_{task.space}.npz")
        train = task.train.split()
        proxies = DATA_FOLDER / f"zcp_{task.space}.npz"
        protocol = Protocol(
            train=tuple(train),
            test=tuple(task.test.split()),
            sample_counts=tuple(samples),
            seeds=tuple(range(seeds)),
            pretrain_samples=space.paper_source_count,
            methods=resolve_methods(
                methods, space, lambda part: score_encoding(part, space, table, train=train, proxies=proxies)
            ),
        )
        units = evaluation_units(space, table, protocol)
        return cls(
            name=name,
            units=[replace(unit, name=f"{name}: {unit.name}") for unit in units],
            inputs={f"{key} of {name}": value for key, value in evaluation_inputs(space, table, protocol).items()},
        )


def markdown(task_name: str, scores: Sequence[Score]) -> list[str]:
    """Return a row for each method and number of samples: means over platforms, ± sample deviation over seeds."""
    calibrations = {
        (calibration.method, calibration.sample_count): calibration.within_share
        for calibration in check_calibration(scores)
    }
    return [
        f"| {task_name} | {group.method}{' (upper bound)' if group.is_upper_bound else ''} | {group.sample_count} "
        f"| {group.spearman:.3f}{_spread(group)} | {group.seed_count} | {group.median_ape:.3f} "
        f"| {group.interval_coverage:.2f} | {group.lowest_coverage:.2f} | {group.interval_width_ratio:.2f} "
        f"| {calibrations.get((group.method, group.sample_count), math.nan):.2f} "
        f"| {' '.join(f'{name} {value:.3f}' for name, value in group.platform_spearman.items())} |"
        for group in summarise(scores)
    ]


def _spread(group: Group) -> str:
    return f" ± {group.spearman_sd:.3f}" if group.seed_count > 1 else ""


def main() -> int:
    """Print the table of the tasks that were asked for."""
    parser = argparse.ArgumentParser(description="Accuracy on the published splits.")
    parser.add_argument("--task", action="append", choices=sorted(TASKS), help="default: all")
    parser.add_argument("--samples", default="0,3,5,10,20", help="sample counts, joined by commas")
    parser.add_argument("--seeds", type=int, default=5, help="number of seeds")
    parser.add_argument("--methods", default="default,flops", help=f"of {', '.join(EVALUATED_NAMES)}")
    parser.add_argument("--jobs", type=int, help="parts at the same time; default: one a core")
    parser.add_argument("--output", type=Path, metavar="FILE", help="file for all scores")
    arguments = parser.parse_args()
    samples, methods = [int(count) for count in arguments.samples.split(",")], arguments.methods.split(",")
    runs = [TaskRun.prepare(name, samples, arguments.seeds, methods) for name in arguments.task or TASKS]
    inputs = {name: value for run in runs for name, value in run.inputs.items()}
    journal = Journal.beside(arguments.output, inputs) if arguments.output else None
    print("\n".join(HEADING))
    rows = []
    for run in runs:
        found = run_units(
            run.units, journal=journal, jobs=arguments.jobs, on_finished=lambda unit: print(unit, file=sys.stderr)
        )
        print("\n".join(markdown(run.name, [Score.from_row(row) for row in found])), flush=True)
        rows += [{"task": run.name, **row} for row in found]
    print(f"\n{made_from(digest_of_benchmark(), commit())}")
    if journal is not None:
        write_rows(arguments.output, rows)
        journal.remove()
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""The page of accuracy predictors whose constants were chosen without the task that is scored."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final

import numpy as np
from benchmarks.accuracy.runs import ALL_OTHERS, OTHER_SPACES

from edgeprof_predictor.metrics import sample_deviation
from edgeprof_predictor.runs.journal import Row

PREFACE: Final = """How well accuracy predictors do on a task that had no part in anything: not in the sources, not in
the choice of constants. Made by `python -m benchmarks.accuracy.nested --results FOLDER --output docs` from
`accuracy_and_zcp.npz` alone.

Each task is left out in turn. Each setting of a method's constants is scored on the other tasks, each of which is left
out of the sources as well; the setting with the highest mean rank correlation, and then the factor on intervals with
which nine tenths of accuracies lie inside, are taken for the task. With *all other tasks* the sources are all but the
task; with *other spaces only* neither sources nor choice see any task of its space. The default's settings are drawn at
random from values that lie a factor of 4 to 8 apart, so no constant of the shipped default is singled out; the pooled
ridge (`pooled-ridge`: ridge regression on ranked proxies and one-hot decisions, drawn towards the weights of the
sources of the space) has its penalty chosen from five. While settings are compared, sources are thinned to 120 networks
and samples have two seeds.

*Shipped* is the default as it is, with constants that were set having seen these tasks. NAS-Bench-101 and 301 have one
task each, so both kinds of sources are the same to them. 10 networks are trained on each task; Spearman's rank
correlation and coverage of 90 % intervals are over all networks that were not. Coverage of a task depends on which 10
are drawn, with a deviation of up to .12: the mean of 5 seeds does not tell whether it lies within 85 to 95 %, as the
last line of each table shows. The counts above it are of all seeds."""

FEW_SEEDS: Final = 5
"""Seeds in a group of the last line: as many as most benchmarks of this project have."""

COLUMNS: Final = {
    "default, chosen": ("default", "chosen"),
    "default, shipped": ("default", "shipped"),
    "pooled ridge": ("pooled-ridge", "chosen"),
}


def page(rows: Sequence[Row], tasks: Sequence[str], *, code: str, setting_count: int) -> str:
    """Return the page as Markdown; `code` says which code made it."""
    seed_count = len({row["seed"] for row in rows})
    lines = ["# Accuracy predictors, nested", "", *PREFACE.splitlines(), "", code]
    lines += [f"{setting_count} settings of the default, {seed_count} seeds; ± is the sample deviation over seeds.", ""]
    for exhibit in (ALL_OTHERS, OTHER_SPACES):
        found = [row for row in rows if row["exhibit"] == exhibit]
        lines += [f"## Sources: {exhibit}", "", *_table(found, tasks), "", *_chosen(found), ""]
    return "\n".join(lines)


def _table(rows: Sequence[Row], tasks: Sequence[str]) -> list[str]:
    names = [f"{name}{part}" for name in COLUMNS for part in (": rank correlation", ": coverage")]
    lines = [f"| task | {' | '.join(names)} |", f"| --- |{' --- |' * len(names)}"]
    for task in tasks:
        cells = []
        for method, constants in COLUMNS.values():
            part = _of(rows, method, constants, task)
            cells += [f"{np.mean([row['spearman'] for row in part]):.3f}", f"{_coverage(part):.0%}"]
        lines.append(f"| {task} | {' | '.join(cells)} |")
    means: list[str] = []
    counts: list[str] = []
    few_counts: list[str] = []
    for method, constants in COLUMNS.values():
        part = _of(rows, method, constants)
        by_seed = [
            float(np.mean([row["spearman"] for row in part if row["seed"] == seed]))
            for seed in sorted({row["seed"] for row in part})
        ]
        spread = f" ± {sample_deviation(by_seed):.3f}" if len(by_seed) > 1 else ""
        means += [f"**{np.mean(by_seed):.3f}**{spread}", f"**{_coverage(part):.0%}**"]
        counts += ["", f"{_inside_count(part, tasks)} of {len(tasks)}"]
        few_counts += ["", ", ".join(str(_inside_count(few, tasks)) for few in _by_few_seeds(part))]
    return [
        *lines,
        f"| **mean** | {' | '.join(means)} |",
        f"| tasks with 85 to 95 % | {' | '.join(counts)} |",
        f"| the same with {FEW_SEEDS} seeds each | {' | '.join(few_counts)} |",
    ]


def _inside_count(rows: Sequence[Row], tasks: Sequence[str]) -> int:
    """Return how many tasks have 85 to 95 % of their accuracies inside, as printed."""
    coverages = [_coverage([row for row in rows if row["target"] == task]) for task in tasks]
    return sum(0.85 <= round(coverage, 2) <= 0.95 for coverage in coverages)


def _by_few_seeds(rows: Sequence[Row]) -> list[list[Row]]:
    """Return the rows of the first few seeds, of the next, and so on."""
    seeds = sorted({row["seed"] for row in rows})
    groups = [seeds[start : start + FEW_SEEDS] for start in range(0, len(seeds), FEW_SEEDS)]
    return [[row for row in rows if row["seed"] in group] for group in groups]


def _chosen(rows: Sequence[Row]) -> list[str]:
    """Return which constants were chosen, and for how many tasks."""
    lines = ["| constant | chosen (for how many tasks) |", "| --- | --- |"]
    for method in ("default", "pooled-ridge"):
        settings = {row["target"]: row["setting"] for row in _of(rows, method, "chosen")}
        for constant in next(iter(settings.values())):
            counts = Counter(str(setting[constant]) for setting in settings.values())
            words = ", ".join(f"{value} ({count})" for value, count in counts.most_common())
            lines.append(f"| {method}: {constant} | {words} |")
    return lines


def _of(rows: Sequence[Row], method: str, constants: str, task: str | None = None) -> list[Row]:
    return [
        row
        for row in rows
        if (row["method"], row["constants"]) == (method, constants) and task in (None, row["target"])
    ]


def _coverage(rows: Sequence[Row]) -> float:
    return float(np.mean([row["interval_coverage"] for row in rows]))

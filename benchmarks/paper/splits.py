"""The four published splits: the default and its floor, with errors in milliseconds and intervals beside the ranks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
from benchmarks.paper.rows import COUNTS, run_on
from benchmarks.paper.runs import ExperimentCache, Run, Score
from benchmarks.published_data import TASKS

from edgeprof_predictor.metrics import sample_deviation

NAME: Final = "evaluate-splits"
METHODS: Final = ("default", "flops")
ASKED: Final = {
    "nasbench201-default": {3: 0.940, 5: 0.964, 10: 0.970, 20: 0.973},
    "fbnet-default": {3: 0.961, 5: 0.978, 10: 0.987, 20: 0.989},
    "fbnet-adversarial": {3: 0.767, 5: 0.793, 10: 0.791, 20: 0.808},
    "nasbench201-adversarial": {5: 0.987, 10: 0.997, 20: 0.997},
}
"""Spearman of the default that a change must not lose, by samples."""

TOLERANCE: Final = 0.003
"""What a mean over five seeds may be below that."""


def split_runs(methods: Sequence[str] = METHODS, counts: Sequence[int] = COUNTS) -> list[Run]:
    """Return a run of each method on each split."""
    return [run_on(task, method, tuple(counts)) for task in TASKS for method in methods]


def split_section(cache: ExperimentCache, methods: Sequence[str] = METHODS, counts: Sequence[int] = COUNTS) -> str:
    """Return the section of the page, as far as it is computed."""
    lines = [
        "## The published splits",
        "",
        f"`python -m benchmarks.paper {NAME} --seeds {cache.schedule.seeds} --samples {','.join(map(str, counts))}`",
        "",
        "Means over the new platforms of a split; ± is the sample deviation of that mean over seeds. `lowest` is the "
        "platform whose latencies lie least often inside their 90 % interval. `asked` is what the default must not "
        f"lose, up to {TOLERANCE:g}.",
        "",
        "| split | method | samples | Spearman | asked | seeds | median error | inside 90 % intervals | lowest |",
        "| --- " * 9 + "|",
    ]
    for task in TASKS:
        for method in methods:
            scores = cache.finished(run_on(task, method, tuple(counts)))
            for count in counts:
                lines += _line(task, method, [score for score in scores if score.sample_count == count], count)
    return "\n".join([*lines, ""])


def _line(task: str, method: str, scores: Sequence[Score], count: int) -> list[str]:
    asked = ASKED[task].get(count) if method == "default" else None
    cells = [task, method, f"{count}"]
    if not scores:
        cells += ["not computed", "" if asked is None else f"{asked:.3f}", "0", "", "", ""]
        return [f"| {' | '.join(cells)} |"]
    seeds = sorted({score.seed for score in scores})
    by_seed = [_mean([score for score in scores if score.seed == seed], lambda score: score.spearman) for seed in seeds]
    spearman = float(np.mean(by_seed))
    spread = f" ± {sample_deviation(by_seed):.3f}" if len(seeds) > 1 else ""
    is_lost = asked is not None and round(spearman, 3) < round(asked - TOLERANCE, 3)
    platforms = sorted({score.platform for score in scores})
    coverages = [
        _mean([score for score in scores if score.platform == platform], lambda score: score.interval_coverage)
        for platform in platforms
    ]
    cells += [
        f"{spearman:.3f}{spread}",
        "" if asked is None else f"{asked:.3f}{' **falls short**' if is_lost else ''}",
        f"{len(seeds)}",
        f"{_mean(scores, lambda score: score.median_ape):.1%}",
        f"{np.mean(coverages):.0%}",
        f"{min(coverages):.0%}",
    ]
    return [f"| {' | '.join(cells)} |"]


def _mean(scores: Sequence[Score], value: Callable[[Score], float | None]) -> float:
    return float(np.mean([np.nan if value(score) is None else value(score) for score in scores]))

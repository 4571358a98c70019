"""Medians over seeds, and targets beside what was measured."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from benchmarks.figures import Figure
from benchmarks.search.runs import CONFIGURATIONS, FAMILIES, MEASUREMENT_COUNT, QUANTILES, TASK, TASKS, TRAINING_COUNT

ASKED_COUNT: Final = 12
ASKED_RATIO: Final = 1.3
ASKED_COVERAGE: Final = (0.80, 0.98)

Row = dict[str, Any]


class Summary:
    """The rows of all searches.

    Args:
        rows: As the units return them; some may be missing.
    """

    def __init__(self, rows: Sequence[Row]) -> None:
        self.rows = list(rows)

    def free(self, task: str, configuration: str) -> list[Row]:
        """Return the searches of one configuration in one task without a limit."""
        labels = {"kind": "free", "task": task, "way": configuration}
        return [row for row in self.rows if labels.items() <= row.items()]

    def limited(self, platform: str, quantile: float, belief: str) -> list[Row]:
        """Return the searches under one limit."""
        labels = {"kind": "limit", "platform": platform, "quantile": quantile, "belief": belief}
        return [row for row in self.rows if labels.items() <= row.items()]

    def figures(self) -> list[Figure]:
        """Return what was asked for beside what was measured."""
        found = [
            Figure(
                name=f"trainings until within 0.1 % of the best, {CONFIGURATIONS[configuration].title}",
                measured=spread(self.free(TASK, configuration)),
                asked=f"median of {ASKED_COUNT} or fewer",
                is_met=median(self.free(TASK, configuration)) <= ASKED_COUNT,
            )
            for configuration in ("ours", "ours-all")
            if self.free(TASK, configuration)
        ]
        for platform in FAMILIES:
            for quantile in QUANTILES:
                known, learned = (self.limited(platform, quantile, belief) for belief in ("known", "profile"))
                if known and learned:
                    ratio = median(learned) / median(known)
                    kept = sum(row["is_kept"] for row in learned)
                    found.append(
                        Figure(
                            name=f"{platform}, limit at the {quantile:.0%} quantile",
                            measured=f"{ratio:.2f} times the trainings; limit kept in {kept} of {len(learned)} runs",
                            asked=f"at most {ASKED_RATIO} times what knowing every latency needs, kept in every run",
                            # Where the search with all latencies known did not succeed, the ratio has no meaning.
                            is_met=ratio <= ASKED_RATIO and kept == len(learned) and median(known) <= TRAINING_COUNT,
                        )
                    )
                    found += _coverage_figure(f"{platform}, limit at the {quantile:.0%} quantile", learned)
        return found


def _coverage_figure(name: str, rows: Sequence[Row]) -> list[Figure]:
    covered = [row["search_coverage"] for row in rows if row.get("search_coverage") is not None]
    if not covered:
        return []
    low, high = ASKED_COVERAGE
    found = float(np.median(covered))
    return [
        Figure(
            name=f"{name}: 90 % intervals at the end of the search, of what it did not measure",
            measured=f"they hold {found:.0%}",
            asked=f"{low:.0%} to {high:.0%}",
            is_met=low <= found <= high,
        )
    ]


def median(rows: Sequence[Row], key: str = "count") -> float:
    """Return the median over seeds."""
    return float(np.median([row[key] for row in rows]))


def coverage(rows: Sequence[Row], key: str) -> str:
    """Return the median coverage over the seeds that have one."""
    values = [row[key] for row in rows if row.get(key) is not None]
    return f"{np.median(values):.0%}" if values else "-"


def spread(rows: Sequence[Row], key: str = "count") -> str:
    """Return the median and the range that holds eight of ten seeds."""
    values = [row[key] for row in rows]
    low, high = np.quantile(values, (0.1, 0.9))
    return f"{np.median(values):.3g} ({low:.3g} to {high:.3g})"


def free_table(summary: Summary) -> str:
    """Return the table of the searches without a limit."""
    lines = ["| task | search | trainings: median (8 of 10 seeds) | seeds |", "| --- | --- | --- | --- |"]
    for task in TASKS:
        for name, configuration in CONFIGURATIONS.items():
            if rows := summary.free(task, name):
                lines.append(f"| {task} | {configuration.title} | {spread(rows)} | {len(rows)} |")
    return "\n".join(lines) + "\n"


def limits_table(summary: Summary) -> str:
    """Return the table of the searches under a limit."""
    lines = [
        "| platform, limit at the quantile | all latencies known | profile and measurements | ratio | measured by then "
        "| measured in all | limit kept | profile's coverage before | at the end | adapted anew | seeds |",
        "| --- " * 11 + "|",
    ]
    for platform in FAMILIES:
        for quantile in QUANTILES:
            known, learned = (summary.limited(platform, quantile, belief) for belief in ("known", "profile"))
            if known and learned:
                lines.append(
                    f"| {platform}, {quantile:.0%} | {spread(known)} | {spread(learned)} "
                    f"| {median(learned) / median(known):.2f} | {median(learned, 'measured_at_count'):.0f} "
                    f"| {median(learned, 'measurement_count'):.0f} "
                    f"| {sum(row['is_kept'] for row in learned)} of {len(learned)} "
                    f"| {coverage(learned, 'coverage')} | {coverage(learned, 'search_coverage')} "
                    f"| {coverage(learned, 'fresh_coverage')} | {len(learned)} |"
                )
    lines += [
        "",
        f"Runs under a limit end after {TRAINING_COUNT} trainings or {MEASUREMENT_COUNT} measurements; one that "
        "has not succeeded by then counts as one training more. Coverage: the share of latencies inside their 90 % "
        "intervals, median over seeds: of all candidates before the search, and of those not measured at its end, by "
        "the search's own posterior and by a predictor adapted anew to all measurements.",
    ]
    return "\n".join(lines) + "\n"

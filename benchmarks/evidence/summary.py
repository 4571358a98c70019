"""Means over platforms and seeds of what was computed."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from benchmarks.evidence.runs import DEFAULT, ITS_OWN, NO_SOURCE, ONE_SOURCE

from edgeprof_predictor.metrics import sample_deviation
from edgeprof_predictor.runs.journal import Row

NOTHING: Final = "-"
"""Cell of what is not computed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """A mean over seeds of means over platforms.

    Args:
        mean: nan where nothing is computed.
        deviation: Sample deviation over seeds; nan with fewer than two.
        seed_count: Seeds behind it.
    """

    mean: float
    deviation: float
    seed_count: int

    @classmethod
    def of(cls, by_seed: Sequence[float]) -> Spread:
        """Return mean and deviation of one value for each seed."""
        mean = float(np.mean(by_seed)) if by_seed else math.nan
        return cls(mean=mean, deviation=sample_deviation(by_seed), seed_count=len(by_seed))

    def __str__(self) -> str:
        """Return a correlation, or a difference of correlations, with three digits."""
        return self.text("{:.3f}")

    def text(self, form: str) -> str:
        """Return mean ± deviation, both in a format such as `{:.3f}`."""
        if not self.seed_count:
            return NOTHING
        unsigned = form.replace("+", "")
        spread = f" ± {unsigned.format(self.deviation)}" if self.seed_count > 1 else ""
        return f"{form.format(self.mean)}{spread}"


class Results:
    """Rows of all finished units.

    Args:
        rows: As `runs` makes them.
    """

    def __init__(self, rows: Sequence[Row]) -> None:
        self._rows: dict[tuple[str, str], list[Row]] = {}
        for row in rows:
            self._rows.setdefault((row["split"], row["method"]), []).append(row)

    def select(self, split: str, method: str, count: int | None = None) -> list[Row]:
        """Return the rows of a method on a split, with one number of samples where it is told."""
        rows = self._rows.get((split, method), [])
        return rows if count is None else [row for row in rows if row["sample_count"] == count]

    def spread(self, split: str, method: str, count: int | None, name: str = "spearman") -> Spread:
        """Return mean and deviation of a figure."""
        return Spread.of(list(by_seed(self.select(split, method, count), lambda row: row[name]).values()))

    def lowest(self, split: str, method: str, count: int, name: str) -> float:
        """Return the lowest mean over seeds of any platform; nan where nothing is computed."""
        rows = self.select(split, method, count)
        return min(_means(rows, "platform", lambda row: row[name]).values(), default=math.nan)

    def held(self, split: str, method: str, count: int) -> tuple[float, float]:
        """Return in how many cases the measured error was in the stated range, and in how many below its upper end."""
        rows = self.select(split, method, count)
        inside = [row["expected_lower"] <= row["median_ape"] <= row["expected_upper"] for row in rows]
        below = [row["median_ape"] <= row["expected_upper"] for row in rows]
        return (float(np.mean(inside)), float(np.mean(below))) if rows else (math.nan, math.nan)

    def change(self, split: str, method: str, count: int, name: str) -> Spread:
        """Return by how much a figure differs from the default's, over the seeds that both have."""
        theirs, ours = (by_seed(self.select(split, one, count), lambda row: row[name]) for one in (method, DEFAULT))
        return Spread.of([theirs[seed] - ours[seed] for seed in theirs if seed in ours])

    def by_family(self, split: str, method: str, count: int, name: str) -> dict[str, float]:
        """Return the mean of a figure for each family that was left out."""
        return _means(self.select(split, method, count), "family", lambda row: row[name])

    def one_source(self, splits: Sequence[str], count: int) -> list[tuple[float, float, float]]:
        """Return rank correlations with one source, of that source itself, and with none: a triple for each case."""
        found = []
        for split in splits:
            ranks = {
                method: {(row["seed"], row["platform"]): row["spearman"] for row in self.select(split, method, chosen)}
                for method, chosen in ((ONE_SOURCE, count), (ITS_OWN, None), (NO_SOURCE, count))
            }
            cases = set.intersection(*(set(known) for known in ranks.values()))
            found += [tuple(known[case] for known in ranks.values()) for case in sorted(cases)]
        return found  # type: ignore[return-value]


def by_seed(rows: Sequence[Row], value: Callable[[Row], float]) -> dict[int, float]:
    """Return the mean over platforms for each seed."""
    return _means(rows, "seed", value)


def _means(rows: Sequence[Row], key: str, value: Callable[[Row], float]) -> dict[Any, float]:
    groups: dict[Any, list[float]] = {}
    for row in rows:
        groups.setdefault(row[key], []).append(value(row))
    return {key: float(np.mean(values)) for key, values in sorted(groups.items())}

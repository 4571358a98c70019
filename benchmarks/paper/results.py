"""The numbers of an exhibit once it is computed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from benchmarks.paper.figures import Curve, Figure
from benchmarks.paper.rows import Entry, Table
from benchmarks.paper.runs import ExperimentCache, Score

from edgeprof_predictor.metrics import sample_deviation


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultRow:
    """A row of a table, ours beside the paper's.

    Args:
        label: Of the row.
        count: Samples; None where nothing is sampled.
        ours: For each column; None where the data cannot give it, or nothing is computed yet.
        spreads: Sample standard deviation over seeds; None with fewer than two.
        published: For each column; None where the paper prints nothing.
        seed_count: Seeds behind ours; 0 where nothing is random.
        note: What differs in this row.
        code: Commits that it was computed at; empty where nothing is computed.
    """

    label: str
    count: int | None
    ours: tuple[float | None, ...]
    spreads: tuple[float | None, ...]
    published: tuple[float | None, ...]
    seed_count: int
    note: str = ""
    code: str = ""

    @property
    def is_computed(self) -> bool:
        """Whether there is a number of ours."""
        return any(number is not None for number in self.ours)


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultTable:
    """A table with its numbers."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[ResultRow, ...]
    differences: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultCurve:
    """A curve of a figure: `n` points."""

    panel: str
    label: str
    x: tuple[int, ...]
    y: tuple[float, ...]
    spreads: tuple[float | None, ...]
    seed_count: int
    code: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultFigure:
    """A figure with its numbers."""

    title: str
    x_label: str
    curves: tuple[ResultCurve, ...]
    differences: tuple[str, ...]
    is_bars: bool


def table_of(table: Table, cache: ExperimentCache) -> ResultTable:
    """Return the numbers of a table, as far as they are computed."""
    columns = (*table.columns, "mean")
    return ResultTable(
        title=table.title,
        columns=columns,
        rows=tuple(row_of(entry, columns, cache) for entry in table.entries),
        differences=table.differences,
    )


def figure_of(figure: Figure, cache: ExperimentCache) -> ResultFigure:
    """Return the numbers of a figure, as far as they are computed."""
    return ResultFigure(
        title=figure.title,
        x_label=figure.x_label,
        curves=tuple(_curve(panel, curve, cache) for panel, drawn in figure.curves.items() for curve in drawn),
        differences=figure.differences,
        is_bars=figure.is_bars,
    )


def _curve(panel: str, curve: Curve, cache: ExperimentCache) -> ResultCurve:
    finished = cache.finished(curve.run)
    scores = [score for score in finished if panel not in curve.run.test or score.platform == panel]
    means = [_mean_and_spread(scores, count) for count in curve.counts] if scores else []
    return ResultCurve(
        panel=panel,
        label=curve.label,
        x=tuple(curve.measured_before + count for count in curve.counts),
        y=tuple(mean for mean, _ in means),
        spreads=tuple(spread for _, spread in means),
        seed_count=len({score.seed for score in scores}),
        code=codes(score.code for score in scores),
    )


def codes(found: Iterable[str]) -> str:
    """Return the commits that something was computed at, without the word commit."""
    return ", ".join(dict.fromkeys(code.removeprefix("commit ") for code in found))


def row_of(entry: Entry, columns: Sequence[str], cache: ExperimentCache) -> ResultRow:
    """Return the numbers of a row, as far as they are computed."""
    by_run = [cache.finished(run) for run in entry.runs]
    is_known = bool(by_run) and all(by_run)
    # Where a row needs several runs, only the seeds that all of them have.
    seeds = set.intersection(*({score.seed for score in scores} for scores in by_run)) if is_known else set()
    scores = [score for finished in by_run for score in finished if score.seed in seeds]
    means: list[tuple[float | None, float | None]] = [
        _mean_and_spread([score for score in scores if column in (score.platform, "mean")], entry.count)
        if seeds
        else (None, None)
        for column in columns
    ]
    return ResultRow(
        label=entry.label,
        count=entry.count,
        ours=tuple(mean for mean, _ in means),
        spreads=tuple(spread for _, spread in means),
        published=entry.published,
        seed_count=len(seeds),
        note=entry.note if seeds else "not computed",
        code=codes(score.code for score in scores),
    )


def _mean_and_spread(scores: Sequence[Score], count: int) -> tuple[float, float | None]:
    """Return mean Spearman over platforms and seeds, and the sample deviation over seeds of the mean over platforms."""
    seeds = sorted({score.seed for score in scores})
    by_seed = [np.mean([s.spearman for s in scores if (s.seed, s.sample_count) == (seed, count)]) for seed in seeds]
    return float(np.mean(by_seed)), sample_deviation(by_seed) if len(by_seed) > 1 else None

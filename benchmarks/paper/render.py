"""Write an exhibit down: Markdown, JSON, picture."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from itertools import groupby
from pathlib import Path
from typing import Final

import matplotlib as mpl
from benchmarks.paper.results import ResultCurve, ResultFigure, ResultRow, ResultTable

mpl.use("Agg")
import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Picture

OURS: Final = "tab:blue"
PAPERS: Final = "tab:orange"

MOST_TICKS: Final = 6
"""More counts than these would overlap below an axis, which then names powers of ten."""


def markdown(name: str, result: ResultTable | ResultFigure) -> str:
    """Return a section: command, numbers, picture, differences."""
    rows = _table_rows(result) if isinstance(result, ResultTable) else _figure_rows(result)
    lines = [
        f"## {result.title}",
        "",
        f"`python -m benchmarks.paper {name}`",
        "",
        *rows,
        "",
        f"![{result.title}](pictures/{name}.png)",
        "",
        "What differs from the paper:",
        "",
        *(f"- {difference}" for difference in result.differences),
        "",
    ]
    return "\n".join(lines)


def write_json(path: Path, result: ResultTable | ResultFigure) -> None:
    """Write all numbers."""
    path.write_text(json.dumps(asdict(result), indent=1) + "\n", encoding="utf-8")


def draw(path: Path, result: ResultTable | ResultFigure) -> None:
    """Draw ours and, where it prints any, the paper's numbers."""
    path.parent.mkdir(parents=True, exist_ok=True)
    figure = _draw_table(result) if isinstance(result, ResultTable) else _draw_figure(result)
    figure.savefig(path, dpi=90)
    plt.close(figure)


def _table_rows(table: ResultTable) -> list[str]:
    """Return Markdown rows: each cell holds ours and, in brackets, the paper's."""
    has_seeds = any(row.seed_count for row in table.rows)
    samples, seeds = (["samples"], ["seeds"]) if has_seeds else ([], [])
    head = ["row", *samples, *table.columns, *seeds, "code", "note"]
    rows = [
        "ours (the paper's)" + (" ± sample deviation of the mean over seeds" if has_seeds else ""),
        "",
        *_heading(head),
    ]
    for row in table.rows:
        cells = [_cell(ours, printed) for ours, printed in zip(row.ours, _padded(row.published, row.ours), strict=True)]
        if row.spreads[-1] is not None:
            cells[-1] += f" ± {row.spreads[-1]:.3f}"
        before = [row.label, *([_known(row.count)] if has_seeds else [])]
        after = [*([_known(row.seed_count)] if has_seeds else []), row.code, row.note]
        rows.append(_line([*before, *cells, *after]))
    return rows


def _figure_rows(figure: ResultFigure) -> list[str]:
    rows = _heading(["panel", "curve", f"{figure.x_label}: Spearman", "seeds", "code"])
    for curve in figure.curves:
        if not curve.y:
            points = "not computed"
        elif figure.is_bars:
            points = f"{curve.y[0]:.3f}"
        else:
            points = ", ".join(f"{x}: {y:.3f}" for x, y in zip(curve.x, curve.y, strict=True))
        rows.append(_line([curve.panel, curve.label, points, f"{curve.seed_count}", curve.code]))
    return rows


def _draw_table(table: ResultTable) -> Picture:
    rows = [(row, row.ours[-1]) for row in table.rows if row.ours[-1] is not None]
    figure, axes = plt.subplots(figsize=(7.5, 1.2 + 0.3 * len(rows)), layout="constrained")
    for place, (row, ours) in enumerate(reversed(rows)):
        printed = row.published[-1]
        axes.errorbar(
            [ours], [place], xerr=[row.spreads[-1] or 0.0], fmt="o", color=OURS, label="ours" if not place else None
        )
        if printed is not None:
            axes.plot([printed], [place], "x", color=PAPERS)
    axes.plot([], [], "x", color=PAPERS, label="the paper's")
    axes.set_yticks(range(len(rows)), [_name(row) for row, _ in reversed(rows)])
    axes.set_xlabel(f"Spearman, {table.columns[-1]}; samples in brackets")
    axes.set_title(table.title, fontsize="medium")
    axes.grid(axis="x", alpha=0.3)
    axes.legend()
    return figure


def _draw_figure(result: ResultFigure) -> Picture:
    computed = [curve for curve in result.curves if curve.y]
    panels = {panel: list(curves) for panel, curves in groupby(computed, key=lambda curve: curve.panel)}
    count = max(len(panels), 1)
    if result.is_bars:
        figure, axes = plt.subplots(figsize=(7.5, 3.5), layout="constrained")
        _draw_bars(axes, panels)
    else:
        across = min(count, 3)
        figure, grid = plt.subplots(
            -(-count // across),
            across,
            figsize=(max(4.0 * across, 7.5), 3.6 * -(-count // across)),
            layout="constrained",
            squeeze=False,
        )
        for axes, (panel, curves) in zip(grid.flat, panels.items(), strict=False):
            _draw_curves(axes, panel, curves, result.x_label)
        handles, labels = grid.flat[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=4, fontsize="small")
    figure.suptitle(result.title, fontsize="medium")
    return figure


def _draw_bars(axes: Axes, panels: dict[str, list[ResultCurve]]) -> None:
    labels = list(dict.fromkeys(curve.label for curves in panels.values() for curve in curves))
    width = 0.8 / max(len(labels), 1)
    for number, label in enumerate(labels):
        places = [place + width * (number - (len(labels) - 1) / 2) for place in range(len(panels))]
        heights = [next((c.y[0] for c in curves if c.label == label), 0.0) for curves in panels.values()]
        axes.bar(places, heights, width=width, label=label)
    axes.set_xticks(range(len(panels)), list(panels))
    axes.set_ylabel("Spearman")
    axes.legend()


def _draw_curves(axes: Axes, panel: str, curves: Sequence[ResultCurve], x_label: str) -> None:
    for curve in curves:
        is_point = len(curve.x) == 1
        axes.errorbar(
            curve.x,
            curve.y,
            yerr=[spread or 0.0 for spread in curve.spreads],
            fmt="s" if is_point else ".-",
            capsize=2,
            label=curve.label,
        )
    axes.set_xscale("log")
    counts = sorted({x for curve in curves for x in curve.x})
    if len(counts) <= MOST_TICKS:
        axes.set_xticks(counts, [f"{count}" for count in counts], minor=False)
        axes.minorticks_off()
    axes.set_title(panel, fontsize="small")
    axes.set_xlabel(x_label, fontsize="small")
    axes.set_ylabel("Spearman", fontsize="small")
    axes.grid(alpha=0.3)


def _name(row: ResultRow) -> str:
    return f"{row.label} ({row.count})" if row.count else row.label


def _padded(published: Sequence[float | None], ours: Sequence[object]) -> tuple[float | None, ...]:
    """Return what is printed for each column; a table that prints a mean alone prints nothing before it."""
    return (*[None] * (len(ours) - len(published)), *published)


def _cell(ours: float | None, printed: float | None) -> str:
    if ours is None:
        return "-" if printed is None else f"- ({printed:g})"
    return f"{ours:.3f}" if printed is None else f"{ours:.3f} ({printed:g})"


def _known(number: int | None) -> str:
    return "" if number is None else f"{number}"


def _heading(cells: Sequence[str]) -> list[str]:
    return [_line(cells), _line(["---"] * len(cells))]


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"

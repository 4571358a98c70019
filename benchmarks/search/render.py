"""Figure 10 as a plot: the best accuracy so far against networks trained."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import matplotlib as mpl
import numpy as np
from benchmarks.search.runs import CONFIGURATIONS, NEAR, TASKS
from benchmarks.search.summary import Summary
from matplotlib.axes import Axes
from matplotlib.figure import Figure

COLOURS: Final = {
    "random": "0.6",
    "paper-vec": "#c0392b",
    "paper-zcp": "#d98c00",
    "ours": "#1f4e79",
    "ours-ei": "#7fa3c7",
    "ours-all": "#2e8b57",
}
SHOWN_COUNT: Final = 100


def draw(summary: Summary, path: Path) -> None:
    """Draw the median over seeds, and the range that holds eight of ten: a panel for each task."""
    with mpl.rc_context({"font.size": 10, "axes.spines.top": False, "axes.spines.right": False}):
        figure = Figure(figsize=(11.0, 4.6), layout="constrained")
        for axes, task in zip(figure.subplots(1, len(TASKS)), TASKS, strict=True):
            _draw_task(axes, summary, task)
        figure.savefig(path, dpi=100)


def _draw_task(axes: Axes, summary: Summary, task: str) -> None:
    best = 0.0
    for name, configuration in CONFIGURATIONS.items():
        rows = summary.free(task, name)
        if not rows:
            continue
        best = rows[0]["best"]
        curves = np.array([row["curve"][:SHOWN_COUNT] for row in rows])
        trained = np.arange(1, curves.shape[1] + 1)
        axes.plot(trained, np.median(curves, axis=0), color=COLOURS[name], label=configuration.title, linewidth=1.8)
        low, high = np.quantile(curves, (0.1, 0.9), axis=0)
        axes.fill_between(trained, low, high, color=COLOURS[name], alpha=0.12, linewidth=0)
    axes.axhline(best - NEAR, color="0.3", linestyle=":", linewidth=1)
    axes.annotate(f"dotted: {NEAR} % below the best of the table", (1.05, best + 0.15), fontsize=8)
    axes.set(xlabel="networks trained", ylabel="best accuracy so far (%)", xscale="log", xlim=(1, SHOWN_COUNT))
    axes.set_ylim(best - 3.0, best + 0.3)
    axes.xaxis.set_major_formatter(mpl.ticker.FormatStrFormatter("%g"))
    axes.set_title(f"{task}: median and 8 of 10 seeds", loc="left")
    axes.legend(frameon=False, loc="lower right", fontsize=9)

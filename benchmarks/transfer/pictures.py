"""Draw Figures 7, 13, 14, 20 and 21 of the paper from our results, with what differs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import matplotlib as mpl
import numpy as np
from benchmarks.transfer.published import common_platforms, kind, latencies, proxy_scores
from scipy import stats

from edgeprof_predictor.spaces import FloatArray

mpl.use("Agg")
import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

COUNTS: Final = (2, 4, 8, 16, 32)

CURVES: Final = {
    "default, chosen samples (ours)": ("default", "chosen", "tab:blue"),
    "HWL transfer (paper)": ("mlp-hwl", "random", "tab:orange"),
    "HWL from scratch (paper)": ("scratch-hwl", "random", "tab:green"),
    "Vec from scratch (paper)": ("scratch-vec", "random", "tab:red"),
}

CATEGORIES: Final = ((0.7, 1.0), (0.5, 0.5))
"""A correlation above the first counts as the second; anything else as 0."""

Row = dict[str, Any]


def draw_all(rows: Sequence[Row], unfinished: Sequence[Row], folder: Path) -> str:
    """Draw all figures into a folder and return their sections of the page; means have no unfinished rows."""
    folder.mkdir(parents=True, exist_ok=True)
    _mean_curves(rows).savefig(folder / "figure-7.png", dpi=100)
    _device_curves([*rows, *unfinished], "fbnet").savefig(folder / "figure-20.png", dpi=100)
    _device_curves([*rows, *unfinished], "nasbench201").savefig(folder / "figure-21.png", dpi=100)
    _proxy_correlations().savefig(folder / "figure-13.png", dpi=100)
    _device_categories().savefig(folder / "figure-14.png", dpi=100)
    plt.close("all")
    return SECTIONS


def _points(rows: Sequence[Row], source: str, method: str, chosen: str, platform: str | None) -> FloatArray:
    """Return mean scores at `COUNTS`."""
    of_curve = [
        row
        for row in rows
        if (row["source"], row["left_out"], row["method"], row["samples"]) == (source, "target", method, chosen)
        and platform in (None, row["platform"])
    ]
    return np.array(
        [np.mean([row["spearman"] for row in of_curve if row["sample_count"] == count] or [np.nan]) for count in COUNTS]
    )


def _curves(axes: Axes, rows: Sequence[Row], source: str, platform: str | None) -> None:
    for label, (method, chosen, colour) in CURVES.items():
        points = _points(rows, source, method, chosen, platform)
        if np.isfinite(points).any():
            axes.plot(COUNTS, points, ".-", color=colour, label=label)
    axes.set_xscale("log", base=2)
    axes.set_xticks(COUNTS, [str(count) for count in COUNTS])
    axes.minorticks_off()
    axes.grid(alpha=0.3)


def _mean_curves(rows: Sequence[Row]) -> Figure:
    figure, grid = plt.subplots(1, 2, figsize=(9, 3.8), layout="constrained", sharey=True)
    titles = {"fbnet": "FBNet to NAS-Bench-201", "nasbench201": "NAS-Bench-201 to FBNet"}
    for axes, (source, title) in zip(grid, titles.items(), strict=True):
        _curves(axes, rows, source, None)
        axes.set_title(f"{title}, mean of {len(common_platforms())}", fontsize="medium")
        axes.set_xlabel("samples")
    grid[0].set_ylabel("Spearman")
    figure.legend(*grid[0].get_legend_handles_labels(), loc="outside lower center", ncols=2, fontsize="small")
    return figure


def _device_curves(rows: Sequence[Row], source: str) -> Figure:
    figure, grid = plt.subplots(5, 5, figsize=(12, 11), layout="constrained", sharex=True)
    for axes in grid.flat[len(common_platforms()) :]:
        axes.set_axis_off()
    for axes, platform in zip(grid.flat, common_platforms(), strict=False):
        _curves(axes, rows, source, platform)
        axes.set_ylim(0.3, 1.0)
        axes.set_title(platform, fontsize="small")
    figure.supylabel("Spearman, by samples")
    figure.legend(*grid.flat[0].get_legend_handles_labels(), loc="outside lower center", ncols=4)
    return figure


def _proxy_correlations() -> Figure:
    """Draw proxies against proxies and against platforms, where both are published."""
    names, choices, scores = proxy_scores("nasbench201")
    table = latencies("nasbench201")
    rows = {row.tobytes(): index for index, row in enumerate(table.choices)}
    latency_ms = table.latency_ms[:, [rows[row.tobytes()] for row in choices]]
    among = stats.spearmanr(scores, nan_policy="omit").statistic
    across = np.array(
        [[stats.spearmanr(score, latency, nan_policy="omit").statistic for score in scores.T] for latency in latency_ms]
    )
    figure, grid = plt.subplots(1, 2, figsize=(13, 7.5), layout="constrained")
    _heat(grid[0], np.asarray(among), names, names, "{:.1f}")
    _heat(grid[1], across, table.platforms, names, "{:.1f}")
    grid[0].set_title("proxies among each other")
    grid[1].set_title("proxies and latency")
    return figure


def _device_categories() -> Figure:
    table = latencies("nasbench201")
    order = sorted(range(len(table.platforms)), key=lambda index: (kind(table.platforms[index]), index))
    correlation = np.asarray(stats.spearmanr(table.latency_ms[order].T).statistic)
    category = np.zeros(correlation.shape)
    for limit, value in reversed(CATEGORIES):
        category[correlation > limit] = value
    figure, axes = plt.subplots(figsize=(9, 8.5), layout="constrained")
    names = [table.platforms[index] for index in order]
    _heat(axes, category, names, names, "{:g}")
    axes.set_title("Spearman of latencies on NAS-Bench-201: 1 above 0.7, 0.5 above 0.5, else 0", fontsize="medium")
    return figure


def _heat(axes: Axes, values: FloatArray, down: Sequence[str], across: Sequence[str], form: str) -> None:
    axes.imshow(values, cmap="RdBu_r", vmin=-1.0, vmax=1.0, aspect="auto")
    axes.set_xticks(range(len(across)), across, rotation=90, fontsize="small")
    axes.set_yticks(range(len(down)), down, fontsize="small")
    for (row, column), value in np.ndenumerate(values):
        colour = "white" if abs(value) > 0.6 else "black"
        axes.text(column, row, form.format(value), ha="center", va="center", fontsize=6, color=colour)


SECTIONS: Final = """## Figures of the paper

The paper (Multi-Predict, Akhauri and Abdelfattah 2023) prints curves without a table, so none of its numbers stand
here. Common to 7, 20 and 21: only the target is left out of the references; the paper does not give the platforms that
its HWL reads, nor how it scales latencies across spaces (ours: the range on the source). The
network is that of Table 14 with its epochs; the paper's curves have random samples, as here. ZCP from scratch is in the
tables: on NAS-Bench-201 only 725 architectures have published scores, and it is scored on the 325 outside the pool.

### Figure 7: transfer between spaces

![Figure 7](pictures/figure-7.png)

Differs from the paper's Figure 7: mean over the 21 platforms of both published tables, `default` added.

### Figure 20: FBNet to NAS-Bench-201, by platform

![Figure 20](pictures/figure-20.png)

Differs from the paper's Figure 20: `default` added, one axis range for all platforms; a curve below it is not visible.

### Figure 21: NAS-Bench-201 to FBNet, by platform

![Figure 21](pictures/figure-21.png)

Differs from the paper's Figure 21 in the same points; curves that are absent are not computed.

### Figures 12 and 13: proxies among each other, and with latency

![Figures 12 and 13](pictures/figure-13.png)

Differs from the paper's Figures 12 and 13: Spearman on the 725 architectures of NAS-Bench-201 (cifar10) whose scores
are public; the platforms are those of HELP's table; EAGLE's are not in it.

### Figure 14: platforms among each other

![Figure 14](pictures/figure-14.png)

Differs from the paper's Figure 14: HELP's 27 platforms, all 15,625 architectures; EAGLE's platforms are not in the
public table.
"""

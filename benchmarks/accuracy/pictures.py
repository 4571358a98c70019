"""Figures 8, 9, 15, 18 and 19, drawn from rows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import matplotlib as mpl
import numpy as np
from benchmarks.accuracy.runs import REMOVAL_COUNT, REMOVED, SCRATCH_COUNTS
from benchmarks.accuracy.summary import improvement, mean_spearman
from numpy.typing import NDArray

from edgeprof_predictor.runs.journal import Row

mpl.use("Agg")
import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Picture

DPI: Final = 100
CURVES: Final = {
    "brp-nas": "BRP-NAS (graph network)",
    "scratch-vec": "Vec (Table 14's network)",
    "scratch-zcp": "ZCP (Table 14's network)",
    "ridge-zcp": "ZCP (ridge, ours)",
}
SHORT: Final = {"transnasbench101_": "TNB101-", "nasbench": "NB", "ImageNet16-120": "ImageNet16"}
METHODS: Final = {"transfer-zcp": "the paper's network", "transfer-ridge": "prior ridge (ours)"}


def draw_all(rows: Sequence[Row], tasks: Sequence[str], folder: Path) -> None:
    """Write all pictures into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    pictures = {
        "figure-8": figure_8(rows),
        "figure-9": figure_9(rows, tasks),
        "figure-15": figure_15(rows),
        "figure-18": figure_18(rows, tasks),
        "figure-19": figure_19(rows, tasks),
    }
    for name, picture in pictures.items():
        picture.savefig(folder / f"{name}.png", dpi=DPI)
        plt.close(picture)


def figure_8(rows: Sequence[Row]) -> Picture:
    """Rank correlation against samples, from scratch on NAS-Bench-201 cifar10."""
    picture, axes = plt.subplots(figsize=(6.4, 4.2), layout="constrained")
    for method, label in CURVES.items():
        means = [mean_spearman(rows, exhibit="curve", method=method, sample_count=count) for count in SCRATCH_COUNTS]
        axes.plot(SCRATCH_COUNTS, means, marker="o", label=label)
    axes.set_xscale("log")
    axes.set_xticks(SCRATCH_COUNTS, [str(count) for count in SCRATCH_COUNTS])
    axes.minorticks_off()
    axes.set(xlabel="networks trained", ylabel="Spearman's rank correlation", title="NAS-Bench-201, cifar10")
    axes.grid(alpha=0.3)
    axes.legend(loc="lower right", fontsize=8)
    return picture


def figure_9(rows: Sequence[Row], tasks: Sequence[str]) -> Picture:
    """Left: which transfers within TransNAS-Bench-101 improve. Right: by how much on NAS-Bench-201 and 301."""
    micro = [name for name in tasks if name.startswith("transnasbench101_micro")]
    macro = [name for name in tasks if name.startswith("transnasbench101_macro")]
    nas = [name for name in tasks if name.startswith(("nasbench201", "nasbench301"))]
    gains = improvement(rows, "transfer-zcp", "scratch-vec", tasks)
    picture, (left, right) = plt.subplots(1, 2, figsize=(11, 4.8), layout="constrained", width_ratios=(1.5, 1.0))
    chosen = _part(gains, tasks, micro, micro + macro)
    _matrix(left, np.where(np.isnan(chosen), np.nan, (chosen > 0).astype(float)), micro, micro + macro, digits=0)
    left.set_title("1: better than Vec from scratch")
    _matrix(right, _part(gains, tasks, nas, nas), nas, nas, digits=2)
    right.set_title("improvement over Vec from scratch")
    return picture


def figure_15(rows: Sequence[Row]) -> Picture:
    """Rank correlation without the best, or the worst, proxies."""
    picture, axes = plt.subplots(figsize=(6.4, 4.2), layout="constrained")
    for method, style in (("ridge-zcp", "-"), ("scratch-zcp", "--")):
        for end, colour in (("best", "tab:red"), ("worst", "tab:blue")):
            means = [mean_spearman(rows, exhibit="removal", method=method, end=end, removed=count) for count in REMOVED]
            axes.plot(REMOVED, means, style, color=colour, marker="o", label=f"without the {end}, {CURVES[method]}")
    axes.set(
        xlabel="proxies removed, of 12",
        ylabel="Spearman's rank correlation",
        title=f"NAS-Bench-201, cifar10, {REMOVAL_COUNT} networks trained",
    )
    axes.grid(alpha=0.3)
    axes.legend(fontsize=8)
    return picture


def figure_18(rows: Sequence[Row], tasks: Sequence[str]) -> Picture:
    """White boxes: pairs on which transfer is better than Vec from scratch."""
    picture, both = plt.subplots(1, 2, figsize=(12, 6.0), layout="constrained", sharey=True)
    for axes, (method, label) in zip(both, METHODS.items(), strict=True):
        gains = improvement(rows, method, "scratch-vec", tasks)
        found = gains[~np.isnan(gains)]
        boxes = np.where(np.isnan(gains), 0.5, (gains > 0).astype(float))
        axes.imshow(boxes, cmap="gray", vmin=0.0, vmax=1.0)
        _label(axes, tasks, tasks)
        axes.set_title(f"{label}: better on {np.mean(found > 0):.0%} of {len(found)} pairs (white)")
    both[1].set_ylabel("")
    return picture


def figure_19(rows: Sequence[Row], tasks: Sequence[str]) -> Picture:
    """Heat map of the improvement of transfer over Vec from scratch."""
    picture, both = plt.subplots(2, 1, figsize=(10.5, 16.5), layout="constrained")
    for axes, (method, label) in zip(both, METHODS.items(), strict=True):
        gains = improvement(rows, method, "scratch-vec", tasks)
        _matrix(axes, gains, tasks, tasks, digits=2)
        axes.set_title(f"improvement over Vec from scratch: {label}, mean {np.nanmean(gains):+.3f}")
    return picture


def _matrix(
    axes: Axes, values: NDArray[np.float64], sources: Sequence[str], targets: Sequence[str], *, digits: int
) -> None:
    axes.imshow(values, cmap="RdBu", vmin=-1.0, vmax=1.0, aspect="auto")
    for row, line in enumerate(values):
        for column, value in enumerate(line):
            if not np.isnan(value):
                colour = "white" if abs(value) > 0.6 else "black"
                text = f"{value:.{digits}f}"
                axes.text(column, row, text, ha="center", va="center", fontsize=8, color=colour)
    _label(axes, sources, targets)


def _label(axes: Axes, sources: Sequence[str], targets: Sequence[str]) -> None:
    axes.set_xticks(range(len(targets)), [_short(name) for name in targets], rotation=60, ha="right", fontsize=8)
    axes.set_yticks(range(len(sources)), [_short(name) for name in sources], fontsize=8)
    axes.set(xlabel="target", ylabel="source")


def _short(name: str) -> str:
    for long, short in SHORT.items():
        name = name.replace(long, short)
    return name


def _part(
    gains: NDArray[np.float64], tasks: Sequence[str], sources: Sequence[str], targets: Sequence[str]
) -> NDArray[np.float64]:
    rows, columns = ([list(tasks).index(name) for name in group] for group in (sources, targets))
    return gains[np.ix_(rows, columns)]

"""What a search trained, as a plot: accuracy over latency, with the front and the limit."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from edgeprof.errors import EdgeprofError
from edgeprof.plots.figure_file import save_figure
from edgeprof.plots.style import CHOSEN_COLOUR, FAINT_COLOUR, GROUND_COLOUR, POINT_COLOUR, STYLE, WARNING_COLOUR
from edgeprof_predictor.search.result import Found, SearchResult


def draw_front(result: SearchResult, path: str | os.PathLike[str]) -> Path:
    """Draw trained networks: the Pareto front with intervals, all others grey, the limit, the chosen one marked.

    Args:
        result: What to draw.
        path: File of the plot; its ending chooses the format.

    Returns:
        The path.

    Raises:
        EdgeprofError: If no trained network has a latency.
        OutputFileError: If the file cannot be written.
    """
    if not any(found.latency_ms is not None for found in result.trained):
        raise EdgeprofError("there is no front to draw: it needs trained networks and a profile")
    figure = front_figure(result)
    title = f"{len(result.trained)} networks trained, {result.measurement_count} measured"
    figure.axes[0].set_title(title, loc="left")
    return save_figure(figure, path)


def front_figure(result: SearchResult) -> Figure:
    """Return the plot without its title.

    Args:
        result: What to draw; at least one trained network has a latency.
    """
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(7.2, 4.8), layout="constrained")
        axes = figure.add_subplot()
        dominated = [found for found in result.trained if found not in result.front]
        _scatter(axes, dominated, FAINT_COLOUR, f"dominated ({len(dominated)})", zorder=2)
        axes.step(
            *_points(result.front),
            where="post",
            color=POINT_COLOUR,
            linewidth=1,
            zorder=3,
        )
        _scatter(axes, result.front, POINT_COLOUR, f"Pareto front ({len(result.front)})", zorder=4)
        if result.limit_ms is not None:
            label = f"limit {result.limit_ms:.3g} ms"
            axes.axvline(result.limit_ms, color=WARNING_COLOUR, linestyle="--", linewidth=1, label=label)
        chosen = result.chosen
        if chosen.accuracy is not None and chosen.latency_ms is not None:
            axes.scatter(
                chosen.latency_ms,
                chosen.accuracy,
                marker="*",
                s=220,
                color=CHOSEN_COLOUR,
                edgecolor=GROUND_COLOUR,
                zorder=6,
                label=f"chosen: {chosen.accuracy:.4g} at {chosen.latency_ms:.3g} ms",
            )
        axes.set(xlabel="latency (ms), with 90 % interval; filled: measured", ylabel="accuracy")
        figure.legend(frameon=False, loc="outside lower center", ncols=2)
        return figure


def _scatter(axes: Axes, found: Sequence[Found], colour: str, label: str, *, zorder: int) -> None:
    if not found:
        return
    for one in found:
        axes.hlines(one.accuracy or 0.0, one.lower_ms or 0.0, one.upper_ms or 0.0, color=colour, alpha=0.6, zorder=1)
    axes.scatter(
        *_points(found),
        s=26,
        facecolor=[colour if one.is_measured else GROUND_COLOUR for one in found],
        edgecolor=colour,
        label=label,
        zorder=zorder,
    )


def _points(found: Sequence[Found]) -> tuple[list[float], list[float]]:
    return [one.latency_ms or 0.0 for one in found], [one.accuracy or 0.0 for one in found]

"""Known platforms around a new one: the more alike, the nearer."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import matplotlib
import numpy as np
from matplotlib.figure import Figure

from edgeprof.plots.figure_file import save_figure
from edgeprof.plots.style import CHOSEN_COLOUR, GROUND_COLOUR, GUIDE_COLOUR, POINT_COLOUR, POINTS, RING_COLOUR, STYLE

if TYPE_CHECKING:
    from edgeprof_predictor.explanations.similarity import Similarity

LABELLED_COUNT = 12
"""Nearest platforms that have a number, which the list beside the map explains."""


def draw_platform_map(similarities: Sequence[Similarity], path: str | os.PathLike[str], *, name: str = "") -> Path:
    """Draw known platforms around the new one, with rings of equal correlation.

    Args:
        similarities: What to draw, most alike first.
        path: File of the picture; its ending chooses the format.
        name: Name of the new platform.

    Returns:
        The path.

    Raises:
        OutputFileError: If the file cannot be written.
    """
    figure = platform_figure(similarities)
    axes = figure.axes[0]
    nearest = similarities[:LABELLED_COUNT]
    listed = [f"{number}  {one.platform}  {one.correlation:.3f}" for number, one in enumerate(nearest, start=1)]
    axes.text(1.02, 1.0, "\n".join(listed), transform=axes.transAxes, va="top", fontsize=8, linespacing=1.5)
    title = f"{name or 'the new platform'}\nand known ones; rings: correlation of log latency"
    axes.set_title(title, loc="left", fontsize=8)
    figure.set_size_inches(8.4, 6.0)
    return save_figure(figure, path)


def platform_figure(similarities: Sequence[Similarity]) -> Figure:
    """Return the map without its title and its list of platforms.

    Args:
        similarities: What to draw, most alike first.
    """
    places = np.array([one.position for one in similarities])
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(5.4, 5.4), layout="constrained")
        axes = figure.add_subplot(aspect="equal", frame_on=False)
        reach = 1.15 * np.abs(places).max()
        for correlation in (0.99, 0.95, 0.9, 0.8, 0.6):
            radius = np.sqrt(2 * (1 - correlation))
            if radius < 1.4 * reach:
                axes.add_patch(matplotlib.patches.Circle((0, 0), radius, fill=False, color=RING_COLOUR, linewidth=0.8))
                axes.annotate(f"{correlation:g}", (0, radius), color=GUIDE_COLOUR, ha="center", va="bottom", fontsize=7)
        axes.scatter(places[:, 0], places[:, 1], s=22, color=POINT_COLOUR, zorder=3, gid=POINTS)
        axes.scatter(0, 0, marker="*", s=200, color=CHOSEN_COLOUR, edgecolor=GROUND_COLOUR, zorder=4)
        for number, one in enumerate(similarities[:LABELLED_COUNT], start=1):
            axes.annotate(f"{number}", one.position, xytext=(4, 3), textcoords="offset points", fontsize=8)
        axes.set(xlim=(-reach, reach), ylim=(-reach, reach), xticks=[], yticks=[])
        return figure

"""Known platforms around a new one: the more alike, the nearer."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.figure import Figure

from edgeprof.plots.figure_file import save_figure
from edgeprof_predictor.explanations.similarity import Similarity

NEW_COLOUR = "#d98c00"
KNOWN_COLOUR = "#1f4e79"
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
    places = np.array([one.position for one in similarities])
    with matplotlib.rc_context({"font.size": 9}):
        figure = Figure(figsize=(8.4, 6.0), layout="constrained")
        axes = figure.add_subplot(aspect="equal")
        reach = 1.15 * np.abs(places).max()
        for correlation in (0.99, 0.95, 0.9, 0.8, 0.6):
            radius = np.sqrt(2 * (1 - correlation))
            if radius < 1.4 * reach:
                axes.add_patch(matplotlib.patches.Circle((0, 0), radius, fill=False, color="0.85", linewidth=0.8))
                axes.annotate(f"{correlation:g}", (0, radius), color="0.6", ha="center", va="bottom", fontsize=7)
        axes.scatter(places[:, 0], places[:, 1], s=22, color=KNOWN_COLOUR, zorder=3)
        axes.scatter(0, 0, marker="*", s=200, color=NEW_COLOUR, edgecolor="white", zorder=4)
        nearest = similarities[:LABELLED_COUNT]
        for number, one in enumerate(nearest, start=1):
            axes.annotate(f"{number}", one.position, xytext=(4, 3), textcoords="offset points", fontsize=8)
        listed = [f"{number}  {one.platform}  {one.correlation:.3f}" for number, one in enumerate(nearest, start=1)]
        axes.text(1.02, 1.0, "\n".join(listed), transform=axes.transAxes, va="top", fontsize=8, linespacing=1.5)
        axes.set(xlim=(-reach, reach), ylim=(-reach, reach), xticks=[], yticks=[])
        title = f"{name or 'the new platform'}\nand known ones; rings: correlation of log latency"
        axes.set_title(title, loc="left", fontsize=8)
        return save_figure(figure, path)

"""Predicted against measured, as a plot."""

import os
from pathlib import Path

import matplotlib
from matplotlib.figure import Figure

from edgeprof.measuring.verification import Verification
from edgeprof.plots.figure_file import save_figure
from edgeprof.plots.style import GUIDE_COLOUR, INTERVAL_COLOUR, POINT_COLOUR, POINTS, STYLE, WARNING_COLOUR


def draw_verification(verification: Verification, path: str | os.PathLike[str]) -> Path:
    """Draw each network's predicted latency with its interval over the measured one.

    Args:
        verification: What to draw.
        path: File of the plot; its ending chooses the format.

    Returns:
        The path.

    Raises:
        OutputFileError: If the file cannot be written.
    """
    figures = verification.figures()
    figure = verification_figure(verification)
    axes = figure.axes[0]
    axes.set_title(
        f"{len(verification.architectures)} unseen networks from {verification.sample_count} samples\n"
        f"Spearman {figures['spearman']:.3f}, median error {figures['median_ape']:.1%}, "
        f"{figures['interval_coverage']:.0%} inside the interval",
        loc="left",
    )
    # A dollar sign in a name would begin a formula.
    name = axes.text(0.99, 0.01, verification.platform, transform=axes.transAxes, ha="right", fontsize=7)
    name.set(color="0.4", parse_math=False)
    return save_figure(figure, path)


def verification_figure(verification: Verification) -> Figure:
    """Return the plot without its title.

    Args:
        verification: What to draw.
    """
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(6.4, 6.0), layout="constrained")
        axes = figure.add_subplot()
        # An interval may span two decades; the axes follow the points alone, so that the others stay readable.
        values = [value for item in verification.architectures for value in (item.measured_ms, item.predicted_ms)]
        ends = (0.7 * min(values), 1.4 * max(values))
        axes.plot(ends, ends, color=GUIDE_COLOUR, linewidth=1, linestyle="--", zorder=1)
        points = verification.architectures
        measured_ms = [item.measured_ms for item in points]
        lower_ms, upper_ms = [item.lower_ms for item in points], [item.upper_ms for item in points]
        axes.vlines(measured_ms, lower_ms, upper_ms, color=INTERVAL_COLOUR, linewidth=3, zorder=2)
        is_inside = [item.lower_ms <= item.measured_ms <= item.upper_ms for item in points]
        colours = [POINT_COLOUR if inside else WARNING_COLOUR for inside in is_inside]
        axes.scatter(measured_ms, [item.predicted_ms for item in points], color=colours, s=26, zorder=3, gid=POINTS)
        axes.set(xscale="log", yscale="log", xlim=ends, ylim=ends, aspect="equal")
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_locator(matplotlib.ticker.LogLocator(subs=(1, 2, 5)))
            axis.set_major_formatter(matplotlib.ticker.FormatStrFormatter("%g"))
            axis.set_minor_formatter(matplotlib.ticker.NullFormatter())
        axes.set_xlabel("measured latency (ms), median of the undisturbed runs")
        axes.set_ylabel("predicted latency (ms), with 90 % interval")
        return figure

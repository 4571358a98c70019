"""Latency over time under sustained work, as a plot."""

import os
from pathlib import Path

import matplotlib
from matplotlib.figure import Figure

from edgeprof.measuring.sustained import SustainedCurve
from edgeprof.plots.figure_file import save_figure
from edgeprof.plots.style import GUIDE_COLOUR, POINT_COLOUR, STYLE, WARNING_COLOUR


def draw_curve(curve: SustainedCurve, title: str, path: str | os.PathLike[str]) -> Path:
    """Draw the median latency of each bin, and the temperature where the device reports one.

    Args:
        curve: What to draw.
        title: What was measured on what.
        path: File of the plot; its ending chooses the format.

    Returns:
        The path.

    Raises:
        OutputFileError: If the file cannot be written.
    """
    starts_s = [item.start_s for item in curve.bins]
    with matplotlib.rc_context({**STYLE, "axes.spines.right": True}):
        figure = Figure(figsize=(7.2, 4.2), layout="constrained")
        axes = figure.add_subplot()
        medians_ms = [item.median_ms for item in curve.bins]
        axes.plot(starts_s, medians_ms, color=POINT_COLOUR, marker="o", markersize=3)
        axes.axhline(curve.burst_ms, color=GUIDE_COLOUR, linestyle=":", label=f"burst {curve.burst_ms:.3g} ms")
        if curve.steady_ms is not None and curve.steady_start_s is not None:
            label = f"steady {curve.steady_ms:.3g} ms from {curve.steady_start_s:.0f} s on"
            axes.hlines(curve.steady_ms, curve.steady_start_s, starts_s[-1], color="0.3", linestyle="--", label=label)
        axes.set(xlabel="time under work (s)", ylabel="median latency (ms)")
        axes.set_ylim(0, 1.15 * max(medians_ms))
        # A dollar sign in a name would begin a formula.
        axes.set_title(title, loc="left", parse_math=False)
        axes.legend(frameon=False, loc="lower right")
        warm = [(item.start_s, item.temperature_celsius) for item in curve.bins if item.temperature_celsius is not None]
        if warm:
            heat = axes.twinx()
            heat.plot(*zip(*warm, strict=True), color=WARNING_COLOUR, linewidth=1)
            heat.set_ylabel("hottest zone (°C)", color=WARNING_COLOUR)
        return save_figure(figure, path)

"""Latency of one model over weeks and months, with what changed meanwhile, as a plot."""

import os
from pathlib import Path

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from edgeprof.plots.figure_file import save_figure
from edgeprof.plots.style import FAINT_COLOUR, GUIDE_COLOUR, INTERVAL_COLOUR, POINT_COLOUR, STYLE, WARNING_COLOUR
from edgeprof.reporting.over_time import LatencyHistory, Period
from edgeprof.store import StoredResult
from edgeprof_proto.records.measurement import VerdictKind


def draw_over_time(history: LatencyHistory, path: str | os.PathLike[str]) -> Path:
    """Draw each result with its interval over the time when it was stored, and a line where a period begins.

    A line is red where the model became slower for certain. Results that are not stable are grey.

    Args:
        history: What to draw.
        path: File of the plot; its ending chooses the format.

    Returns:
        The path.

    Raises:
        OutputFileError: If the file cannot be written.
    """
    subject = history.subject
    # Dates are labelled no longer than they have to be.
    with matplotlib.rc_context({**STYLE, "date.converter": "concise"}):
        figure = Figure(figsize=(7.2, 4.2), layout="constrained")
        axes = figure.add_subplot()
        for period in history.periods:
            days = [_day_of(item) for item in period.results]
            ends = [
                (day, item.lower_ms, item.upper_ms)
                for day, item in zip(days, period.results, strict=True)
                if item.lower_ms is not None and item.upper_ms is not None
            ]
            if ends:
                axes.vlines(*zip(*ends, strict=True), color=INTERVAL_COLOUR, linewidth=3, zorder=2)
            is_stable = [item.verdict is VerdictKind.STABLE for item in period.results]
            colours = [POINT_COLOUR if stable else FAINT_COLOUR for stable in is_stable]
            axes.scatter(days, [item.median_ms for item in period.results], color=colours, s=20, zorder=3)
            axes.hlines(period.typical.median_ms, days[0], days[-1], color=POINT_COLOUR, linewidth=1)
            if period.change:
                _mark(axes, period, WARNING_COLOUR if period in history.slower else GUIDE_COLOUR)
        axes.xaxis_date()
        axes.set_ylim(0, 1.15 * max(item.upper_ms or item.median_ms for one in history.periods for item in one.results))
        axes.set_ylabel("median latency (ms), with 90 % interval")
        # A dollar sign in a name would begin a formula.
        axes.set_title(f"{subject.name}\n{subject.platform}", loc="left", fontsize=9, parse_math=False)
        return save_figure(figure, path)


def _mark(axes: Axes, period: Period, colour: str) -> None:
    """Mark where a period begins, and by what."""
    begin = _day_of(period.results[0])
    axes.axvline(begin, color=colour, linestyle="--", linewidth=1, zorder=0)
    label = axes.annotate(
        period.change.replace(", ", "\n"),
        (begin, 0.02),
        xycoords=("data", "axes fraction"),
        xytext=(-3, 0),
        textcoords="offset points",
        rotation=90,
        ha="right",
        va="bottom",
        fontsize=7,
        color=colour,
    )
    label.set_parse_math(False)


def _day_of(result: StoredResult) -> float:
    """The time when a result was stored in days since 1970, which is how matplotlib counts."""
    return result.store_time.timestamp() / 86_400

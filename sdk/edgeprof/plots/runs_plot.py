"""The runs of a measurement over time with their distribution, and the device's conditions meanwhile, as plots."""

from collections.abc import Sequence

import matplotlib
from matplotlib.figure import Figure

from edgeprof.plots.style import (
    CHOSEN_COLOUR,
    FAINT_COLOUR,
    GUIDE_COLOUR,
    POINT_COLOUR,
    STYLE,
    WARNING_COLOUR,
)

Points = tuple[Sequence[float], Sequence[float]]
"""Seconds since the model was loaded, and the values then."""

Histogram = tuple[Sequence[float], Sequence[float]]
"""Edges of the bins, in milliseconds, and the share of the runs in each."""


def runs_figure(
    timed: Points,
    warmup: Points,
    histogram: Histogram,
    *,
    median_ms: float,
    interval_ms: tuple[float, float] | None,
) -> Figure:
    """Return a plot of runs over time, with their distribution at the side.

    Args:
        timed: Times and latencies of timed runs.
        warmup: Those of runs that do not count.
        histogram: Distribution of the timed runs; its ends are those of the plot.
        median_ms: Median of the timed runs.
        interval_ms: Ends of its interval; None where there is none.
    """
    edges_ms, shares = histogram
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(5.6, 3.4), layout="constrained")
        over_time, side = figure.subplots(1, 2, width_ratios=(4, 1), sharey=True)
        if warmup[0]:
            over_time.plot(*warmup, ".", color=FAINT_COLOUR, markersize=4, label="warm-up")
        over_time.plot(*timed, ".", color=POINT_COLOUR, markersize=4, label="timed runs")
        side.stairs(shares, edges_ms, orientation="horizontal", fill=True, color=POINT_COLOUR)
        for axes in (over_time, side):
            axes.axhline(median_ms, color=CHOSEN_COLOUR, linewidth=1.5, label="median")
            if interval_ms is not None:
                axes.axhspan(*interval_ms, color=CHOSEN_COLOUR, alpha=0.25, linewidth=0, zorder=0, label="its interval")
        over_time.set(xlabel="time since loading (s)", ylabel="latency of a run (ms)")
        over_time.set_ylim(edges_ms[0], edges_ms[-1])
        side.set(xticks=[], xlabel="share")
        side.spines["bottom"].set_visible(False)
        side.tick_params(left=False)
        figure.legend(*over_time.get_legend_handles_labels(), frameon=False, loc="outside upper center", ncols=4)
        return figure


def distributions_figure(edges_ms: Sequence[float], first: Sequence[float], second: Sequence[float]) -> Figure:
    """Return a plot of the distributions of two measurements over one another.

    Args:
        edges_ms: Edges of the bins of both.
        first: Share of the first one's runs in each.
        second: Share of the second one's.
    """
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(5.6, 3.0), layout="constrained")
        axes = figure.add_subplot()
        for shares, colour, label in ((first, POINT_COLOUR, "first"), (second, CHOSEN_COLOUR, "second")):
            axes.stairs(shares, edges_ms, fill=True, color=colour, alpha=0.35)
            axes.stairs(shares, edges_ms, color=colour, linewidth=1.5, label=label)
        axes.set(xlabel="latency of a run (ms)", ylabel="share of the runs", ylim=(0, None))
        axes.yaxis.set_major_formatter(matplotlib.ticker.PercentFormatter(1.0))
        axes.legend(frameon=False)
        return figure


def conditions_figure(temperatures: Points, frequencies: Points) -> Figure:
    """Return a plot of the hottest zone's temperature and the highest frequency of a core over time.

    Args:
        temperatures: Times and degrees Celsius; both empty where none is reported.
        frequencies: Times and megahertz; both empty where none is reported.
    """
    shown = [
        (points, colour, label)
        for points, colour, label in (
            (temperatures, WARNING_COLOUR, "hottest zone (°C)"),
            (frequencies, POINT_COLOUR, "fastest core (MHz)"),
        )
        if points[0]
    ]
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(5.6, 0.4 + 1.3 * len(shown)), layout="constrained")
        every = figure.subplots(len(shown), 1, sharex=True, squeeze=False)[:, 0]
        for axes, (points, colour, label) in zip(every, shown, strict=True):
            axes.plot(*points, color=colour, marker=".", linewidth=1)
            axes.set_ylabel(label)
            axes.grid(axis="y", color=GUIDE_COLOUR, alpha=0.3)
            axes.margins(y=0.3)
        every[-1].set_xlabel("time since loading (s)")
        return figure

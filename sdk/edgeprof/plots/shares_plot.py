"""Shares of a whole as bars, of one or of several."""

from collections.abc import Mapping, Sequence

import matplotlib
from matplotlib.figure import Figure

from edgeprof.plots.style import POINT_COLOUR, STYLE


def shares_figure(names: Sequence[str], shares: Sequence[float], *, xlabel: str) -> Figure:
    """Return a plot of shares as bars, the first on top.

    Args:
        names: What each bar is of.
        shares: How long it is, in [0, 1].
        xlabel: What they are shares of.
    """
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(5.6, 0.7 + 0.28 * len(names)), layout="constrained")
        axes = figure.add_subplot()
        # Names come from users, and several may be alike.
        bars = axes.barh(range(len(names)), shares, color=POINT_COLOUR, height=0.7)
        axes.bar_label(bars, [f" {share:.1%}" for share in shares])
        axes.set_yticks(range(len(names)), names, parse_math=False)
        axes.invert_yaxis()
        axes.margins(x=0.12)
        axes.xaxis.set_major_formatter(matplotlib.ticker.PercentFormatter(1.0))
        axes.set(xlabel=xlabel)
        return figure


def stacked_figure(names: Sequence[str], parts: Mapping[str, Sequence[float]], *, xlabel: str) -> Figure:
    """Return a plot of the parts of several wholes, each a bar, the first on top.

    Args:
        names: What each bar is of.
        parts: Share of each part in each bar, by the name of the part.
        xlabel: What they are shares of.
    """
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(5.6, 1.6 + 0.28 * len(names)), layout="constrained")
        axes = figure.add_subplot()
        starts = [0.0] * len(names)
        for colour, (part, shares) in zip(map(matplotlib.colormaps["tab10"], range(10)), parts.items(), strict=False):
            axes.barh(range(len(names)), shares, left=starts, color=colour, height=0.7, label=part)
            starts = [start + share for start, share in zip(starts, shares, strict=True)]
        axes.set_yticks(range(len(names)), names, parse_math=False)
        axes.invert_yaxis()
        axes.margins(x=0)
        axes.xaxis.set_major_formatter(matplotlib.ticker.PercentFormatter(1.0))
        axes.set(xlabel=xlabel)
        figure.legend(frameon=False, loc="outside upper center", ncols=2, fontsize=8)
        return figure

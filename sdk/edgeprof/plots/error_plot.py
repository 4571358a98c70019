"""The expected error of an onboarding as it fell."""

from collections.abc import Sequence

import matplotlib
from matplotlib.figure import Figure

from edgeprof.plots.style import INTERVAL_COLOUR, POINT_COLOUR, STYLE


def error_figure(sample_counts: Sequence[int], errors: Sequence[tuple[float, float, float]]) -> Figure:
    """Return a plot of the expected error as it fell with the samples.

    Args:
        sample_counts: Samples.
        errors: The expected error after so many, and the ends of its interval.
    """
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(5.6, 3.2), layout="constrained")
        axes = figure.add_subplot()
        middle, lower, upper = zip(*errors, strict=True)
        axes.fill_between(
            sample_counts, lower, upper, color=INTERVAL_COLOUR, alpha=0.6, linewidth=0, label="its 80 % interval"
        )
        axes.plot(sample_counts, middle, color=POINT_COLOUR, marker="o", markersize=4, label="expected error")
        axes.set(xlabel="networks measured", ylabel="median relative error", ylim=(0, None))
        axes.xaxis.set_major_locator(matplotlib.ticker.MaxNLocator(integer=True))
        axes.yaxis.set_major_formatter(matplotlib.ticker.PercentFormatter(1.0))
        axes.legend(frameon=False)
        return figure

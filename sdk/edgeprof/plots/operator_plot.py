"""Where the time of a model goes, as a plot: each operator at its place in the network, and the sum of each class."""

import os
from collections import defaultdict
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from edgeprof.operator_models.layers import Layer, group_names, grouped
from edgeprof.operator_models.prediction import PredictedModel
from edgeprof.plots.figure_file import save_figure

MAX_CLASS_COUNT = 9
"""Classes with a colour of their own, those that take most; all others share a grey."""

OTHER_COLOUR = "0.75"

MIN_NAMED_SHARE = 0.05
"""Share of the time from which on a layer is named in the plot."""


def draw_operators(predicted: PredictedModel, path: str | os.PathLike[str], *, depth: int | None = None) -> Path:
    """Draw the predicted time of each operator along the network, coloured by class, under the layers that it lies in.

    Args:
        predicted: A model that could be predicted.
        path: File of the plot; its ending chooses the format.
        depth: Levels of the modules that layers are grouped by; None for the fewest that give four groups.

    Returns:
        The path.

    Raises:
        OutputFileError: If the file cannot be written.
    """
    sums: dict[str, float] = defaultdict(float)
    for layer in predicted.layers:
        sums[layer.operator_class.value] += layer.time_ms
    ranked = sorted(sums, key=lambda name: -sums[name])
    colours = {name: matplotlib.colormaps["tab10"](index) for index, name in enumerate(ranked[:MAX_CLASS_COUNT])}
    with matplotlib.rc_context({"font.size": 10, "axes.spines.top": False, "axes.spines.right": False}):
        figure = Figure(figsize=(9, 4.2), layout="constrained")
        along, classes = figure.subplots(1, 2, width_ratios=(3, 1.4))
        along.bar(
            range(1, len(predicted.layers) + 1),
            [layer.time_ms for layer in predicted.layers],
            width=1.0,
            color=[colours.get(layer.operator_class.value, OTHER_COLOUR) for layer in predicted.layers],
        )
        along.set(xlabel="operator, in the order of the network", ylabel="predicted time (ms)")
        _draw_groups(along, predicted.layers, depth)
        # A dollar sign in a name would begin a formula.
        along.set_title(predicted.name, loc="left", parse_math=False)
        shown = ranked[:MAX_CLASS_COUNT][::-1]
        total_ms = sum(sums.values())
        bars = classes.barh(shown, [sums[name] for name in shown], color=[colours[name] for name in shown])
        classes.bar_label(bars, [f" {sums[name] / total_ms:.0%}" for name in shown])
        classes.margins(x=0.2)
        classes.set(xlabel="time (ms)")
        return save_figure(figure, path)


def _draw_groups(axes: Axes, layers: Sequence[Layer], depth: int | None) -> None:
    """Shade every other stretch of operators of one layer, and name those that take most."""
    shares = {group.name: group.share for group in grouped(layers, depth)}
    if len(shares) < 2:
        return
    axes.margins(y=0.3)  # room for the names
    named: set[str] = set()
    first = 1
    for position, (name, members) in enumerate(groupby(group_names(layers, depth))):
        last = first + len(list(members))
        if position % 2:
            axes.axvspan(first - 0.5, last - 0.5, color="0.93", zorder=0)
        if shares[name] >= MIN_NAMED_SHARE and name not in named:
            named.add(name)
            place = ((first + last) / 2 - 0.5, 0.98)
            axes.text(
                *place,
                name,
                transform=axes.get_xaxis_transform(),
                rotation=90,
                va="top",
                ha="center",
                fontsize=7,
                parse_math=False,
            )
        first = last

"""Where the time of a model goes, as a plot: each operator at its place in the network, and the sum of each class."""

import os
from collections import defaultdict
from pathlib import Path

import matplotlib
from matplotlib.figure import Figure

from edgeprof.operator_models.prediction import PredictedModel
from edgeprof.plots.figure_file import save_figure

MAX_CLASS_COUNT = 9
"""Classes with a colour of their own, those that take most; all others share a grey."""

OTHER_COLOUR = "0.75"


def draw_operators(predicted: PredictedModel, path: str | os.PathLike[str]) -> Path:
    """Draw the predicted time of each operator along the network, coloured by class.

    Args:
        predicted: A model that could be predicted.
        path: File of the plot; its ending chooses the format.

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
        # A dollar sign in a name would begin a formula.
        along.set_title(predicted.name, loc="left", parse_math=False)
        shown = ranked[:MAX_CLASS_COUNT][::-1]
        total_ms = sum(sums.values())
        bars = classes.barh(shown, [sums[name] for name in shown], color=[colours[name] for name in shown])
        classes.bar_label(bars, [f" {sums[name] / total_ms:.0%}" for name in shown])
        classes.margins(x=0.2)
        classes.set(xlabel="time (ms)")
        return save_figure(figure, path)

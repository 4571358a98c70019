"""What a pair of DARTS cells costs in its eight places."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from edgeprof_predictor.spaces.architecture import ChoiceArray, FloatArray
from edgeprof_predictor.spaces.costs import (
    QUANTITIES,
    StageCosts,
    convolution,
    fused_activation,
    linear,
    weightless,
)
from edgeprof_predictor.spaces.nasbench301.geometry import (
    CELL_PLACES,
    DILATED_KERNELS,
    IMAGE_SIDE,
    INPUT_COUNT,
    NODE_COUNT,
    OPERATIONS,
    SEPARABLE_KERNELS,
    STEM_CHANNELS,
    CellPlace,
)
from edgeprof_predictor.spaces.nasbench301.notation import CELL_CHOICE_COUNTS, edge_arrays

_LAYER_COUNTS: Final = np.array(
    [4 if name in SEPARABLE_KERNELS else 2 if name in DILATED_KERNELS else int("pool" in name) for name in OPERATIONS]
)
"""Computing layers of each operation; a skip that halves the resolution has one too."""


class GenotypeCosts:
    """Costs of networks, of cells of equal place and kind together.

    Args:
        class_count: Outputs of the network's last layer.
    """

    def __init__(self, class_count: int) -> None:
        self._edges = np.array(
            [
                [[_operation(name, place, is_strided=is_strided) for name in OPERATIONS] for is_strided in (0, 1)]
                for place in CELL_PLACES
            ]
        )
        stages = [f"{'reduction' if place.is_reduction else 'normal'}_{place.channels}" for place in CELL_PLACES]
        self._stages = tuple(dict.fromkeys(stages))
        self._stage_of_place = [self._stages.index(stage) for stage in stages]
        self._fixed = _stem() + sum(map(_frame, CELL_PLACES), start=_head(class_count))

    def of(self, choices: ChoiceArray) -> StageCosts:
        """Return the costs of networks of `n x 22` choices."""
        half = len(CELL_CHOICE_COUNTS)
        normal, reduction = edge_arrays(choices[:, :half]), edge_arrays(choices[:, half:])
        amounts = np.zeros((len(choices), len(self._stages), len(QUANTITIES)))
        for index, place in enumerate(CELL_PLACES):
            starts, operations = reduction if place.is_reduction else normal
            is_strided = _is_strided(place, starts).astype(np.intp)
            amounts[:, self._stage_of_place[index]] += self._edges[index][is_strided, operations].sum(axis=1)
        return StageCosts(
            stages=self._stages, amounts=amounts, fixed=self._fixed, depth=_depth(normal, reduction).astype(np.float64)
        )


Edges = tuple[NDArray[np.intp], NDArray[np.intp]]
"""What each of eight edges reads, and its operation: `n x 8` each."""


def _is_strided(place: CellPlace, starts: NDArray[np.intp]) -> NDArray[np.bool_]:
    return place.is_reduction & (starts < INPUT_COUNT)


def _depth(normal: Edges, reduction: Edges) -> NDArray[np.int64]:
    """Count the computing layers on the longest path through the cells: `n`."""
    count = len(normal[0])
    rows = np.arange(count)
    older, newer = np.zeros(count, dtype=np.int64), np.zeros(count, dtype=np.int64)
    for place in CELL_PLACES:
        starts, operations = reduction if place.is_reduction else normal
        is_strided = _is_strided(place, starts)
        layers = np.maximum(_LAYER_COUNTS[operations], is_strided)
        depth = np.zeros((count, INPUT_COUNT + NODE_COUNT), dtype=np.int64)
        depth[:, 0], depth[:, 1] = older + 1, newer + 1
        for node in range(NODE_COUNT):
            ends = [depth[rows, starts[:, edge]] + layers[:, edge] for edge in (2 * node, 2 * node + 1)]
            depth[:, INPUT_COUNT + node] = np.maximum(*ends)
        older, newer = newer, depth[:, INPUT_COUNT:].max(axis=1)
    return newer


def _operation(name: str, place: CellPlace, *, is_strided: int) -> FloatArray:
    """Cost of one operation in one cell; a cell that is no reduction strides nowhere."""
    side_out, channels = place.side_out, place.channels
    side = place.side if is_strided else side_out
    elements, elements_out = channels * side**2, channels * side_out**2
    if name in SEPARABLE_KERNELS or name in DILATED_KERNELS:
        kernel = SEPARABLE_KERNELS.get(name, DILATED_KERNELS.get(name, 0))
        amounts = weightless(elements_in=elements, elements_out=elements)
        amounts += _separable(side, channels, kernel, stride=side // side_out)
        if name in SEPARABLE_KERNELS:
            amounts += fused_activation(elements_out) + _separable(side_out, channels, kernel)
        return amounts
    if name == "skip_connect":
        return _halving(side, channels, channels) if side != side_out else np.zeros(len(QUANTITIES))
    return weightless(elements_in=elements, elements_out=elements_out, operations=9 * elements_out) + weightless(
        elements_in=elements_out, elements_out=elements_out
    )


def _separable(side: int, channels: int, kernel: int, *, stride: int = 1) -> FloatArray:
    """Cost of a depthwise and a 1x1 convolution, whose normalisation has no weights."""
    return convolution(
        side=side,
        channels_in=channels,
        channels_out=channels,
        kernel=kernel,
        stride=stride,
        groups=channels,
        has_norm=False,
    ) + convolution(side=side // stride, channels_in=channels, channels_out=channels, has_norm=False)


def _halving(side: int, channels_in: int, channels_out: int) -> FloatArray:
    """Cost of halving the resolution: activation, two shifted convolutions, joined and normalised."""
    elements_in, elements_out = channels_in * side**2, channels_out * (side // 2) ** 2
    half = convolution(side=side, channels_in=channels_in, channels_out=channels_out // 2, stride=2, has_norm=False)
    return (
        weightless(elements_in=elements_in, elements_out=elements_in)
        + weightless(elements_in=elements_in, elements_out=elements_in, operations=0)
        + 2 * half
        + weightless(elements_in=elements_out, elements_out=elements_out, operations=0)
        + weightless(elements_in=elements_out, elements_out=elements_out)
    )


def _frame(place: CellPlace) -> FloatArray:
    """Cost of what every cell has in a place: its inputs brought to one shape, four additions, the joining."""
    elements_out = place.channels * place.side_out**2
    amounts = NODE_COUNT * weightless(elements_in=2 * elements_out, elements_out=elements_out)
    amounts += weightless(elements_in=NODE_COUNT * elements_out, elements_out=NODE_COUNT * elements_out, operations=0)
    for index, channels_in in enumerate(place.channels_in):
        if index == 0 and place.is_first_input_larger:
            amounts += _halving(2 * place.side, channels_in, place.channels)
            amounts[QUANTITIES.index("params")] += 2 * place.channels
            continue
        elements = channels_in * place.side**2
        amounts += weightless(elements_in=elements, elements_out=elements)
        amounts += convolution(side=place.side, channels_in=channels_in, channels_out=place.channels)
    return amounts


def _stem() -> FloatArray:
    return convolution(side=IMAGE_SIDE, channels_in=3, channels_out=STEM_CHANNELS, kernel=3)


def _head(class_count: int) -> FloatArray:
    last = CELL_PLACES[-1]
    features = NODE_COUNT * last.channels
    elements = features * last.side_out**2
    return weightless(elements_in=elements, elements_out=features, operations=elements) + linear(
        features_in=features, features_out=class_count
    )

"""The torch network behind a pair of DARTS cells.

As in the networks whose parameters and proxies NAS-Bench-Suite-Zero publishes, normalisations inside
cells have no weights, and pools are followed by one. A trained DARTS network differs in both: neither
changes a convolution, and without weights a normalisation still folds into the one before it.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from edgeprof_predictor.spaces.layers import convolution, initialise
from edgeprof_predictor.spaces.nasbench301.geometry import (
    CELL_PLACES,
    DILATED_KERNELS,
    DILATION,
    INPUT_COUNT,
    NODE_COUNT,
    OPERATIONS,
    SEPARABLE_KERNELS,
    STEM_CHANNELS,
    CellPlace,
)
from edgeprof_predictor.spaces.nasbench301.notation import Edge

Nodes = Sequence[tuple[Edge, Edge]]
"""For each node of a cell, what it reads and the index of the operation on it, twice."""


class NASBench301Network(nn.Module):
    """Stem, eight cells that each read the two before them, head.

    Args:
        normal: The cell that keeps the resolution.
        reduction: The cell that halves it.
        class_count: Outputs of the last layer.

    Shapes:
        images: `b x 3 x 32 x 32`.  returns: `b x class_count`.
    """

    def __init__(self, *, normal: Nodes, reduction: Nodes, class_count: int) -> None:
        super().__init__()
        self.stem = nn.Sequential(convolution(3, STEM_CHANNELS, kernel=3), nn.BatchNorm2d(STEM_CHANNELS))
        self.cells = nn.ModuleList(Cell(reduction if place.is_reduction else normal, place) for place in CELL_PLACES)
        self.head = nn.Sequential(
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            nn.Linear(NODE_COUNT * CELL_PLACES[-1].channels, class_count),
        )
        initialise(self)

    def forward(self, images: Tensor) -> Tensor:
        """Return the scores of the classes."""
        older = newer = self.stem(images)
        for cell in self.cells:
            older, newer = newer, cell(older, newer)
        scores: Tensor = self.head(newer)
        return scores


class Cell(nn.Module):
    """Four nodes, each the sum of two operations on what comes before it, joined to the output.

    Args:
        nodes: What each node reads, and the operations.
        place: Shapes.
    """

    def __init__(self, nodes: Nodes, place: CellPlace) -> None:
        super().__init__()
        first, second = place.channels_in
        self.inputs = nn.ModuleList(
            [
                _Halving(first, place.channels, has_weights=True)
                if place.is_first_input_larger
                else _activated_convolution(first, place.channels),
                _activated_convolution(second, place.channels),
            ]
        )
        self.starts = [(edges[0][0], edges[1][0]) for edges in nodes]
        self.operations = nn.ModuleList(
            _operation(OPERATIONS[index], place.channels, stride=2 if place.is_reduction and start < INPUT_COUNT else 1)
            for edges in nodes
            for start, index in edges
        )

    def forward(self, older: Tensor, newer: Tensor) -> Tensor:
        """Return all nodes joined along the channels."""
        states = [project(features) for project, features in zip(self.inputs, (older, newer), strict=True)]
        for node, (first, second) in enumerate(self.starts):
            left: Tensor = self.operations[2 * node](states[first])
            states.append(left + self.operations[2 * node + 1](states[second]))
        return torch.cat(states[INPUT_COUNT:], dim=1)


class _Halving(nn.Module):
    """Half the resolution by two convolutions with stride 2, the second one pixel further on."""

    def __init__(self, channels_in: int, channels_out: int, *, has_weights: bool) -> None:
        super().__init__()
        self.activation = nn.ReLU()
        self.first = convolution(channels_in, channels_out // 2, stride=2)
        self.second = convolution(channels_in, channels_out // 2, stride=2)
        self.norm = nn.BatchNorm2d(channels_out, affine=has_weights)

    def forward(self, features: Tensor) -> Tensor:
        activated: Tensor = self.activation(features)
        halves = torch.cat([self.first(activated), self.second(activated[:, :, 1:, 1:])], dim=1)
        halved: Tensor = self.norm(halves)
        return halved


def _operation(name: str, channels: int, *, stride: int) -> nn.Module:
    if name in SEPARABLE_KERNELS:
        kernel = SEPARABLE_KERNELS[name]
        return nn.Sequential(
            *_separable(channels, kernel, stride=stride),
            *_separable(channels, kernel, stride=1),
        )
    if name in DILATED_KERNELS:
        return nn.Sequential(*_separable(channels, DILATED_KERNELS[name], stride=stride, dilation=DILATION))
    if name == "skip_connect":
        return nn.Identity() if stride == 1 else _Halving(channels, channels, has_weights=False)
    pool = (
        nn.MaxPool2d(3, stride=stride, padding=1)
        if name == "max_pool_3x3"
        else nn.AvgPool2d(3, stride=stride, padding=1, count_include_pad=False)
    )
    return nn.Sequential(pool, nn.BatchNorm2d(channels, affine=False))


def _separable(channels: int, kernel: int, *, stride: int, dilation: int = 1) -> list[nn.Module]:
    return [
        nn.ReLU(),
        convolution(channels, channels, kernel=kernel, stride=stride, groups=channels, dilation=dilation),
        convolution(channels, channels),
        nn.BatchNorm2d(channels, affine=False),
    ]


def _activated_convolution(channels_in: int, channels_out: int) -> nn.Sequential:
    return nn.Sequential(nn.ReLU(), convolution(channels_in, channels_out), nn.BatchNorm2d(channels_out))

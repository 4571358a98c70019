"""The torch network behind a NAS-Bench-201 cell."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from itertools import pairwise

import torch
from torch import Tensor, nn

from edgeprof_predictor.spaces.layers import convolution, initialise
from edgeprof_predictor.spaces.nasbench201_geometry import CELL_COUNT, EDGES, KERNELS, NODE_COUNT, STAGE_CHANNELS


class NASBench201Network(nn.Sequential):
    """Stem, three stages of equal cells with a reduction between them, head.

    Args:
        operations: Operation of each edge of the cell.
        is_live: For each edge, whether it carries anything from the cell's input to its output.
        class_count: Outputs of the last layer.

    Shapes:
        images: `b x 3 x 32 x 32`.  returns: `b x class_count`.
    """

    def __init__(self, operations: Sequence[str], *, is_live: Sequence[bool], class_count: int) -> None:
        def stage(channels: int) -> list[nn.Module]:
            return [Cell(operations, is_live, channels) for _ in range(CELL_COUNT)]

        body = stage(STAGE_CHANNELS[0])
        for narrow, wide in pairwise(STAGE_CHANNELS):
            body += [Reduction(narrow, wide), *stage(wide)]
        super().__init__(
            convolution(3, STAGE_CHANNELS[0], kernel=3),
            nn.BatchNorm2d(STAGE_CHANNELS[0]),
            *body,
            nn.BatchNorm2d(STAGE_CHANNELS[-1]),
            nn.ReLU(),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            nn.Linear(STAGE_CHANNELS[-1], class_count),
        )
        initialise(self)


class Cell(nn.Module):
    """Four nodes, each the sum of operations on the nodes before it.

    An edge that carries nothing from input to output keeps its weights, so that parameters count as
    published, but does not run: a runtime would drop it, or waste time on it. With trained weights an
    edge that nothing reaches could still add the constant shift of its normalisation.

    Args:
        operations: Operation of each edge.
        is_live: For each edge, whether it runs.
        channels: Width of all nodes.
    """

    def __init__(self, operations: Sequence[str], is_live: Sequence[bool], channels: int) -> None:
        super().__init__()
        self.edges = nn.ModuleList(_operation(name, channels) for name in operations)
        self.is_live = tuple(is_live)

    def forward(self, features: Tensor) -> Tensor:
        """Return the last node."""
        nodes: dict[int, Tensor] = {0: features}
        for node in range(1, NODE_COUNT):
            incoming = [
                edge(nodes[start])
                for edge, is_live, (start, end) in zip(self.edges, self.is_live, EDGES, strict=True)
                if is_live and end == node
            ]
            if incoming:
                nodes[node] = reduce(torch.add, incoming)
        if NODE_COUNT - 1 in nodes:
            return nodes[NODE_COUNT - 1]
        # As published for a cell whose input never reaches its output. A constant instead would leave
        # an exported model whose input nothing reads.
        return features * 0.0


class Reduction(nn.Module):
    """Residual block that halves the resolution, with an averaged shortcut.

    Args:
        channels_in: Channels read.
        channels_out: Channels written.
    """

    def __init__(self, channels_in: int, channels_out: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            _activated_convolution(channels_in, channels_out, kernel=3, stride=2),
            _activated_convolution(channels_out, channels_out, kernel=3),
        )
        self.shortcut = nn.Sequential(nn.AvgPool2d(2), convolution(channels_in, channels_out))

    def forward(self, features: Tensor) -> Tensor:
        """Return half the resolution."""
        body: Tensor = self.body(features)
        shortcut: Tensor = self.shortcut(features)
        return body + shortcut


def _operation(name: str, channels: int) -> nn.Module:
    if name in KERNELS:
        return _activated_convolution(channels, channels, kernel=KERNELS[name])
    if name == "avg_pool_3x3":
        return nn.AvgPool2d(3, stride=1, padding=1, count_include_pad=False)
    return nn.Identity()


def _activated_convolution(channels_in: int, channels_out: int, *, kernel: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.ReLU(),
        convolution(channels_in, channels_out, kernel=kernel, stride=stride),
        nn.BatchNorm2d(channels_out),
    )

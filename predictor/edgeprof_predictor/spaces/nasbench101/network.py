"""The torch network behind a NAS-Bench-101 cell."""

from __future__ import annotations

from functools import reduce

import torch
from torch import Tensor, nn

from edgeprof_predictor.spaces.layers import convolution, initialise
from edgeprof_predictor.spaces.nasbench101.cells import Cells
from edgeprof_predictor.spaces.nasbench101.geometry import (
    CELL_COUNT,
    KERNELS,
    OPERATIONS,
    OUTPUT,
    STAGE_CHANNELS,
    STEM_CHANNELS,
    vertex_width,
)


class NASBench101Network(nn.Sequential):
    """Stem, three stages of equal cells with a pool between them, head.

    Args:
        cells: The one cell, pruned.
        class_count: Outputs of the last layer.

    Shapes:
        images: `b x 3 x 32 x 32`.  returns: `b x class_count`.
    """

    def __init__(self, cells: Cells, *, class_count: int) -> None:
        body: list[nn.Module] = []
        channels_in = STEM_CHANNELS
        for stage, channels in enumerate(STAGE_CHANNELS):
            if stage:
                body.append(nn.MaxPool2d(2))
            for _ in range(CELL_COUNT):
                body.append(Cell(cells, channels_in, channels))
                channels_in = channels
        super().__init__(
            _activated(3, STEM_CHANNELS, kernel=3),
            *body,
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            nn.Linear(STAGE_CHANNELS[-1], class_count),
        )
        initialise(self)


class Cell(nn.Module):
    """Vertices that each run an operation on the sum of the vertices before them.

    What a vertex takes from the input is projected to its width; what it takes from a wider vertex is cut
    to it. The vertices before the output are joined, and the projected input is added where an edge
    leads from input to output.

    Args:
        cells: The one cell, pruned.
        channels_in: Channels read.
        channels: Channels written.
    """

    def __init__(self, cells: Cells, channels_in: int, channels: int) -> None:
        super().__init__()
        edges: list[list[bool]] = cells.edges[0].tolist()
        self.sources = {end: [start for start in range(end) if edges[start][end]] for end in range(1, OUTPUT + 1)}
        part_count, parts = int(cells.part_counts()[0]), cells.parts()[0].tolist()
        self.widths = {OUTPUT: channels}
        self.operations = nn.ModuleDict()
        for vertex in range(1, OUTPUT):
            if self.sources[vertex]:
                width = vertex_width(channels, part_count, parts[vertex - 1])
                self.widths[vertex] = width
                self.operations[str(vertex)] = _operation(OPERATIONS[cells.operations[0, vertex - 1]], width)
        self.projections = nn.ModuleDict(
            {str(end): _activated(channels_in, width) for end, width in self.widths.items() if 0 in self.sources[end]}
        )

    def forward(self, features: Tensor) -> Tensor:
        """Return the cell's output."""
        vertices: dict[int, Tensor] = {}
        for vertex in range(1, OUTPUT):
            if self.sources[vertex]:
                inner = [self._cut(vertices[source], source, vertex) for source in self.sources[vertex] if source]
                summed = reduce(torch.add, self._projected(features, vertex) + inner)
                vertices[vertex] = self.operations[str(vertex)](summed)
        joined = [vertices[source] for source in self.sources[OUTPUT] if source]
        parts = [torch.cat(joined, dim=1) if len(joined) > 1 else joined[0]] if joined else []
        return reduce(torch.add, self._projected(features, OUTPUT) + parts)

    def _projected(self, features: Tensor, vertex: int) -> list[Tensor]:
        return [self.projections[str(vertex)](features)] if 0 in self.sources[vertex] else []

    def _cut(self, features: Tensor, source: int, vertex: int) -> Tensor:
        # By widths known beforehand: an export must not see a decision about a tensor's shape.
        return features if self.widths[source] == self.widths[vertex] else features[:, : self.widths[vertex]]


def _operation(name: str, channels: int) -> nn.Module:
    if name in KERNELS:
        return _activated(channels, channels, kernel=KERNELS[name])
    return nn.MaxPool2d(3, stride=1, padding=1)


def _activated(channels_in: int, channels_out: int, *, kernel: int = 1) -> nn.Sequential:
    return nn.Sequential(
        convolution(channels_in, channels_out, kernel=kernel),
        nn.BatchNorm2d(channels_out),
        nn.ReLU(),
    )

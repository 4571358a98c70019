"""The torch networks behind TransNAS-Bench-101."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from edgeprof_predictor.spaces.cells import EDGES
from edgeprof_predictor.spaces.layers import Cell, activated_convolution, convolution, initialise
from edgeprof_predictor.spaces.transnas.geometry import (
    BLOCK_COUNT,
    KERNELS,
    MICRO_MODULES,
    STEM_CHANNELS,
    Shape,
    Task,
    decoder_layers,
    shapes,
    upsampling_count,
)


class MacroNetwork(nn.Sequential):
    """Stem, modules of residual blocks, head.

    Args:
        task: The task.
        kinds: Kind of each module.

    Shapes:
        images: `b x c x s x s`, three channels for each of the task's tiles.
        returns: `b x classes`, or `b x 3 x s x s`.
    """

    def __init__(self, task: Task, kinds: Sequence[int]) -> None:
        found = shapes(kinds, task.side)
        blocks = [
            ResidualBlock(before if index == 0 else after, after)
            for before, after in pairwise(found)
            for index in range(BLOCK_COUNT)
        ]
        super().__init__(stem(task), *blocks, head(task, found[-1]))
        initialise(self)


class MicroNetwork(nn.Sequential):
    """Stem, modules of equal cells, head.

    Args:
        task: The task.
        operations: Operation of each edge of the cell.
        is_live: For each edge, whether it carries anything from the cell's input to its output.

    Shapes:
        images: `b x c x s x s`, three channels for each of the task's tiles.
        returns: `b x classes`, or `b x 3 x s x s`.
    """

    def __init__(self, task: Task, operations: Sequence[str], *, is_live: Sequence[bool]) -> None:
        found = shapes(MICRO_MODULES, task.side)
        cells = [
            _cell(operations, is_live, before if index == 0 else after, after)
            for before, after in pairwise(found)
            for index in range(BLOCK_COUNT)
        ]
        super().__init__(stem(task), *cells, head(task, found[-1]))
        initialise(self)


class ResidualBlock(nn.Module):
    """Two activated convolutions beside a shortcut, which is a convolution where the shape changes.

    Args:
        before: Shape of what is read.
        after: Shape of what is written.
    """

    def __init__(self, before: Shape, after: Shape) -> None:
        super().__init__()
        stride = before.side // after.side
        self.body = nn.Sequential(
            activated_convolution(before.channels, after.channels, kernel=3, stride=stride),
            activated_convolution(after.channels, after.channels, kernel=3),
        )
        self.shortcut = (
            nn.Identity()
            if before == after
            else nn.Sequential(
                convolution(before.channels, after.channels, stride=stride), nn.BatchNorm2d(after.channels)
            )
        )

    def forward(self, features: Tensor) -> Tensor:
        """Return the block's output."""
        body: Tensor = self.body(features)
        shortcut: Tensor = self.shortcut(features)
        return shortcut + body


class Reduction(nn.Module):
    """A skip that doubles the channels and halves the resolution: two convolutions, of even and of odd pixels.

    Args:
        channels_in: Channels read.
        channels_out: Channels written.
    """

    def __init__(self, channels_in: int, channels_out: int) -> None:
        super().__init__()
        self.activation = nn.ReLU()
        self.even = convolution(channels_in, channels_out // 2, stride=2)
        self.odd = convolution(channels_in, channels_out // 2, stride=2)
        self.norm = nn.BatchNorm2d(channels_out)

    def forward(self, features: Tensor) -> Tensor:
        """Return half the resolution."""
        active = self.activation(features)
        reduced: Tensor = self.norm(torch.cat([self.even(active), self.odd(active[:, :, 1:, 1:])], dim=1))
        return reduced


class TilesToBatch(nn.Module):
    """Turn the tiles of an image, which lie in its channels, into images of their own.

    Args:
        tile_count: Tiles of an image.
    """

    def __init__(self, tile_count: int) -> None:
        super().__init__()
        self.tile_count = tile_count

    def forward(self, images: Tensor) -> Tensor:
        """Return as many images as there are tiles."""
        batch, channels, height, width = images.shape
        return images.reshape(batch * self.tile_count, channels // self.tile_count, height, width)


class TilesFromBatch(nn.Module):
    """Put the features of the tiles of an image side by side.

    Args:
        tile_count: Tiles of an image.
    """

    def __init__(self, tile_count: int) -> None:
        super().__init__()
        self.tile_count = tile_count

    def forward(self, pooled: Tensor) -> Tensor:
        """Return one row for each image."""
        batch, width = pooled.shape
        return pooled.reshape(batch // self.tile_count, width * self.tile_count)


def stem(task: Task) -> nn.Sequential:
    """Return what comes before the first module: a quarter of the resolution, for each tile."""
    first, second = STEM_CHANNELS
    return nn.Sequential(
        *([TilesToBatch(task.tile_count)] if task.tile_count > 1 else []),
        convolution(3, first, kernel=3, stride=2),
        nn.BatchNorm2d(first),
        activated_convolution(first, second, kernel=3, stride=2),
    )


def head(task: Task, features: Shape) -> nn.Sequential:
    """Return the head of a task, given the shape of the encoder's output for an image or a tile."""
    return nn.Sequential(*(_decoder(task, features) if task.is_dense else _classifier(task, features)))


def operation(name: str, before: Shape, after: Shape) -> nn.Module:
    """Return the operation of an edge between two shapes."""
    if name in KERNELS:
        return activated_convolution(
            before.channels, after.channels, kernel=KERNELS[name], stride=before.side // after.side
        )
    if name == "skip_connect" and before != after:
        return Reduction(before.channels, after.channels)
    return nn.Identity()


def _classifier(task: Task, features: Shape) -> list[nn.Module]:
    return [
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        *([TilesFromBatch(task.tile_count)] if task.tile_count > 1 else []),
        nn.Linear(task.tile_count * features.channels, task.class_count),
    ]


def _decoder(task: Task, features: Shape) -> list[nn.Module]:
    layers: list[nn.Module] = []
    for layer in decoder_layers(features.channels, upsampling_count(task.side, features)):
        if layer.is_upsampling:
            layers.append(
                nn.ConvTranspose2d(layer.channels_in, layer.channels_out, 3, stride=2, padding=1, output_padding=1)
            )
        else:
            layers.append(nn.Conv2d(layer.channels_in, layer.channels_out, 3, padding=1))
        layers += [nn.BatchNorm2d(layer.channels_out), nn.LeakyReLU(0.2)]
    return [*layers[:-2], nn.Tanh()]


def _cell(operations: Sequence[str], is_live: Sequence[bool], before: Shape, after: Shape) -> Cell:
    edges = [
        operation(name, before if start == 0 else after, after)
        for name, (start, _) in zip(operations, EDGES, strict=True)
    ]
    return Cell(edges, is_live, reduction=before.side // after.side)

"""Small networks on images, written here: detection, super-resolution, an autoencoder, tiny classifiers."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import torch
from torch import Tensor, nn


def convolution(
    in_channels: int,
    out_channels: int,
    size: int,
    *,
    stride: int = 1,
    groups: int = 1,
    activation: type[nn.Module] | None = nn.ReLU,
) -> nn.Sequential:
    """Return a convolution with batch normalisation and an activation; the padding keeps the resolution."""
    layers: list[nn.Module] = [
        nn.Conv2d(in_channels, out_channels, size, stride, (size - 1) // 2, groups=groups, bias=False),
        nn.BatchNorm2d(out_channels),
    ]
    return nn.Sequential(*layers, *([] if activation is None else [activation()]))


class CrossStageBlock(nn.Module):
    """A cross-stage-partial block: half of the channels go through residual bottlenecks, half pass by."""

    def __init__(self, in_channels: int, out_channels: int, depth: int, *, is_residual: bool = True) -> None:
        super().__init__()
        half = out_channels // 2
        self.left = convolution(in_channels, half, 1, activation=nn.SiLU)
        self.right = convolution(in_channels, half, 1, activation=nn.SiLU)
        self.blocks = nn.ModuleList(
            nn.Sequential(
                convolution(half, half, 1, activation=nn.SiLU), convolution(half, half, 3, activation=nn.SiLU)
            )
            for _ in range(depth)
        )
        self.merge = convolution(2 * half, out_channels, 1, activation=nn.SiLU)
        self.is_residual = is_residual

    def forward(self, inputs: Tensor) -> Tensor:
        """Return what follows from the input."""
        left = self.left(inputs)
        for block in self.blocks:
            left = left + block(left) if self.is_residual else block(left)
        return self.merge(torch.cat((left, self.right(inputs)), 1))


class PooledPyramid(nn.Module):
    """Maximum pooling of three sizes, one after the other, with all results side by side."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.reduce = convolution(channels, channels // 2, 1, activation=nn.SiLU)
        self.pool = nn.MaxPool2d(5, 1, 2)
        self.merge = convolution(2 * channels, channels, 1, activation=nn.SiLU)

    def forward(self, inputs: Tensor) -> Tensor:
        """Return what follows from the input."""
        levels = [self.reduce(inputs)]
        for _ in range(3):
            levels.append(self.pool(levels[-1]))
        return self.merge(torch.cat(levels, 1))


class YoloNano(nn.Module):
    """A one-stage detector: a backbone of cross-stage blocks, a pyramid up and down, one head for each of three scales.

    Shapes:
        returns: `1 x boxes x (5 + classes)`: position, size, objectness and classes of three boxes for each cell.
    """

    def __init__(self, class_count: int = 80) -> None:
        super().__init__()
        widths = (16, 32, 64, 128, 256)
        self.stem = convolution(3, widths[0], 6, stride=2, activation=nn.SiLU)
        self.stages = nn.ModuleList(
            nn.Sequential(
                convolution(below, width, 3, stride=2, activation=nn.SiLU), CrossStageBlock(width, width, depth)
            )
            for below, width, depth in zip(widths, widths[1:], (1, 2, 3, 1), strict=False)
        )
        self.pyramid = PooledPyramid(widths[4])
        self.narrow = nn.ModuleList(convolution(width, width // 2, 1, activation=nn.SiLU) for width in (256, 128))
        self.upward = nn.ModuleList(CrossStageBlock(width, width // 2, 1, is_residual=False) for width in (256, 128))
        self.reduce = nn.ModuleList(convolution(width, width, 3, stride=2, activation=nn.SiLU) for width in (64, 128))
        self.downward = nn.ModuleList(
            CrossStageBlock(in_width, width, 1, is_residual=False) for in_width, width in ((128, 128), (256, 256))
        )
        self.heads = nn.ModuleList(nn.Conv2d(width, 3 * (5 + class_count), 1) for width in (64, 128, 256))
        self.upsample = nn.Upsample(scale_factor=2, mode="nearest")
        self.value_count = 5 + class_count

    def forward(self, image: Tensor) -> Tensor:
        """Return what follows from the input."""
        levels = []
        features = self.stem(image)
        for stage in self.stages:
            features = stage(features)
            levels.append(features)
        large = self.narrow[0](self.pyramid(levels[3]))
        middle = self.narrow[1](self.upward[0](torch.cat((self.upsample(large), levels[2]), 1)))
        small = self.upward[1](torch.cat((self.upsample(middle), levels[1]), 1))
        middle = self.downward[0](torch.cat((self.reduce[0](small), middle), 1))
        large = self.downward[1](torch.cat((self.reduce[1](middle), large), 1))
        levels = (small, middle, large)
        return torch.cat([self._boxes(head(level)) for head, level in zip(self.heads, levels, strict=True)], 1)

    def _boxes(self, scores: Tensor) -> Tensor:
        batch, _, height, width = scores.shape
        rows = scores.view(batch, 3, self.value_count, height * width).permute(0, 1, 3, 2)
        return rows.reshape(batch, 3 * height * width, self.value_count).sigmoid()


def espcn(scale: int = 3) -> nn.Module:
    """Return a super-resolution network that computes at the low resolution and shuffles channels into pixels."""
    return nn.Sequential(
        nn.Conv2d(1, 64, 5, padding=2),
        nn.Tanh(),
        nn.Conv2d(64, 32, 3, padding=1),
        nn.Tanh(),
        nn.Conv2d(32, scale**2, 3, padding=1),
        nn.PixelShuffle(scale),
        nn.Sigmoid(),
    )


def fsrcnn(scale: int = 2, *, width: int = 56, narrow: int = 12, depth: int = 4) -> nn.Module:
    """Return a super-resolution network that ends in a large transposed convolution."""
    mapping: list[nn.Module] = []
    for _ in range(depth):
        mapping += [nn.Conv2d(narrow, narrow, 3, padding=1), nn.PReLU(narrow)]
    return nn.Sequential(
        nn.Conv2d(1, width, 5, padding=2),
        nn.PReLU(width),
        nn.Conv2d(width, narrow, 1),
        nn.PReLU(narrow),
        *mapping,
        nn.Conv2d(narrow, width, 1),
        nn.PReLU(width),
        nn.ConvTranspose2d(width, 1, 9, scale, 4, output_padding=scale - 1),
    )


def conv_autoencoder(widths: Sequence[int] = (3, 32, 64, 128)) -> nn.Module:
    """Return an autoencoder of convolutions of stride 2 and transposed ones."""
    layers: list[nn.Module] = []
    for below, width in itertools.pairwise(widths):
        layers.append(convolution(below, width, 3, stride=2))
    for width, below in zip(widths[:1:-1], widths[-2:0:-1], strict=True):
        layers += [nn.ConvTranspose2d(width, below, 4, 2, 1), nn.BatchNorm2d(below), nn.ReLU()]
    return nn.Sequential(*layers, nn.ConvTranspose2d(widths[1], widths[0], 4, 2, 1), nn.Sigmoid())


class _ResidualBlock(nn.Module):
    def __init__(self, in_channels: int, channels: int, stride: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            convolution(in_channels, channels, 3, stride=stride), convolution(channels, channels, 3, activation=None)
        )
        self.shortcut = nn.Identity() if stride == 1 else nn.Conv2d(in_channels, channels, 1, stride)

    def forward(self, inputs: Tensor) -> Tensor:
        """Return what follows from the input."""
        return torch.relu(self.body(inputs) + self.shortcut(inputs))


def resnet8() -> nn.Module:
    """Return a residual network of eight layers for images of 32 pixels, as benchmarks of microcontrollers use it."""
    return nn.Sequential(
        convolution(3, 16, 3),
        _ResidualBlock(16, 16, 1),
        _ResidualBlock(16, 32, 2),
        _ResidualBlock(32, 64, 2),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(64, 10),
    )


def conv3d(widths: Sequence[int] = (3, 16, 32, 64, 128)) -> nn.Module:
    """Return a classifier of short films: four three-dimensional convolutions with pooling."""
    layers: list[nn.Module] = []
    for index, (below, width) in enumerate(itertools.pairwise(widths)):
        layers += [nn.Conv3d(below, width, 3, padding=1, bias=False), nn.BatchNorm3d(width), nn.ReLU()]
        layers.append(nn.MaxPool3d((1, 2, 2) if index == 0 else 2))
    return nn.Sequential(*layers, nn.AdaptiveAvgPool3d(1), nn.Flatten(), nn.Linear(widths[-1], 101))

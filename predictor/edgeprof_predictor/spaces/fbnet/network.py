"""The torch network behind an FBNet architecture."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from edgeprof_predictor.spaces.fbnet.geometry import HEAD_CHANNELS, LAYERS, STEM_CHANNELS, Block, Layer
from edgeprof_predictor.spaces.layers import convolution, initialise


class FBNetNetwork(nn.Sequential):
    """Stem, 22 blocks, head.

    Args:
        blocks: Option taken in each layer.
        class_count: Outputs of the last layer.

    Shapes:
        images: `b x 3 x 32 x 32`.  returns: `b x class_count`.
    """

    def __init__(self, blocks: Sequence[Block], *, class_count: int) -> None:
        super().__init__(
            _activated(3, STEM_CHANNELS, kernel=3),
            *(_layer(layer, block) for layer, block in zip(LAYERS, blocks, strict=True)),
            _activated(LAYERS[-1].channels_out, HEAD_CHANNELS),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            nn.Linear(HEAD_CHANNELS, class_count),
        )
        initialise(self)


class InvertedResidual(nn.Module):
    """Expand by a 1x1 convolution, filter depthwise, project; with a residual where shapes allow it.

    Args:
        layer: Shapes and stride.
        block: Kernel, expansion and groups.
    """

    def __init__(self, layer: Layer, block: Block) -> None:
        super().__init__()
        inner = layer.channels_in * block.expansion
        self.body = nn.Sequential(
            _activated(layer.channels_in, inner, groups=block.groups),
            ChannelShuffle(block.groups) if block.groups > 1 else nn.Identity(),
            _activated(inner, inner, kernel=block.kernel, stride=layer.stride, groups=inner),
            convolution(inner, layer.channels_out, groups=block.groups),
            nn.BatchNorm2d(layer.channels_out),
        )
        self.is_residual = layer.is_shape_kept

    def forward(self, features: Tensor) -> Tensor:
        """Return the block's output."""
        filtered: Tensor = self.body(features)
        return filtered + features if self.is_residual else filtered


class ChannelShuffle(nn.Module):
    """Interleave the channels of groups, so that the next grouped convolution mixes them.

    Args:
        groups: Groups of the convolution before.
    """

    def __init__(self, groups: int) -> None:
        super().__init__()
        self.groups = groups

    def forward(self, features: Tensor) -> Tensor:
        """Return the same channels in interleaved order."""
        batch, channels, height, width = features.shape
        grouped = features.reshape(batch, self.groups, channels // self.groups, height, width)
        return grouped.transpose(1, 2).reshape(batch, channels, height, width)


def _layer(layer: Layer, block: Block) -> nn.Module:
    if not block.is_skip:
        return InvertedResidual(layer, block)
    if layer.is_shape_kept:
        return nn.Identity()
    return _activated(layer.channels_in, layer.channels_out, stride=layer.stride)


def _activated(
    channels_in: int, channels_out: int, *, kernel: int = 1, stride: int = 1, groups: int = 1
) -> nn.Sequential:
    return nn.Sequential(
        convolution(channels_in, channels_out, kernel=kernel, stride=stride, groups=groups),
        nn.BatchNorm2d(channels_out),
        nn.ReLU(),
    )

"""The torch network behind a NAS-Bench-201 cell."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from torch import Tensor, nn

from edgeprof_predictor.spaces.layers import Cell, activated_convolution, convolution, initialise
from edgeprof_predictor.spaces.nasbench201.geometry import CELL_COUNT, KERNELS, STAGE_CHANNELS


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
            return [Cell([_operation(name, channels) for name in operations], is_live) for _ in range(CELL_COUNT)]

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


class Reduction(nn.Module):
    """Residual block that halves the resolution, with an averaged shortcut.

    Args:
        channels_in: Channels read.
        channels_out: Channels written.
    """

    def __init__(self, channels_in: int, channels_out: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            activated_convolution(channels_in, channels_out, kernel=3, stride=2),
            activated_convolution(channels_out, channels_out, kernel=3),
        )
        self.shortcut = nn.Sequential(nn.AvgPool2d(2), convolution(channels_in, channels_out))

    def forward(self, features: Tensor) -> Tensor:
        """Return half the resolution."""
        body: Tensor = self.body(features)
        shortcut: Tensor = self.shortcut(features)
        return body + shortcut


def _operation(name: str, channels: int) -> nn.Module:
    if name in KERNELS:
        return activated_convolution(channels, channels, kernel=KERNELS[name])
    if name == "avg_pool_3x3":
        return nn.AvgPool2d(3, stride=1, padding=1, count_include_pad=False)
    return nn.Identity()

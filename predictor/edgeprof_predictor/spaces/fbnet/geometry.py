"""The geometry of FBNet: its blocks, its stages, and where each layer sits.

Source:
    Wu et al. 2019, Table 1 and Figure 3, with the strides, the 1504-channel head and the 100
    classes that HW-NAS-Bench (Li et al. 2021) measured: regressing the published FLOPs and
    parameters on the layers gives exactly this geometry.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

IMAGE_SIDE: Final = 32
STEM_CHANNELS: Final = 16
HEAD_CHANNELS: Final = 1504


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One option of a layer: an inverted residual of these sizes, or a skip.

    Args:
        kernel: Height and width of the depthwise kernel; 0 for the skip.
        expansion: Inner channels for each input channel.
        groups: Groups of the two 1x1 convolutions.
    """

    kernel: int
    expansion: int = 1
    groups: int = 1

    @property
    def is_skip(self) -> bool:
        """Whether the layer does nothing, or no more than it must to change the shape."""
        return self.kernel == 0


BLOCKS: Final = {
    "k3_e1": Block(kernel=3),
    "k3_e1_g2": Block(kernel=3, groups=2),
    "k3_e3": Block(kernel=3, expansion=3),
    "k3_e6": Block(kernel=3, expansion=6),
    "k5_e1": Block(kernel=5),
    "k5_e1_g2": Block(kernel=5, groups=2),
    "k5_e3": Block(kernel=5, expansion=3),
    "k5_e6": Block(kernel=5, expansion=6),
    "skip": Block(kernel=0),
}
OPERATIONS: Final = tuple(BLOCKS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Layers of equal width; the first of them changes the shape."""

    channels: int
    layer_count: int
    stride: int


STAGES: Final = (
    Stage(channels=16, layer_count=1, stride=1),
    Stage(channels=24, layer_count=4, stride=1),
    Stage(channels=32, layer_count=4, stride=2),
    Stage(channels=64, layer_count=4, stride=2),
    Stage(channels=112, layer_count=4, stride=1),
    Stage(channels=184, layer_count=4, stride=2),
    Stage(channels=352, layer_count=1, stride=1),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """Where a block sits: its stage, the shapes around it and its stride."""

    stage: int
    side: int
    channels_in: int
    channels_out: int
    stride: int

    @property
    def is_shape_kept(self) -> bool:
        """Whether input and output have one shape, so that a residual or a bare skip fits."""
        return self.stride == 1 and self.channels_in == self.channels_out


def _layers() -> tuple[Layer, ...]:
    layers = []
    side, channels = IMAGE_SIDE, STEM_CHANNELS
    for index, stage in enumerate(STAGES):
        for position in range(stage.layer_count):
            stride = stage.stride if position == 0 else 1
            layers.append(
                Layer(
                    stage=index,
                    side=side,
                    channels_in=channels,
                    channels_out=stage.channels,
                    stride=stride,
                )
            )
            side, channels = side // stride, stage.channels
    return tuple(layers)


LAYERS: Final = _layers()

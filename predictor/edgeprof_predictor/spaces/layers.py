"""Torch layers that the networks of several search spaces are made of."""

from __future__ import annotations

from torch import nn


def convolution(
    channels_in: int, channels_out: int, *, kernel: int = 1, stride: int = 1, groups: int = 1, dilation: int = 1
) -> nn.Conv2d:
    """Return a convolution without bias whose padding keeps the resolution at stride 1."""
    return nn.Conv2d(
        channels_in,
        channels_out,
        kernel,
        stride=stride,
        padding=dilation * (kernel // 2),
        dilation=dilation,
        groups=groups,
        bias=False,
    )


def initialise(network: nn.Module) -> None:
    """Draw weights with which activations do not die out in a deep untrained network.

    Under torch's own default they shrink from layer to layer. Where they end as denormal numbers a
    machine computes slower than with trained weights, and the measured latency would be wrong.

    Args:
        network: Changed in place, by torch's generator.

    Source:
        He et al. 2015, section 2.2, the form that preserves the forward pass.
    """
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
        if isinstance(module, nn.Linear):
            nn.init.zeros_(module.bias)

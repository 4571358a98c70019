"""Torch layers that the networks of several search spaces are made of."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

import torch
from torch import Tensor, nn

from edgeprof_predictor.spaces.cells import EDGES, NODE_COUNT


class Cell(nn.Module):
    """Four nodes, each the sum of operations on the nodes before it.

    An edge that carries nothing from input to output keeps its weights, so that parameters count as
    published, but does not run: a runtime would drop it or spend time on it. With trained weights an
    edge that nothing reaches could still add the constant shift of its normalisation.

    Args:
        edges: Operation of each edge.
        is_live: For each edge, whether it runs.
        reduction: Factor by which the cell multiplies channels and divides the resolution.
    """

    def __init__(self, edges: Sequence[nn.Module], is_live: Sequence[bool], *, reduction: int = 1) -> None:
        super().__init__()
        self.edges = nn.ModuleList(edges)
        self.is_live = tuple(is_live)
        self.reduction = reduction

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
        if self.reduction == 1:
            return features * 0.0
        return torch.cat([features[:, :, :: self.reduction, :: self.reduction] * 0.0] * self.reduction, dim=1)


def activated_convolution(channels_in: int, channels_out: int, *, kernel: int, stride: int = 1) -> nn.Sequential:
    """Return activation, convolution and normalisation, in this order."""
    return nn.Sequential(
        nn.ReLU(),
        convolution(channels_in, channels_out, kernel=kernel, stride=stride),
        nn.BatchNorm2d(channels_out),
    )


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
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
        if isinstance(module, nn.Linear):
            nn.init.zeros_(module.bias)

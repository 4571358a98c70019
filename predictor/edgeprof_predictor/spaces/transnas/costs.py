"""Costs that all networks of TransNAS-Bench-101 share: stem, activated convolution, head, decoder."""

from __future__ import annotations

from typing import Final

import numpy as np

from edgeprof_predictor.spaces.architecture import FloatArray
from edgeprof_predictor.spaces.costs import (
    QUANTITIES,
    convolution,
    fused_activation,
    linear,
    transposed_convolution,
    weightless,
)
from edgeprof_predictor.spaces.transnas.geometry import (
    STEM_CHANNELS,
    Shape,
    Task,
    decoder_layers,
    upsampling_count,
)

SHARED_BY_TILES: Final = np.array([quantity in ("params", "launches") for quantity in QUANTITIES])
"""Quantities that tiles do not multiply: they go through the encoder as one batch."""


def encoder_costs(costs: FloatArray, task: Task) -> FloatArray:
    """Return what a part of the encoder costs for all tiles, given its costs for one.

    Shapes:
        costs: `... x q`.  returns: `... x q`.
    """
    return np.where(SHARED_BY_TILES, costs, task.tile_count * costs)


def activated_convolution(before: Shape, after: Shape, *, kernel: int) -> FloatArray:
    """Cost of activation, convolution, normalisation: the activation stands alone before it."""
    activation = weightless(elements_in=before.elements, elements_out=before.elements)
    return activation + convolution(
        side=before.side,
        channels_in=before.channels,
        channels_out=after.channels,
        kernel=kernel,
        stride=before.side // after.side,
    )


def addition_costs(shape: Shape) -> FloatArray:
    """Cost of adding two feature maps."""
    return weightless(elements_in=2 * shape.elements, elements_out=shape.elements)


def stem_costs(side: int) -> FloatArray:
    """Cost of two convolutions with an activation between them, for one image or tile."""
    first, second = STEM_CHANNELS
    return (
        convolution(side=side, channels_in=3, channels_out=first, kernel=3, stride=2)
        + fused_activation(first * (side // 2) ** 2)
        + convolution(side=side // 2, channels_in=first, channels_out=second, kernel=3, stride=2)
    )


def head_costs(task: Task, side: int, features: Shape) -> FloatArray:
    """Cost of what follows the encoder: pool and classifier, or a decoder.

    Args:
        task: The task.
        side: Height and width of the image or tile.
        features: Shape of the encoder's output for one image or tile.
    """
    if task.is_dense:
        return _decoder_costs(side, features)
    width, elements = task.tile_count * features.channels, task.tile_count * features.elements
    pool = weightless(elements_in=elements, elements_out=width, operations=elements)
    return pool + linear(features_in=width, features_out=task.class_count)


def _decoder_costs(side: int, features: Shape) -> FloatArray:
    layers = decoder_layers(features.channels, upsampling_count(side, features))
    total = np.zeros(len(QUANTITIES))
    current = features.side
    for layer in layers:
        cost = transposed_convolution if layer.is_upsampling else convolution
        total += cost(
            side=current,
            channels_in=layer.channels_in,
            channels_out=layer.channels_out,
            kernel=3,
            has_norm=layer is not layers[-1],
            has_bias=True,
        )
        current *= 2 if layer.is_upsampling else 1
        total += fused_activation(layer.channels_out * current**2)
    return total

"""Shapes of a node: which of its values count, and what their axes say."""

from __future__ import annotations

import math
from collections.abc import Sequence

from edgeprof_predictor.operators.graph import Node, Tensor


def weight_of(node: Node) -> Tensor | None:
    """Return the largest constant of a node."""
    return max(node.weights, key=lambda value: value.elements, default=None)


def convolution_groups(node: Node) -> int:
    """Return the groups of a convolution, from its attribute or from its weights of one axis more."""
    inputs, weight = first_of(node.inputs), weight_of(node)
    stated = node.number("group", 0)
    if stated > 0:
        return stated
    if weight is not None and len(weight.shape) == len(inputs.shape) + 1:
        return max(weight.shape[0], 1)
    if weight is not None and len(weight.shape) == len(inputs.shape) >= 3 and weight.shape[1] > 0:
        return max(inputs.shape[1] // weight.shape[1], 1)
    return 1


def kernel_area(node: Node, weight: Tensor | None, spatial: int) -> int:
    """Return the area of the window, from its attribute or from the last axes of the weights."""
    for name in ("kernel_shape", "kernel", "kernel_size"):
        if node.numbers(name):
            return max(math.prod(node.numbers(name)), 1)
    if weight is not None and len(weight.shape) > spatial:
        return max(math.prod(weight.shape[-spatial:]), 1)
    return 1


def pixels_of(value: Tensor, spatial: int) -> int:
    """Return the number of pixels on the last axes."""
    return math.prod(value.shape[-spatial:])


def first_of(tensors: Sequence[Tensor]) -> Tensor:
    """Return the first value; one element where there is none."""
    return tensors[0] if tensors else Tensor((1,))


def largest_of(tensors: Sequence[Tensor]) -> Tensor | None:
    """Return the largest value; nothing where there is none."""
    return max(tensors, key=lambda value: value.elements, default=None)


def last_axis(value: Tensor) -> int:
    """Return the size of the last axis."""
    return value.shape[-1] if value.shape else 1

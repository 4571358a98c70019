"""Nodes whose values hold the channels last, rewritten with the channels first, as the sizes expect them."""

from __future__ import annotations

from dataclasses import replace

from edgeprof_predictor.operators.graph import Node, Tensor


def channels_first(node: Node) -> Node:
    """Return the node with inputs and outputs of three or more axes as batch, channels, space."""
    return replace(node, inputs=_moved(node.inputs), outputs=_moved(node.outputs))


def kernel_last(node: Node) -> Node:
    """Return the node with weights of output channels, space, input channels as output, input channels, space."""
    return replace(node, weights=_moved(node.weights))


def _moved(tensors: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    return tuple(
        Tensor((value.shape[0], value.shape[-1], *value.shape[1:-1]), value.element_type)
        if len(value.shape) >= 3
        else value
        for value in tensors
    )

"""Shapes of a node: which of its values count, and what their axes say."""

from __future__ import annotations

import math
from collections.abc import Sequence

from edgeprof_predictor.operators.graph import Node, Tensor


def weight_of(node: Node) -> Tensor | None:
    """Return the largest constant of a node."""
    return max(node.weights, key=lambda value: value.elements, default=None)


EXPONENTIAL_FLOPS = 16
"""Operations that an exponential with what is around it counts as: half a nanosecond an element at 40 G a second."""

_EXPONENTIAL = frozenset(
    {
        *("sigmoid", "logistic", "tanh", "swish", "silu", "gelu", "fastgelu", "quickgelu", "biasgelu", "erf", "exp"),
        *("log", "mish", "softplus", "elu", "selu", "celu", "qlinearsigmoid", "softmax", "logsoftmax"),
    }
)


def exponential_count(node: Node) -> int:
    """Return how many functions with an exponential a node computes, those merged into it included."""
    names = fused_types(node) or [node.type, node.text("activation")]
    return sum(name.lower() in _EXPONENTIAL for name in names)


def fused_types(node: Node) -> list[str]:
    """Return the types of the operators that the engine merged into a node; nothing where it tells none."""
    return node.text("fused").replace(",", " ").split()


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


def taps_inside(node: Node, weight: Tensor | None, spatial: int) -> float:
    """Return the taps of a convolution's window that lie on the image, mean over outputs; padding takes no arithmetic.

    At a dilation near the size of the image, nearly all but the central tap lie outside.
    """
    inputs, output = first_of(node.inputs), first_of(node.outputs)
    kernel = node.numbers("kernel_shape") or (weight.shape[-spatial:] if weight is not None else ())
    if len(kernel) != spatial or len(inputs.shape) < spatial or len(output.shape) < spatial:
        return float(kernel_area(node, weight, spatial))
    dilations, strides = node.numbers("dilations"), node.numbers("strides")
    taps = 1.0
    for axis in range(spatial):
        dilation = dilations[axis] if len(dilations) == spatial else 1
        before, after = inputs.shape[axis - spatial], output.shape[axis - spatial]
        stride = strides[axis] if len(strides) == spatial else round(before / max(after, 1))
        taps *= _inside(before, after, kernel[axis], max(stride, 1), max(dilation, 1))
    return max(taps, 1.0)


_MAX_TAPS = 4_096


def _inside(before: int, after: int, kernel: int, stride: int, dilation: int) -> float:
    """Return the taps on the image along one axis, with the padding equal at both ends."""
    if before * after * kernel == 0 or kernel > _MAX_TAPS:
        return float(max(kernel, 1))
    padding = max((after - 1) * stride + (kernel - 1) * dilation + 1 - before, 0) // 2
    inside = 0
    for tap in range(kernel):
        # 0 <= output x stride + offset < before, for output in 0 to after - 1
        offset = tap * dilation - padding
        first, last = max(-(offset // stride), 0), min((before - 1 - offset) // stride, after - 1)
        inside += max(last - first + 1, 0)
    return inside / after


def reduced_order(shape: tuple[int, ...], order: tuple[int, ...]) -> tuple[int, ...]:
    """Return a permutation without axes of size 1 and with axes merged that stay side by side.

    Permutations that move memory alike become the same: (0, 2, 1, 3) of 1 x 4 x 5 x 6 is (1, 0, 2).
    """
    if sorted(order) != list(range(len(shape))):
        return ()
    kept = [axis for axis in order if shape[axis] != 1]
    rank = {axis: position for position, axis in enumerate(sorted(kept))}
    axes = [rank[axis] for axis in kept]
    heads = [axis for position, axis in enumerate(axes) if position == 0 or axis != axes[position - 1] + 1]
    places = {axis: position for position, axis in enumerate(sorted(heads))}
    return tuple(places[axis] for axis in heads)


def run_of_order(shape: tuple[int, ...], order: tuple[int, ...]) -> int:
    """Return the elements that a permutation moves together: those of the last axes that stay last."""
    run = 1
    if sorted(order) == list(range(len(shape))):
        for axis in reversed(range(len(shape))):
            if order[axis] != axis and shape[axis] != 1:
                break
            run *= shape[axis]
    return run


def kept_run(before: tuple[int, ...], after: tuple[int, ...]) -> int:
    """Return the elements of the last axes that a reduction leaves as they are."""
    run = 1
    for old, new in zip(reversed(before), reversed(after), strict=False):
        if old != new:
            break
        run *= new
    return run


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

"""Sizes of one operator, computed from its shapes by the rules of its class."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from edgeprof_predictor.operators.classes import OperatorClass
from edgeprof_predictor.operators.graph import Node, Tensor
from edgeprof_predictor.operators.shapes import (
    EXPONENTIAL_FLOPS,
    convolution_groups,
    exponential_count,
    first_of,
    fused_types,
    kept_run,
    kernel_area,
    largest_of,
    last_axis,
    pixels_of,
    reduced_order,
    run_of_order,
    taps_inside,
    weight_of,
)

MAX_SIZE: Final = 1e18
"""What no count of operations or bytes exceeds; a stranger's shapes may multiply to more."""

_FUSABLE_WEIGHTS: Final = 64
"""Constants of fewer elements are scales, shapes and axes, no weights."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """What decides the time of an operator, apart from the code that runs it.

    Args:
        flops: Floating-point or integer operations; a multiplication with an addition is two.
        activation_bytes: Bytes of inputs and outputs.
        weight_bytes: Bytes of constants that are read; a recurrent layer reads them at each step.
        reduction: Elements that one output element sums over.
        channels: Output channels, columns of a matrix product, or elements along the last axis.
        positions: Outputs a channel: pixels, rows.
        kernel: Area of the window.
        stride: Ratio of input to output pixels.
        groups: Groups of a convolution, batch of a matrix product.
        steps: Steps of a recurrent layer times its directions.
        run: Elements that are moved together: the contiguous run of a transpose or a slice.
        fused: Operators that the engine merged into this one, itself included.
        exponentials: Elements that go through a function with an exponential, merged or not.
    """

    flops: float = 0.0
    activation_bytes: float = 0.0
    weight_bytes: float = 0.0
    reduction: float = 1.0
    channels: float = 1.0
    positions: float = 1.0
    kernel: float = 1.0
    stride: float = 1.0
    groups: float = 1.0
    steps: float = 1.0
    run: float = 1.0
    fused: float = 1.0
    exponentials: float = 0.0

    def bounded(self) -> Sizes:
        """Return the sizes with none above `MAX_SIZE`."""
        return Sizes(**{name: min(max(float(getattr(self, name)), 0.0), MAX_SIZE) for name in self.__slots__})


def sizes_of(node: Node, operator_class: OperatorClass) -> Sizes:
    """Return the sizes of a node as an operator of this class."""
    base = Sizes(
        activation_bytes=sum(value.bytes for value in node.inputs) + sum(value.bytes for value in node.outputs),
        weight_bytes=sum(value.bytes for value in node.weights if value.elements >= _FUSABLE_WEIGHTS),
        fused=max(1, len(fused_types(node))),
    )
    sizes = _RULES.get(operator_class, _elementwise)(node, base)
    exponentials = exponential_count(node) * first_of(node.outputs).elements
    return replace(sizes, flops=sizes.flops + EXPONENTIAL_FLOPS * exponentials, exponentials=exponentials).bounded()


def _elementwise(node: Node, base: Sizes) -> Sizes:
    largest = largest_of(node.outputs) or largest_of(node.inputs) or Tensor((1,))
    last = last_axis(largest)
    positions = largest.elements / max(last, 1)
    return replace(base, flops=largest.elements * base.fused, channels=last, positions=positions, run=last)


def _convolution(node: Node, base: Sizes) -> Sizes:
    inputs, output = first_of(node.inputs), first_of(node.outputs)
    weight = weight_of(node)
    spatial = max(len(output.shape) - 2, 1)
    kernel = kernel_area(node, weight, spatial)
    out_channels = output.shape[1] if len(output.shape) > 1 else 1
    in_channels = inputs.shape[1] if len(inputs.shape) > 1 else 1
    groups = convolution_groups(node)
    reduction = max(in_channels // max(groups, 1), 1) * kernel
    inside = max(in_channels // max(groups, 1), 1) * taps_inside(node, weight, spatial)
    pixels = output.elements / max(out_channels, 1)
    stride = pixels_of(inputs, spatial) / max(pixels_of(output, spatial), 1)
    dilation = math.prod(node.numbers("dilations") or (1,))
    return replace(
        base,
        flops=2 * output.elements * inside + output.elements * (base.fused - 1),
        weight_bytes=base.weight_bytes or 4.0 * reduction * out_channels,
        reduction=reduction,
        channels=out_channels,
        positions=pixels,
        kernel=kernel,
        stride=max(stride, 1.0),
        groups=groups,
        run=dilation,
        fused=base.fused + (1 if node.text("activation") else 0) + max(len(node.inputs) - 1, 0),
    )


def _transposed_convolution(node: Node, base: Sizes) -> Sizes:
    inputs, output = first_of(node.inputs), first_of(node.outputs)
    spatial = max(len(output.shape) - 2, 1)
    kernel = kernel_area(node, weight_of(node), spatial)
    out_channels = output.shape[1] if len(output.shape) > 1 else 1
    groups = max(node.number("group", 1), 1)
    return replace(
        base,
        flops=2 * inputs.elements * kernel * out_channels / groups,
        reduction=(inputs.shape[1] if len(inputs.shape) > 1 else 1) / groups * kernel,
        channels=out_channels,
        positions=output.elements / max(out_channels, 1),
        kernel=kernel,
        stride=max(pixels_of(output, spatial) / max(pixels_of(inputs, spatial), 1), 1.0),
        groups=groups,
    )


def _matrix(node: Node, base: Sizes) -> Sizes:
    left, output = first_of(node.inputs), first_of(node.outputs)
    columns, is_transposed = last_axis(output), node.number("transA", 0) or node.number("transpose_a", 0)
    depth = left.shape[-2] if is_transposed and len(left.shape) > 1 else last_axis(left)
    rows = output.shape[-2] if len(output.shape) > 1 else 1
    batch = output.elements // max(columns * rows, 1)
    if node.weights:  # one matrix for all of the batch
        rows, batch = rows * batch, 1
    return replace(
        base,
        flops=2 * output.elements * depth,
        reduction=depth,
        channels=columns,
        positions=rows,
        groups=batch,
        run=1 + (node.number("transB", 0) or node.number("transpose_b", 0)),
    )


def _attention(node: Node, base: Sizes) -> Sizes:
    output = first_of(node.outputs)
    weight = weight_of(node)
    tokens = output.shape[-2] if len(output.shape) > 1 else 1
    keys = max((value.shape[-2] for value in node.inputs if len(value.shape) >= 3), default=tokens)
    projection = 2 * output.elements / max(last_axis(output), 1) * weight.elements if weight else 0
    return replace(
        base,
        flops=4 * output.elements * keys + projection,
        reduction=keys,
        channels=last_axis(output),
        positions=output.elements / max(last_axis(output), 1),
        groups=output.elements / max(tokens * last_axis(output), 1),
    )


def _recurrent(node: Node, base: Sizes) -> Sizes:
    sequence = largest_of(node.inputs) or Tensor((1, 1, 1))
    first, second = (*sequence.shape, 1, 1)[:2]
    # ONNX puts the steps first, OpenVINO the batch; the batch is the smaller one wherever latency is measured.
    steps, batch = (max(first, second), min(first, second)) if len(sequence.shape) > 2 else (max(first, 1), 1)
    weights = [value for value in node.weights if len(value.shape) >= 2]
    elements = sum(value.elements for value in weights)
    directions = 2 if node.text("direction").lower().startswith("bi") else 1
    weight_bytes = sum(value.bytes for value in weights)
    return replace(
        base,
        flops=2 * elements * steps * batch,
        weight_bytes=weight_bytes * steps,
        reduction=last_axis(sequence),
        channels=node.number("hidden_size", 0) or last_axis(first_of(node.outputs)),
        positions=max(weight_bytes, 1.0),
        groups=batch,
        steps=steps * directions,
    )


def _pooling(node: Node, base: Sizes) -> Sizes:
    inputs, output = first_of(node.inputs), first_of(node.outputs)
    spatial = max(len(output.shape) - 2, 1)
    kernel = kernel_area(node, None, spatial)
    channels = output.shape[1] if len(output.shape) > 1 else 1
    return replace(
        base,
        flops=output.elements * kernel,
        reduction=kernel,
        channels=channels,
        positions=output.elements / max(channels, 1),
        kernel=kernel,
        stride=max(pixels_of(inputs, spatial) / max(pixels_of(output, spatial), 1), 1.0),
    )


def _reduction(node: Node, base: Sizes) -> Sizes:
    inputs, output = largest_of(node.inputs) or Tensor((1,)), first_of(node.outputs)
    ratio = inputs.elements / max(output.elements, 1)
    return replace(
        base,
        flops=inputs.elements * base.fused,
        reduction=max(ratio, 1.0),
        channels=last_axis(inputs),
        positions=output.elements,
        run=kept_run(inputs.shape, output.shape),
    )


def _row(node: Node, base: Sizes) -> Sizes:
    largest = largest_of(node.inputs) or Tensor((1,))
    axis = node.number("axis", -1)
    size = largest.shape[axis] if -len(largest.shape) <= axis < len(largest.shape) else last_axis(largest)
    return replace(
        base,
        flops=largest.elements * (4 + base.fused),
        reduction=size,
        channels=last_axis(largest),
        positions=largest.elements / max(size, 1),
    )


def _transpose(node: Node, base: Sizes) -> Sizes:
    inputs = first_of(node.inputs)
    order = node.numbers("perm") or node.numbers("order")
    output = first_of(node.outputs)
    return replace(
        base,
        flops=inputs.elements,
        channels=last_axis(output),
        positions=output.elements / max(last_axis(output), 1),
        run=run_of_order(inputs.shape, order),
        reduction=last_axis(inputs),
        groups=max(len(reduced_order(inputs.shape, order)), 1),
    )


def _movement(node: Node, base: Sizes) -> Sizes:
    moved = sum(value.elements for value in node.outputs)
    axis = node.number("axis", -1)
    smallest = min((value for value in (*node.inputs, *node.outputs) if value.shape), key=lambda value: value.elements,
                   default=Tensor((1,)))  # fmt: skip
    position = axis if axis >= 0 else max(len(smallest.shape) + axis, 0)
    return replace(
        base,
        flops=moved,
        channels=last_axis(first_of(node.outputs)),
        positions=moved / max(last_axis(first_of(node.outputs)), 1),
        run=math.prod(smallest.shape[position:]) if smallest.shape else 1,
        groups=max(len(node.inputs), len(node.outputs), 1),
    )


def _gather(node: Node, base: Sizes) -> Sizes:
    # It reads no more of its table than it returns.
    output = first_of(node.outputs)
    return replace(_elementwise(node, base), activation_bytes=2 * output.bytes, weight_bytes=0.0)


_RULES: Final[dict[OperatorClass, Callable[[Node, Sizes], Sizes]]] = {
    OperatorClass.CONVOLUTION: _convolution,
    OperatorClass.POINTWISE: _convolution,
    OperatorClass.DEPTHWISE: _convolution,
    OperatorClass.GROUPED: _convolution,
    OperatorClass.CONVOLUTION_1D: _convolution,
    OperatorClass.CONVOLUTION_3D: _convolution,
    OperatorClass.TRANSPOSED_CONVOLUTION: _transposed_convolution,
    OperatorClass.DENSE: _matrix,
    OperatorClass.MATRIX: _matrix,
    OperatorClass.ATTENTION: _attention,
    OperatorClass.RECURRENT: _recurrent,
    OperatorClass.NORMALISATION: _row,
    OperatorClass.SOFTMAX: _row,
    OperatorClass.REDUCTION: _reduction,
    OperatorClass.POOLING: _pooling,
    OperatorClass.GLOBAL_POOLING: _reduction,
    OperatorClass.TRANSPOSE: _transpose,
    OperatorClass.CONCATENATION: _movement,
    OperatorClass.SLICING: _movement,
    OperatorClass.GATHER: _gather,
}

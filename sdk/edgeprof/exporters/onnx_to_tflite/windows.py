"""Operators with a window: convolutions, transposed convolutions and pooling, over images, sequences and volumes.

Padding that TensorFlow Lite's SAME does not stand for becomes an operator of its own, as converters write it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from edgeprof.errors import ExportError
from edgeprof.exporters.onnx_to_tflite.file import NONE, SAME, VALID, Options
from edgeprof.exporters.onnx_to_tflite.graph import Array, Node, Shape
from edgeprof.exporters.onnx_to_tflite.translation import Translation, Writer

_LOWEST = float(np.finfo(np.float32).min)


@dataclass(frozen=True, slots=True)
class _Window:
    """How a window slides: sizes by dimension, two at least."""

    kernels: Shape
    strides: Shape
    dilations: Shape
    before: Shape
    after: Shape

    def reach(self) -> Shape:
        """Return how far the window reaches."""
        return tuple((size - 1) * apart + 1 for size, apart in zip(self.kernels, self.dilations, strict=True))

    def slid(self, sizes: Shape) -> Shape:
        """Return the sizes that it leaves."""
        return tuple(
            (size + low + high - reach) // step + 1
            for size, low, high, reach, step in zip(
                sizes, self.before, self.after, self.reach(), self.strides, strict=True
            )
        )

    def padding_before(self, small: Shape, large: Shape) -> Shape:
        """Return what SAME pads before the larger of two images, of which one is the other's under the window."""
        return tuple(
            max((few - 1) * step + reach - many, 0) // 2
            for few, step, reach, many in zip(small, self.strides, self.reach(), large, strict=True)
        )

    def rounded_up(self, sizes: Shape) -> Shape:
        """Return the sizes that it leaves with the padding SAME."""
        return tuple(-(-size // step) for size, step in zip(sizes, self.strides, strict=True))

    def spread(self, sizes: Shape) -> Shape:
        """Return the sizes of what would leave these under the window, without padding."""
        return tuple(
            (size - 1) * step + reach for size, step, reach in zip(sizes, self.strides, self.reach(), strict=True)
        )

    def strides_as_options(self) -> dict[str, int]:
        """Return the strides as TensorFlow Lite names them."""
        return {f"stride{name}": step for name, step in zip(self._axes(), self.strides, strict=True)}

    def options(self) -> dict[str, int]:
        """Return strides and dilations as TensorFlow Lite names them."""
        apart = {f"dilation{name}Factor": step for name, step in zip(self._axes(), self.dilations, strict=True)}
        return self.strides_as_options() | apart

    def _axes(self) -> str:
        return "DHW"[-len(self.kernels) :]


def _window(node: Node, kernels: Sequence[int]) -> _Window:
    rank = len(kernels)
    attributes = node.attributes
    if attributes.get("auto_pad", "NOTSET") != "NOTSET" or attributes.get("ceil_mode"):
        raise ExportError(f"a {node.operator} whose padding depends on its input is not written for TensorFlow Lite")
    pads = tuple(attributes.get("pads", (0,) * 2 * rank))
    rows = (1,) if rank == 1 else ()
    zeros = (0,) * len(rows)
    return _Window(
        kernels=(*rows, *kernels),
        strides=(*rows, *attributes.get("strides", (1,) * rank)),
        dilations=(*rows, *attributes.get("dilations", (1,) * rank)),
        before=zeros + pads[:rank],
        after=zeros + pads[rank:],
    )


def _padded(
    t: Translation, source: int, window: _Window, *, fill: float = 0.0, may_be_same: bool = True
) -> tuple[int, int]:
    """Return the input of an operator with a window, padded where need be, and the padding that is left to it."""
    shape = t.file.shape(source)
    sizes = shape[1:-1]
    if not any((*window.before, *window.after)):
        return source, VALID
    slid = window.slid(sizes)
    if may_be_same and slid == window.rounded_up(sizes) and window.padding_before(slid, sizes) == window.before:
        return source, SAME
    margins = [(0, 0), *zip(window.before, window.after, strict=True), (0, 0)]
    target = [size + low + high for size, (low, high) in zip(shape, margins, strict=True)]
    inputs = [source, t.constant(margins)]
    if fill:
        inputs.append(t.constant(fill, np.float32))
    return t.apply("PADV2" if fill else "PAD", inputs, target, version=4 if len(shape) > 4 else 1), VALID


def _weights(t: Translation, node: Node) -> Array:
    """Return weights, those of sequences with a row of size 1."""
    weights = t.graph.constants.get(node.inputs[1])
    if weights is None:
        raise ExportError(f"a {node.operator} whose weights are computed is not written for TensorFlow Lite")
    return weights[:, :, np.newaxis] if weights.ndim == 3 else weights


def _bias(t: Translation, node: Node, channels: int) -> int:
    given = len(node.inputs) > 2 and node.inputs[2]
    return t.get(node.inputs[2]) if given else t.array(np.zeros(channels, np.float32))


def _activation(node: Node) -> int:
    return int(node.attributes.get("activation", NONE))


def _convolution(t: Translation, node: Node) -> None:
    weights = _weights(t, node)
    window = _window(node, weights.shape[2:] if len(t.shape(node.inputs[0])) > 3 else weights.shape[3:])
    plane = t.plane(node.inputs[0])
    shape, channels = t.file.shape(plane), len(weights)
    sizes = window.slid(shape[1:-1])
    source, padding = _padded(t, plane, window)
    fields = {**window.options(), "padding": padding, "fusedActivationFunction": _activation(node)}
    operator, ordered, options, version = _kind(node.attributes.get("group", 1), shape[-1], weights, fields)
    inputs = (source, t.array(np.ascontiguousarray(ordered)), _bias(t, node, channels))
    found = t.apply(operator, inputs, (shape[0], *sizes, channels), options=options, version=version)
    t.define_plane(node.outputs[0], found)


def _kind(groups: int, channels: int, weights: Array, fields: dict[str, Any]) -> tuple[str, Array, Options, int]:
    """Return operator, weights in its order, options and version of a convolution."""
    if weights.ndim == 5:
        if groups > 1:
            raise ExportError("TensorFlow Lite has no built-in convolution of volumes in groups")
        return "CONV_3D", weights.transpose(2, 3, 4, 1, 0), ("Conv3DOptions", fields), 1
    if groups > 1 and groups == channels:
        fields["depthMultiplier"] = len(weights) // channels
        is_dilated = (fields["dilationHFactor"], fields["dilationWFactor"]) != (1, 1)
        return "DEPTHWISE_CONV_2D", weights.transpose(1, 2, 3, 0), ("DepthwiseConv2DOptions", fields), 1 + is_dilated
    return "CONV_2D", weights.transpose(0, 2, 3, 1), ("Conv2DOptions", fields), 6 if groups > 1 else 1


def _transposed_convolution(t: Translation, node: Node) -> None:
    weights = _weights(t, node)
    if node.attributes.get("group", 1) > 1 or weights.ndim > 4:
        kind = "of volumes" if weights.ndim > 4 else "in groups"
        raise ExportError(f"TensorFlow Lite has no built-in transposed convolution {kind} as ONNX has it")
    window = _window(node, weights.shape[2:] if len(t.shape(node.inputs[0])) > 3 else weights.shape[3:])
    source = t.plane(node.inputs[0])
    shape, channels = t.file.shape(source), weights.shape[1]
    wanted = t.shape(node.outputs[0])[2:]
    sizes = (1, *wanted) if len(wanted) == 1 else wanted
    whole = window.spread(shape[1:-1])
    is_same = window.rounded_up(sizes) == shape[1:-1] and window.padding_before(shape[1:-1], sizes) == window.before
    if any(dilation > 1 for dilation in window.dilations) or any(
        low + size > all_ for low, size, all_ in zip(window.before, sizes, whole, strict=True)
    ):
        raise ExportError("TensorFlow Lite has no transposed convolution that is dilated or padded behind its output")
    target = (shape[0], *(sizes if is_same else whole), channels)
    activation = _activation(node)
    fields = {
        **window.strides_as_options(),
        "padding": SAME if is_same else VALID,
        "fusedActivationFunction": activation,
    }
    ordered = np.ascontiguousarray(weights.transpose(1, 2, 3, 0))
    inputs = (t.constant(target), t.array(ordered), source, _bias(t, node, channels))
    options = ("TransposeConvOptions", fields)
    version = 4 if activation else 3
    found = t.apply("TRANSPOSE_CONV", inputs, target, options=options, version=version, element_type=np.float32)
    if target[1:-1] != sizes:
        cut = (shape[0], *sizes, channels)
        found = t.apply("SLICE", (found, t.constant((0, *window.before, 0)), t.constant(cut)), cut)
    t.define_plane(node.outputs[0], found)


def _pool(t: Translation, node: Node, *, operator: str) -> None:
    kernels = node.attributes["kernel_shape"]
    if len(kernels) > 2:
        raise ExportError("TensorFlow Lite has no built-in pooling of volumes")
    window = _window(node, kernels)
    plane = t.plane(node.inputs[0])
    shape = t.file.shape(plane)
    is_max = operator == "MAX_POOL_2D"
    counts_padding = bool(node.attributes.get("count_include_pad"))
    source, padding = _padded(
        t, plane, window, fill=_LOWEST if is_max else 0.0, may_be_same=is_max or not counts_padding
    )
    if not is_max and not counts_padding and source != plane:
        raise ExportError("TensorFlow Lite has no average over what lies within the image with this padding")
    height, width = window.kernels
    fields = {**window.strides_as_options(), "padding": padding, "filterHeight": height, "filterWidth": width}
    target = (shape[0], *window.slid(shape[1:-1]), shape[-1])
    t.define_plane(node.outputs[0], t.apply(operator, (source,), target, options=("Pool2DOptions", fields)))


WRITERS: dict[str, Writer] = {
    "Conv": _convolution,
    "ConvTranspose": _transposed_convolution,
    "MaxPool": partial(_pool, operator="MAX_POOL_2D"),
    "AveragePool": partial(_pool, operator="AVERAGE_POOL_2D"),
}
"""What writes an operator of ONNX."""

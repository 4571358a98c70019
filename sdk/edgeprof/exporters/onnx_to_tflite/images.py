"""Operators of images that have no window: resizing, and channels that become positions or change their order."""

from __future__ import annotations

from edgeprof.errors import ExportError
from edgeprof.exporters.onnx_to_tflite.graph import Node
from edgeprof.exporters.onnx_to_tflite.translation import Translation, Writer, channels_last

_CENTRES = {
    "half_pixel": {"halfPixelCenters": True},
    "pytorch_half_pixel": {"halfPixelCenters": True},
    "align_corners": {"alignCorners": True},
    "asymmetric": {},
}
"""Options by what ONNX says of the points that lie on each other."""


def _resize(t: Translation, node: Node) -> None:
    shape = t.shape(node.outputs[0])
    mode, centres = node.attributes.get("mode"), node.attributes.get("coordinate_transformation_mode", "half_pixel")
    is_floor = centres == "asymmetric" and node.attributes.get("nearest_mode") == "floor"
    if len(shape) != 4 or centres not in _CENTRES or not (mode == "linear" or (mode == "nearest" and is_floor)):
        raise ExportError(f"TensorFlow Lite does not resize {len(shape)} dimensions by {mode} with {centres}")
    inputs = (t.plane(node.inputs[0]), t.constant(shape[2:]))
    target = (shape[0], *shape[2:], shape[1])
    options = _CENTRES[centres]
    if mode == "linear":
        version = 3 if "halfPixelCenters" in options else 1
        found = t.apply("RESIZE_BILINEAR", inputs, target, options=("ResizeBilinearOptions", options), version=version)
    else:
        found = t.apply("RESIZE_NEAREST_NEIGHBOR", inputs, target, options=("ResizeNearestNeighborOptions", options))
    t.define_plane(node.outputs[0], found)


def _depth_to_space(t: Translation, node: Node) -> None:
    batch, channels, height, width = t.shape(node.outputs[0])
    size = node.attributes["blocksize"]
    source, target = t.plane(node.inputs[0]), (batch, height, width, channels)
    if channels == 1 or node.attributes.get("mode", "DCR") == "DCR":
        options = ("DepthToSpaceOptions", {"blockSize": size})
        found = t.apply("DEPTH_TO_SPACE", (source,), target, options=options)
    else:
        # Each channel's positions lie together here, in TensorFlow Lite each position's channels.
        parted = t.reshaped(source, (batch, height // size, width // size, channels, size, size))
        found = t.reshaped(t.transposed(parted, (0, 1, 4, 2, 5, 3)), target)
    t.define_plane(node.outputs[0], found)


def _channel_shuffle(t: Translation, node: Node) -> None:
    batch, channels, height, width = t.shape(node.outputs[0])
    groups = node.attributes["groups"]
    parted = t.reshaped(t.plane(node.inputs[0]), (batch, height, width, groups, channels // groups))
    found = t.transposed(parted, (0, 1, 2, 4, 3))
    t.define_plane(node.outputs[0], t.reshaped(found, (batch, height, width, channels)))


def _global_pool(t: Translation, node: Node, operator: str) -> None:
    rank = len(t.shape(node.inputs[0]))
    source = t.get(node.inputs[0], channels_last(rank))
    shape = t.file.shape(source)
    target = (shape[0], *(1 for _ in shape[1:-1]), shape[-1])
    axes = t.constant(range(1, rank - 1))
    found = t.apply(operator, (source, axes), target, options=("ReducerOptions", {"keepDims": True}))
    t.define(node.outputs[0], found, channels_last(rank))


def _global_average_pool(t: Translation, node: Node) -> None:
    _global_pool(t, node, "MEAN")


def _global_max_pool(t: Translation, node: Node) -> None:
    _global_pool(t, node, "REDUCE_MAX")


def _local_norm(t: Translation, node: Node) -> None:
    attributes = node.attributes
    size = attributes["size"]
    if size % 2 == 0 or len(t.shape(node.inputs[0])) != 4:
        raise ExportError("TensorFlow Lite normalises over an odd number of channels of images alone")
    fields = {
        "radius": size // 2,
        "bias": attributes.get("bias", 1.0),
        # ONNX divides by the number of channels.
        "alpha": attributes.get("alpha", 1e-4) / size,
        "beta": attributes.get("beta", 0.75),
    }
    source = t.plane(node.inputs[0])
    options = ("LocalResponseNormalizationOptions", fields)
    t.define_plane(
        node.outputs[0], t.apply("LOCAL_RESPONSE_NORMALIZATION", (source,), t.file.shape(source), options=options)
    )


WRITERS: dict[str, Writer] = {
    "Resize": _resize,
    "DepthToSpace": _depth_to_space,
    "ChannelShuffle": _channel_shuffle,
    "GlobalAveragePool": _global_average_pool,
    "GlobalMaxPool": _global_max_pool,
    "LRN": _local_norm,
}
"""What writes an operator of ONNX."""

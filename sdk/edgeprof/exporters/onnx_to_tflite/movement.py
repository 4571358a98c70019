"""Operators that move values without computing: other shapes, other orders, parts, joins, padding and look-ups."""

from __future__ import annotations

import numpy as np

from edgeprof.errors import ExportError
from edgeprof.exporters.onnx_to_tflite.graph import Node
from edgeprof.exporters.onnx_to_tflite.translation import Translation, Writer, channels_last, identity, stored, swapped

_REFLECT = 0
"""Number of the mode in `MirrorPadMode`."""


def _reshape(t: Translation, node: Node) -> None:
    """Give a value another shape; joining or parting the positions of an image leaves its channels where they are."""
    (name, *_), (target, *_) = node.inputs, node.outputs
    before, after = t.shape(name), t.shape(target)
    last = channels_last(len(before))
    is_of_positions = min(len(before), len(after)) > 2 and before[:2] == after[:2]
    if is_of_positions and t.order(name) == last:
        order = channels_last(len(after))
        t.define(target, t.reshaped(t.get(name), stored(after, order)), order)
    else:
        t.define(target, t.reshaped(t.get(name, identity(len(before))), after))


def _transpose(t: Translation, node: Node) -> None:
    """Take the tensor for what it is in the new order; write a transpose, unless it is what the readers want."""
    source, target = node.inputs[0], node.outputs[0]
    permutation = node.attributes["perm"]
    rank = len(permutation)
    for order in t.orders(source):
        t.define(target, t.get(source, order), tuple(permutation.index(axis) for axis in order))
    readers = t.graph.readers(target)
    turns = all(node.operator == "MatMul" and node.inputs[1] == target for node in readers)
    allowed = {identity(rank)}
    if t.is_image(target):
        allowed.add(channels_last(rank))
    if readers and turns:
        allowed.add(swapped(rank))
    if t.order(target) not in allowed:
        t.settle(target)


def _concat(t: Translation, node: Node) -> None:
    computed = [name for name in node.inputs if name not in t.graph.constants]
    order = t.order(computed[0])
    axis = order.index(node.attributes["axis"] % len(order))
    inputs = [t.get(name, order) for name in node.inputs]
    options = ("ConcatenationOptions", {"axis": axis})
    found = t.apply("CONCATENATION", inputs, stored(t.shape(node.outputs[0]), order), options=options)
    t.define(node.outputs[0], found, order)


def _split(t: Translation, node: Node) -> None:
    name = node.inputs[0]
    order, source = t.order(name), t.get(name)
    axis = order.index(node.attributes.get("axis", 0) % len(order))
    sizes = [t.shape(output)[order[axis]] for output in node.outputs]
    kind = t.file.element_type(source)
    outputs = [t.file.tensor(stored(t.shape(output), order), kind) for output in node.outputs]
    inputs: tuple[int, ...]
    if len(set(sizes)) == 1:
        inputs, operator, options = (t.constant(axis), source), "SPLIT", "SplitOptions"
    else:
        inputs, operator, options = (source, t.constant(sizes), t.constant(axis)), "SPLIT_V", "SplitVOptions"
    t.file.operator(operator, inputs, outputs, options=(options, {"numSplits": len(outputs)}))
    for output, tensor in zip(node.outputs, outputs, strict=True):
        t.define(output, tensor, order)


def _slice(t: Translation, node: Node) -> None:
    name = node.inputs[0]
    shape, order = t.shape(name), t.order(name)
    starts, ends = (t.graph.constants[item].tolist() for item in node.inputs[1:3])
    given = [t.graph.constants[item].tolist() for item in node.inputs[3:5]]
    axes = given[0] if given else list(range(len(starts)))
    steps = given[1] if len(given) > 1 else [1] * len(starts)
    taken = [range(size) for size in shape]
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        taken[axis] = taken[axis][start:end:step]
    if any(item.step < 0 for item in taken):
        raise ExportError("a slice that counts backwards is not written for TensorFlow Lite")
    found = _cut(t, t.get(name), [taken[axis] for axis in order])
    t.define(node.outputs[0], found, order)


def _cut(t: Translation, tensor: int, taken: list[range]) -> int:
    """Return the elements of a tensor that ranges name, one for each dimension."""
    sizes = [len(item) for item in taken]
    starts, steps = [item.start for item in taken], [item.step for item in taken]
    if set(steps) == {1}:
        version = 5 if len(sizes) > 4 else 1
        return t.apply("SLICE", (tensor, t.constant(starts), t.constant(sizes)), sizes, version=version)
    ends = [item.start + item.step * (len(item) - 1) + 1 for item in taken]
    version = 4 if len(sizes) > 4 else 1
    inputs = (tensor, t.constant(starts), t.constant(ends), t.constant(steps))
    return t.apply("STRIDED_SLICE", inputs, sizes, options=("StridedSliceOptions", {}), version=version)


def _pad(t: Translation, node: Node) -> None:
    name, mode = node.inputs[0], node.attributes.get("mode", "constant")
    order, source = t.order(name), t.get(name)
    margins = t.graph.constants[node.inputs[1]].reshape(2, -1)[:, list(order)].T.tolist()
    if mode == "edge":
        found = _padded_by_edge(t, source, margins)
    else:
        target = stored(t.shape(node.outputs[0]), order)
        inputs = [source, t.constant(margins)]
        fill = t.graph.number(node.inputs[2]) if len(node.inputs) > 2 and node.inputs[2] else 0.0
        version = 4 if len(order) > 4 else 1
        if mode == "reflect":
            found = t.apply("MIRROR_PAD", inputs, target, options=("MirrorPadOptions", {"mode": _REFLECT}))
        elif not fill:
            found = t.apply("PAD", inputs, target, version=version)
        else:
            found = t.apply("PADV2", [*inputs, t.constant(fill, np.float32)], target, version=version)
    t.define(node.outputs[0], found, order)


def _padded_by_edge(t: Translation, tensor: int, margins: list[list[int]]) -> int:
    """Repeat the first and the last elements along each dimension by joins, as no operator does it."""
    for axis, (before, after) in enumerate(margins):
        shape = t.file.shape(tensor)
        ends = []
        for position, count in ((0, before), (shape[axis] - 1, after)):
            taken = [range(size) for size in shape]
            taken[axis] = range(position, position + 1)
            ends.append([_cut(t, tensor, taken)] * count if count else [])
        if before or after:
            target = [size + (before + after) * (index == axis) for index, size in enumerate(shape)]
            options = ("ConcatenationOptions", {"axis": axis})
            tensor = t.apply("CONCATENATION", [*ends[0], tensor, *ends[1]], target, options=options)
    return tensor


def _gather(t: Translation, node: Node) -> None:
    name, indices = node.inputs
    rank = len(t.shape(name))
    order = t.order(name) if len(t.shape(indices)) == 1 else identity(rank)
    dimension = node.attributes.get("axis", 0) % rank
    axis = order.index(dimension)
    final = order if len(t.shape(indices)) == 1 else identity(len(t.shape(node.outputs[0])))
    if (known := t.graph.constants.get(indices)) is None:
        taken = t.get(indices, identity(len(t.shape(indices))))
    else:
        taken = t.constant(known % t.shape(name)[dimension])  # TensorFlow Lite does not count from the end
    inputs = (t.get(name, order), taken)
    options = ("GatherOptions", {"axis": axis})
    found = t.apply("GATHER", inputs, stored(t.shape(node.outputs[0]), final), options=options)
    t.define(node.outputs[0], found, final)


def _expand(t: Translation, node: Node) -> None:
    name, shape = node.inputs[0], t.shape(node.outputs[0])
    order = t.order(name) if len(t.shape(name)) == len(shape) else identity(len(shape))
    target = stored(shape, order)
    inputs = (t.operand(name, order), t.constant(target))
    # Version 1 was never released.
    t.define(node.outputs[0], t.apply("BROADCAST_TO", inputs, target, version=2), order)


def _tile(t: Translation, node: Node) -> None:
    name = node.inputs[0]
    order = t.order(name)
    counts = stored(t.graph.constants[node.inputs[1]].tolist(), order)
    target = stored(t.shape(node.outputs[0]), order)
    t.define(node.outputs[0], t.apply("TILE", (t.get(name), t.constant(counts)), target), order)


WRITERS: dict[str, Writer] = {
    **dict.fromkeys(("Reshape", "Flatten", "Squeeze", "Unsqueeze"), _reshape),
    "Transpose": _transpose,
    "Concat": _concat,
    "Split": _split,
    "Slice": _slice,
    "Pad": _pad,
    "Gather": _gather,
    "Expand": _expand,
    "Tile": _tile,
}
"""What writes an operator of ONNX."""

"""Products of matrices, and recurrent layers."""

from __future__ import annotations

import numpy as np

from edgeprof.errors import ExportError
from edgeprof.exporters.onnx_to_tflite.file import ABSENT, NONE, TANH
from edgeprof.exporters.onnx_to_tflite.graph import Array, Node
from edgeprof.exporters.onnx_to_tflite.translation import Translation, Writer, identity, swapped

_GATES = (0, 2, 3, 1)
"""Input, forget, cell and output gate among ONNX's: input, output, forget, cell."""


def _dense(t: Translation, node: Node) -> None:
    """Multiply the last dimension by a constant matrix."""
    name = node.inputs[0]
    weights = t.graph.constants[node.inputs[1]]
    rank = len(t.shape(name))
    rows = t.array(np.ascontiguousarray(weights if node.attributes["is_turned"] else weights.T))
    bias = t.get(node.inputs[2]) if len(node.inputs) > 2 else ABSENT
    fields = {"fusedActivationFunction": node.attributes.get("activation", NONE), "keepNumDims": rank > 2}
    found = t.apply(
        "FULLY_CONNECTED",
        (t.get(name, identity(rank)), rows, bias),
        t.shape(node.outputs[0]),
        options=("FullyConnectedOptions", fields),
        version=5 if rank > 2 else 1,
    )
    t.define(node.outputs[0], found)


def _product(t: Translation, node: Node) -> None:
    """Multiply two computed values; the second may be at hand with its last two dimensions exchanged."""
    left, right = node.inputs
    rank = len(t.shape(right))
    is_turned = identity(rank) not in t.orders(right) and swapped(rank) in t.orders(right)
    inputs = (
        t.get(left, identity(len(t.shape(left)))),
        t.get(right, swapped(rank) if is_turned else identity(rank)),
    )
    options = ("BatchMatMulOptions", {"adjY": is_turned})
    t.define(node.outputs[0], t.apply("BATCH_MATMUL", inputs, t.shape(node.outputs[0]), options=options))


def _lstm(t: Translation, node: Node) -> None:
    """Write one operator for each direction, as converters do; the states begin with 0 and are variables."""
    given = dict(zip(("x", "w", "r", "b", "lengths", "h", "c", "p"), node.inputs, strict=False))
    starts = [t.graph.constants.get(given[name]) for name in ("h", "c") if given.get(name)]
    is_plain = not any(given.get(name) for name in ("lengths", "p")) and not node.attributes.get("layout")
    unread = not any(t.graph.readers(name) or name in t.graph.outputs for name in node.outputs[1:] if name)
    if not (is_plain and unread and given.get("b") and all(item is not None and not item.any() for item in starts)):
        raise ExportError("an LSTM with given states, lengths or peepholes is not written for TensorFlow Lite")
    source = t.get(given["x"], identity(3))
    length, directions, batch, hidden = t.shape(node.outputs[0])
    is_backward = [False, True] if directions == 2 else [node.attributes.get("direction") == "reverse"]
    outputs = []
    for index, backward in enumerate(is_backward):
        parts = [t.graph.constants[given[name]][index] for name in "wrb"]
        found = _one_direction(t, _reversed(t, source) if backward else source, parts, batch, hidden)
        outputs.append(_reversed(t, found) if backward else found)
    if directions == 1:
        t.define(node.outputs[0], t.reshaped(outputs[0], (length, 1, batch, hidden)))
    else:
        options = ("PackOptions", {"valuesCount": 2, "axis": 1})
        t.define(node.outputs[0], t.apply("PACK", outputs, (length, 2, batch, hidden), options=options))


def _reversed(t: Translation, tensor: int) -> int:
    return t.apply("REVERSE_V2", (tensor, t.constant([0])), t.file.shape(tensor))


def _one_direction(t: Translation, source: int, parts: list[Array], batch: int, hidden: int) -> int:
    weights, recurrent = (part.reshape(4, hidden, -1)[list(_GATES)] for part in parts[:2])
    biases = parts[2].reshape(2, 4, hidden).sum(axis=0)[list(_GATES)]
    states = [t.file.tensor((batch, hidden), np.float32, is_variable=True) for _ in range(2)]
    inputs = (
        source,
        *(t.array(matrix) for matrix in (*weights, *recurrent)),
        *(ABSENT,) * 3,  # peepholes
        *(t.array(row) for row in biases),
        *(ABSENT,) * 2,  # projection
        *states,
    )
    options = ("UnidirectionalSequenceLSTMOptions", {"fusedActivationFunction": TANH, "timeMajor": True})
    target = (t.file.shape(source)[0], batch, hidden)
    return t.apply("UNIDIRECTIONAL_SEQUENCE_LSTM", inputs, target, options=options)


WRITERS: dict[str, Writer] = {"Dense": _dense, "MatMul": _product, "LSTM": _lstm}
"""What writes an operator of ONNX."""

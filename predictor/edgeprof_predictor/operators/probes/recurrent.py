"""LSTM and GRU, with weights below and beyond the caches nearest to the core, few and many steps, both directions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from edgeprof_predictor.operators.probes.graph_builder import GraphBuilder, Value
from edgeprof_predictor.operators.probes.layers import dense
from edgeprof_predictor.operators.probes.recipe import Recipe
from edgeprof_predictor.operators.probes.reshaping import reshape, squeeze, take, transpose

KIND = "recurrent"

_GATES = {"LSTM": 4, "GRU": 3}


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer.

    Args:
        operator: `LSTM` or `GRU`.
        hidden: Size of the state.
        is_bidirectional: Whether it also reads the sequence backwards.
    """

    operator: str
    hidden: int
    is_bidirectional: bool = False


def recipes() -> Iterator[Recipe]:
    """Return stacks of layers, each with a head on the last step."""
    for name, stacks in _STACKS.items():
        builds = (partial(_stack, length=length, width=width, layers=layers) for length, width, layers in stacks)
        yield Recipe(name, KIND, tuple(builds))


def _stack(graph: GraphBuilder, *, length: int, width: int, layers: Sequence[Layer]) -> None:
    value = transpose(graph, graph.input(1, length, width), 1, 0, 2)
    for layer in layers:
        value = _recurrent(graph, value, layer)
    last = squeeze(graph, take(graph, value, 0, length - 1, length), 0)
    graph.output(dense(graph, last, 10))


def _recurrent(graph: GraphBuilder, value: Value, layer: Layer) -> Value:
    length, batch, width = value.shape
    hidden, directions = layer.hidden, 1 + layer.is_bidirectional
    rows = _GATES[layer.operator] * hidden
    start = graph.floats([[[0.0] * hidden] * batch] * directions)
    states, shapes = [start], [(directions, batch, hidden)]
    if layer.operator == "LSTM":
        states, shapes = states * 2, shapes * 2
    found = graph.nodes(
        layer.operator,
        (
            value,
            graph.weight(directions, rows, width, fan_in=width),
            graph.weight(directions, rows, hidden, fan_in=hidden),
            graph.bias(directions, 2 * rows),
            None,
            *states,
        ),
        ((length, directions, batch, hidden), *shapes),
        hidden_size=hidden,
        direction="bidirectional" if layer.is_bidirectional else "forward",
        **({"linear_before_reset": 1} if layer.operator == "GRU" else {}),
    )[0]
    if directions == 1:
        return squeeze(graph, found, 1)
    return reshape(graph, transpose(graph, found, 0, 2, 1, 3), length, batch, directions * hidden)


_STACKS: dict[str, tuple[tuple[int, int, tuple[Layer, ...]], ...]] = {
    "lstm_narrow": (
        (50, 16, (Layer("LSTM", 32), Layer("LSTM", 64))),
        (30, 40, (Layer("LSTM", 128), Layer("LSTM", 96, True))),
    ),
    "lstm_256": ((50, 64, (Layer("LSTM", 256), Layer("LSTM", 192))),),
    "lstm_512": ((60, 128, (Layer("LSTM", 512), Layer("LSTM", 320))),),
    "lstm_both_directions": ((40, 100, (Layer("LSTM", 64, True), Layer("LSTM", 160, True))),),
    "gru_narrow": (
        (100, 20, (Layer("GRU", 24), Layer("GRU", 64), Layer("GRU", 48, True))),
        (24, 80, (Layer("GRU", 128), Layer("GRU", 256))),
    ),
    "gru_wide": ((50, 640, (Layer("GRU", 256, True), Layer("GRU", 320))),),
}
"""Steps, width of the input, and layers."""

"""Operators of one network as records: what the operator model learns from and predicts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edgeprof_predictor.operators.classes import OperatorClass
from edgeprof_predictor.operators.engines import translation_of
from edgeprof_predictor.operators.graph import Graph, Node
from edgeprof_predictor.operators.guess import BYTES_PER_US, guess_us
from edgeprof_predictor.operators.reuse import reuse_bytes
from edgeprof_predictor.operators.sizes import Sizes, sizes_of

MIN_TIME_US: Final = 0.25
"""Engines report whole microseconds; less than a quarter of one is no measurement of a logarithm."""

TRUNCATION_US: Final = 0.5
"""What engines cut off a time on average, since they report whole microseconds."""

FEATURE_NAMES: Final = (
    "flops",
    "activation_bytes",
    "weight_bytes",
    "reduction",
    "channels",
    "positions",
    "kernel",
    "stride",
    "groups",
    "steps",
    "run",
    "fused",
    "exponentials",
    "far_weights",
    "cold_weights",
    "far_input",
)
"""Natural logarithms of 1 + each size; then three of the place in the graph, in bytes; then shares of the guess spent
on bytes which no cache of a few megabytes, or of some tens of megabytes, can still hold from their last use."""
SIZE_COUNT: Final = 13

FAR_BYTES: Final = 2e6
COLD_BYTES: Final = 24e6
"""Typical sizes of a core's cache and of a processor's; the step between is smooth, since devices differ."""

_STEP: Final = 0.7

_CENTRES: Final = np.array([13.0, 11.5, 8.0, 3.5, 4.5, 6.5, 1.2, 0.8, 1.0, 0.7, 2.5, 0.9, 3.0, 0.1, 0.1, 0.1])
_SCALES: Final = np.array([3.0, 2.5, 4.5, 2.5, 1.5, 2.5, 0.8, 0.4, 1.0, 1.0, 2.5, 0.4, 5.0, 0.2, 0.2, 0.2])


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorRecord:
    """One operator of a network, or several identical ones.

    Args:
        operator_class: Its class.
        tag: The engine's implementation.
        sizes: What it computes.
        working_set: Largest activation of the graph with its neighbours, in bytes.
        network_weights: Weights of the whole graph, in bytes.
        reuse_bytes: Written and read as weights since the largest input was begun to be written.
        count: Identical operators that this record stands for, at least 1.
        time_us: Measured time of one of them, in microseconds; nothing where it was not measured.
        names: Names of the operators in the engine's graph.
    """

    operator_class: OperatorClass
    tag: str
    sizes: Sizes
    working_set: float = 0.0
    network_weights: float = 0.0
    reuse_bytes: float = 0.0
    count: int = 1
    time_us: float | None = None
    names: tuple[str, ...] = ()
    is_known: bool = True

    @property
    def guess_us(self) -> float:
        """The physical guess of one operator, in microseconds."""
        return guess_us(self.sizes)

    def features(self) -> NDArray[np.float64]:
        """Return the features, standardised by constants."""
        values = [getattr(self.sizes, name) for name in FEATURE_NAMES[:SIZE_COUNT]]
        logs = np.log1p(np.array(values))
        standardised: NDArray[np.float64] = (np.concatenate([logs, self._far_shares()]) - _CENTRES) / _SCALES
        return standardised

    def _far_shares(self) -> NDArray[np.float64]:
        of_weights = self.sizes.weight_bytes / BYTES_PER_US / self.guess_us
        of_activations = self.sizes.activation_bytes / BYTES_PER_US / self.guess_us
        each_run = self.network_weights + self.working_set  # what lies between two uses of a weight
        return np.array(
            [
                of_weights * _beyond(each_run, FAR_BYTES),
                of_weights * _beyond(each_run, COLD_BYTES),
                of_activations * _beyond(self.reuse_bytes, FAR_BYTES),
            ]
        )


def _beyond(size: float, limit: float) -> float:
    """Return 0 far below the limit, 1 far above, a half at it."""
    return float(1 / (1 + (limit / max(size, 1.0)) ** (1 / _STEP)))


def records_of(graph: Graph, *, latency_us: float | None = None) -> tuple[OperatorRecord, ...]:
    """Return the operators of a graph, identical ones as one record.

    Args:
        graph: What the engine runs.
        latency_us: Unprofiled latency of the whole network: measured times are scaled to it, after the profiler's own
            time is subtracted.

    Raises:
        GraphError: If the graph's numbers are out of bounds.
    """
    translate = translation_of(graph.engine)
    translated = [(node, translate(node)) for node in graph.nodes]
    is_measured = any(node.window_us for node in graph.nodes)
    is_free = [kind.is_free or (is_measured and not any(node.window_us)) for node, kind in translated]
    kept = [
        (node, kind, sizes_of(kind.node or node, kind.operator_class), _rounded(reuse))
        for (node, kind), free, reuse in zip(translated, is_free, reuse_bytes(graph, is_free), strict=True)
        if not free
    ]
    times = _times([node for node, _, _, _ in kept], latency_us) if is_measured else [None] * len(kept)
    working_set = max((sizes.activation_bytes for _, _, sizes, _ in kept), default=0.0)
    network_weights = sum(value.bytes for node, _, _, _ in kept for value in node.weights)
    groups: dict[tuple[OperatorClass, str, Sizes, float], list[int]] = {}
    for position, (_, kind, sizes, reuse) in enumerate(kept):
        groups.setdefault((kind.operator_class, kind.tag, sizes, reuse), []).append(position)
    return tuple(
        OperatorRecord(
            operator_class=operator_class,
            tag=tag,
            sizes=sizes,
            working_set=working_set,
            network_weights=network_weights,
            reuse_bytes=reuse,
            count=len(positions),
            time_us=_mean([times[position] for position in positions]),
            names=tuple(kept[position][0].name for position in positions),
            is_known=kept[positions[0]][1].is_known,
        )
        for (operator_class, tag, sizes, reuse), positions in groups.items()
    )


def _rounded(size: float) -> float:
    """Return the next power of two: operators whose input is about as old are one record."""
    return 2.0 ** math.ceil(math.log2(size)) if size >= 1 else 0.0


def _mean(times: Sequence[float | None]) -> float | None:
    measured = [time for time in times if time is not None]
    return math.fsum(measured) / len(measured) if measured else None


UNDISTURBED_SHARE: Final = 0.05
"""By how much of the fastest window, all operators together, another that was not disturbed may be slower."""


def _undisturbed_windows(nodes: Sequence[Node]) -> list[int]:
    """Return positions of the windows in which nothing slowed the device down; none where operators have other ones."""
    measured = [node.window_us for node in nodes if node.window_us]
    if len({len(windows) for windows in measured}) != 1:
        return []
    totals = [math.fsum(values) for values in zip(*measured, strict=True)]
    limit = (1 + UNDISTURBED_SHARE) * min(totals)
    return [index for index, total in enumerate(totals) if total <= limit]


MAX_PROFILER_US: Final = 3.0
"""What a profiler adds to an operator at most: more is contention."""


def _times(nodes: Sequence[Node], latency_us: float | None) -> list[float | None]:
    from statistics import median  # measured operators alone have times

    windows = _undisturbed_windows(nodes)
    raw = [
        median(node.window_us[index] for index in windows or range(len(node.window_us))) + TRUNCATION_US
        if node.window_us
        else None
        for node in nodes
    ]
    measured = [time for time in raw if time is not None]
    if latency_us is None or not measured:
        return raw
    added = min(max((math.fsum(measured) - latency_us) / len(measured), 0.0), MAX_PROFILER_US)
    without = [None if time is None else max(time - added, MIN_TIME_US) for time in raw]
    scale = latency_us / math.fsum(time for time in without if time is not None)
    return [None if time is None else time * scale for time in without]


def untimed(records: Sequence[OperatorRecord]) -> tuple[OperatorRecord, ...]:
    """Return the records without their times, as of a network that was not measured."""
    return tuple(replace(record, time_us=None) for record in records)

"""Measured networks: operators with times, and the latency of the whole."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from edgeprof_predictor.errors import OperatorModelError
from edgeprof_predictor.operators.graph import Graph
from edgeprof_predictor.operators.live_memory import live_memory_of
from edgeprof_predictor.operators.peak_memory import MeasuredMemory
from edgeprof_predictor.operators.records import OperatorRecord, records_of

MAX_RECORDS: Final = 2_000
"""More make fitting slow (it grows with the cube) and no better."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredNetwork:
    """A network that was measured on the setting.

    Args:
        name: Its name, unique in a model.
        records: Its operators; with times where the engine gives a profile.
        latency_us: Latency of the whole without a profiler, in microseconds, above 0.
        is_probe: Whether it belongs to the probe suite.
        memory: Its memory; None where the agent does not report it.

    Raises:
        OperatorModelError: If the latency is no positive number.
    """

    name: str
    records: tuple[OperatorRecord, ...]
    latency_us: float
    is_probe: bool = False
    memory: MeasuredMemory | None = None

    def __post_init__(self) -> None:
        if not (math.isfinite(self.latency_us) and self.latency_us > 0):
            raise OperatorModelError(f"the latency of {self.name!r} must be above 0 us, got {self.latency_us!r}")

    @classmethod
    def of_graph(
        cls,
        name: str,
        graph: Graph,
        latency_us: float,
        *,
        is_probe: bool = False,
        memory_bytes: tuple[float, float] | None = None,
    ) -> MeasuredNetwork:
        """Return the measured network of an engine's graph.

        Args:
            name: Its name.
            graph: The graph.
            latency_us: Its latency, in microseconds.
            is_probe: Whether it belongs to the probe suite.
            memory_bytes: What its process took with the engine alone, and what came on top at the peak of the runs;
                None where that was not reported.

        Raises:
            OperatorModelError: If the latency is no positive number, or a size of memory is out of bounds.
        """
        memory = None
        if memory_bytes is not None:
            engine_bytes, model_bytes = memory_bytes
            memory = MeasuredMemory(need=live_memory_of(graph), engine_bytes=engine_bytes, model_bytes=model_bytes)
        checked = cls(name=name, records=(), latency_us=latency_us, is_probe=is_probe, memory=memory)
        return replace(checked, records=records_of(graph, latency_us=latency_us))

    @property
    def is_timed(self) -> bool:
        """Whether there are times of its operators."""
        return any(record.time_us is not None for record in self.records)


def thinned(networks: Sequence[MeasuredNetwork], max_records: int = MAX_RECORDS) -> list[MeasuredNetwork]:
    """Return the networks with at most so many timed records in all, those that cost most.

    The share of a network's time decides, so that sums of what was kept still tell of the whole.
    """
    timed = [
        replace(network, records=tuple(record for record in network.records if record.time_us is not None))
        for network in networks
    ]
    ranked = sorted(
        (
            (_time(record) / network.latency_us, position, row)
            for position, network in enumerate(timed)
            for row, record in enumerate(network.records)
        ),
        reverse=True,
    )
    kept: list[set[int]] = [set() for _ in timed]
    for _, position, row in ranked[:max_records]:
        kept[position].add(row)
    return [
        replace(network, records=tuple(record for row, record in enumerate(network.records) if row in rows))
        for network, rows in zip(timed, kept, strict=True)
        if rows
    ]


def _time(record: OperatorRecord) -> float:
    return (record.time_us or 0.0) * record.count

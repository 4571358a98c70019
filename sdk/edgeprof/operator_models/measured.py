"""Measurements of a session as the networks that an operator model learns from."""

import math
import statistics
from collections.abc import Mapping, Sequence

from edgeprof.measuring.latency_estimate import estimate_latency
from edgeprof.operator_models.graphs import graph_of
from edgeprof_predictor.operators.networks import MeasuredNetwork
from edgeprof_proto.records.measurement import Measurement

MAX_PROFILE_RATIO = 1.3
"""Sum of the times of operators relative to the latency without a profile, above which something else ran beside the
profile, so that it is taken again."""


def profile_ratio(measurement: Measurement) -> float | None:
    """Return the sum of the times of a measurement's operators relative to its median; None where there are none."""
    if not measurement.operators:
        return None
    return math.fsum(item.time_ms for item in measurement.operators) / measurement.median_ms


def is_disturbed(measurement: Measurement) -> bool:
    """Tell whether a profile took so much longer than the runs without one that it has to be taken again."""
    ratio = profile_ratio(measurement)
    return ratio is not None and ratio > MAX_PROFILE_RATIO


def measured_networks(
    measurements: Mapping[str, Sequence[Measurement]], probes: frozenset[str]
) -> list[MeasuredNetwork]:
    """Return the networks of all measurements that tell their graph.

    Args:
        measurements: All measurements of each model, by its name. The latency is estimated from all, the operators are
            those of the profile that was disturbed least.
        probes: Names of those that belong to the probe suite.

    Raises:
        GraphError: If a graph's numbers are out of bounds.
    """
    networks = []
    for name, found in measurements.items():
        told = [item for item in found if item.optimized_graph is not None]
        if not told:
            continue
        best = min(told, key=lambda item: profile_ratio(item) or math.inf)
        assert best.optimized_graph is not None
        graph = graph_of(best.setting.runtime, best.optimized_graph, best.operators)
        latency_us = estimate_latency(found).latency_ms * 1_000
        networks.append(
            MeasuredNetwork.of_graph(name, graph, latency_us, is_probe=name in probes, memory_bytes=_memory_bytes(told))
        )
    return networks


def _memory_bytes(measurements: Sequence[Measurement]) -> tuple[float, float] | None:
    """Return medians of what the process took with the engine alone and of what the model added to it in runs."""
    told = [
        (item.memory_use.engine_loaded_bytes, item.memory_use.model_bytes)
        for item in measurements
        if item.memory_use is not None
    ]
    known = [(engine, model) for engine, model in told if engine is not None and model is not None]
    if not known:
        return None
    return statistics.median(engine for engine, _ in known), statistics.median(model for _, model in known)


def measured_peak_bytes(measurements: Sequence[Measurement]) -> float | None:
    """Return the median of the peaks of a model's process during its runs, in bytes; None where not reported.

    Repeats do not count: their process runs other models too.
    """
    told = [item for item in measurements if item.optimized_graph is not None]
    peaks = [item.memory_use.run_peak_bytes for item in told if item.memory_use is not None]
    known = [peak for peak in peaks if peak is not None]
    return statistics.median(known) if known else None

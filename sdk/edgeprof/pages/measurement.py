"""The document of a measurement: what a page shows of it, in values of JSON."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from edgeprof.reporting.columns import columns_of
from edgeprof.store import StoredResult
from edgeprof_proto.record_json import to_json
from edgeprof_proto.records.measurement import Conditions, LatencyBlock, Measurement, spaced_runs

MAX_DRAWN_COUNT: Final = 1_500
"""Runs that are drawn at most: more are no more readable, and make a page large."""

BIN_COUNT: Final = 40

OUTLIER_SHARE: Final = 0.01
"""Share of the slowest runs that may lie outside the plot, where they would squeeze all others."""

OUTLIER_RATIO: Final = 2.0
"""They do where the slowest took this many times as long as the fastest of them."""

MAX_OPERATOR_COUNT: Final = 200
"""Operators that are listed at most, those that take most."""


def measurement_document(result: StoredResult, measurement: Measurement) -> dict[str, Any]:
    """Return what a page shows of a measurement.

    Args:
        result: What the store says of it.
        measurement: The measurement.
    """
    setting = to_json(measurement.setting)
    return {
        "kind": "measurement",
        "title": result.name,
        "result": {**columns_of(result), "device": result.device, "address": result.address},
        "latency": _latency(measurement),
        "verdict": to_json(measurement.verdict),
        "distribution": distribution(measurement),
        "runs": {
            "timed": _drawn(measurement.timed_blocks),
            "warmup": _drawn([block for block in measurement.blocks if block.is_warmup]),
        },
        "setting": {**setting, "options": dict(setting["options"])},
        "execution": {
            "nodes": [to_json(item) for item in measurement.node_counts],
            "core_indices": list(measurement.core_indices),
            "thread_count": measurement.thread_count,
        },
        "conditions": [
            _reading(item)
            for item in (measurement.conditions_before, *measurement.conditions_during, measurement.conditions_after)
        ],
        "memory": _memory(measurement),
        "energy": [to_json(item) for item in measurement.energy_uses],
        "inputs": [to_json(item) for item in measurement.inputs],
        "operators": _operators(measurement),
    }


def distribution(measurement: Measurement, edges_ms: Sequence[float] = ()) -> dict[str, Any]:
    """Return the distribution of the timed runs over bins of equal width.

    Args:
        measurement: The measurement.
        edges_ms: Edges of the bins; empty for edges of its own.
    """
    runs = np.array(spaced_runs(measurement.timed_blocks))
    edges = np.array(edges_ms or _edges(runs))
    inside = runs[(runs >= edges[0]) & (runs <= edges[-1])]
    counts, _ = np.histogram(inside, edges)
    return {
        "edges_ms": edges.tolist(),
        "shares": (counts / len(runs)).tolist(),
        "outside_share": 1 - len(inside) / len(runs),
        "slowest_ms": float(runs.max()),
    }


def common_edges(measurements: Sequence[Measurement]) -> list[float]:
    """Return edges of bins that hold the runs of several measurements.

    Args:
        measurements: The measurements.
    """
    return _edges(np.concatenate([spaced_runs(item.timed_blocks) for item in measurements]))


def _edges(runs: "np.ndarray[Any, np.dtype[np.float64]]") -> list[float]:
    fastest, ordinary, slowest = np.quantile(runs, (0.0, 1 - OUTLIER_SHARE, 1.0))
    end = ordinary if slowest > OUTLIER_RATIO * ordinary else slowest
    margin = 0.03 * max(end - fastest, 0.02 * fastest)
    edges: list[float] = np.linspace(fastest - margin, end + margin, BIN_COUNT + 1).tolist()
    return edges


def _latency(measurement: Measurement) -> dict[str, Any]:
    interval = measurement.median_interval
    runs = np.array(spaced_runs(measurement.timed_blocks))
    low, high = np.quantile(runs, (0.05, 0.95)).tolist()
    return {
        "median_ms": measurement.median_ms,
        "lower_ms": None if interval is None else interval.lower_ms,
        "upper_ms": None if interval is None else interval.upper_ms,
        "level": None if interval is None else interval.level,
        "percentile_5_ms": low,
        "percentile_95_ms": high,
        "run_count": sum(len(block.latency_ms) for block in measurement.timed_blocks),
        "block_count": len(measurement.timed_blocks),
        "first_inference_ms": measurement.first_inference_ms,
        "load_ms": measurement.load_ms,
        "waited_ms": measurement.waited_ms,
        "total_ms": measurement.total_ms,
    }


def _drawn(blocks: Sequence[LatencyBlock]) -> dict[str, Any]:
    """Return times and latencies of runs, evenly spaced ones where there are many."""
    times_s: list[float] = []
    latencies_ms: list[float] = []
    stride = max(1, -(-sum(len(block.latency_ms) for block in blocks) // MAX_DRAWN_COUNT))
    for block in blocks:
        runs = np.array(block.latency_ms)
        ends_s = (block.start_ms + np.cumsum(runs)) / 1_000
        times_s += ends_s[::stride].round(4).tolist()
        latencies_ms += runs[::stride].tolist()
    return {"time_s": times_s, "latency_ms": latencies_ms, "one_of": stride}


def _reading(conditions: Conditions) -> dict[str, Any]:
    hottest = max(conditions.temperatures, key=lambda zone: zone.temperature_celsius, default=None)
    return {
        "elapsed_s": None if conditions.elapsed_ms is None else conditions.elapsed_ms / 1_000,
        "zone": None if hottest is None else hottest.zone,
        "temperature_celsius": None if hottest is None else hottest.temperature_celsius,
        "frequency_mhz": max(conditions.core_frequencies_mhz, default=None),
        "governors": sorted(set(conditions.governors)),
        "throttling": sorted(conditions.throttling_flags) if conditions.has_throttling_flags else None,
        "load_average_1m": conditions.load_average_1m,
        "available_memory_bytes": conditions.available_memory_bytes,
        "power_mode": conditions.power_mode,
    }


def _memory(measurement: Measurement) -> dict[str, Any]:
    use = measurement.memory_use
    return {
        "peak_bytes": measurement.peak_memory_bytes,
        "run_peak_bytes": None if use is None else use.run_peak_bytes,
        "runtime_bytes": None if use is None else use.runtime_bytes,
        "model_bytes": None if use is None else use.model_bytes,
    }


def _operators(measurement: Measurement) -> list[dict[str, Any]]:
    ranked = sorted(measurement.operators, key=lambda item: -item.time_ms)[:MAX_OPERATOR_COUNT]
    return [
        {
            "name": item.name,
            "type": item.type,
            "provider": item.provider,
            "time_ms": item.time_ms,
            "lower_ms": min(item.window_ms, default=None),
            "upper_ms": max(item.window_ms, default=None),
            "share": item.share,
        }
        for item in ranked
    ]

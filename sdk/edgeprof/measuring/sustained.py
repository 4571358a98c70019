"""Sustained work: latency at first (burst), latency once the device has reached its final temperature, and the curve.

The measurement is an ordinary one with long blocks, and its verdict an ordinary one: a device that slows down is
`throttled` or `drifting`, and the curve shows by how much and when it became steady.
"""

import itertools
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from edgeprof.errors import EdgeprofError
from edgeprof_proto.records.device import AgentLimits
from edgeprof_proto.records.job_spec import MeasurementPlan
from edgeprof_proto.records.measurement import Conditions, LatencyBlock, Measurement, spaced_runs

MAX_BIN_COUNT = 60
MIN_BIN_COUNT = 6

BURST_MS = 1_000.0
"""Time of the first runs that count as burst, in milliseconds: a processor hardly warms up in a second."""

STEADY_SHARE = 0.03
"""Bins are steady whose medians lie within this share of their common median: blocks on a quiet device differ less."""

STEADY_BIN_SHARE = 0.25
"""Share of all bins, the last ones, that must agree, and three at least: few bins may agree by chance."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bin:
    """An interval of sustained work.

    Args:
        start_s: Its beginning after the first timed run, in seconds.
        median_ms: Median of its runs, in milliseconds.
        temperature_celsius: Hottest zone of the device at its end; None where that is not reported.
        frequency_mhz: Fastest core at its end; None where that is not reported.
    """

    start_s: float
    median_ms: float
    temperature_celsius: float | None
    frequency_mhz: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SustainedCurve:
    """Latency over time under sustained work.

    Args:
        bins: Consecutive intervals.
        burst_ms: Median of the runs of the first second, in milliseconds.
        steady_ms: Median of the runs of the steady state, in milliseconds; None where none was reached.
        steady_start_s: When the steady state began, in seconds after the first timed run; None where none was reached.
    """

    bins: tuple[Bin, ...]
    burst_ms: float
    steady_ms: float | None
    steady_start_s: float | None


def sustained_plan(duration_s: float) -> MeasurementPlan:
    """Plan sustained work.

    Args:
        duration_s: Time inside timed runs, in seconds; bins of a second or longer are made of it.
    """
    bin_count = max(MIN_BIN_COUNT, min(MAX_BIN_COUNT, int(duration_s)))
    return MeasurementPlan(
        timed_run_count=bin_count,
        timed_duration_ms=duration_s * 1_000,
        block_count=bin_count,
        # Slow models overshoot each bin by up to a run.
        max_duration_ms=duration_s * 1_500 + 10_000,
    )


def require_time_for(plan: MeasurementPlan, limits: AgentLimits) -> None:
    """Check that the agent gives a job the time that a plan needs.

    Args:
        plan: A plan of sustained work.
        limits: What the agent allows.

    Raises:
        EdgeprofError: If the job would be ended before it had a result.
    """
    needed_s = (plan.timed_duration_ms + plan.max_wait_ms) / 1_000
    if needed_s >= limits.job_duration_s:
        raise EdgeprofError(
            f"sustained work and waiting may take {needed_s:.0f} s, the agent ends a job after "
            f"{limits.job_duration_s:.0f} s: work for less, or raise EDGEPROF_AGENT_JOB_DURATION_S on the device"
        )


def sustained_curve(measurement: Measurement) -> SustainedCurve:
    """Read the curve from a measurement that was planned with `sustained_plan`.

    Args:
        measurement: The measurement, with its blocks.
    """
    blocks = measurement.timed_blocks
    origin_ms = blocks[0].start_ms
    ends_ms = [block.start_ms for block in blocks[1:]] + [float("inf")]
    readings = (*measurement.conditions_during, measurement.conditions_after)
    bins = []
    for block, end_ms in zip(blocks, ends_ms, strict=True):
        reading = _reading_between(readings, block.start_ms, end_ms)
        temperatures = [zone.temperature_celsius for zone in reading.temperatures]
        bins.append(
            Bin(
                start_s=(block.start_ms - origin_ms) / 1_000,
                median_ms=statistics.median(block.latency_ms),
                temperature_celsius=max(temperatures, default=None),
                frequency_mhz=max(reading.core_frequencies_mhz, default=None),
            )
        )
    first = _first_steady([item.median_ms for item in bins])
    return SustainedCurve(
        bins=tuple(bins),
        burst_ms=statistics.median(_first_runs(blocks)),
        steady_ms=None if first is None else statistics.median(spaced_runs(blocks[first:])),
        steady_start_s=None if first is None else bins[first].start_s,
    )


def _first_runs(blocks: Sequence[LatencyBlock]) -> list[float]:
    runs, worked_ms = [], 0.0
    for latency_ms in itertools.chain.from_iterable(block.latency_ms for block in blocks):
        runs.append(latency_ms)
        worked_ms += latency_ms
        if worked_ms >= BURST_MS:
            break
    return runs


def _reading_between(readings: Sequence[Conditions], start_ms: float, end_ms: float) -> Conditions:
    """The last reading within an interval; an empty one where none was taken."""
    inside = [item for item in readings if item.elapsed_ms is not None and start_ms < item.elapsed_ms <= end_ms]
    return inside[-1] if inside else Conditions()


def _first_steady(medians_ms: Sequence[float]) -> int | None:
    """The first bin from which on all agree."""
    min_count = max(3, round(STEADY_BIN_SHARE * len(medians_ms)))
    for first in range(len(medians_ms) - min_count + 1):
        rest = medians_ms[first:]
        middle = statistics.median(rest)
        if all(abs(value / middle - 1) <= STEADY_SHARE for value in rest):
            return first
    return None

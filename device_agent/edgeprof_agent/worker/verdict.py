"""How far a measurement can be believed, with the numbers that say so.

All rules and all limits are here. A limit is crossed when the value is greater, and then the number counts as evidence;
the kind of the verdict is the first of

    fallback    a node ran elsewhere than the caller asked for, runs on other cores, or on more threads: another
                platform was measured
    throttled   the device said that it slows itself down, or lowered its frequency
    noisy       runs taken back to back differ too much: the median of a block is uncertain
    drifting    blocks agree inside themselves, and the last is slower or faster than the first
    noisy       blocks differ in no direction, or the median's interval stayed wider than the plan asks
    stable      none of these

A number that could not be read gives no evidence.
"""

import statistics
from collections.abc import Iterator, Mapping, Sequence

from edgeprof_proto.records.job_spec import MeasurementPlan
from edgeprof_proto.records.measurement import Conditions, Evidence, LatencyBlock, Verdict, VerdictKind
from edgeprof_proto.shared.interval import MIN_BLOCK_COUNT, median_interval, needed_ms

NODES_ELSEWHERE_LIMIT = 0
"""One node on another provider is enough: it brings copies and synchronisation with it."""

CORES_ELSEWHERE_LIMIT = 0
"""One core that was not asked for is enough: the scheduler may put all runs on it."""

EXTRA_THREAD_LIMIT = 0
"""A thread counts from a twentieth of the time: what helps that much changes the platform."""

THROTTLING_EVENT_LIMIT = 0
"""The hardware counts an event only when it has slowed itself down."""

THROTTLING_FLAG_LIMIT = 0
"""The firmware raises a flag only while it acts or has acted."""

FREQUENCY_DROP_LIMIT = 0.1
"""Of the fastest core. The steps of a governor are about this size; turbo frequencies wander by less."""

QUARTILE_SPREAD_LIMIT = 0.2
"""The middle half of the runs. A quiet machine shows 0.01 to 0.1; at 0.2 the median of 50 runs is good to 3 %."""

MEAN_EXCESS_LIMIT = 0.1
"""A neighbour that takes turns on the core stretches few runs, each a lot: the median hides it, the mean does not.

An equal neighbour gives about 1 while runs are shorter than its slice; interrupts and brief pauses stay below 0.05.
"""

CORE_WAIT_SHARE_LIMIT = 0.02
"""Time in which the runs wanted a core that another had. An equal neighbour gives 0.5, a quiet machine 0.001."""

DRIFT_LIMIT = 0.05
"""Last block against first. Medians of quiet blocks agree within 0.01 to 0.03; beyond 0.05 ranks change."""

BLOCK_SPREAD_LIMIT = 0.08
"""Slowest block against fastest. Wider than the drift's limit: the extremes of five differ more than a fixed pair."""

PASSING_FLAGS_SUFFIX = "-has-occurred"
"""Flags that the firmware keeps until the board restarts: evidence only when raised during the measurement."""

_NOISE_INSIDE_BLOCKS = ("quartile_spread", "mean_excess", "core_wait_share")


def judge(
    blocks: Sequence[LatencyBlock],
    conditions_before: Conditions,
    conditions_after: Conditions,
    *,
    conditions_during: Sequence[Conditions] = (),
    provider: str = "",
    node_counts: Mapping[str, int] | None = None,
    allow_fallback: bool = False,
    cores_elsewhere_count: int | None = None,
    extra_thread_count: int | None = None,
    core_wait_ms: float | None = None,
    plan: MeasurementPlan | None = None,
) -> Verdict:
    """Judge a measurement.

    Args:
        blocks: All blocks in the order taken, at least one of them timed.
        conditions_before: The device before the first run.
        conditions_after: The device after the last run.
        conditions_during: The device between blocks.
        provider: The provider that was to run the model.
        node_counts: How many nodes each provider ran; empty where that is not known.
        allow_fallback: Whether nodes may run elsewhere, as long as one runs on the provider.
        cores_elsewhere_count: Cores that the runs could use and the setting does not name; None where not known.
        extra_thread_count: Threads that worked beyond those of the setting; None where that is not known.
        core_wait_ms: Time that the runs waited for a core during the timed blocks; None where that is not known.
        plan: The plan, which may ask for an interval; None for no demand.

    Returns:
        The verdict, with every number that could be computed.
    """
    samples = [block.latency_ms for block in blocks if not block.is_warmup]
    evidence = (
        *_fallback_evidence(provider, node_counts or {}, allow_fallback),
        *_placement_evidence(cores_elsewhere_count, extra_thread_count),
        *_throttling_evidence([conditions_before, *conditions_during, conditions_after]),
        *_noise_evidence(samples, core_wait_ms),
        *_drift_evidence([statistics.median(block) for block in samples]),
        *_interval_evidence([block for block in blocks if not block.is_warmup], plan),
    )
    return Verdict(kind=_kind({item.name for item in evidence if item.is_exceeded}), evidence=evidence)


def _kind(exceeded: set[str]) -> VerdictKind:
    if exceeded & {"nodes_elsewhere_count", "cores_elsewhere_count", "extra_thread_count"}:
        return VerdictKind.FALLBACK
    if exceeded & {"throttling_flag_count", "throttling_event_count", "frequency_drop"}:
        return VerdictKind.THROTTLED
    if exceeded & set(_NOISE_INSIDE_BLOCKS):
        return VerdictKind.NOISY
    if "drift" in exceeded:
        return VerdictKind.DRIFTING
    return VerdictKind.NOISY if exceeded else VerdictKind.STABLE


def _fallback_evidence(provider: str, node_counts: Mapping[str, int], allow_fallback: bool) -> Iterator[Evidence]:
    if node_counts:
        count = sum(node_counts.values())
        limit = count - 1 if allow_fallback else NODES_ELSEWHERE_LIMIT
        yield _evidence("nodes_elsewhere_count", count - node_counts.get(provider, 0), limit)


def _placement_evidence(cores_elsewhere_count: int | None, extra_thread_count: int | None) -> Iterator[Evidence]:
    if cores_elsewhere_count is not None:
        yield _evidence("cores_elsewhere_count", cores_elsewhere_count, CORES_ELSEWHERE_LIMIT)
    if extra_thread_count is not None:
        yield _evidence("extra_thread_count", extra_thread_count, EXTRA_THREAD_LIMIT)


def _throttling_evidence(course: Sequence[Conditions]) -> Iterator[Evidence]:
    before = course[0]
    if all(conditions.has_throttling_flags for conditions in course):
        raised = {flag for conditions in course for flag in conditions.throttling_flags}
        raised_now = {flag for flag in raised if not flag.endswith(PASSING_FLAGS_SUFFIX)}
        raised_meanwhile = raised - set(before.throttling_flags)
        yield _evidence("throttling_flag_count", len(raised_now | raised_meanwhile), THROTTLING_FLAG_LIMIT)
    if before.throttling_event_count is not None and course[-1].throttling_event_count is not None:
        event_count = course[-1].throttling_event_count - before.throttling_event_count
        yield _evidence("throttling_event_count", event_count, THROTTLING_EVENT_LIMIT)
    frequencies_mhz = [max(item.core_frequencies_mhz) for item in course if item.core_frequencies_mhz]
    if len(frequencies_mhz) > 1:
        # The first reading may be that of a device at rest, so the fastest one is what the others are held against.
        drop = 1 - min(frequencies_mhz[1:]) / max(frequencies_mhz)
        yield _evidence("frequency_drop", drop, FREQUENCY_DROP_LIMIT)


def _noise_evidence(samples: Sequence[Sequence[float]], core_wait_ms: float | None) -> Iterator[Evidence]:
    # Each run against the median of its own block, so that a drift between blocks is not taken for noise.
    relative = [sample / median for block in samples for median in [statistics.median(block)] for sample in block]
    if len(relative) > 1:
        first_quartile, _, third_quartile = statistics.quantiles(relative, method="inclusive")
        yield _evidence("quartile_spread", third_quartile - first_quartile, QUARTILE_SPREAD_LIMIT)
    yield _evidence("mean_excess", statistics.fmean(relative) - 1, MEAN_EXCESS_LIMIT)
    if core_wait_ms is not None:
        timed_ms = sum(sum(block) for block in samples)
        yield _evidence("core_wait_share", core_wait_ms / timed_ms, CORE_WAIT_SHARE_LIMIT)


def _drift_evidence(block_medians: Sequence[float]) -> Iterator[Evidence]:
    if len(block_medians) > 1:
        yield _evidence("drift", abs(block_medians[-1] / block_medians[0] - 1), DRIFT_LIMIT)
        spread = (max(block_medians) - min(block_medians)) / statistics.median(block_medians)
        yield _evidence("block_spread", spread, BLOCK_SPREAD_LIMIT)


def _interval_evidence(blocks: Sequence[LatencyBlock], plan: MeasurementPlan | None) -> Iterator[Evidence]:
    if plan is None or not plan.target_half_width:
        return
    interval = median_interval(blocks)
    if interval is None:
        yield _evidence("blocks_missing_count", MIN_BLOCK_COUNT - len(blocks), 0)
        return
    yield _evidence("interval_half_width", interval.half_width, plan.target_half_width)
    if interval.half_width > plan.target_half_width:
        time_ms = needed_ms(blocks, interval, plan.target_half_width)
        yield _evidence("interval_needs_ms", time_ms, plan.max_duration_ms)


def _evidence(name: str, value: float, limit: float) -> Evidence:
    return Evidence(name=name, value=value, limit=limit, is_exceeded=value > limit)

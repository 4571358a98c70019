"""The verdict: whether a measurement is reliable, with the numbers (evidence) that decide it.

All rules and limits are in this module. A number is exceeded when it is greater than its limit. The kind of the verdict
is the first of these that applies:

    fallback          nodes ran on another provider than the setting names
    setting_not_met   the worker used other cores, or more threads, than the setting names
    throttled         the device reported throttling, or lowered the frequency of what ran the model
    too_few_runs      fewer runs or blocks than a judgement of noise and drift needs
    noisy             runs within a block differ too much, so the median of a block is uncertain
    drifting          blocks are consistent in themselves, and the last is slower or faster than the first
    noisy             blocks differ without a trend, or the median's interval is wider than the plan asks for
    stable            none of these

Fallback and setting_not_met mean that another platform was measured than the one asked for. A number that could not be
read is left out of the evidence. Throttling is looked for on the cores and providers that ran the model alone
(`throttling.py`).
"""

import statistics
from collections.abc import Iterator, Mapping, Sequence

from edgeprof_agent.worker import throttling
from edgeprof_proto.records.job_spec import MeasurementPlan
from edgeprof_proto.records.measurement import Conditions, Evidence, LatencyBlock, Verdict, VerdictKind
from edgeprof_proto.shared.interval import MIN_BLOCK_COUNT, median_interval, needed_ms

NODES_ELSEWHERE_LIMIT = 0
"""One node on another provider counts: it adds copies and synchronisation between providers."""

CORES_ELSEWHERE_LIMIT = 0
"""One core that the setting does not name counts: the scheduler may place all runs on it."""

EXTRA_THREAD_LIMIT = 0
"""One extra thread counts; threads below 5 % of the timed CPU time are not counted (see `cpu_affinity.py`)."""

THROTTLING_EVENT_LIMIT = 0
"""One event counts: the hardware counts an event only when it throttles."""

THROTTLING_FLAG_LIMIT = 0
"""One flag counts: the firmware sets a flag only when it throttles or has throttled."""

FREQUENCY_DROP_LIMIT = 0.1
"""Relative, of a core that ran. About one step of a governor; turbo frequencies vary by less."""

MIN_RUN_COUNT = 10
"""Timed runs from which scatter can be judged: the quartiles of fewer are single runs."""

MIN_DRIFT_BLOCK_COUNT = 2
"""Timed blocks from which drift can be judged; a plan that asks for an interval needs `MIN_BLOCK_COUNT`."""

QUARTILE_SPREAD_LIMIT = 0.2
"""Interquartile range relative to the median: 0.01 to 0.1 on an idle machine; at 0.2 the median of 50 runs has
an error of about 3 %."""

MEAN_EXCESS_LIMIT = 0.1
"""Mean over median, minus 1. A process that shares the core delays few runs, each by much, which changes the mean but
not the median. A process with the same load gives about 1 while runs are shorter than its time slice; interrupts and
short pauses stay below 0.05.
"""

CORE_WAIT_SHARE_LIMIT = 0.02
"""Share of the timed runs spent waiting for a core: 0.5 with an equal load on the core, 0.001 on an idle machine."""

DRIFT_LIMIT = 0.05
"""Last block relative to the first. Undisturbed block medians agree within 0.01 to 0.03; above 0.05 ranks change."""

BLOCK_SPREAD_LIMIT = 0.08
"""Slowest minus fastest block, relative to the median block. Larger than the limit of drift, since the extremes of five
blocks differ by more than two given ones."""

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
    core_indices: Sequence[int] = (),
    cores_elsewhere_count: int | None = None,
    extra_thread_count: int | None = None,
    core_wait_ms: float | None = None,
    timed_ms: float | None = None,
    plan: MeasurementPlan | None = None,
) -> Verdict:
    """Judge a measurement.

    Args:
        blocks: All blocks in the order taken, at least one of them timed.
        conditions_before: The device before the first run.
        conditions_after: The device after the last run.
        conditions_during: The device between blocks, in order.
        provider: The provider that the setting names.
        node_counts: How many nodes each provider ran; empty where that is not known.
        allow_fallback: Whether nodes may run on other providers, as long as one runs on `provider`.
        core_indices: Logical cores that the kernel let the worker use; empty where not reported.
        cores_elsewhere_count: Cores that the worker could use and the setting does not name; None where not reported.
        extra_thread_count: Threads that worked beyond the setting's number; None where not reported.
        core_wait_ms: Time that the worker waited for a core inside the timed blocks, in ms; None where not reported.
        timed_ms: Time of all timed runs, in milliseconds; None where the blocks hold every run.
        plan: The plan, which may ask for an interval; None where no interval is asked for.

    Returns:
        The verdict, with every number that could be computed.
    """
    timed_blocks = [block for block in blocks if not block.is_warmup]
    samples = [block.latency_ms for block in timed_blocks]
    if timed_ms is None:
        timed_ms = sum(map(sum, samples))
    history = [conditions_before, *conditions_during, conditions_after]
    evidence = (
        *_fallback_evidence(provider, node_counts or {}, allow_fallback),
        *_setting_evidence(cores_elsewhere_count, extra_thread_count),
        *_throttling_evidence(history, throttling.find_what_ran(history, provider, node_counts or {}, core_indices)),
        *_count_evidence(samples, plan),
        *_noise_evidence(samples, core_wait_ms, timed_ms),
        *_drift_evidence([statistics.median(block) for block in samples]),
        *_interval_evidence(timed_blocks, plan, timed_ms),
    )
    return Verdict(kind=_kind({item.name for item in evidence if item.is_exceeded}), evidence=evidence)


def _kind(exceeded: set[str]) -> VerdictKind:
    if "nodes_elsewhere_count" in exceeded:
        return VerdictKind.FALLBACK
    if exceeded & {"cores_elsewhere_count", "extra_thread_count"}:
        return VerdictKind.SETTING_NOT_MET
    if exceeded & {"throttling_flag_count", "throttling_event_count", "frequency_limit_drop", "frequency_drop"}:
        return VerdictKind.THROTTLED
    if exceeded & {"runs_missing_count", "blocks_missing_count"}:
        return VerdictKind.TOO_FEW_RUNS
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


def _setting_evidence(cores_elsewhere_count: int | None, extra_thread_count: int | None) -> Iterator[Evidence]:
    if cores_elsewhere_count is not None:
        yield _evidence("cores_elsewhere_count", cores_elsewhere_count, CORES_ELSEWHERE_LIMIT)
    if extra_thread_count is not None:
        yield _evidence("extra_thread_count", extra_thread_count, EXTRA_THREAD_LIMIT)


def _throttling_evidence(history: Sequence[Conditions], ran: throttling.Ran) -> Iterator[Evidence]:
    numbers: tuple[tuple[str, float | None, float], ...] = (
        ("throttling_flag_count", throttling.throttling_flag_count(history, ran), THROTTLING_FLAG_LIMIT),
        ("throttling_event_count", throttling.throttling_event_count(history, ran), THROTTLING_EVENT_LIMIT),
        ("frequency_limit_drop", throttling.frequency_limit_drop(history, ran), FREQUENCY_DROP_LIMIT),
        ("frequency_drop", throttling.frequency_drop(history, ran), FREQUENCY_DROP_LIMIT),
    )
    for name, value, limit in numbers:
        if value is not None:
            yield _evidence(name, value, limit)


def _count_evidence(samples: Sequence[Sequence[float]], plan: MeasurementPlan | None) -> Iterator[Evidence]:
    needed_block_count = MIN_BLOCK_COUNT if plan is not None and plan.target_half_width else MIN_DRIFT_BLOCK_COUNT
    yield _evidence("runs_missing_count", max(0, MIN_RUN_COUNT - sum(map(len, samples))), 0)
    yield _evidence("blocks_missing_count", max(0, needed_block_count - len(samples)), 0)


def _noise_evidence(
    samples: Sequence[Sequence[float]], core_wait_ms: float | None, timed_ms: float
) -> Iterator[Evidence]:
    # Relative to the median of its own block, so that drift between blocks does not count as noise.
    relative = [sample / median for block in samples for median in [statistics.median(block)] for sample in block]
    if len(relative) > 1:
        first_quartile, _, third_quartile = statistics.quantiles(relative, method="inclusive")
        yield _evidence("quartile_spread", third_quartile - first_quartile, QUARTILE_SPREAD_LIMIT)
    yield _evidence("mean_excess", statistics.fmean(relative) - 1, MEAN_EXCESS_LIMIT)
    if core_wait_ms is not None:
        yield _evidence("core_wait_share", core_wait_ms / timed_ms, CORE_WAIT_SHARE_LIMIT)


def _drift_evidence(block_medians: Sequence[float]) -> Iterator[Evidence]:
    if len(block_medians) > 1:
        yield _evidence("drift", abs(block_medians[-1] / block_medians[0] - 1), DRIFT_LIMIT)
        spread = (max(block_medians) - min(block_medians)) / statistics.median(block_medians)
        yield _evidence("block_spread", spread, BLOCK_SPREAD_LIMIT)


def _interval_evidence(
    blocks: Sequence[LatencyBlock], plan: MeasurementPlan | None, timed_ms: float
) -> Iterator[Evidence]:
    if plan is None or not plan.target_half_width:
        return
    interval = median_interval(blocks)
    if interval is None:
        return
    yield _evidence("interval_half_width", interval.half_width, plan.target_half_width)
    if interval.half_width > plan.target_half_width:
        time_ms = needed_ms(timed_ms, interval, plan.target_half_width)
        yield _evidence("interval_needs_ms", time_ms, plan.max_duration_ms)


def _evidence(name: str, value: float, limit: float) -> Evidence:
    return Evidence(name=name, value=value, limit=limit, is_exceeded=value > limit)

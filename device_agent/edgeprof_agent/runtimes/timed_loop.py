"""The warm-up and the timed loop: a callable, a clock and a plan in, every sample out.

Nothing but the run happens between two readings of the clock, and nothing but the bookkeeping of one sample between
two runs. Whoever consumes the blocks may log, send and store: the loop stands still meanwhile.
"""

import functools
import gc
import itertools
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from edgeprof_proto.records.job_spec import MeasurementPlan
from edgeprof_proto.records.measurement import LatencyBlock
from edgeprof_proto.shared.interval import median_interval, needed_ms

Clock = Callable[[], int]
"""Reads a monotonic clock, in nanoseconds."""

NS_PER_MS = 1_000_000

WARMUP_SHARE_LIMIT = 0.5
"""Share of the longest duration after which the warm-up ends early: what is left belongs to the runs that count."""

MAX_BLOCK_COUNT = 1_000
"""Blocks of one measurement at most, those added for an interval included."""

MIN_BLOCK_COUNT_TO_GIVE_UP = 20
"""Blocks from which it can be told how many more an interval needs."""

HOPELESS_FACTOR = 2.0
"""An interval that seems to need so many times the longest duration is given up: the estimate itself is rough."""


def measure(
    run_once: Callable[[], None],
    clock: Clock,
    plan: MeasurementPlan,
    *,
    origin_ns: int,
    gate: Callable[[], bool] = lambda: False,
) -> Iterator[LatencyBlock]:
    """Warm up, then take the timed runs in blocks of equal demand.

    A block ends when it holds its share of the plan's run count and of the plan's time, so blocks are comparable with
    each other. When the plan's longest duration is near, each block ends after its share of what is left. At least one
    warm-up run and one timed run are taken, however slow they are. Where the plan asks for an interval, blocks are
    added until it is that narrow, the time is up, or it is plain that the time will not do.

    Args:
        run_once: Runs the model once.
        clock: Monotonic, in nanoseconds.
        plan: How long and how often, every field filled in.
        origin_ns: The moment on `clock` at which the model was loaded.
        gate: Asked before each timed block: waits until it may begin, and tells whether it did. After a wait the model
            is warmed up again. Neither the wait nor that warm-up counts towards the longest duration.

    Returns:
        The warm-up as one block, then up to `plan.block_count` blocks of timed runs, more for an interval.
    """
    longest_ns = plan.max_duration_ms * NS_PER_MS
    warm_up = functools.partial(
        _take_block,
        run_once,
        clock,
        origin_ns=origin_ns,
        is_warmup=True,
        least_run_count=plan.warmup_run_count,
        least_ns=plan.warmup_duration_ms * NS_PER_MS,
    )
    with _paused_garbage_collector():
        start_ns = clock()
        end_ns = start_ns + longest_ns
        yield warm_up(deadline_ns=start_ns + longest_ns * WARMUP_SHARE_LIMIT)
        timed_start_ns = clock()
        blocks: list[LatencyBlock] = []
        for index in itertools.count():
            wait_start_ns = clock()
            if gate():
                yield warm_up(deadline_ns=clock() + longest_ns * WARMUP_SHARE_LIMIT)
                waited_ns = clock() - wait_start_ns
                timed_start_ns, end_ns = timed_start_ns + waited_ns, end_ns + waited_ns
            share = min(1.0, (index + 1) / plan.block_count)
            deadline_ns = timed_start_ns + (end_ns - timed_start_ns) * share
            if index == 0 or clock() < deadline_ns:
                blocks.append(
                    _take_block(
                        run_once,
                        clock,
                        origin_ns=origin_ns,
                        is_warmup=False,
                        least_run_count=-(-plan.timed_run_count // plan.block_count),
                        least_ns=plan.timed_duration_ms * NS_PER_MS / plan.block_count,
                        deadline_ns=deadline_ns,
                    )
                )
                yield blocks[-1]
            if index + 1 >= plan.block_count and (clock() >= end_ns or not _needs_more(blocks, plan)):
                return


def _needs_more(blocks: Sequence[LatencyBlock], plan: MeasurementPlan) -> bool:
    if not plan.target_half_width or len(blocks) >= MAX_BLOCK_COUNT:
        return False
    interval = median_interval(blocks)
    if interval is None:
        return True
    if interval.half_width <= plan.target_half_width:
        return False
    is_hopeless = needed_ms(blocks, interval, plan.target_half_width) > HOPELESS_FACTOR * plan.max_duration_ms
    return not (is_hopeless and len(blocks) >= MIN_BLOCK_COUNT_TO_GIVE_UP)


def _take_block(
    run_once: Callable[[], None],
    clock: Clock,
    *,
    origin_ns: int,
    is_warmup: bool,
    least_run_count: int,
    least_ns: float,
    deadline_ns: float,
) -> LatencyBlock:
    durations_ns: list[int] = []
    spent_ns = 0
    block_start_ns = clock()
    while True:
        start_ns = clock()
        run_once()
        end_ns = clock()
        durations_ns.append(end_ns - start_ns)
        spent_ns += end_ns - start_ns
        if (spent_ns >= least_ns and len(durations_ns) >= least_run_count) or end_ns >= deadline_ns:
            break
    return LatencyBlock(
        is_warmup=is_warmup,
        start_ms=(block_start_ns - origin_ns) / NS_PER_MS,
        # A run faster than the clock's tick took less than a tick, not no time at all.
        latency_ms=tuple(max(duration_ns, 1) / NS_PER_MS for duration_ns in durations_ns),
    )


@contextmanager
def _paused_garbage_collector() -> Iterator[None]:
    was_enabled = gc.isenabled()
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()

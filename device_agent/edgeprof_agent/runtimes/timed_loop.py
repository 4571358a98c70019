"""The warm-up and the timed loop: takes a callable, a clock and a plan, and yields blocks of samples.

Between two readings of the clock there is one run and nothing else; between two runs, one sample is appended. The
consumer of the blocks may log, send and store: no run happens meanwhile.
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
"""Share of the plan's longest duration after which the warm-up ends early, to leave time for the timed runs."""

MAX_BLOCK_COUNT = 1_000
"""Timed blocks of one measurement at most, including those added for an interval."""

MIN_BLOCK_COUNT_TO_GIVE_UP = 20
"""Timed blocks after which the time that an interval still needs can be estimated."""

HOPELESS_FACTOR = 2.0
"""An interval is given up when it needs more than this multiple of the longest duration: the estimate is rough."""


def measure(
    run_once: Callable[[], None],
    clock: Clock,
    plan: MeasurementPlan,
    *,
    origin_ns: int,
    gate: Callable[[], bool] = lambda: False,
) -> Iterator[LatencyBlock]:
    """Warm up, then take the timed runs in blocks of equal size.

    A block ends when it has its share of the plan's runs and of the plan's time. When the plan's longest duration is
    near, each block ends after its share of the remaining time. At least one warm-up run and one timed run are taken,
    however slow they are. Where the plan asks for an interval, blocks are added until the interval is narrow enough,
    the time is up, or the estimate says that the time will not suffice.

    Args:
        run_once: Runs the model once.
        clock: Monotonic, in nanoseconds.
        plan: How long and how often, every field filled in.
        origin_ns: The moment on `clock` at which the model was loaded.
        gate: Called before each timed block: waits until the block may begin, and returns whether it waited. After a
            wait the model is warmed up again. Neither counts towards the longest duration.

    Returns:
        The warm-up as one block, then up to `plan.block_count` blocks of timed runs, more for an interval.
    """
    longest_ns = plan.max_duration_ms * NS_PER_MS
    warm_up, take_timed_block = _block_takers(run_once, clock, plan, origin_ns)
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
                blocks.append(take_timed_block(deadline_ns=deadline_ns))
                yield blocks[-1]
            if index + 1 >= plan.block_count and (clock() >= end_ns or not _needs_more(blocks, plan)):
                return


def _block_takers(
    run_once: Callable[[], None], clock: Clock, plan: MeasurementPlan, origin_ns: int
) -> tuple[Callable[..., LatencyBlock], Callable[..., LatencyBlock]]:
    """Return functions that take a warm-up block and a timed block, each given its `deadline_ns`."""
    take_block = functools.partial(_take_block, run_once, clock, origin_ns=origin_ns)
    warm_up = functools.partial(
        take_block,
        is_warmup=True,
        min_run_count=plan.warmup_run_count,
        min_ns=plan.warmup_duration_ms * NS_PER_MS,
    )
    take_timed_block = functools.partial(
        take_block,
        is_warmup=False,
        min_run_count=-(-plan.timed_run_count // plan.block_count),
        min_ns=plan.timed_duration_ms * NS_PER_MS / plan.block_count,
    )
    return warm_up, take_timed_block


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
    min_run_count: int,
    min_ns: float,
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
        if (spent_ns >= min_ns and len(durations_ns) >= min_run_count) or end_ns >= deadline_ns:
            break
    return LatencyBlock(
        is_warmup=is_warmup,
        start_ms=(block_start_ns - origin_ns) / NS_PER_MS,
        # A run faster than the resolution of the clock counts as 1 ns: a sample of 0 is not valid.
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

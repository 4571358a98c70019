"""The warm-up and the timed loop: takes a callable, a clock and a plan, and yields blocks of samples.

Between two readings of the clock there is one run and nothing else; between two runs, one sample is appended. The
consumer of the blocks may log, send, store and wait: no run happens meanwhile, and the time does not count.
"""

import gc
import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from edgeprof_agent.runtimes.block_history import BlockHistory
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

MAX_BLOCK_RUN_COUNT = 50_000
"""Runs of one block at most. A block is one event, so this bounds the memory that an event takes anywhere: 400 kB."""

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
    however slow they are. A block that needs more than `MAX_BLOCK_RUN_COUNT` runs is taken as several. Where the plan
    asks for an interval, blocks are added until the interval is narrow enough, the time is up, or the estimate says
    that the time will not suffice.

    Args:
        run_once: Runs the model once.
        clock: Monotonic, in nanoseconds.
        plan: How long and how often, every field filled in.
        origin_ns: The moment on `clock` at which the model was loaded.
        gate: Called before each timed block: waits until the block may begin, and returns whether the model has cooled
            down meanwhile. It is then warmed up again. Neither this nor what the consumer does between two blocks
            counts towards the longest duration.

    Returns:
        The warm-up as one block, then up to `plan.block_count` blocks of timed runs, more for an interval or where a
        block has too many runs.
    """
    longest_ns = plan.max_duration_ms * NS_PER_MS
    taker = _BlockTaker(run_once, clock, plan, origin_ns, gate)
    history = BlockHistory()
    with _paused_garbage_collector():
        end_ns = taker.now_ns() + longest_ns
        yield from taker.warm_up()
        timed_start_ns = taker.now_ns()
        for index in itertools.count():
            share = min(1.0, (index + 1) / plan.block_count)
            deadline_ns = timed_start_ns + (end_ns - timed_start_ns) * share
            if index == 0 or taker.now_ns() < deadline_ns:
                for block in taker.take_timed(deadline_ns):
                    if plan.target_half_width and not block.is_warmup:
                        history.add(block)
                    yield block
            if index + 1 >= plan.block_count and (taker.now_ns() >= end_ns or not _needs_more(history, plan)):
                return


class _BlockTaker:
    """Takes blocks, and counts the time inside them: pauses between blocks do not count."""

    def __init__(
        self,
        run_once: Callable[[], None],
        clock: Clock,
        plan: MeasurementPlan,
        origin_ns: int,
        gate: Callable[[], bool],
    ) -> None:
        self._run_once = run_once
        self._clock = clock
        self._plan = plan
        self._origin_ns = origin_ns
        self._gate = gate
        self._paused_ns = 0

    def now_ns(self) -> float:
        """Return the moment on the clock, less the pauses so far."""
        return self._clock() - self._paused_ns

    def warm_up(self) -> Iterator[LatencyBlock]:
        """Take the warm-up. It ends early at its share of the longest duration."""
        plan = self._plan
        deadline_ns = self.now_ns() + plan.max_duration_ms * NS_PER_MS * WARMUP_SHARE_LIMIT
        yield from self._take(True, plan.warmup_run_count, plan.warmup_duration_ms * NS_PER_MS, deadline_ns)

    def take_timed(self, deadline_ns: float) -> Iterator[LatencyBlock]:
        """Take one block of the plan, as several blocks where it has too many runs, warm-ups in between."""
        plan = self._plan
        min_run_count = -(-plan.timed_run_count // plan.block_count)
        min_ns = plan.timed_duration_ms * NS_PER_MS / plan.block_count
        yield from self._take(False, min_run_count, min_ns, deadline_ns)

    def _take(self, is_warmup: bool, min_run_count: int, min_ns: float, deadline_ns: float) -> Iterator[LatencyBlock]:
        while True:
            if not is_warmup:
                yield from self._wait_for_gate()
            block, spent_ns, is_complete = _take_block(
                self._run_once,
                self._clock,
                origin_ns=self._origin_ns,
                is_warmup=is_warmup,
                min_run_count=min_run_count,
                min_ns=min_ns,
                deadline_ns=deadline_ns + self._paused_ns,
            )
            min_run_count -= len(block.latency_ms)
            min_ns -= spent_ns
            yield from self._pausing(block)
            if is_complete:
                return

    def _wait_for_gate(self) -> Iterator[LatencyBlock]:
        start_ns, before_ns = self._clock(), self._paused_ns
        if self._gate():
            yield from self.warm_up()
        self._paused_ns = before_ns + self._clock() - start_ns

    def _pausing(self, block: LatencyBlock) -> Iterator[LatencyBlock]:
        start_ns = self._clock()
        yield block
        self._paused_ns += self._clock() - start_ns


def _needs_more(history: BlockHistory, plan: MeasurementPlan) -> bool:
    blocks = history.blocks
    if not plan.target_half_width or len(blocks) >= MAX_BLOCK_COUNT:
        return False
    interval = median_interval(blocks)
    if interval is None:
        return True
    if interval.half_width <= plan.target_half_width:
        return False
    time_ms = needed_ms(history.timed_ms, interval, plan.target_half_width)
    is_hopeless = time_ms > HOPELESS_FACTOR * plan.max_duration_ms
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
) -> tuple[LatencyBlock, int, bool]:
    """Take runs until a block is complete or full; return it, its time in nanoseconds, and whether it is complete."""
    durations_ns: list[int] = []
    spent_ns = 0
    block_start_ns = clock()
    while True:
        start_ns = clock()
        run_once()
        end_ns = clock()
        durations_ns.append(end_ns - start_ns)
        spent_ns += end_ns - start_ns
        is_complete = (spent_ns >= min_ns and len(durations_ns) >= min_run_count) or end_ns >= deadline_ns
        if is_complete or len(durations_ns) >= MAX_BLOCK_RUN_COUNT:
            break
    block = LatencyBlock(
        is_warmup=is_warmup,
        start_ms=(block_start_ns - origin_ns) / NS_PER_MS,
        # A run faster than the resolution of the clock counts as 1 ns: a sample of 0 is not valid.
        latency_ms=tuple(max(duration_ns, 1) / NS_PER_MS for duration_ns in durations_ns),
    )
    return block, spent_ns, is_complete


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

import gc
from collections.abc import Iterator
from itertools import chain, count, cycle, repeat

import pytest

from edgeprof_agent.errors import RunFailedError
from edgeprof_agent.runtimes import timed_loop
from edgeprof_agent.runtimes.timed_loop import measure
from edgeprof_proto.records.job_spec import MeasurementPlan
from edgeprof_proto.records.measurement import LatencyBlock
from edgeprof_proto.shared.interval import median_interval

MS = 1_000_000


class FakeTime:
    """A clock that moves only while the model runs, by the durations given."""

    def __init__(self, durations_ms: Iterator[float]) -> None:
        self.now_ns = 0
        self._durations_ms = durations_ms

    def clock(self) -> int:
        return self.now_ns

    def run_once(self) -> None:
        self.now_ns += round(next(self._durations_ms) * MS)


def _plan(**changes: float) -> MeasurementPlan:
    fields = {
        "warmup_run_count": 2,
        "warmup_duration_ms": 1.0,
        "timed_run_count": 6,
        "timed_duration_ms": 1.0,
        "block_count": 3,
        "max_duration_ms": 1e6,
    }
    return MeasurementPlan(**(fields | changes))  # type: ignore[arg-type]


def _measure(durations_ms: Iterator[float], plan: MeasurementPlan, *, origin_ns: int = 0) -> list[LatencyBlock]:
    time = FakeTime(durations_ms)
    return list(measure(time.run_once, time.clock, plan, origin_ns=origin_ns))


def test_every_run_is_kept_in_order_with_its_exact_duration() -> None:
    blocks = _measure(iter([9.0, 2.0, 1.0, 1.5, 1.25, 1.0, 1.0, 1.125]), _plan())
    assert blocks == [
        LatencyBlock(is_warmup=True, start_ms=0.0, latency_ms=(9.0, 2.0)),
        LatencyBlock(is_warmup=False, start_ms=11.0, latency_ms=(1.0, 1.5)),
        LatencyBlock(is_warmup=False, start_ms=13.5, latency_ms=(1.25, 1.0)),
        LatencyBlock(is_warmup=False, start_ms=15.75, latency_ms=(1.0, 1.125)),
    ]


def test_start_of_a_block_counts_from_the_loading_of_the_model() -> None:
    assert _measure(repeat(1.0), _plan(), origin_ns=-5 * MS)[0].start_ms == 5.0


def test_warmup_and_timing_go_on_until_both_their_count_and_their_time_are_reached() -> None:
    few_but_long = _measure(repeat(100.0), _plan(warmup_duration_ms=250.0, timed_duration_ms=1_500.0))
    assert [len(block.latency_ms) for block in few_but_long] == [3, 5, 5, 5]
    many_but_short = _measure(repeat(0.001), _plan(warmup_run_count=500, timed_run_count=3_001))
    assert [len(block.latency_ms) for block in many_but_short] == [1000, 1001, 1001, 1001]


def test_a_run_shorter_than_the_clocks_tick_took_the_smallest_time_there_is() -> None:
    plan = _plan(warmup_duration_ms=0.0, timed_duration_ms=0.0)
    assert _measure(repeat(0.0), plan)[0].latency_ms == (1e-6, 1e-6)


def test_warmup_ends_at_half_of_the_longest_duration_and_blocks_share_the_rest() -> None:
    blocks = _measure(repeat(100.0), _plan(warmup_run_count=50, timed_run_count=50, max_duration_ms=2_000.0))
    assert [len(block.latency_ms) for block in blocks] == [10, 4, 3, 3]


def test_a_model_slower_than_the_longest_duration_is_run_once_for_warmup_and_once_in_time() -> None:
    blocks = _measure(repeat(5_000.0), _plan(max_duration_ms=1_000.0))
    assert [(block.is_warmup, block.latency_ms) for block in blocks] == [(True, (5_000.0,)), (False, (5_000.0,))]


def test_a_block_whose_time_is_used_up_is_left_out() -> None:
    durations_ms = chain([1.0, 1.0, 800.0], repeat(1.0))
    blocks = _measure(durations_ms, _plan(max_duration_ms=1_000.0))
    assert [block.latency_ms[0] for block in blocks] == [1.0, 800.0, 1.0]


def test_the_garbage_collector_rests_while_runs_are_taken_and_works_afterwards() -> None:
    time = FakeTime(repeat(1.0))
    seen: list[bool] = []

    def run_once() -> None:
        seen.append(gc.isenabled())
        time.run_once()

    list(measure(run_once, time.clock, _plan(), origin_ns=0))
    assert seen == [False] * 8
    assert gc.isenabled()


def test_the_garbage_collector_works_again_after_a_run_failed() -> None:
    def run_once() -> None:
        raise RunFailedError("the third wheel came off")

    with pytest.raises(RunFailedError):
        list(measure(run_once, FakeTime(repeat(1.0)).clock, _plan(), origin_ns=0))
    assert gc.isenabled()


def test_the_collector_stays_off_for_a_caller_who_had_it_off() -> None:
    gc.disable()
    try:
        _measure(repeat(1.0), _plan())
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_blocks_are_added_until_the_interval_is_narrow_enough() -> None:
    plan = _plan(timed_run_count=15, block_count=5, target_half_width=0.05)
    # Five blocks at paces that differ, then only the middle one: more blocks, narrower interval.
    paces = chain.from_iterable([pace] * 3 for pace in (1.0, 0.8, 1.2, 0.9, 1.1))
    blocks = _measure(chain([9.0, 2.0], paces, repeat(1.0)), plan)
    assert len(blocks) > 6
    interval = median_interval(blocks[1:])
    assert interval is not None and interval.half_width <= 0.05
    before = median_interval(blocks[1:-1])
    assert before is not None and before.half_width > 0.05


def test_an_interval_that_the_time_will_never_narrow_is_given_up() -> None:
    plan = _plan(timed_run_count=5, block_count=5, target_half_width=0.02, max_duration_ms=1e4)
    blocks = _measure(chain([1.0, 1.0], cycle([1.0, 2.0, 4.0])), plan)
    assert len(blocks) == 1 + 20


def test_an_interval_is_given_up_when_the_time_is_over() -> None:
    plan = _plan(timed_run_count=5, block_count=5, target_half_width=0.02, max_duration_ms=100.0)
    blocks = _measure(cycle([1.0, 1.06]), plan)
    assert sum(sum(block.latency_ms) for block in blocks) <= 102.0


def test_after_a_wait_the_model_is_warmed_up_again_and_the_wait_costs_no_runs() -> None:
    time = FakeTime(repeat(1.0))
    calls = count()

    def gate() -> bool:
        if next(calls) != 1:
            return False
        time.now_ns += 10**10 * MS
        return True

    plan = _plan(max_duration_ms=50.0)
    blocks = list(measure(time.run_once, time.clock, plan, origin_ns=0, gate=gate))
    assert [(block.is_warmup, len(block.latency_ms)) for block in blocks] == [
        (True, 2),
        (False, 2),
        (True, 2),
        (False, 2),
        (False, 2),
    ]


def test_a_block_of_too_many_runs_is_taken_as_several(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timed_loop, "MAX_BLOCK_RUN_COUNT", 40)
    blocks = _measure(repeat(1.0), _plan(warmup_run_count=50, timed_run_count=300, timed_duration_ms=330.0))
    assert [(block.is_warmup, len(block.latency_ms)) for block in blocks] == [
        *[(True, 40), (True, 10)],
        *[(False, 40), (False, 40), (False, 30)] * 3,
    ]


def test_what_the_consumer_does_between_blocks_costs_no_runs() -> None:
    time = FakeTime(repeat(1.0))
    sizes = []
    for block in measure(time.run_once, time.clock, _plan(max_duration_ms=20.0, timed_run_count=60), origin_ns=0):
        sizes.append(len(block.latency_ms))
        time.now_ns += 10**6 * MS
    assert sizes == [2, 6, 6, 6]

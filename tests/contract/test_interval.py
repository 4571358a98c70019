"""The interval of a median holds what it promises, also where neighbouring runs are slow together."""

import math
import random
import statistics

import pytest

from edgeprof_proto.records.job_spec import MIN_TARGET_HALF_WIDTH, MeasurementPlan
from edgeprof_proto.records.measurement import LatencyBlock
from edgeprof_proto.records.validation import RecordError
from edgeprof_proto.shared.interval import (
    LEVEL,
    MIN_BLOCK_COUNT,
    MIN_HALF_WIDTH,
    SESSION_RELATIVE_SD,
    median_interval,
    middle_ranks,
    needed_ms,
)


def _blocks(*medians_ms: float) -> list[LatencyBlock]:
    return [LatencyBlock(is_warmup=False, start_ms=0.0, latency_ms=(median,) * 3) for median in medians_ms]


def test_ranks_keep_the_level_that_the_binomial_distribution_tells() -> None:
    assert middle_ranks(MIN_BLOCK_COUNT, LEVEL) == (0, 4)
    assert middle_ranks(MIN_BLOCK_COUNT - 1, LEVEL) is None
    assert middle_ranks(8, LEVEL) == (1, 6)  # 1 - 2 * (1 + 8) / 256 = 0.93
    assert middle_ranks(0, LEVEL) is None


def test_too_few_blocks_have_no_interval() -> None:
    assert median_interval(_blocks(1.0, 1.0, 1.0, 1.0)) is None


def test_blocks_that_agree_leave_what_workers_differ_by() -> None:
    interval = median_interval(_blocks(*[2.0] * 5))
    assert interval is not None
    assert interval.median_ms == 2.0
    assert interval.half_width == pytest.approx(MIN_HALF_WIDTH, rel=1e-3)


def test_blocks_that_differ_widen_the_interval_on_their_side() -> None:
    interval = median_interval(_blocks(1.0, 1.0, 1.0, 1.1, 1.2))
    assert interval is not None
    assert interval.lower_ms == pytest.approx(1 - MIN_HALF_WIDTH, rel=1e-3)
    assert interval.upper_ms > 1.2


def test_the_target_of_a_plan_can_be_reached() -> None:
    assert MIN_TARGET_HALF_WIDTH > MIN_HALF_WIDTH
    with pytest.raises(RecordError, match="two workers differ"):
        MeasurementPlan(target_half_width=0.005)


def test_the_time_needed_grows_with_the_square_of_the_certainty() -> None:
    blocks = _blocks(*[0.9, 0.95, 1.0, 1.05, 1.1] * 2)
    interval = median_interval(blocks)
    assert interval is not None
    wide, narrow = needed_ms(10.0, interval, 0.05), needed_ms(10.0, interval, 0.025)
    assert narrow / wide == pytest.approx((0.05**2 - MIN_HALF_WIDTH**2) / (0.025**2 - MIN_HALF_WIDTH**2))


@pytest.mark.parametrize("correlation", [0.0, 0.9])
def test_nine_of_ten_repeats_hold_the_true_median_though_neighbours_are_slow_together(correlation: float) -> None:
    generator = random.Random(0)
    holding = 0
    for _ in range(200):
        session = math.exp(generator.gauss(0.0, SESSION_RELATIVE_SD))
        state, blocks = 0.0, []
        for _ in range(5):
            runs = []
            for _ in range(40):
                state = correlation * state + math.sqrt(1 - correlation**2) * generator.gauss(0.0, 0.05)
                runs.append(session * math.exp(state))
            blocks.append(LatencyBlock(is_warmup=False, start_ms=0.0, latency_ms=tuple(runs)))
        interval = median_interval(blocks)
        assert interval is not None
        holding += interval.lower_ms <= 1.0 <= interval.upper_ms
        assert interval.median_ms == statistics.median(value for block in blocks for value in block.latency_ms)
    assert holding / 200 >= 0.88

import math
import random
from collections.abc import Callable, Sequence

import pytest

from edgeprof_agent.worker.verdict import judge
from edgeprof_proto.records.job_spec import MeasurementPlan
from edgeprof_proto.records.measurement import Conditions, LatencyBlock, Verdict, VerdictKind

QUIET = Conditions(core_frequencies_mhz=(1_500.0, 1_500.0), has_throttling_flags=True)


def _blocks(latency_ms: Callable[[int], float], *, block_count: int = 5, run_count: int = 100) -> list[LatencyBlock]:
    blocks = [LatencyBlock(is_warmup=True, start_ms=0.0, latency_ms=(50.0, 1.0))]
    for block in range(block_count):
        runs = range(block * run_count, (block + 1) * run_count)
        blocks.append(LatencyBlock(is_warmup=False, start_ms=0.0, latency_ms=tuple(latency_ms(run) for run in runs)))
    return blocks


def _quiet(seed: int = 0) -> Callable[[int], float]:
    generator = random.Random(seed)
    return lambda run: math.exp(generator.gauss(0, 0.02))


def _exceeded(verdict: Verdict) -> list[str]:
    return [item.name for item in verdict.evidence if item.is_exceeded]


def _values(verdict: Verdict) -> dict[str, float]:
    return {item.name: item.value for item in verdict.evidence}


@pytest.mark.parametrize("missing", ["cores_elsewhere_count", "extra_thread_count"])
def test_other_cores_or_more_threads_than_asked_for_do_not_meet_the_setting(missing: str) -> None:
    kept = {"cores_elsewhere_count": 0, "extra_thread_count": 0}
    assert judge(_blocks(_quiet()), QUIET, QUIET, **kept).kind is VerdictKind.STABLE  # type: ignore[arg-type]
    verdict = judge(_blocks(_quiet()), QUIET, QUIET, **{**kept, missing: 1})  # type: ignore[arg-type]
    assert verdict.kind is VerdictKind.SETTING_NOT_MET
    assert _exceeded(verdict) == [missing]


def test_a_node_elsewhere_is_a_fallback_although_cores_were_not_kept_either() -> None:
    verdict = judge(
        _blocks(_quiet()), QUIET, QUIET, provider="gpu", node_counts={"gpu": 30, "cpu": 1}, cores_elsewhere_count=1
    )
    assert verdict.kind is VerdictKind.FALLBACK
    assert _exceeded(verdict) == ["nodes_elsewhere_count", "cores_elsewhere_count"]


def test_a_fallback_that_is_allowed_must_still_run_something_on_the_provider() -> None:
    def kind(**node_counts: int) -> VerdictKind:
        return judge(_blocks(_quiet()), QUIET, QUIET, provider="npu", node_counts=node_counts, allow_fallback=True).kind

    assert kind(npu=1, cpu=99) is VerdictKind.STABLE
    assert kind(cpu=100) is VerdictKind.FALLBACK


def test_what_the_device_does_between_blocks_is_judged_as_well() -> None:
    slow = Conditions(core_frequencies_mhz=(900.0, 900.0), has_throttling_flags=True)
    verdict = judge(_blocks(_quiet()), QUIET, QUIET, conditions_during=[QUIET, slow])
    assert verdict.kind is VerdictKind.THROTTLED
    assert _exceeded(verdict) == ["frequency_drop"]
    flagged = Conditions(throttling_flags=("thermal-limit",), has_throttling_flags=True)
    assert _exceeded(judge(_blocks(_quiet()), QUIET, QUIET, conditions_during=[flagged])) == ["throttling_flag_count"]


def test_the_hardwares_own_count_of_throttling_is_judged_by_its_growth() -> None:
    before, same = Conditions(throttling_event_count=7), Conditions(throttling_event_count=7)
    assert judge(_blocks(_quiet()), before, same).kind is VerdictKind.STABLE
    assert judge(_blocks(_quiet()), before, Conditions(throttling_event_count=8)).kind is VerdictKind.THROTTLED


def test_too_few_blocks_for_the_interval_that_a_plan_asks_for_are_evidence() -> None:
    plan = MeasurementPlan(target_half_width=0.02).filled()
    verdict = judge(_blocks(_quiet(), block_count=3), QUIET, QUIET, plan=plan)
    assert _exceeded(verdict) == ["blocks_missing_count"]
    assert verdict.kind is VerdictKind.TOO_FEW_RUNS


def test_runs_that_agree_are_stable_and_show_every_number() -> None:
    verdict = judge(_blocks(_quiet()), QUIET, QUIET, core_wait_ms=0.1)
    assert verdict.kind is VerdictKind.STABLE
    assert _exceeded(verdict) == []
    assert list(_values(verdict)) == [
        "throttling_flag_count",
        "frequency_drop",
        "runs_missing_count",
        "blocks_missing_count",
        "quartile_spread",
        "mean_excess",
        "core_wait_share",
        "drift",
        "block_spread",
    ]


def test_evidence_is_computed_from_timed_runs_alone() -> None:
    verdict = judge(_blocks(lambda run: 2.0), QUIET, QUIET, core_wait_ms=10.0)
    assert _values(verdict) == {
        "throttling_flag_count": 0,
        "frequency_drop": 0.0,
        "runs_missing_count": 0,
        "blocks_missing_count": 0,
        "quartile_spread": 0.0,
        "mean_excess": 0.0,
        "core_wait_share": 0.01,
        "drift": 0.0,
        "block_spread": 0.0,
    }


def test_what_the_system_does_not_tell_gives_no_evidence() -> None:
    verdict = judge(_blocks(_quiet()), Conditions(), Conditions())
    assert list(_values(verdict))[2:] == ["quartile_spread", "mean_excess", "drift", "block_spread"]
    assert list(_values(verdict))[:2] == ["runs_missing_count", "blocks_missing_count"]


@pytest.mark.parametrize(
    ("block_count", "run_count", "exceeded"),
    [
        (1, 1, ["runs_missing_count", "blocks_missing_count"]),
        (1, 100, ["blocks_missing_count"]),
        (3, 3, ["runs_missing_count"]),
        (2, 5, []),
    ],
)
def test_what_is_too_few_to_judge_is_a_verdict_of_its_own(
    block_count: int, run_count: int, exceeded: list[str]
) -> None:
    verdict = judge(_blocks(lambda run: 3.0, block_count=block_count, run_count=run_count), QUIET, QUIET)
    assert verdict.kind is (VerdictKind.TOO_FEW_RUNS if exceeded else VerdictKind.STABLE)
    assert _exceeded(verdict) == exceeded


def test_a_device_that_throttles_is_throttled_after_few_runs_too_and_scatter_of_few_runs_is_no_noise() -> None:
    generator = random.Random(0)
    few = _blocks(lambda run: math.exp(generator.gauss(0, 1)), block_count=2, run_count=2)
    throttled = Conditions(throttling_flags=("throttled",), has_throttling_flags=True)
    assert judge(few, QUIET, throttled).kind is VerdictKind.THROTTLED
    assert judge(few, QUIET, QUIET).kind is VerdictKind.TOO_FEW_RUNS


def test_runs_that_scatter_are_noisy() -> None:
    generator = random.Random(0)
    verdict = judge(_blocks(lambda run: math.exp(generator.gauss(0, 0.25))), QUIET, QUIET)
    assert verdict.kind is VerdictKind.NOISY
    assert "quartile_spread" in _exceeded(verdict)


def test_a_neighbour_that_stretches_few_runs_is_seen_though_the_median_hides_it() -> None:
    # Slices of 3 ms taken from runs of 0.5 ms: one run in seven waits.
    quiet = _quiet()
    verdict = judge(_blocks(lambda run: quiet(run) * 0.5 + (3.0 if run % 7 == 0 else 0.0)), QUIET, QUIET)
    assert verdict.kind is VerdictKind.NOISY
    assert _exceeded(verdict) == ["mean_excess"]


def test_a_neighbour_that_stretches_every_run_alike_is_seen_by_the_time_waited() -> None:
    verdict = judge(_blocks(lambda run: 600.0, run_count=10), QUIET, QUIET, core_wait_ms=15_000.0)
    assert verdict.kind is VerdictKind.NOISY
    assert _values(verdict)["core_wait_share"] == 0.5


def test_one_long_pause_does_not_make_a_quiet_measurement_noisy() -> None:
    quiet = _quiet()
    assert judge(_blocks(lambda run: 30.0 if run == 250 else quiet(run)), QUIET, QUIET).kind is VerdictKind.STABLE


@pytest.mark.parametrize("direction", [1, -1])
def test_runs_that_become_slower_or_faster_are_drifting(direction: int) -> None:
    quiet = _quiet()
    verdict = judge(_blocks(lambda run: quiet(run) * (1 + direction * 0.1 * run / 500)), QUIET, QUIET)
    assert verdict.kind is VerdictKind.DRIFTING


def test_a_block_that_differs_in_the_middle_is_noise_not_drift() -> None:
    quiet = _quiet()
    verdict = judge(_blocks(lambda run: quiet(run) * (1.2 if 200 <= run < 300 else 1.0)), QUIET, QUIET)
    assert verdict.kind is VerdictKind.NOISY
    assert _exceeded(verdict) == ["block_spread"]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ((), ("throttled", "throttled-has-occurred")),
        (("soft-temperature-limit",), ()),
        ((), ("under-voltage-has-occurred",)),
    ],
)
def test_a_flag_that_holds_or_was_raised_meanwhile_means_throttled(before: Sequence[str], after: Sequence[str]) -> None:
    verdict = judge(
        _blocks(_quiet()),
        Conditions(has_throttling_flags=True, throttling_flags=tuple(before)),
        Conditions(has_throttling_flags=True, throttling_flags=tuple(after)),
    )
    assert verdict.kind is VerdictKind.THROTTLED


def test_a_flag_left_over_from_before_is_no_evidence() -> None:
    conditions = Conditions(has_throttling_flags=True, throttling_flags=("throttled-has-occurred",))
    assert judge(_blocks(_quiet()), conditions, conditions).kind is VerdictKind.STABLE


def test_a_lower_frequency_of_the_fastest_core_means_throttled() -> None:
    before = Conditions(core_frequencies_mhz=(600.0, 2_400.0))
    after = Conditions(core_frequencies_mhz=(600.0, 1_800.0))
    verdict = judge(_blocks(_quiet()), before, after)
    assert verdict.kind is VerdictKind.THROTTLED
    assert _values(verdict)["frequency_drop"] == 0.25
    assert judge(_blocks(_quiet()), after, before).kind is VerdictKind.STABLE


def test_one_node_on_another_provider_means_fallback_whatever_else_happened() -> None:
    generator = random.Random(0)
    noisy = _blocks(lambda run: math.exp(generator.gauss(0, 0.5)))
    verdict = judge(noisy, QUIET, QUIET, provider="gpu", node_counts={"gpu": 30, "cpu": 1})
    assert verdict.kind is VerdictKind.FALLBACK
    assert _values(verdict)["nodes_elsewhere_count"] == 1


def test_all_nodes_on_the_provider_are_no_fallback() -> None:
    verdict = judge(_blocks(_quiet()), QUIET, QUIET, provider="gpu", node_counts={"gpu": 30})
    assert verdict.kind is VerdictKind.STABLE
    assert _values(verdict)["nodes_elsewhere_count"] == 0


def test_a_provider_that_ran_nothing_means_fallback() -> None:
    verdict = judge(_blocks(_quiet()), QUIET, QUIET, provider="gpu", node_counts={"cpu": 31})
    assert verdict.kind is VerdictKind.FALLBACK

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from edgeprof_agent.worker.throttling import computes_on_cores
from edgeprof_agent.worker.verdict import judge
from edgeprof_proto.records.measurement import Conditions, LatencyBlock, Verdict, VerdictKind

BLOCKS = [LatencyBlock(is_warmup=False, start_ms=0.0, latency_ms=(2.0,) * 20)] * 5


def _reading(*frequencies_mhz: float, limits_mhz: Sequence[float] = (), worker: Sequence[int] = ()) -> Conditions:
    return Conditions(
        core_frequencies_mhz=frequencies_mhz,
        core_indices=tuple(range(len(frequencies_mhz))),
        core_frequency_limits_mhz=tuple(limits_mhz),
        worker_core_indices=tuple(worker),
    )


def _judge(*readings: Conditions, **arguments: Any) -> Verdict:
    before, *during, after = readings
    return judge(BLOCKS, before, after, conditions_during=during, **arguments)


def _exceeded(verdict: Verdict) -> list[str]:
    return [item.name for item in verdict.evidence if item.is_exceeded]


def test_a_drop_on_cores_that_the_worker_may_not_use_is_no_evidence() -> None:
    readings = (_reading(1_800, 2_400), _reading(1_800, 900), _reading(1_800, 900))
    assert _judge(*readings, core_indices=(0,)).kind is VerdictKind.STABLE
    assert _exceeded(_judge(*readings, core_indices=(1,))) == ["frequency_drop"]


def test_of_the_cores_that_it_may_use_those_count_on_which_its_threads_were() -> None:
    # All cores are allowed; the thread stays on the little core 0 while the idle big core 1 falls asleep, or on core 1.
    on = {core: [_reading(1_800, mhz, worker=(core,)) for mhz in (2_400, 900, 600)] for core in (0, 1)}
    assert _judge(*on[0], core_indices=(0, 1)).kind is VerdictKind.STABLE
    assert _exceeded(_judge(*on[1], core_indices=(0, 1))) == ["frequency_drop"]


def test_a_thread_that_moves_is_judged_on_the_core_where_it_is() -> None:
    moved = (_reading(2_400, 2_400), _reading(2_400, 600, worker=(0,)), _reading(600, 2_400, worker=(1,)))
    assert _judge(*moved, core_indices=(0, 1)).kind is VerdictKind.STABLE


@pytest.mark.parametrize("provider", ["CUDAExecutionProvider", "NnapiExecutionProvider", "gpu", "edgetpu"])
def test_the_processors_frequency_is_no_evidence_where_an_accelerator_ran_every_node(provider: str) -> None:
    drop = (_reading(2_400), _reading(600))
    assert _judge(*drop, provider=provider, node_counts={provider: 30}).kind is VerdictKind.STABLE
    assert _judge(*drop, provider=provider).kind is VerdictKind.STABLE, "a runtime that counts no nodes"
    shared = _judge(*drop, provider=provider, node_counts={provider: 30, "CPU": 2}, allow_fallback=True)
    assert shared.kind is VerdictKind.THROTTLED
    assert not computes_on_cores(provider)


@pytest.mark.parametrize("provider", ["CPUExecutionProvider", "cpu", "XnnpackExecutionProvider", "XNNPACK", ""])
def test_providers_that_compute_on_cores_are_known_by_name(provider: str) -> None:
    assert computes_on_cores(provider)
    assert _judge(_reading(2_400), _reading(600), provider=provider).kind is VerdictKind.THROTTLED


def test_a_cap_that_the_owner_has_set_is_no_throttling_for_ever() -> None:
    capped = _reading(1_200, limits_mhz=(1_200,))
    assert _judge(capped, capped, capped).kind is VerdictKind.STABLE
    # It was faster before the cap took hold, or is a little beyond it: no core has to be faster than its cap.
    faster = _reading(1_800, limits_mhz=(1_200,))
    assert _judge(faster, capped, capped).kind is VerdictKind.STABLE


def test_a_limit_that_falls_while_the_model_runs_is_throttling() -> None:
    free, limited = _reading(1_800, 1_800, limits_mhz=(1_800, 1_800)), _reading(1_800, 1_800, limits_mhz=(1_800, 1_000))
    assert _exceeded(_judge(free, limited, free, core_indices=(1,))) == ["frequency_limit_drop"]
    assert _judge(free, limited, free, core_indices=(0,)).kind is VerdictKind.STABLE
    assert _judge(limited, free, free, core_indices=(1,)).kind is VerdictKind.STABLE, "it rose"


def test_events_of_cores_that_did_not_run_are_no_evidence_and_those_of_the_board_are() -> None:
    def counted(*by_core: int, board: int = 0) -> Conditions:
        total = sum(by_core) + board
        return Conditions(core_indices=(0, 1), core_throttling_event_counts=by_core, throttling_event_count=total)

    assert _judge(counted(3, 5), counted(3, 9), core_indices=(0,)).kind is VerdictKind.STABLE
    assert _exceeded(_judge(counted(3, 5), counted(3, 9), core_indices=(1,))) == ["throttling_event_count"]
    assert _judge(counted(3, 5), counted(3, 5, board=1), core_indices=(0,)).kind is VerdictKind.THROTTLED


@pytest.mark.parametrize(
    ("flag", "provider", "is_evidence"),
    [
        ("thermal-limit", "cpu", True),
        ("thermal-limit-cores-0,1", "cpu", True),
        ("thermal-limit-cores-2,3", "cpu", False),
        ("thermal-limit-gpu", "cpu", False),
        ("thermal-limit-gpu", "gpu", True),
        ("thermal-limit", "gpu", False),
        ("thermal-limit-devfreq", "gpu", True),
        ("under-voltage", "gpu", True),
    ],
)
def test_a_limit_counts_where_it_holds_back_what_ran(flag: str, provider: str, is_evidence: bool) -> None:
    hot = Conditions(throttling_flags=(flag,), has_throttling_flags=True)
    verdict = _judge(hot, hot, provider=provider, core_indices=(0,))
    assert verdict.kind is (VerdictKind.THROTTLED if is_evidence else VerdictKind.STABLE)


def test_a_flag_of_a_source_that_speaks_up_only_when_it_is_raised_counts() -> None:
    silent = Conditions()
    raised = replace(silent, throttling_flags=("under-voltage",), has_throttling_flags=True)
    assert _judge(silent, raised, silent).kind is VerdictKind.THROTTLED


def test_a_core_that_comes_online_or_tells_no_frequency_is_no_fault() -> None:
    one = Conditions(core_frequencies_mhz=(1_800.0,), core_indices=(0,))
    assert _judge(one, _reading(1_800, 600), core_indices=(0,)).kind is VerdictKind.STABLE
    assert _judge(_reading(0, 0), _reading(0, 0)).kind is VerdictKind.STABLE

import pytest

from edgeprof_agent.runtimes.operator_times import (
    MIN_RUN_COUNT,
    PROFILED_RUN_COUNT,
    WINDOW_COUNT,
    ProfiledOperator,
    operator_times,
    repeat_run,
    windows_of,
)


def test_a_stall_in_one_window_does_not_change_the_time() -> None:
    steady = ProfiledOperator(name="a", type="Conv", window_ms=windows_of([3.0] * 20))
    stalled = ProfiledOperator(name="b", type="Relu", window_ms=windows_of([1.0] * 19 + [1_400.0]))
    first, second = operator_times([steady, stalled])
    assert (first.time_ms, second.time_ms) == (3.0, 1.0)
    assert (first.share, second.share) == (0.75, 0.25)


@pytest.mark.parametrize("count", [1, 2, 5, 7, 20])
def test_every_run_is_in_one_window(count: int) -> None:
    windows = windows_of([1.0] * count)
    assert windows == (1.0,) * min(count, WINDOW_COUNT)


def test_windows_keep_the_order_of_the_runs() -> None:
    assert windows_of([1.0, 1.0, 2.0, 2.0, 3.0, 3.0, 4.0, 4.0, 5.0, 5.0]) == (1.0, 2.0, 3.0, 4.0, 5.0)


def test_operators_without_a_time_have_no_share() -> None:
    (operator,) = operator_times([ProfiledOperator(name="a" * 500, type="Reshape", window_ms=(0.0,))])
    assert (operator.time_ms, operator.share, len(operator.name)) == (0.0, 0.0, 200)


def test_a_fast_model_is_run_as_often_as_wanted_and_a_slow_one_at_least_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    assert repeat_run(lambda: None) == PROFILED_RUN_COUNT
    monkeypatch.setattr("edgeprof_agent.runtimes.operator_times.PROFILE_DURATION_S", 0.0)
    assert repeat_run(lambda: None) == MIN_RUN_COUNT

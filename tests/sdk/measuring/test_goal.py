import re

import pytest

from edgeprof.errors import OnboardingError
from edgeprof.measuring.goal import Goal, OnboardingStatus, reason_to_stop
from edgeprof_predictor.methods.expected_error import ExpectedError


def status(**changes: float) -> OnboardingStatus:
    values = {"sample_count": 5, "error": 0.10, "next_error": 0.08, "elapsed_s": 20.0, "seconds_per_sample": 4.0}
    values |= changes
    error = values.pop("error")
    expected = ExpectedError(error=error, lower=0.5 * error, upper=1.5 * error)
    return OnboardingStatus(expected=expected, **values)  # type: ignore[arg-type]


def test_nothing_reached_means_going_on() -> None:
    assert reason_to_stop(Goal(), status()) is None


@pytest.mark.parametrize(
    ("goal", "changes", "reason"),
    [
        (Goal(sample_count=5), {}, "all 5 samples"),
        (Goal(target_error=0.16), {}, r"10\.0% \(5\.0% to 15\.0%\) is within the target of 16\.0%"),
        (Goal(budget_s=27.0), {}, "of 4 s would exceed the budget of 27 s"),
        (Goal(), {"next_error": 0.0995}, r"only from 10\.0% to (9\.9|10\.0)%"),
    ],
)
def test_each_goal_that_is_met_says_so(goal: Goal, changes: dict[str, float], reason: str) -> None:
    with_reason = reason_to_stop(goal, status(**changes))
    assert with_reason is not None
    assert re.search(reason, with_reason)


def test_a_target_below_the_upper_end_is_not_met_yet() -> None:
    assert reason_to_stop(Goal(target_error=0.12), status()) is None


def test_a_budget_leaves_room_for_the_check_that_closes_the_session() -> None:
    assert reason_to_stop(Goal(budget_s=28.0), status()) is None
    assert reason_to_stop(Goal(budget_s=28.0), status(elapsed_s=21.0)) is not None


def test_a_standing_says_in_one_line_what_another_sample_buys() -> None:
    assert str(status()) == "expected error 10.0% (5.0% to 15.0%); one more sample: 8.0%, 4 s"


def test_two_samples_are_never_enough() -> None:
    assert reason_to_stop(Goal(target_error=0.5), status(sample_count=2)) is None


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({"sample_count": 2}, "3 to 200, got 2"),
        ({"sample_count": 201}, "got 201"),
        ({"target_error": 0.0}, "between 0 and 100 %"),
        ({"budget_s": -1.0}, "longer than 0 s"),
    ],
)
def test_a_goal_outside_its_range_is_refused(values: dict[str, float], text: str) -> None:
    with pytest.raises(OnboardingError, match=text):
        Goal(**values)  # type: ignore[arg-type]

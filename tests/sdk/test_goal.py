import pytest

from edgeprof.errors import OnboardingError
from edgeprof.onboarding.goal import Goal, Standing, reason_to_stop


def standing(**changes: float) -> Standing:
    values = {
        "sample_count": 5,
        "expected_error": 0.10,
        "next_error": 0.08,
        "elapsed_s": 20.0,
        "seconds_per_sample": 4.0,
    }
    return Standing(**{**values, **changes})  # type: ignore[arg-type]


def test_nothing_reached_means_going_on() -> None:
    assert reason_to_stop(Goal(), standing()) is None


@pytest.mark.parametrize(
    ("goal", "changes", "reason"),
    [
        (Goal(sample_count=5), {}, "all 5 samples"),
        (Goal(target_error=0.12), {}, "within the target of 12.0%"),
        (Goal(budget_s=23.0), {}, "exceed the budget of 23 s"),
        (Goal(), {"next_error": 0.0995}, "only from 10.0% to 9.9%|only from 10.0% to 10.0%"),
    ],
)
def test_each_goal_that_is_met_says_so(goal: Goal, changes: dict[str, float], reason: str) -> None:
    with_reason = reason_to_stop(goal, standing(**changes))
    assert with_reason is not None
    import re

    assert re.search(reason, with_reason)


def test_two_samples_are_never_enough() -> None:
    assert reason_to_stop(Goal(target_error=0.5), standing(sample_count=2)) is None


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

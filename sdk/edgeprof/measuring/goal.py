"""When an onboarding has measured enough."""

from dataclasses import dataclass

from edgeprof.errors import OnboardingError
from edgeprof_predictor.methods.expected_error import ExpectedError

DEFAULT_SAMPLE_COUNT = 10
"""Samples where no number is given: the paper's number (tables 1 and 3)."""

MIN_SAMPLE_COUNT = 3
"""Two samples give a scale and one comparison; the third is the first that tests them."""

MAX_SAMPLE_COUNT = 200
"""At most; with so many samples a further one changes nothing noticeable."""

MAX_BUDGET_S = 30 * 24 * 3600.0
"""Longest budget, in seconds: a month."""

NARROWING_LIMIT = 0.01
"""A sample that is expected to lower the error by less than this share of it is not measured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """Limits and target of an onboarding, which ends at the first of them that is reached.

    Args:
        sample_count: Networks to measure at most.
        target_error: Median relative error to stay below, for example 0.05; None for no target. It is reached when the
            upper end of the expected error is below it; the real error lies below that end nine times in ten.
        budget_s: Seconds for the whole onboarding, a last check of the anchor included; None for no limit. Waiting
            until another process has ended that is at the same onboarding does not count.

    Raises:
        OnboardingError: If a value is outside its range.
    """

    sample_count: int = DEFAULT_SAMPLE_COUNT
    target_error: float | None = None
    budget_s: float | None = None

    @property
    def is_open_ended(self) -> bool:
        """Whether it may be reached before all samples are measured."""
        return self.target_error is not None or self.budget_s is not None

    def __post_init__(self) -> None:
        if not isinstance(self.sample_count, int) or not MIN_SAMPLE_COUNT <= self.sample_count <= MAX_SAMPLE_COUNT:
            raise OnboardingError(
                f"the number of samples must be {MIN_SAMPLE_COUNT} to {MAX_SAMPLE_COUNT}, got {self.sample_count}"
            )
        if self.target_error is not None and not 0 < self.target_error < 1:
            raise OnboardingError(f"the target error must lie between 0 and 100 %, got {self.target_error:.0%}")
        if self.budget_s is not None and not 0 < self.budget_s <= MAX_BUDGET_S:
            raise OnboardingError(
                f"the budget must be longer than 0 s and at most {MAX_BUDGET_S:.0f} s, got {self.budget_s} s"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class OnboardingStatus:
    """Status of an onboarding after some samples, and the gain expected from another.

    Args:
        sample_count: Samples so far.
        expected: Median relative error that the model expects for networks it has not seen.
        next_error: The error that it expects after one more well chosen sample; None where the method does not tell.
        elapsed_s: Seconds spent so far.
        seconds_per_sample: Seconds that one more sample takes, its share of the checks of the anchor included.
    """

    sample_count: int
    expected: ExpectedError
    next_error: float | None
    elapsed_s: float
    seconds_per_sample: float

    def __str__(self) -> str:
        """Return it in one line."""
        gain = "" if self.next_error is None else f"{self.next_error:.1%}, "
        return f"expected error {self.expected}; one more sample: {gain}{self.seconds_per_sample:.0f} s"


def reason_to_stop(goal: Goal, status: OnboardingStatus) -> str | None:
    """The reason why an onboarding should end here; None where it should measure another sample."""
    expected, per_sample_s = status.expected, status.seconds_per_sample
    if status.sample_count < MIN_SAMPLE_COUNT:
        return None
    if status.sample_count >= goal.sample_count:
        return f"measured all {goal.sample_count} samples"
    if goal.target_error is not None and expected.upper <= goal.target_error:
        return f"expected error {expected} is within the target of {goal.target_error:.1%}"
    # Two measurements: the sample, and the anchor that closes the session.
    if goal.budget_s is not None and status.elapsed_s + 2 * per_sample_s > goal.budget_s:
        return f"another sample of {per_sample_s:.0f} s would exceed the budget of {goal.budget_s:.0f} s"
    if status.next_error is not None and status.next_error > (1 - NARROWING_LIMIT) * expected.error:
        return (
            f"another sample would lower the expected error only from {expected.error:.1%} to {status.next_error:.1%}"
        )
    return None

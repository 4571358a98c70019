"""What an onboarding did, and what it cost."""

from collections import Counter
from dataclasses import dataclass

from edgeprof.measuring.latency_estimate import SETTLED_TRY_COUNT
from edgeprof.measuring.time_ledger import MEASURING
from edgeprof.onboarding.goal import Standing
from edgeprof.onboarding.procedure import Onboarding
from edgeprof_predictor.methods.default.error_diagnosis import ErrorDiagnosis
from edgeprof_predictor.methods.default.predictor import DefaultPredictor


@dataclass(frozen=True, slots=True, kw_only=True)
class OnboardingReport:
    """What an onboarding did, and what it cost.

    Args:
        platform: Name of the platform.
        space: Name of the search space.
        samples: Text of each architecture that counts, with its latency at the device's own pace in milliseconds, and
            whether that pace is settled.
        failures: Text of each architecture that could not be measured, with the reason.
        anchor_check_count: Times that the anchor was measured again.
        disturbed_count: Networks whose first two tries settled no pace, so that more followed.
        unsettled_count: Samples whose pace is not settled even so; they count by their uncertainty.
        stop_reason: Why it ended.
        source_platform: Source platform from which the hardware embedding was initialised (Eq. 1).
        source_correlation: Correlation with it over the samples (Eq. 1).
        choice: How the samples were chosen.
        course: Expected error, and what another sample would have bought, after each number of samples.
        error_diagnosis: Why the error is larger than wanted, and what would help; None where it is not.
        seconds_by_step: What each step cost, in seconds.
    """

    platform: str
    space: str
    samples: tuple[tuple[str, float, bool], ...]
    failures: tuple[tuple[str, str], ...]
    anchor_check_count: int
    disturbed_count: int
    unsettled_count: int
    stop_reason: str
    source_platform: str
    source_correlation: float
    choice: str
    course: tuple[Standing, ...]
    error_diagnosis: ErrorDiagnosis | None
    seconds_by_step: dict[str, float]

    @property
    def measuring_share(self) -> float:
        """Share of the time that went into warm-up and timed runs."""
        return self.seconds_by_step.get(MEASURING, 0.0) / sum(self.seconds_by_step.values())


def report_on(onboarding: Onboarding, predictor: DefaultPredictor, stop_reason: str) -> OnboardingReport:
    """Say what an onboarding did.

    Args:
        onboarding: The onboarding, at its end.
        predictor: What it adapted.
        stop_reason: Why it ended.
    """
    probing = onboarding.probing
    probes, paces = probing.probes(), probing.paces()
    tries = Counter(probe.architecture for probe in probes if not probe.is_anchor_check)
    return OnboardingReport(
        platform=probing.platform.name,
        space=probing.session.space,
        samples=tuple((text, pace.latency_ms, pace.is_settled) for text, pace in paces.items()),
        failures=tuple((probe.architecture, probe.failure) for probe in probes if probe.failure is not None),
        anchor_check_count=sum(probe.is_anchor_check for probe in probes),
        disturbed_count=sum(count > SETTLED_TRY_COUNT for count in tries.values()),
        unsettled_count=sum(not pace.is_settled for pace in paces.values()),
        stop_reason=stop_reason,
        source_platform=predictor.source_platform or "",
        source_correlation=predictor.source_correlation,
        choice=onboarding.choice,
        course=tuple(standing for _, standing in sorted(onboarding.course.items())),
        error_diagnosis=onboarding.error_diagnosis(predictor),
        seconds_by_step=onboarding.costs.seconds_by_step(),
    )

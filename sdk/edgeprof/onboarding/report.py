"""The report of an onboarding: samples, failures, expected errors and the time of each step."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from edgeprof.measuring.goal import OnboardingStatus
from edgeprof.measuring.latency_estimate import CONVERGED_ATTEMPT_COUNT
from edgeprof.measuring.time_ledger import MEASURING
from edgeprof.onboarding.procedure import Onboarding
from edgeprof_predictor.explanations.error_diagnosis import ErrorDiagnosis
from edgeprof_predictor.explanations.source_use import SourceUse, source_uses
from edgeprof_predictor.methods.default.predictor import DefaultPredictor
from edgeprof_predictor.methods.left_out import LeftOutScore
from edgeprof_predictor.methods.onboarding_method import ProfilePredictor
from edgeprof_predictor.operator_prior.other_priors import errors_of_others
from edgeprof_predictor.operator_prior.predictor import OperatorPriorPredictor

MIN_SHARE = 0.02
"""Share of the sources' contribution below which a source is not named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OnboardingReport:
    """Result of an onboarding in figures.

    Args:
        platform: Name of the platform.
        space: Name of the search space.
        method: Name of the method that was adapted.
        samples: Text of each architecture that was measured, with its latency estimate in milliseconds, and whether
            the estimate has converged.
        failures: Text of each architecture that could not be measured, with the reason.
        anchor_check_count: Times that the anchor was measured again.
        disturbed_count: Networks whose estimate did not converge after two measurements, so that more followed.
        unconverged_count: Samples whose estimate has not converged in the end; their larger uncertainty reduces their
            weight.
        stop_reason: Why it ended.
        has_sources: Whether the space was measured on any other platform.
        source_platform: Source platform from which the hardware embedding was initialised (Eq. 1).
        source_correlation: Correlation with it over the samples (Eq. 1).
        sources: Source platforms whose share of the predictions is noticeable, and those trusted less than fully, the
            largest share first; of the default method alone.
        operators: What the device's operators are known from; empty where they do not predict.
        contributions: Median error of the samples by each of what predicts from operators, and all before it.
        others: Median error of the samples by each other thing that is known of the space, alone: published platforms,
            earlier devices, costs. Where operators predict, it shows why.
        choice: How the samples were chosen.
        interval_origin: Where intervals and expected error come from.
        history: Status after each number of samples: the expected error, and the one after another sample.
        error_diagnosis: Why the error is larger than wanted, and what would help; None where it is not.
        seconds_by_step: Time of each step, in seconds.
        comparison: The method and another one, each scored by samples that it predicts from the others; empty where no
            comparison was asked for.
    """

    platform: str
    space: str
    method: str
    samples: tuple[tuple[str, float, bool], ...]
    failures: tuple[tuple[str, str], ...]
    anchor_check_count: int
    disturbed_count: int
    unconverged_count: int
    stop_reason: str
    has_sources: bool
    source_platform: str
    source_correlation: float
    sources: tuple[SourceUse, ...]
    choice: str
    interval_origin: str
    history: tuple[OnboardingStatus, ...]
    error_diagnosis: ErrorDiagnosis | None
    seconds_by_step: dict[str, float]
    comparison: tuple[LeftOutScore, ...] = ()
    operators: str = ""
    contributions: Mapping[str, float] = field(default_factory=dict)
    others: Mapping[str, float] = field(default_factory=dict)

    @property
    def measuring_share(self) -> float:
        """Share of the time in warm-up and timed runs."""
        return self.seconds_by_step.get(MEASURING, 0.0) / sum(self.seconds_by_step.values())


def named_sources(predictor: ProfilePredictor) -> tuple[SourceUse, ...]:
    """Return the sources that count noticeably, and all that are trusted less than fully, as own devices are.

    Args:
        predictor: Adapted to the platform; methods other than the default do not tell.
    """
    if not isinstance(predictor, DefaultPredictor):
        return ()
    uses = source_uses(predictor.posterior)
    return tuple(use for use in uses if use.share >= MIN_SHARE or use.trust < 1.0)


def report_on(
    onboarding: Onboarding, predictor: ProfilePredictor, stop_reason: str, comparison: tuple[LeftOutScore, ...]
) -> OnboardingReport:
    """Make the report of an onboarding.

    Args:
        onboarding: The onboarding, at its end.
        predictor: The predictor that it adapted.
        stop_reason: Why it ended.
        comparison: Scores of the method and another one; empty for none.
    """
    session, beside = onboarding.session, onboarding.method_choice.beside
    probes, estimates = session.probes(), session.latency_estimates()
    attempts = Counter(probe.architecture for probe in probes if not probe.is_anchor_check)
    return OnboardingReport(
        platform=session.platform.name,
        space=session.record.space,
        method=onboarding.method_choice.name,
        samples=tuple((text, estimate.latency_ms, estimate.is_converged) for text, estimate in estimates.items()),
        failures=tuple((probe.architecture, probe.failure) for probe in probes if probe.failure is not None),
        anchor_check_count=sum(probe.is_anchor_check for probe in probes),
        disturbed_count=sum(count > CONVERGED_ATTEMPT_COUNT for count in attempts.values()),
        unconverged_count=sum(not estimate.is_converged for estimate in estimates.values()),
        stop_reason=stop_reason,
        has_sources=predictor.has_sources,
        source_platform=predictor.source_platform or "",
        source_correlation=predictor.source_correlation,
        sources=named_sources(predictor),
        choice=onboarding.choice,
        interval_origin=predictor.interval_origin,
        history=onboarding.history.statuses(),
        error_diagnosis=onboarding.error_diagnosis(predictor),
        seconds_by_step=onboarding.time_ledger.seconds_by_step(),
        comparison=comparison,
        operators=onboarding.method_choice.operators,
        contributions=predictor.contributions if isinstance(predictor, OperatorPriorPredictor) else {},
        others={} if beside is None else errors_of_others(beside.prior, predictor.samples),
    )

"""The procedure of an onboarding: choose architectures, measure them, adapt, and stop when a limit is reached."""

import random
from collections.abc import Iterable
from functools import partial

import numpy as np
from numpy.typing import NDArray

from edgeprof.measuring.goal import Goal, OnboardingStatus, reason_to_stop
from edgeprof.measuring.host_work import core_of_host
from edgeprof.measuring.latency_estimate import CONVERGED_ATTEMPT_COUNT
from edgeprof.measuring.next_step import last_measured
from edgeprof.measuring.session import MeasurementSession
from edgeprof.measuring.time_ledger import TimeLedger
from edgeprof.onboarding.history import OnboardingHistory
from edgeprof.onboarding.listener import OnboardingListener
from edgeprof.onboarding.method_choice import MethodChoice
from edgeprof.operator_models.measured import measured_networks
from edgeprof.store import Probe, Store
from edgeprof_predictor.explanations.error_diagnosis import ErrorDiagnosis, diagnose_error
from edgeprof_predictor.methods.default.informative_design import FIRST_ROUND_COUNT
from edgeprof_predictor.methods.default.method import DefaultMethod
from edgeprof_predictor.methods.onboarding_method import OnboardingMethod, ProfilePredictor
from edgeprof_predictor.operator_prior.method import OperatorPriorMethod
from edgeprof_predictor.samples import Samples
from edgeprof_predictor.spaces import ChoiceArray
from edgeprof_proto.records.job_spec import MeasurementPlan
from edgeprof_proto.records.measurement import Measurement

PLAN = MeasurementPlan(warmup_duration_ms=200.0, timed_duration_ms=500.0)
"""Ten windows of the latency estimate; each network is measured twice.

In two onboardings of NAS-Bench-201 through ONNX Runtime that timed 2.5 s, half a second of each measurement tells the
same latencies: those of 26 converged networks change by 0.1 %, the median, and by 1.3 % at most. Both took 125 s."""

REPEAT_PLAN = MeasurementPlan(timed_duration_ms=2_500.0)
"""For networks whose two measurements do not agree: on a busy device undisturbed windows are rare."""

WANTED_ERROR = 0.15
"""Upper end of the expected error, where no target is given, above which the report explains its causes."""

CANDIDATE_COUNT = 3_000
"""Architectures among which the sampler chooses: enough to hold extremes, few enough to score in under a second."""


class Onboarding:
    """One onboarding in progress; `run` completes it.

    Args:
        session: Measures architectures on the platform.
        choice: The method that predicts the search space, and what chooses its samples.
        goal: When to stop.
        listener: Is called at every step.
        time_ledger: Counts the time of each step.
        store: Where its history and its decision are written.
    """

    def __init__(
        self,
        session: MeasurementSession,
        choice: MethodChoice,
        *,
        goal: Goal,
        listener: OnboardingListener,
        time_ledger: TimeLedger,
        store: Store,
    ) -> None:
        self.session = session
        self.time_ledger = time_ledger
        self.history = OnboardingHistory(store, session.record)
        self.method_choice = choice
        self._method, self._chooser = choice.method, choice.chooser
        self._goal = goal
        self._listener = listener
        self._space = session.space
        self._seed = session.record.seed
        self._candidates = self._distinct_candidates()
        self._adapted: tuple[int, ProfilePredictor] | None = None
        self._begin_s = time_ledger.elapsed_s()

    def run(self) -> tuple[ProfilePredictor, str]:
        """Measure and adapt until a limit or the target is reached.

        What is next follows from the store alone, so that an interrupted onboarding ends as an undisturbed one.

        Returns:
            The adapted predictor, and the reason to stop.

        Raises:
            OnboardingError: If too many networks in a row fail.
            EdgeprofError: If the device cannot measure until somebody mends the cause, or stays silent.
        """
        if self.session.record.is_resumed:
            self._listener.on_resumed(list(self.session.latency_estimates()))
        self._begin_s = self.time_ledger.elapsed_s()
        while (reason := self.history.reason_to_stop(self._goal)) is None:
            self._go_on()
        self.session.converge()
        predictor = self._adapt()
        self._record_status(predictor)
        with self.time_ledger.step("fine-tuning the network"), core_of_host():
            predictor.complete()
        return predictor, reason

    def _go_on(self) -> None:
        """Take the next step: update the status, measure, decide to stop, or plan more."""
        last = max(self.session.probes(), key=lambda probe: probe.sequence, default=None)
        is_outcome = last is not None and last.measurement is not None and not last.is_anchor_check
        if is_outcome and self._method.is_quick and self._listener.follows_every_measurement:
            self._update_status()
        if self.session.measure_next() is not None:
            return
        self._update_status()
        status = self.history.status(len(self.session.measured_probes()))
        reason = None if status is None else reason_to_stop(self._goal, status)
        if reason is None:
            self._plan_more()
        else:
            self.history.record_stop(self._goal, reason)

    @property
    def choice(self) -> str:
        """How the samples are chosen, in one sentence."""
        if isinstance(self._method, OperatorPriorMethod):
            return (
                f"of {len(self._candidates)} candidates one of median latency by its operators, then those that reduce "
                "the variance of all predictions most"
            )
        if self.method_choice.sampler != DefaultMethod.sampler_name:
            return f"of {len(self._candidates)} candidates by the sampler {self.method_choice.sampler}"
        return (
            f"of {len(self._candidates)} candidates those that reduce the variance of all predictions most: "
            f"{FIRST_ROUND_COUNT} before the first measurement, then one at a time given those measured before"
        )

    def error_diagnosis(self, predictor: ProfilePredictor) -> ErrorDiagnosis | None:
        """Causes of an expected error that is larger than wanted, and what would reduce it; None where it is not.

        None as well for methods that do not estimate what further samples gain, and where operators predict: causes are
        platforms that resemble too little, and the report tells what each part of the prediction brought.
        """
        if not predictor.estimates_gain or isinstance(self._method, OperatorPriorMethod):
            return None
        wanted_error = self._goal.target_error or WANTED_ERROR
        with core_of_host():
            return diagnose_error(
                predictor, self._untried_candidates(), sample_count=predictor.samples.count, wanted_error=wanted_error
            )

    def _update_status(self) -> None:
        """Adapt and write the status, unless that was done for everything that is measured so far."""
        probes = self.session.probes()
        if last_measured(probes) and self.history.sequence < _sequence(probes):
            self._listener.on_adapted(self._record_status(self._adapt()))

    def _plan_more(self) -> None:
        count = len(self.session.measured_probes())
        wanted = self._next_round(count)
        with self.time_ledger.step("choosing networks"), core_of_host():
            is_untried = self._is_untried()
            untried, chosen = self._candidates[is_untried], self._chosen(is_untried, wanted)
            architectures = [self._space.format(item) for item in self._space.architectures(untried[chosen])]
        # The sampler orders by information gained; measured in that order, a drift of the device would look like a
        # property of the architectures.
        random.Random(self._seed).shuffle(architectures)
        self.session.plan(architectures)
        self._listener.on_chosen(architectures)
        # For several devices at once a guess takes more of the host than it saves.
        may_guess = self._listener.follows_every_measurement or not self.session.converts_quickly
        if self.session.converts_ahead and may_guess and count and count + wanted < self._goal.sample_count:
            self.session.prepare(partial(self._likely_next, untried, chosen, self._samples()))

    def _chosen(self, is_untried: NDArray[np.bool_], count: int) -> NDArray[np.int64]:
        """Which of the untried candidates come next, from what the status was computed from where that is at hand."""
        sequence, adapted = self._adapted or (0, None)
        if adapted is None or self._chooser is not self._method or sequence != _sequence(self.session.probes()):
            untried, measured = self._candidates[is_untried], self._samples()
            return self._chooser.choose_samples(untried, count, measured=measured, seed=self._seed)
        return self._method.choose_after(adapted, self._candidates, is_untried, count, seed=self._seed)

    def _next_round(self, count: int) -> int:
        """How many samples to choose at once: one at a time where the onboarding may end before all are measured."""
        wanted = self._chooser.next_round(count, self._goal.sample_count)
        return min(wanted, max(FIRST_ROUND_COUNT - count, 1)) if self._goal.is_open_ended else wanted

    def _likely_next(self, untried: ChoiceArray, chosen: NDArray[np.int64], measured: Samples) -> list[str]:
        """The network that will be chosen after some, if these turn out to be as fast as predicted now.

        Args:
            untried: Candidates that were not measured.
            chosen: Which of them will be measured first.
            measured: What was measured when they were chosen.
        """
        with core_of_host(is_urgent=False):
            latency_ms = self._method.likely_ms(untried[chosen], measured, seed=self._seed)
            predicted = Samples(choices=untried[chosen], latency_ms=latency_ms, relative_sd=np.zeros_like(latency_ms))
            left = np.delete(untried, chosen, axis=0)
            following = self._chooser.choose_samples(left, 1, measured=measured.joined(predicted), seed=self._seed)
        return [self._space.format(self._space.architectures(left[following])[0])]

    def _distinct_candidates(self) -> ChoiceArray:
        """Candidates that run different graphs: what cannot influence the output is not exported."""
        drawn = self._space.sample_choices(min(CANDIDATE_COUNT, self._space.size), seed=self._seed)
        drawn = np.concatenate([self._method.fixed_choices, drawn])
        _, first = np.unique(self._space.pruned(drawn), axis=0, return_index=True)
        distinct: ChoiceArray = drawn[np.sort(first)]
        return distinct

    def _is_untried(self) -> NDArray[np.bool_]:
        tried = self._choices(probe.architecture for probe in self.session.probes())
        is_tried = (self._candidates[:, None, :] == tried[None, :, :]).all(axis=2).any(axis=1)
        is_untried: NDArray[np.bool_] = ~is_tried
        return is_untried

    def _untried_candidates(self) -> ChoiceArray:
        untried: ChoiceArray = self._candidates[self._is_untried()]
        return untried

    def _choices(self, architectures: Iterable[str]) -> ChoiceArray:
        return self._space.choices([self._space.parse(text) for text in architectures])

    def _samples(self) -> Samples:
        """The samples so far, in the predictor's form."""
        estimates = self.session.latency_estimates()
        if not estimates:
            return Samples.none(self._space)
        return Samples(
            choices=self._choices(estimates),
            latency_ms=np.array([estimate.latency_ms for estimate in estimates.values()]),
            relative_sd=np.array([estimate.relative_sd for estimate in estimates.values()]),
            # One network with runs of fractions of a millisecond shows that the clock is a fine one.
            resolution_ms=min(estimate.resolution_ms for estimate in estimates.values()),
        )

    def _adapt(self) -> ProfilePredictor:
        samples = self._samples()
        with self.time_ledger.step("adapting the predictor"), core_of_host():
            predictor = self.informed(self._method).adapt(samples, seed=self._seed)
        self._adapted = (_sequence(self.session.probes()), predictor)
        return predictor

    def informed(self, method: OnboardingMethod) -> OnboardingMethod:
        """Return a method with the operators of all that is measured, where it learns from them.

        Args:
            method: The method.
        """
        if not isinstance(method, OperatorPriorMethod):
            return method
        measurements: dict[str, list[Measurement]] = {}
        for probe in self.session.probes():
            if probe.measurement is not None:
                measurements.setdefault(probe.architecture, []).append(probe.measurement)
        networks = measured_networks(measurements, probes=frozenset())
        graphs = self.method_choice.graphs
        return method.given(networks if graphs is None else graphs.of_measured(networks))

    def _record_status(self, predictor: ProfilePredictor) -> OnboardingStatus:
        """Add the expected error, and the one after another sample, to the history."""
        next_error = None
        if predictor.estimates_gain:
            with self.time_ledger.step("estimating the gain of another sample"), core_of_host():
                next_error = predictor.error_after(self._untried_candidates(), 1)
        elapsed_s = self.history.elapsed_before_s + self.time_ledger.elapsed_s()
        measured_count = sum(probe.measurement is not None for probe in self.session.probes())
        status = OnboardingStatus(
            sample_count=predictor.samples.count,
            expected=predictor.expectation,
            next_error=next_error,
            elapsed_s=elapsed_s,
            seconds_per_sample=CONVERGED_ATTEMPT_COUNT * (elapsed_s - self._begin_s) / measured_count,
        )
        self.history.record_status(status, _sequence(self.session.probes()))
        return status


def _sequence(probes: Iterable[Probe]) -> int:
    """Number of the last outcome."""
    return max((probe.sequence for probe in probes), default=0)

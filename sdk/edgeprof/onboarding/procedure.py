"""The procedure of an onboarding: choose informative architectures, measure them, adapt, and stop when it is enough."""

import random
from collections.abc import Iterable

import numpy as np

from edgeprof.measuring.latency_estimate import SETTLED_TRY_COUNT
from edgeprof.measuring.listener import OnboardingListener
from edgeprof.measuring.session import ProbeSession
from edgeprof.measuring.time_ledger import CostLedger
from edgeprof.onboarding.goal import Goal, Standing, reason_to_stop
from edgeprof_predictor.methods.default.error_diagnosis import ErrorDiagnosis, diagnose_error
from edgeprof_predictor.methods.default.method import FIRST_ROUND_COUNT, DefaultMethod
from edgeprof_predictor.methods.default.predictor import DefaultPredictor
from edgeprof_predictor.samples import Samples
from edgeprof_predictor.spaces import ChoiceArray
from edgeprof_proto.records.job_spec import MeasurementPlan

PLAN = MeasurementPlan(timed_duration_ms=2_500.0)
"""Longer than the agent's default: starting a worker, exporting and adapting cost most of a second for each network,
and four fifths of an onboarding should be runs. Each network is tried twice."""

WANTED_ERROR = 0.15
"""Upper end of the expected error, unless a target is named, beyond which a report explains it."""

CANDIDATE_COUNT = 3_000
"""Architectures among which the sampler chooses: enough to hold extremes, few enough to go through in no time."""


class Onboarding:
    """One onboarding in progress. `run` takes it to its end.

    Args:
        probing: Measures architectures on the platform.
        method: Predicts the search space, and chooses what to measure.
        goal: When to stop.
        listener: Hears about every step.
        costs: Where the time of each step is counted.
    """

    def __init__(
        self,
        probing: ProbeSession,
        method: DefaultMethod,
        *,
        goal: Goal,
        listener: OnboardingListener,
        costs: CostLedger,
    ) -> None:
        self.probing = probing
        self.costs = costs
        # Where the onboarding stood after how many samples.
        self.course: dict[int, Standing] = {}
        self._method = method
        self._goal = goal
        self._listener = listener
        self._space = probing.space
        self._seed = probing.session.seed
        self._candidates = self._distinct_candidates()
        self._measured_count = 0
        self._begin_s = costs.elapsed_s()

    def run(self) -> tuple[DefaultPredictor, str]:
        """Measure and adapt until it is enough.

        Returns:
            The adapted predictor, and the reason to stop.

        Raises:
            OnboardingError: If too many measurements fail.
            AgentUnavailableError: If the device stays silent.
        """
        if self.probing.session.is_resumed:
            self._listener.on_resumed(list(self.probing.paces()))
        self._begin_s = self.costs.elapsed_s()
        self._weigh()
        self._measure_planned()
        while (reason := self._reason_to_stop()) is None:
            self._plan_more()
            self._measure_planned()
        self.probing.settle()
        predictor = self._adapt()
        self._stand(predictor)
        with self.costs.step("fine-tuning the network"):
            predictor.adapted.distilled()
        return predictor, reason

    @property
    def choice(self) -> str:
        """How the samples are chosen, in one sentence."""
        return (
            f"of {len(self._candidates)} candidates those that narrow the predictions of all others most: "
            f"{FIRST_ROUND_COUNT} before anything was known, then one at a time in the light of those before"
        )

    def error_diagnosis(self, predictor: DefaultPredictor) -> ErrorDiagnosis | None:
        """Why the expected error is larger than wanted, and what would help; None where it is not."""
        wanted_error = self._goal.target_error or WANTED_ERROR
        return diagnose_error(
            predictor, self._untried_candidates(), sample_count=predictor.samples.count, wanted_error=wanted_error
        )

    def _measure_planned(self) -> None:
        """Measure what is planned, and weigh after each measurement what another would buy."""
        while self.probing.measure_next():
            self._measured_count += 1
            self._weigh()

    def _weigh(self) -> None:
        if self.probing.counted():
            self._listener.on_adapted(self._stand(self._adapt()))

    def _reason_to_stop(self) -> str | None:
        standing = self.course.get(len(self.probing.counted()))
        return None if standing is None else reason_to_stop(self._goal, standing)

    def _plan_more(self) -> None:
        count = len(self.probing.counted())
        wanted = self._method.next_round(count, self._goal.sample_count)
        with self.costs.step("choosing networks"):
            untried = self._untried_candidates()
            chosen = self._method.choose_samples(untried, wanted, measured=self._samples(), seed=self._seed)
            architectures = [self._space.format(item) for item in self._space.architectures(untried[chosen])]
        # The sampler's order goes from telling to less telling; measured in that order, a drift of the device would
        # look like a property of the architectures.
        random.Random(self._seed).shuffle(architectures)
        self.probing.plan(architectures)
        self._listener.on_chosen(architectures)

    def _distinct_candidates(self) -> ChoiceArray:
        """Candidates that run different graphs: what cannot influence the output is not exported."""
        drawn = self._space.sample_choices(min(CANDIDATE_COUNT, self._space.size), seed=self._seed)
        _, first = np.unique(self._space.pruned(drawn), axis=0, return_index=True)
        distinct: ChoiceArray = drawn[np.sort(first)]
        return distinct

    def _untried_candidates(self) -> ChoiceArray:
        tried = self._choices(probe.architecture for probe in self.probing.probes())
        is_tried = (self._candidates[:, None, :] == tried[None, :, :]).all(axis=2).any(axis=1)
        untried: ChoiceArray = self._candidates[~is_tried]
        return untried

    def _choices(self, architectures: Iterable[str]) -> ChoiceArray:
        return self._space.choices([self._space.parse(text) for text in architectures])

    def _samples(self) -> Samples:
        """The samples so far, as the predictor wants them."""
        paces = self.probing.paces()
        if not paces:
            return Samples.none(self._space)
        return Samples(
            choices=self._choices(paces),
            latency_ms=np.array([pace.latency_ms for pace in paces.values()]),
            relative_sd=np.array([pace.relative_sd for pace in paces.values()]),
            # A network whose runs are not all whole milliseconds shows that the clock is a fine one.
            resolution_ms=min(pace.resolution_ms for pace in paces.values()),
        )

    def _adapt(self) -> DefaultPredictor:
        samples = self._samples()
        with self.costs.step("adapting the predictor"):
            predictor = self._method.adapt(samples, seed=self._seed)
        return predictor

    def _stand(self, predictor: DefaultPredictor) -> Standing:
        """Note what the predictor expects, and what another sample would buy."""
        with self.costs.step("weighing another sample"):
            next_error = predictor.error_after(self._untried_candidates(), 1)
        elapsed_s = self.costs.elapsed_s()
        planned = PLAN.filled()
        standing = Standing(
            sample_count=predictor.samples.count,
            expected=predictor.expectation,
            next_error=next_error,
            elapsed_s=elapsed_s,
            # What an earlier process measured took no time of this one; before the first, there is only the plan.
            seconds_per_sample=SETTLED_TRY_COUNT
            * (
                (elapsed_s - self._begin_s) / self._measured_count
                if self._measured_count
                else (planned.warmup_duration_ms + planned.timed_duration_ms) / 1_000
            ),
        )
        self.course[standing.sample_count] = standing
        return standing

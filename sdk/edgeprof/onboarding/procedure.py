"""The procedure of an onboarding: choose informative architectures, measure them, adapt, and stop when it is enough."""

import random

import numpy as np

from edgeprof.costs import CostLedger
from edgeprof.listener import OnboardingListener
from edgeprof.onboarding.goal import Goal, Standing, reason_to_stop
from edgeprof.probing import ProbeSession
from edgeprof.store import Probe
from edgeprof.uncertainty import clock_resolution_ms
from edgeprof_predictor.methods.default import Default, DefaultPredictor
from edgeprof_predictor.samples import Samples
from edgeprof_predictor.spaces import ChoiceArray
from edgeprof_proto.records import MeasurementPlan

PLAN = MeasurementPlan(timed_duration_ms=3_500.0)
"""Longer than the agent's default: starting a worker, exporting and adapting cost most of a second for each network,
and four fifths of an onboarding should be runs."""

CANDIDATE_COUNT = 1_000
"""Architectures among which the sampler chooses; more of them gain nothing and cost time."""

FIRST_ROUND_COUNT = 5
"""Architectures chosen before anything is known of the platform."""

NEXT_ROUND_COUNT = 1
"""Architectures chosen at a time afterwards, each in the light of all before."""


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
        method: Default,
        *,
        goal: Goal,
        listener: OnboardingListener,
        costs: CostLedger,
    ) -> None:
        self.probing = probing
        self.costs = costs
        self.expected_errors: dict[int, float] = {}
        self._method = method
        self._goal = goal
        self._listener = listener
        self._space = probing.space
        self._seed = probing.session.seed
        self._candidates = self._distinct_candidates()

    def run(self) -> tuple[DefaultPredictor, str]:
        """Measure and adapt until it is enough.

        Returns:
            The adapted predictor, and the reason to stop.

        Raises:
            OnboardingError: If too many measurements fail.
            AgentUnavailableError: If the device stays silent.
        """
        if self.probing.session.is_resumed:
            self._listener.on_resumed(len(self.probing.counted()))
        while True:
            self.probing.measure_planned()
            reason = self._reason_to_stop()
            if reason is None:
                self._plan_more()
                continue
            self.probing.settle()
            predictor = self._adapt()
            with self.costs.step("fine-tuning the network"):
                predictor.adapted.taught()
            return predictor, reason

    @property
    def choice(self) -> str:
        """How the samples are chosen, in one sentence."""
        return (
            f"of {len(self._candidates)} candidates those that narrow the predictions of all others most: "
            f"{FIRST_ROUND_COUNT} before anything was known, then one at a time in the light of those before"
        )

    def _plan_more(self) -> None:
        count = len(self.probing.counted())
        wanted = NEXT_ROUND_COUNT if count else FIRST_ROUND_COUNT
        with self.costs.step("choosing networks"):
            untried = self._untried_candidates()
            chosen = self._method.choose_samples(
                untried, min(wanted, self._goal.sample_count - count), measured=self._samples(), seed=self._seed
            )
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
        tried = self._choices(self.probing.probes())
        is_tried = (self._candidates[:, None, :] == tried[None, :, :]).all(axis=2).any(axis=1)
        untried: ChoiceArray = self._candidates[~is_tried]
        return untried

    def _choices(self, probes: list[Probe]) -> ChoiceArray:
        return self._space.choices([self._space.parse(probe.architecture) for probe in probes])

    def _samples(self) -> Samples:
        """The samples so far, as the predictor wants them."""
        measured = self.probing.measurements()
        if not measured:
            return Samples.none(self._space)
        return Samples(
            choices=self._choices(self.probing.counted()),
            latency_ms=np.array([measurement.median_ms for measurement, _ in measured]),
            relative_sd=np.array([relative_sd for _, relative_sd in measured]),
            resolution_ms=clock_resolution_ms(measurement for measurement, _ in measured),
        )

    def _adapt(self) -> DefaultPredictor:
        samples = self._samples()
        with self.costs.step("adapting the predictor"):
            predictor = self._method.adapt(samples, seed=self._seed)
        self.expected_errors[samples.count] = predictor.expected_error
        self._listener.on_adapted(samples.count, predictor.expected_error)
        return predictor

    def _reason_to_stop(self) -> str | None:
        count = len(self.probing.counted())
        if not count:
            return None
        predictor = self._adapt()
        with self.costs.step("weighing another sample"):
            next_error = predictor.error_after(self._untried_candidates(), 1)
        elapsed_s = self.costs.elapsed_s()
        standing = Standing(
            sample_count=count,
            expected_error=predictor.expected_error,
            next_error=next_error,
            elapsed_s=elapsed_s,
            seconds_per_sample=elapsed_s / count,
        )
        return reason_to_stop(self._goal, standing)

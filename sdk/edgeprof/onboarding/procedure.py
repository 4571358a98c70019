"""Onboarding: from a device that nobody has measured to a profile that predicts every network of a search space.

Chooses informative architectures, has them measured in shuffled order, watches the anchor, adapts the predictor, and
stops when the goal is met or another sample would no longer help. What is to be measured is written down before the
device is asked, what was measured before the next: the same call after any interruption goes on where it stopped.
"""

import logging
import math
import random
from datetime import datetime, timezone
from pathlib import Path

import numpy as np

from edgeprof.client import DeviceClient
from edgeprof.errors import ModelRejectedError, OnboardingError, WorkerFailedError
from edgeprof.export import export_architecture
from edgeprof.onboarding.anchor import (
    CHECK_INTERVAL,
    anchor_measurements,
    anchor_of,
    compare_anchor,
    drift_log_ratios,
    open_segment,
)
from edgeprof.onboarding.costs import AGENT, MEASURING, CostLedger
from edgeprof.onboarding.goal import Goal, Standing, reason_to_stop
from edgeprof.onboarding.listener import OnboardingListener
from edgeprof.platform import Platform
from edgeprof.store import Probe, Session, Store
from edgeprof.uncertainty import clock_resolution_ms, median_relative_sd
from edgeprof_predictor.bundle import Bundle
from edgeprof_predictor.methods.default import DefaultPredictor
from edgeprof_predictor.samples import Samples
from edgeprof_predictor.spaces import ChoiceArray, get_space
from edgeprof_proto.records import Measurement, MeasurementPlan

logger = logging.getLogger(__name__)

PLAN = MeasurementPlan(timed_duration_ms=3_500.0)
"""Longer than the agent's default: starting a worker, exporting and adapting cost most of a second for each network,
and four fifths of an onboarding should be runs."""

CANDIDATE_COUNT = 1_000
"""Architectures among which the sampler chooses; more of them gain nothing and cost time."""

FIRST_ROUND_COUNT = 5
"""Architectures chosen before anything is known of the platform."""

NEXT_ROUND_COUNT = 1
"""Architectures chosen at a time afterwards, each in the light of all before."""

MAX_FAILURE_COUNT = 5
"""Failed measurements after which the device, not the architecture, is the likely cause."""


class Onboarding:
    """One onboarding in progress. `run` takes it to its end.

    Args:
        client: The device.
        platform: The device with the setting to onboard.
        bundle: Pre-trained predictor of the search space.
        store: Where everything is written down.
        session: The session to begin or to go on with.
        goal: When to stop.
        model_folder: Where exported models are kept.
        listener: Hears about every step.
        costs: Where the time of each step is counted.
    """

    def __init__(
        self,
        client: DeviceClient,
        platform: Platform,
        bundle: Bundle,
        store: Store,
        session: Session,
        *,
        goal: Goal,
        model_folder: Path,
        listener: OnboardingListener,
        costs: CostLedger,
    ) -> None:
        self.session = session
        self.costs = costs
        self.expected_errors: dict[int, float] = {}
        self._client = client
        self.platform = platform
        self._space = get_space(session.space)
        self._method = bundle.method
        self._store = store
        self._goal = goal
        self._model_folder = model_folder
        self._listener = listener
        self._candidates = self._distinct_candidates()

    def run(self) -> tuple[DefaultPredictor, str]:
        """Measure and adapt until it is enough.

        Returns:
            The adapted predictor, and the reason to stop.

        Raises:
            OnboardingError: If too many measurements fail.
            AgentUnavailableError: If the device stays silent.
        """
        if self.session.is_resumed:
            self._listener.on_resumed(len(self.samples_so_far()))
        while True:
            self._measure_what_is_planned()
            reason = self._reason_to_stop()
            if reason is not None and not self._check_anchor():
                predictor = self._adapt()
                with self.costs.step("fine-tuning the network"):
                    predictor.adapted.taught()
                return predictor, reason
            if reason is None:
                self._plan_more()

    @property
    def choice(self) -> str:
        """How the samples are chosen, in one sentence."""
        return (
            f"of {len(self._candidates)} candidates those that narrow the predictions of all others most: "
            f"{FIRST_ROUND_COUNT} before anything was known, then one at a time in the light of those before"
        )

    def probes(self) -> list[Probe]:
        """All probes of the session as they stand on disk."""
        return self._store.probes(self.session)

    def samples_so_far(self) -> list[Probe]:
        """The probes that count: measured, not spoilt, no checks of the anchor."""
        return [probe for probe in self.probes() if probe.state == "measured" and not probe.is_anchor_check]

    # Measuring ----------------------------------------------------------------------------------

    def _measure_what_is_planned(self) -> None:
        while (probe := next((item for item in self.probes() if item.state == "planned"), None)) is not None:
            self._measure(probe)
            if len(open_segment(self.probes())) >= CHECK_INTERVAL:
                self._check_anchor()

    def _measure(self, probe: Probe) -> None:
        self._listener.on_probe_started(probe)
        with self.costs.step("exporting networks"):
            architecture = self._space.parse(probe.architecture)
            batch_size = self.platform.setting.batch_size
            model = export_architecture(self._space, architecture, self._model_folder, batch_size=batch_size)
        begin_s = self.costs.elapsed_s()
        try:
            measurement = self._client.measure(
                model, self.platform.setting, job_id=probe.job_id, plan=PLAN, on_event=self._listener.on_job_event
            )
        except (ModelRejectedError, WorkerFailedError) as error:
            self._store.set_probe_state(probe.job_id, "failed", str(error))
            self._listener.on_probe_failed(probe, str(error))
            self._give_up_after_many_failures(str(error))
            return
        runs_s = sum(sum(block.latency_ms) for block in measurement.blocks) / 1_000
        self.costs.add(MEASURING, runs_s)
        self.costs.add(AGENT, max(self.costs.elapsed_s() - begin_s - runs_s, 0.0))
        with self.costs.step("writing to disk"):
            self._store.record_measurement(probe.job_id, self.platform, measurement)
            self._store.set_probe_state(probe.job_id, "measured")
        self._listener.on_probe_measured(probe, measurement)

    def _give_up_after_many_failures(self, last: str) -> None:
        failure_count = sum(probe.state == "failed" for probe in self.probes())
        if failure_count >= MAX_FAILURE_COUNT:
            raise OnboardingError(
                f"{failure_count} measurements failed on {self.platform.device_name}, the last with: {last}. "
                "Mend the device or choose another setting, then start the same command again"
            )

    def _check_anchor(self) -> bool:
        """Measure the anchor again if probes wait for it; plan anew what it finds spoilt, and say whether it did."""
        probes = self.probes()
        anchor, segment = anchor_of(probes), open_segment(probes)
        if anchor is None or not segment:
            return False
        before = anchor_measurements(probes)[-1]
        self._store.plan_probes(self.session, [anchor.architecture], is_anchor_check=True)
        check = self.probes()[-1]
        self._measure(check)
        after = next(probe.measurement for probe in self.probes() if probe.job_id == check.job_id)
        if after is None:
            return False
        change = compare_anchor(before, after)
        if not change.has_moved:
            return False
        return self._measure_again(segment, math.exp(change.log_ratio))

    def _measure_again(self, segment: list[Probe], ratio: float) -> bool:
        """Plan spoilt probes anew, each at most once: a device that never settles must not be measured for ever."""
        architectures = [probe.architecture for probe in self.probes() if not probe.is_anchor_check]
        spoilt = [probe for probe in segment if architectures.count(probe.architecture) == 1]
        self._listener.on_anchor_moved(ratio, len(spoilt))
        for probe in spoilt:
            self._store.set_probe_state(probe.job_id, "spoilt")
        self._store.plan_probes(self.session, [probe.architecture for probe in spoilt])
        return bool(spoilt)

    # Choosing and adapting ----------------------------------------------------------------------

    def _plan_more(self) -> None:
        probes = self.samples_so_far()
        wanted = NEXT_ROUND_COUNT if probes else FIRST_ROUND_COUNT
        count = min(wanted, self._goal.sample_count - len(probes))
        with self.costs.step("choosing networks"):
            untried = self._untried_candidates()
            chosen = self._method.choose_samples(untried, count, measured=self._samples(), seed=self.session.seed)
            architectures = [self._space.format(item) for item in self._space.architectures(untried[chosen])]
        # The sampler's order goes from telling to less telling; measured in that order, a drift of the device would
        # look like a property of the architectures.
        random.Random(self.session.seed).shuffle(architectures)
        self._store.plan_probes(self.session, architectures)
        self._listener.on_chosen(architectures)

    def _distinct_candidates(self) -> ChoiceArray:
        """Candidates that run different graphs: what cannot influence the output is not exported."""
        drawn = self._space.sample_choices(min(CANDIDATE_COUNT, self._space.size), seed=self.session.seed)
        _, first = np.unique(self._space.pruned(drawn), axis=0, return_index=True)
        distinct: ChoiceArray = drawn[np.sort(first)]
        return distinct

    def _untried_candidates(self) -> ChoiceArray:
        tried = self._choices(self.probes())
        is_tried = (self._candidates[:, None, :] == tried[None, :, :]).all(axis=2).any(axis=1)
        untried: ChoiceArray = self._candidates[~is_tried]
        return untried

    def _choices(self, probes: list[Probe]) -> ChoiceArray:
        return self._space.choices([self._space.parse(probe.architecture) for probe in probes])

    def _samples(self) -> Samples:
        """The samples so far, as the predictor wants them."""
        probes = self.samples_so_far()
        if not probes:
            return Samples.none(self._space)
        drift = drift_log_ratios(self.probes())
        measurements = [_measured(probe) for probe in probes]
        return Samples(
            choices=self._choices(probes),
            latency_ms=np.array([measurement.median_ms for measurement in measurements]),
            relative_sd=np.array(
                [
                    math.hypot(median_relative_sd(measurement), drift[probe.job_id])
                    for probe, measurement in zip(probes, measurements, strict=True)
                ]
            ),
            resolution_ms=clock_resolution_ms(measurements),
        )

    def _adapt(self) -> DefaultPredictor:
        samples = self._samples()
        with self.costs.step("adapting the predictor"):
            predictor = self._method.adapt(samples, seed=self.session.seed)
        self.expected_errors[samples.count] = predictor.expected_error
        self._listener.on_adapted(samples.count, predictor.expected_error)
        return predictor

    def _reason_to_stop(self) -> str | None:
        probes = self.samples_so_far()
        if not probes:
            return None
        predictor = self._adapt()
        with self.costs.step("weighing another sample"):
            next_error = predictor.error_after(self._untried_candidates(), 1)
        standing = Standing(
            sample_count=len(probes),
            expected_error=predictor.expected_error,
            next_error=next_error,
            elapsed_s=self.costs.elapsed_s(),
            seconds_per_sample=self.costs.elapsed_s() / len(probes),
        )
        return reason_to_stop(self._goal, standing)

    def end(self) -> None:
        """Mark the session as finished."""
        self._store.end_session(self.session, datetime.now(timezone.utc))


def _measured(probe: Probe) -> Measurement:
    assert probe.measurement is not None  # the state `measured` says so
    return probe.measurement

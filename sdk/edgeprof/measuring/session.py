"""A session of measurements of several architectures on one platform that can be interrupted and resumed.

Each attempt to measure is written to the store, with the id of its job, before the device is asked for it; its outcome
is in the store before the next one begins. What is next follows from the store alone (`next_step.py`). The anchor is
measured again after every few probes. A network whose latency estimate has not converged is measured again, and the
estimate uses all its measurements.
"""

import math
import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timezone
from typing import Any

from edgeprof.devices.client import DeviceClient
from edgeprof.errors import ExportError, OnboardingError, OutputFileError
from edgeprof.exporters.converter import Converter
from edgeprof.folders import usable_model_folder
from edgeprof.measuring.anchor import latency_estimates
from edgeprof.measuring.attempt import AttemptRunner, FailedAttempt
from edgeprof.measuring.latency_estimate import CONVERGED_ATTEMPT_COUNT, LatencyEstimate
from edgeprof.measuring.listener import SessionListener
from edgeprof.measuring.next_step import (
    CheckAnchor,
    MeasureAgain,
    MeasureProbe,
    last_measured,
    measurement_counts,
    next_step,
)
from edgeprof.measuring.setting_check import require_exportable
from edgeprof.measuring.spare_core import has_spare_core
from edgeprof.measuring.time_ledger import AGENT, MEASURING, TimeLedger
from edgeprof.store import MeasurementRequest, Probe, SessionRecord, Store
from edgeprof.store.platform import Platform
from edgeprof_predictor.spaces import get_space
from edgeprof_proto.records.job import JobEvent
from edgeprof_proto.records.job_spec import MeasurementPlan

MAX_FAILURE_COUNT = 5
"""Networks in a row that fail after which the device, not the architecture, is the likely cause."""

MAX_REOPEN_COUNT = 1
"""Times that a network is tried again that failed when the device was the likely cause."""


class MeasurementSession:
    """Measures architectures one after the other. Close it, or use it as a context manager.

    Args:
        client: The device.
        platform: The device with its setting.
        store: Where plans and results are written.
        record: The session in the store, new or to be resumed.
        plan: How long and how often to run each model; None for the agent's default.
        repeat_plan: The same for networks whose first measurements do not agree; None for no other plan.
        model_folder: Where exported models are kept; None for the user's cache.
        calibration: Calibration data (.npz) for integer precisions; None for synthetic data.
        wants_operators: Whether the device is to tell the graph of each network, and the times of its operators.
        listener: Is called at every step; None for no calls.
        time_ledger: Counts the time of each step; None for one of the session's own.

    Raises:
        SettingNotSupportedError: If networks cannot be exported in its precision, or it has more threads than allowed.
        ExportError: If this host lacks what exports networks for the device.
        OutputFileError: If networks cannot be kept in the folder of models.
    """

    def __init__(
        self,
        client: DeviceClient,
        platform: Platform,
        store: Store,
        record: SessionRecord,
        *,
        plan: MeasurementPlan | None = None,
        repeat_plan: MeasurementPlan | None = None,
        model_folder: str | os.PathLike[str] | None = None,
        calibration: str | os.PathLike[str] | None = None,
        wants_operators: bool = False,
        listener: SessionListener | None = None,
        time_ledger: TimeLedger | None = None,
    ) -> None:
        self.platform, self.record = platform, record
        self.space = get_space(record.space)
        self._store, self._runner = store, AttemptRunner(client, store, record)
        self._next_networks: Callable[[], Sequence[str]] | None = None
        self._probes: list[Probe] | None = None
        plan = plan or MeasurementPlan()
        wishes: dict[str, Any] = {"wants_operators": wants_operators, "wants_graph": wants_operators}
        self._request = MeasurementRequest(setting=platform.setting, plan=plan, **wishes)
        self._repeat_request = MeasurementRequest(setting=platform.setting, plan=repeat_plan or plan)
        self._listener, self._time_ledger = listener or SessionListener(), time_ledger or TimeLedger()
        device, setting = client.device(), platform.setting
        self._converter = Converter(
            require_exportable(device, setting),
            self.space,
            usable_model_folder(model_folder),
            batch_size=setting.batch_size,
            calibration=calibration,
            is_ahead=has_spare_core(device, setting),
        )
        self._converter.prepare()
        self._runner.acknowledge_results()

    def probes(self) -> list[Probe]:
        """All probes of the session as they are in the store, which nobody else changes: the session is locked."""
        if self._probes is None:
            self._probes = self._store.probes(self.record)
        return list(self._probes)

    def measured_probes(self) -> list[Probe]:
        """One probe for each network that is measured."""
        return last_measured(self.probes())

    def latency_estimates(self) -> dict[str, LatencyEstimate]:
        """The latency estimate of each network that is measured, from all its measurements, by architecture."""
        probes = self.probes()
        found = latency_estimates(probes)
        return {probe.architecture: found[probe.architecture] for probe in last_measured(probes)}

    def plan(self, architectures: Sequence[str], *, is_anchor_check: bool = False) -> None:
        """Write into the store what is to be measured next, in this order."""
        self._store.plan_probes(self.record, list(architectures), is_anchor_check=is_anchor_check)
        self._probes = None

    def measure_planned(self) -> None:
        """Measure all that is planned.

        Raises:
            OnboardingError: If too many networks in a row fail.
            EdgeprofError: If the device cannot measure until somebody mends the cause, or stays silent.
        """
        while self.measure_next() is not None:
            pass

    def converge(self) -> None:
        """Measure all that is planned, the anchor a last time, and every network whose estimate has not converged."""
        while self.measure_next(is_closing=True) is not None:
            pass

    def measure_next(self, *, is_closing: bool = False) -> Probe | None:
        """Measure what is next: a planned network, a check of the anchor, or a network once more.

        Args:
            is_closing: Whether no other networks will be planned.

        Returns:
            What was measured or failed; None where nothing is left to do.

        Raises:
            OnboardingError: If too many networks in a row fail.
            EdgeprofError: If the device cannot measure until somebody mends the cause, or stays silent.
        """
        while True:
            step = next_step(self.probes(), is_closing=is_closing)
            if step is None:
                return None
            if isinstance(step, CheckAnchor):
                self.plan([step.architecture], is_anchor_check=True)
            elif isinstance(step, MeasureAgain):
                self._tell_what_is_measured_again(step)
                self.plan(step.architectures)
            elif self._measure(step):
                return step.probe

    @property
    def converts_ahead(self) -> bool:
        """Whether networks are converted while others are measured."""
        return self._converter.is_ahead

    @property
    def converts_quickly(self) -> bool:
        """Whether a conversion takes less than a second."""
        return self._converter.is_quick

    def prepare(self, next_networks: Callable[[], Sequence[str]]) -> None:
        """Convert networks that will probably be planned next, while the next one that was planned is measured.

        Args:
            next_networks: Tells them, while the device measures.
        """
        self._next_networks = next_networks

    def close(self) -> None:
        """End what converts networks."""
        self._converter.close()

    def __enter__(self) -> "MeasurementSession":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def end(self) -> None:
        """Mark the session as finished."""
        self._store.end_session(self.record, datetime.now(timezone.utc))

    def _measure(self, step: MeasureProbe) -> bool:
        """Make an attempt; False where another one of the same probe is to follow."""
        try:
            return self._attempt(step.probe, self._request_of(step.probe))
        finally:
            self._probes = None

    def _attempt(self, probe: Probe, request: MeasurementRequest) -> bool:
        self._listener.on_probe_started(probe)
        try:
            with self._time_ledger.step("exporting networks"):
                model = self._converter.convert(probe.architecture)
        except ExportError as error:
            return self._failed(probe, self._runner.fail(probe, self.platform, request, error))
        begin_s = self._time_ledger.elapsed_s()
        outcome = self._runner.run(
            probe,
            self.platform,
            request,
            model[0],
            on_event=_Begun(self._listener, self._convert_ahead),
            on_waiting=self._listener.on_waiting,
        )
        if isinstance(outcome, FailedAttempt):
            return self._failed(probe, outcome)
        runs_s = sum(sum(block.latency_ms) for block in outcome.blocks) / 1_000
        self._time_ledger.add(MEASURING, runs_s)
        self._time_ledger.add(AGENT, max(self._time_ledger.elapsed_s() - begin_s - runs_s, 0.0))
        self._listener.on_probe_measured(probe, outcome)
        return True

    def _request_of(self, probe: Probe) -> MeasurementRequest:
        """What a new attempt of a probe asks for: a longer measurement is likelier to hold undisturbed windows."""
        count = measurement_counts(self.probes())[probe.architecture]
        is_repeated = not probe.is_anchor_check and count > CONVERGED_ATTEMPT_COUNT
        return self._repeat_request if is_repeated else self._request

    def _convert_ahead(self) -> None:
        """Convert what is planned, and what will probably be, where the device is measuring and this host may."""
        if not self._converter.is_ahead:
            return
        next_networks, self._next_networks = self._next_networks, None
        likely = () if next_networks is None else next_networks()
        # What cannot be converted is told when its turn comes.
        with suppress(ExportError, OutputFileError):
            self._converter.prepare([*self._planned(), *likely])

    def _planned(self) -> list[str]:
        return [probe.architecture for probe in self.probes() if probe.state == "planned"]

    def _failed(self, probe: Probe, outcome: FailedAttempt) -> bool:
        self._probes = None
        self._listener.on_probe_failed(probe, outcome.message)
        self._give_up_after_many_failures(outcome.message)
        return outcome.is_given_up

    def _give_up_after_many_failures(self, last: str) -> None:
        given_up = self._failures_in_a_row()
        if len(given_up) < MAX_FAILURE_COUNT:
            return
        # The networks are innocent where the device is at fault, so they are tried once more.
        self._store.give_up(self.record, [probe for probe in given_up if probe.reopen_count < MAX_REOPEN_COUNT])
        raise OnboardingError(
            f"{len(given_up)} networks in a row failed on {self.platform.device_name}, the last with: {last}. "
            "Mend the device or choose another setting, then start the same command again"
        )

    def _failures_in_a_row(self) -> list[Probe]:
        """The networks that failed since the last one was measured, or since failures ended the session."""
        in_order = sorted(self.probes(), key=lambda probe: probe.sequence)
        last_good = max((probe.sequence for probe in in_order if probe.state == "measured"), default=0)
        after = max(last_good, self._store.give_up_sequence(self.record))
        return [probe for probe in in_order if probe.state == "failed" and probe.sequence > after]

    def _tell_what_is_measured_again(self, step: MeasureAgain) -> None:
        probes = self.probes()
        counts, found = measurement_counts(probes), latency_estimates(probes)
        disturbed = [text for text in step.architectures if counts[text] >= CONVERGED_ATTEMPT_COUNT]
        if disturbed:
            slowdown = math.exp(max(found[text].drift_uncertainty for text in disturbed))
            self._listener.on_not_converged(len(disturbed), slowdown)


class _Begun:
    """Passes the events of a job on, and does something else once the device is at it.

    Args:
        listener: What they are passed to.
        work: What to do.
    """

    def __init__(self, listener: SessionListener, work: Callable[[], None]) -> None:
        self._listener = listener
        self._work = work
        self._is_begun = False

    def __call__(self, event: JobEvent) -> None:
        self._listener.on_job_event(event)
        if not self._is_begun:
            self._is_begun = True
            self._work()

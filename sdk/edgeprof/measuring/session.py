"""A session of measurements of several architectures on one platform that can be interrupted and resumed.

Each measurement is planned in the store, with the id of its job, before the device is asked for it; its result is in
the store before the next one begins. The anchor is measured again after every few probes. A network whose latency
estimate has not converged is measured again, and the estimate uses all its measurements.
"""

import math
import os
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timezone

from edgeprof.devices.client import DeviceClient
from edgeprof.errors import (
    ModelQuarantinedError,
    ModelRejectedError,
    ModelTransferError,
    OnboardingError,
    WorkerFailedError,
)
from edgeprof.exporters.onnx import export_architecture
from edgeprof.folders import usable_model_folder
from edgeprof.measuring.anchor import CHECK_INTERVAL, anchor_of, latency_estimates, open_segment
from edgeprof.measuring.latency_estimate import CONVERGED_ATTEMPT_COUNT, LatencyEstimate
from edgeprof.measuring.listener import SessionListener
from edgeprof.measuring.recording import record_result
from edgeprof.measuring.setting_check import require_exportable
from edgeprof.measuring.time_ledger import AGENT, MEASURING, TimeLedger
from edgeprof.store import Probe, SessionRecord, Store
from edgeprof.store.platform import Platform
from edgeprof_predictor.spaces import get_space
from edgeprof_proto.records.job_spec import MeasurementPlan

MAX_FAILURE_COUNT = 5
"""Failed measurements after which the device, not the architecture, is the likely cause."""

MAX_ATTEMPT_COUNT = 4
"""Measurements of one architecture at most, failed ones included: on a device whose estimates never converge a session
must end as well."""


class MeasurementSession:
    """Measures architectures one after the other.

    Args:
        client: The device.
        platform: The device with its setting.
        store: Where plans and results are written.
        record: The session in the store, new or to be resumed.
        plan: How long and how often to run each model; None for the agent's default.
        model_folder: Where exported models are kept; None for the user's cache.
        listener: Is called at every step; None for no calls.
        time_ledger: Counts the time of each step; None for one of the session's own.

    Raises:
        SettingNotSupportedError: If networks cannot be exported in the precision of the setting, or the device does not
            allow its number of threads.
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
        model_folder: str | os.PathLike[str] | None = None,
        listener: SessionListener | None = None,
        time_ledger: TimeLedger | None = None,
    ) -> None:
        self.platform = platform
        self.record = record
        self.space = get_space(record.space)
        self._client = client
        self._store = store
        self._plan = plan or MeasurementPlan()
        self._model_folder = usable_model_folder(model_folder)
        self._listener = listener or SessionListener()
        self._time_ledger = time_ledger or TimeLedger()
        require_exportable(client.device(), platform.setting)
        if record.is_resumed:
            # The host may have ended between writing a result and acknowledging it.
            client.acknowledge(probe.job_id for probe in self.probes() if probe.state != "planned")

    def probes(self) -> list[Probe]:
        """All probes of the session as they are in the store."""
        return self._store.probes(self.record)

    def measured_probes(self) -> list[Probe]:
        """One probe for each network that is measured."""
        return last_measured(self.probes())

    def latency_estimates(self) -> dict[str, LatencyEstimate]:
        """The latency estimate of each network that is measured, from all its measurements, by architecture."""
        probes = self.probes()
        found = latency_estimates(probes)
        return {probe.architecture: found[probe.architecture] for probe in last_measured(probes)}

    def plan(self, architectures: Sequence[str]) -> None:
        """Write into the store what is to be measured next, in this order."""
        self._store.plan_probes(self.record, list(architectures))

    def measure_planned(self) -> None:
        """Measure all that is planned.

        Raises:
            OnboardingError: If too many measurements fail.
            AgentUnavailableError: If the device stays silent.
        """
        while self.measure_next():
            pass

    def measure_next(self) -> bool:
        """Measure what is planned next, and check the anchor when it is due; False where nothing is planned.

        Raises:
            OnboardingError: If too many measurements fail.
            AgentUnavailableError: If the device stays silent.
        """
        probe = next((item for item in self.probes() if item.state == "planned"), None)
        if probe is None:
            return False
        self._measure(probe)
        if len(open_segment(self.probes())) >= CHECK_INTERVAL:
            self._check_anchor()
        return True

    def converge(self) -> None:
        """Measure the anchor a last time, and again every network whose estimate has not converged."""
        while open_segment(self.probes()):
            self._check_anchor()
            self.measure_planned()

    def end(self) -> None:
        """Mark the session as finished."""
        self._store.end_session(self.record, datetime.now(timezone.utc))

    def _measure(self, probe: Probe) -> None:
        self._listener.on_probe_started(probe)
        with self._time_ledger.step("exporting networks"):
            architecture = self.space.parse(probe.architecture)
            batch_size = self.platform.setting.batch_size
            model = export_architecture(self.space, architecture, self._model_folder, batch_size=batch_size)
        begin_s = self._time_ledger.elapsed_s()
        try:
            measurement = self._client.measure(
                model,
                self.platform.setting,
                job_id=probe.job_id,
                plan=self._plan,
                on_event=self._listener.on_job_event,
                on_waiting=self._listener.on_waiting,
            )
        except (ModelRejectedError, ModelQuarantinedError, ModelTransferError, WorkerFailedError) as error:
            self._store.set_probe_state(probe.job_id, "failed", str(error))
            self._listener.on_probe_failed(probe, str(error))
            self._give_up_after_many_failures(str(error))
            return
        runs_s = sum(sum(block.latency_ms) for block in measurement.blocks) / 1_000
        self._time_ledger.add(MEASURING, runs_s)
        self._time_ledger.add(AGENT, max(self._time_ledger.elapsed_s() - begin_s - runs_s, 0.0))
        with self._time_ledger.step("writing to disk"):
            record_result(self._client, self._store, probe.job_id, self.platform, measurement, is_probe=True)
        self._listener.on_probe_measured(probe, measurement)

    def _give_up_after_many_failures(self, last: str) -> None:
        failure_count = sum(probe.state == "failed" for probe in self.probes())
        if failure_count >= MAX_FAILURE_COUNT:
            raise OnboardingError(
                f"{failure_count} measurements failed on {self.platform.device_name}, the last with: {last}. "
                "Mend the device or choose another setting, then start the same command again"
            )

    def _check_anchor(self) -> None:
        """Measure the anchor again, and plan another measurement of each network that has not converged."""
        anchor = anchor_of(self.probes())
        assert anchor is not None  # an open segment has one
        self._store.plan_probes(self.record, [anchor.architecture], is_anchor_check=True)
        self._measure(self.probes()[-1])
        probes = self.probes()
        found = latency_estimates(probes)
        attempts = Counter(probe.architecture for probe in probes if not probe.is_anchor_check)
        planned = {probe.architecture for probe in probes if probe.state == "planned"}
        again = [
            probe.architecture
            for probe in last_measured(probes)
            if probe.architecture not in {anchor.architecture, *planned}
            and attempts[probe.architecture] < MAX_ATTEMPT_COUNT
            and not found[probe.architecture].is_converged
        ]
        disturbed = [text for text in again if attempts[text] >= CONVERGED_ATTEMPT_COUNT]
        if disturbed:
            slowdown = math.exp(max(found[text].drift_uncertainty for text in disturbed))
            self._listener.on_not_converged(len(disturbed), slowdown)
        self.plan(again)


def last_measured(probes: list[Probe]) -> list[Probe]:
    """The last measured probe of each network, checks of the anchor excluded.

    A later attempt that failed does not remove an earlier measurement.
    """
    measured = {
        probe.architecture: probe for probe in probes if probe.measurement is not None and not probe.is_anchor_check
    }
    return list(measured.values())

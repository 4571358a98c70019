"""A session of measurements on one platform that can be trusted and gone on with.

What is to be measured is written down, with the id of its job, before the device is asked; what was measured, before
the next measurement. The anchor is measured again after every few probes. A network whose pace that leaves unsettled is
measured again, and all of its tries tell its pace together.
"""

import math
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timezone
from pathlib import Path

from edgeprof.devices.client import DeviceClient
from edgeprof.errors import (
    ModelQuarantinedError,
    ModelRejectedError,
    ModelTransferError,
    OnboardingError,
    WorkerFailedError,
)
from edgeprof.exporters.onnx import export_architecture
from edgeprof.measuring.anchor import CHECK_INTERVAL, anchor_of, open_segment, paces
from edgeprof.measuring.latency_estimate import SETTLED_TRY_COUNT, Pace
from edgeprof.measuring.listener import SessionListener
from edgeprof.measuring.time_ledger import AGENT, MEASURING, CostLedger
from edgeprof.store import Probe, Session, Store
from edgeprof.store.platform import Platform
from edgeprof_predictor.spaces import get_space
from edgeprof_proto.records.job_spec import MeasurementPlan

MAX_FAILURE_COUNT = 5
"""Failed measurements after which the device, not the architecture, is the likely cause."""

MAX_TRY_COUNT = 4
"""Measurements of one architecture at most, failed ones among them: a device that never settles must not be
measured for ever."""


class ProbeSession:
    """Measures architectures one after the other.

    Args:
        client: The device.
        platform: The device with its setting.
        store: Where everything is written down.
        session: The session to begin or to go on with.
        plan: How long and how often to run each model.
        model_folder: Where exported models are kept.
        listener: Hears about every step.
        costs: Where the time of each step is counted.
    """

    def __init__(
        self,
        client: DeviceClient,
        platform: Platform,
        store: Store,
        session: Session,
        *,
        plan: MeasurementPlan,
        model_folder: Path,
        listener: SessionListener,
        costs: CostLedger,
    ) -> None:
        self.platform = platform
        self.session = session
        self.space = get_space(session.space)
        self._client = client
        self._store = store
        self._plan = plan
        self._model_folder = model_folder
        self._listener = listener
        self._costs = costs
        if session.is_resumed:
            # The host may have ended between writing a result down and saying so.
            client.acknowledge(probe.job_id for probe in self.probes() if probe.state != "planned")

    def probes(self) -> list[Probe]:
        """All probes of the session as they stand on disk."""
        return self._store.probes(self.session)

    def counted(self) -> list[Probe]:
        """One probe for each network that is measured."""
        return counted_of(self.probes())

    def paces(self) -> dict[str, Pace]:
        """The pace of each network that is measured, over all of its tries, by architecture."""
        probes = self.probes()
        found = paces(probes)
        return {probe.architecture: found[probe.architecture] for probe in counted_of(probes)}

    def plan(self, architectures: Sequence[str]) -> None:
        """Write down what is to be measured next, in this order."""
        self._store.plan_probes(self.session, list(architectures))

    def measure_planned(self) -> None:
        """Measure all that is planned.

        Raises:
            OnboardingError: If too many measurements fail.
            AgentUnavailableError: If the device stays silent.
        """
        while self.measure_next():
            pass

    def measure_next(self) -> bool:
        """Measure what is planned next, and check the anchor when it is time to; False where nothing is planned.

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

    def settle(self) -> None:
        """Measure the anchor a last time, and again whatever that finds doubtful."""
        while open_segment(self.probes()):
            self._check_anchor()
            self.measure_planned()

    def end(self) -> None:
        """Mark the session as finished."""
        self._store.end_session(self.session, datetime.now(timezone.utc))

    def _measure(self, probe: Probe) -> None:
        self._listener.on_probe_started(probe)
        with self._costs.step("exporting networks"):
            architecture = self.space.parse(probe.architecture)
            batch_size = self.platform.setting.batch_size
            model = export_architecture(self.space, architecture, self._model_folder, batch_size=batch_size)
        begin_s = self._costs.elapsed_s()
        try:
            measurement = self._client.measure(
                model,
                self.platform.setting,
                job_id=probe.job_id,
                plan=self._plan,
                on_event=self._listener.on_job_event,
            )
        except (ModelRejectedError, ModelQuarantinedError, ModelTransferError, WorkerFailedError) as error:
            self._store.set_probe_state(probe.job_id, "failed", str(error))
            self._listener.on_probe_failed(probe, str(error))
            self._give_up_after_many_failures(str(error))
            return
        runs_s = sum(sum(block.latency_ms) for block in measurement.blocks) / 1_000
        self._costs.add(MEASURING, runs_s)
        self._costs.add(AGENT, max(self._costs.elapsed_s() - begin_s - runs_s, 0.0))
        with self._costs.step("writing to disk"):
            self._store.record_measurement(probe.job_id, self.platform, measurement)
            self._store.set_probe_state(probe.job_id, "measured")
        self._client.acknowledge((probe.job_id,))
        self._listener.on_probe_measured(probe, measurement)

    def _give_up_after_many_failures(self, last: str) -> None:
        failure_count = sum(probe.state == "failed" for probe in self.probes())
        if failure_count >= MAX_FAILURE_COUNT:
            raise OnboardingError(
                f"{failure_count} measurements failed on {self.platform.device_name}, the last with: {last}. "
                "Mend the device or choose another setting, then start the same command again"
            )

    def _check_anchor(self) -> None:
        """Measure the anchor again, and plan another try of each network whose pace is not settled."""
        anchor = anchor_of(self.probes())
        assert anchor is not None  # only an open segment asks for a check
        self._store.plan_probes(self.session, [anchor.architecture], is_anchor_check=True)
        self._measure(self.probes()[-1])
        probes = self.probes()
        found = paces(probes)
        tries = Counter(probe.architecture for probe in probes if not probe.is_anchor_check)
        planned = {probe.architecture for probe in probes if probe.state == "planned"}
        again = [
            probe.architecture
            for probe in counted_of(probes)
            if probe.architecture not in {anchor.architecture, *planned}
            and tries[probe.architecture] < MAX_TRY_COUNT
            and not found[probe.architecture].is_settled
        ]
        disturbed = [text for text in again if tries[text] >= SETTLED_TRY_COUNT]
        if disturbed:
            self._listener.on_disturbed(len(disturbed), math.exp(max(found[text].slowdown for text in disturbed)))
        self.plan(again)


def counted_of(probes: list[Probe]) -> list[Probe]:
    """The last measured probe of each network, checks of the anchor aside.

    Measuring again may fail without losing what was measured before.
    """
    measured = {
        probe.architecture: probe for probe in probes if probe.measurement is not None and not probe.is_anchor_check
    }
    return list(measured.values())

"""Progress of several devices at once on stderr: a line for each."""

from collections.abc import Sequence
from typing import Any

from rich.progress import Progress, TaskID

from edgeprof.cli.console import messages, styled
from edgeprof.cli.progress import PHASE_TEXT, ShownBar, new_bar, waiting_text
from edgeprof.devices.pairings import NamedDevice
from edgeprof.fleet.devices_at_once import DeviceListener, DeviceOutcome, FleetListener
from edgeprof.measuring.latency_estimate import CONVERGED_ATTEMPT_COUNT
from edgeprof.onboarding.goal import OnboardingStatus
from edgeprof.onboarding.listener import OnboardingListener
from edgeprof.store import Probe
from edgeprof_proto.records.job import Job, JobEvent
from edgeprof_proto.records.job import Progress as JobProgress
from edgeprof_proto.records.measurement import Measurement


class FleetProgress(ShownBar, FleetListener):
    """A line for each device, and a message where one fails.

    Args:
        devices: The devices.
        total: Measurements that each will take about; None where that is not known.
    """

    def __init__(self, devices: Sequence[NamedDevice], total: int | None = None) -> None:
        bar = new_bar()
        super().__init__(bar)
        width = max(len(device.name) for device in devices)
        self._lines = {
            device: DeviceLine(bar, device.name, bar.add_task(f"{device.name:{width}}", total=total, detail="starting"))
            for device in devices
        }

    def listener_of(self, device: NamedDevice) -> OnboardingListener:
        """Return the line of a device."""
        return self._lines[device]

    def on_ended(self, outcome: DeviceOutcome[Any]) -> None:
        """Say how a device ended."""
        self._lines[outcome.device].end("failed" if outcome.failure else "done")
        if outcome.failure:
            messages.print(styled((f"{outcome.device.name} failed:", "yellow"), f" {outcome.failure}"))


class DeviceLine(DeviceListener):
    """The line of one device.

    Args:
        bar: The bar that holds it.
        name: Name of the device.
        task: The line in the bar.
    """

    def __init__(self, bar: Progress, name: str, task: TaskID) -> None:
        self._bar, self._name, self._task = bar, name, task
        self._step = ""

    def end(self, how: str) -> None:
        """Fill the line where the device has done its work, and say how it ended."""
        self._bar.update(self._task, detail=how)
        if how == "done":
            total = self._bar.tasks[self._task].total or 1
            self._bar.update(self._task, total=total, completed=total)
        self._bar.stop_task(self._task)

    def on_resumed(self, architectures: list[str]) -> None:
        """Show how much of the work was done before."""
        self._bar.advance(self._task, CONVERGED_ATTEMPT_COUNT * len(architectures))

    def on_probe_started(self, probe: Probe) -> None:
        """Show what is measured."""
        self._step = "anchor again" if probe.is_anchor_check else f"measurement {probe.ordinal + 1}"
        self._bar.update(self._task, detail=f"{self._step}: exporting")

    def on_job_event(self, event: JobEvent) -> None:
        """Show what the device is doing."""
        if isinstance(event.event, JobProgress):
            phase = PHASE_TEXT[event.event.phase]
            self._bar.update(self._task, detail=f"{self._step}: {phase}" if self._step else phase)

    def on_waiting(self, job: Job) -> None:
        """Show for whom the device works."""
        self._bar.update(self._task, detail=waiting_text(job))

    def on_probe_measured(self, probe: Probe, measurement: Measurement) -> None:
        """Count a measurement."""
        self._bar.advance(self._task)

    def on_probe_failed(self, probe: Probe, failure: str) -> None:
        """Print why a network could not be measured."""
        text = f" {failure}  "
        messages.print(styled((f"{self._name}, {self._step} failed:", "yellow"), text, (probe.architecture, "dim")))

    def on_adapted(self, status: OnboardingStatus) -> None:
        """Show the error expected now."""
        self._bar.update(self._task, detail=f"expected error {status.expected}")

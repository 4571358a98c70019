"""Progress of several devices at once on stderr: a line for each."""

from collections.abc import Sequence
from typing import Any

from rich.progress import Progress, TaskID

from edgeprof.cli.console import messages, styled
from edgeprof.cli.progress import PHASE_TEXT, ShownBar, new_bar, waiting_text
from edgeprof.devices.pairings import NamedDevice
from edgeprof.fleet.devices_at_once import DeviceListener, DeviceOutcome, FleetListener
from edgeprof.measuring.goal import OnboardingStatus
from edgeprof.measuring.latency_estimate import CONVERGED_ATTEMPT_COUNT
from edgeprof.onboarding.listener import OnboardingListener
from edgeprof.operator_models.listener import ModelOnboardingListener
from edgeprof.operator_models.named_models import ModelToMeasure
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

    def models_listener_of(self, device: NamedDevice) -> ModelOnboardingListener:
        """Return what moves the line of a device while models are measured."""
        return ModelsOfLine(self._lines[device])

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
        self.advance()

    def on_probe_failed(self, probe: Probe, failure: str) -> None:
        """Print why a network could not be measured."""
        self.tell_failure(f"{failure}  ", (probe.architecture, "dim"))

    def tell_failure(self, failure: str, *more: tuple[str, str]) -> None:
        """Print why the step failed.

        Args:
            failure: Why.
            more: Further texts, each with its style.
        """
        messages.print(styled((f"{self._name}, {self._step} failed:", "yellow"), f" {failure}", *more))

    def on_adapted(self, status: OnboardingStatus) -> None:
        """Show the error expected now."""
        self._bar.update(self._task, detail=f"expected error {status.expected}")

    def begin_step(self, name: str) -> None:
        """Show what is measured."""
        self._step = name
        self._bar.update(self._task, detail=name)

    def extend(self, count: int) -> None:
        """Count so many measurements more that are to come."""
        self._bar.update(self._task, total=(self._bar.tasks[self._task].total or 0) + count)

    def advance(self) -> None:
        """Count a measurement."""
        self._bar.advance(self._task)


class ModelsOfLine(ModelOnboardingListener):
    """Moves the line of a device while models are measured.

    Args:
        line: The line.
    """

    def __init__(self, line: DeviceLine) -> None:
        self._line = line

    def on_planned(self, models: list[ModelToMeasure]) -> None:
        """Show how many models there are."""
        self._line.extend(len(models))

    def on_repeated(self, models: list[ModelToMeasure], number: int) -> None:
        """Show how many are measured once more."""
        self._line.extend(len(models))

    def on_model_known(self, model: ModelToMeasure) -> None:
        """Count a model as done."""
        self._line.advance()

    def on_model_started(self, model: ModelToMeasure) -> None:
        """Show what is measured."""
        self._line.begin_step(model.name)

    def on_job_event(self, event: JobEvent) -> None:
        """Show what the device is doing."""
        self._line.on_job_event(event)

    def on_waiting(self, job: Job) -> None:
        """Show for whom the device works."""
        self._line.on_waiting(job)

    def on_model_measured(self, model: ModelToMeasure, measurement: Measurement) -> None:
        """Count a measurement."""
        self._line.advance()

    def on_model_failed(self, model: ModelToMeasure, failure: str) -> None:
        """Print why a model could not be measured."""
        self._line.tell_failure(failure)

"""Progress of an onboarding on stderr. Apart from `progress.py`, since what it listens to imports torch."""

import math
from types import TracebackType

from edgeprof.cli.console import messages
from edgeprof.cli.progress import PHASE_TEXT, new_bar
from edgeprof.onboarding.anchor import CHECK_INTERVAL
from edgeprof.onboarding.listener import OnboardingListener
from edgeprof.store import Probe
from edgeprof_proto.records import JobEvent, LatencyBlock, Measurement, MeasurementPlan
from edgeprof_proto.records import Progress as JobProgress


class OnboardingProgress(OnboardingListener):
    """A bar for a whole onboarding, and a line on stderr for what a user should know.

    Args:
        sample_count: Samples at most.
        plan: Plan of each measurement.
    """

    def __init__(self, sample_count: int, plan: MeasurementPlan) -> None:
        filled = plan.filled()
        self._sample_count = sample_count
        self._probe_ms = filled.warmup_duration_ms + filled.timed_duration_ms
        self._probe = ""
        self._done = 0
        self._check_count = 0
        checks_to_come = math.ceil(sample_count / CHECK_INTERVAL)
        self._bar = new_bar()
        self._task = self._bar.add_task("onboarding", total=(sample_count + checks_to_come) * self._probe_ms, detail="")

    def __enter__(self) -> "OnboardingProgress":
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def on_resumed(self, measured_count: int) -> None:
        """Say that an unfinished onboarding goes on."""
        self._done = measured_count
        messages.print(f"going on with an unfinished onboarding: {measured_count} networks are measured already")

    def on_probe_started(self, probe: Probe) -> None:
        """Name the network that the device is asked for."""
        name = "anchor again" if probe.is_anchor_check else f"network {self._done + 1} of {self._sample_count}"
        self._probe = name
        completed = (self._done + self._check_count) * self._probe_ms
        self._bar.update(self._task, description=name, completed=completed, detail="exporting")

    def on_job_event(self, event: JobEvent) -> None:
        """Move the bar by what a job tells."""
        if isinstance(event.event, JobProgress):
            self._bar.update(self._task, detail=PHASE_TEXT[event.event.phase])
        elif isinstance(event.event, LatencyBlock):
            self._bar.advance(self._task, sum(event.event.latency_ms))

    def on_probe_measured(self, probe: Probe, measurement: Measurement) -> None:
        """Print the measurement."""
        if probe.is_anchor_check:
            self._check_count += 1
        else:
            self._done += 1
        verdict = measurement.verdict.kind.value
        messages.print(f"  {self._probe}: {measurement.median_ms:.3g} ms, {verdict}  [dim]{probe.architecture}[/dim]")

    def on_probe_failed(self, probe: Probe, failure: str) -> None:
        """Print why a network could not be measured."""
        messages.print(f"  [yellow]{self._probe} failed:[/yellow] {failure}  [dim]{probe.architecture}[/dim]")

    def on_anchor_moved(self, ratio: float, spoilt_count: int) -> None:
        """Print that the device has drifted."""
        self._done -= spoilt_count
        messages.print(
            f"  [yellow]the device has drifted:[/yellow] the anchor takes {ratio:.2f} times as long as before; "
            f"measuring {spoilt_count} networks again"
        )

    def on_adapted(self, sample_count: int, expected_error: float) -> None:
        """Show the error expected by now."""
        self._bar.update(self._task, detail=f"expected error {expected_error:.1%}")

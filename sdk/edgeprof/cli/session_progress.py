"""Progress of an onboarding or a verification on stderr. Apart from `progress.py`, since it imports the store."""

import math

from edgeprof.anchor import CHECK_INTERVAL
from edgeprof.cli.console import messages
from edgeprof.cli.progress import JobBar
from edgeprof.listener import OnboardingListener
from edgeprof.onboarding.goal import Standing
from edgeprof.store import Probe
from edgeprof_proto.records import Measurement, MeasurementPlan


class SessionProgress(JobBar, OnboardingListener):
    """A bar for a whole session, and a line on stderr for what a user should know.

    Args:
        network_count: Networks to measure at most.
        plan: Plan of each measurement.
    """

    def __init__(self, network_count: int, plan: MeasurementPlan) -> None:
        filled = plan.filled()
        self._network_count = network_count
        self._probe_ms = filled.warmup_duration_ms + filled.timed_duration_ms
        self._probe = ""
        self._done = 0
        self._check_count = 0
        checks_to_come = math.ceil(network_count / CHECK_INTERVAL)
        super().__init__("starting", (network_count + checks_to_come) * self._probe_ms)

    def on_resumed(self, measured_count: int) -> None:
        """Say that an unfinished onboarding goes on."""
        self._done = measured_count
        messages.print(f"going on with an unfinished onboarding: {measured_count} networks are measured already")

    def on_probe_started(self, probe: Probe) -> None:
        """Name the network that the device is asked for."""
        name = "anchor again" if probe.is_anchor_check else f"network {self._done + 1} of {self._network_count}"
        self._probe = name
        completed = (self._done + self._check_count) * self._probe_ms
        self._bar.update(self._task, description=name, completed=completed, detail="exporting")

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

    def on_measuring_again(self, count: int, slowdown: float) -> None:
        """Print what is measured again, and why."""
        self._done -= count
        noun = "network" if count == 1 else "networks"
        reason = (
            f"the anchor took {slowdown:.2f} times as long as at its best"
            if slowdown > 1
            else "too few of their blocks of runs agree"
        )
        messages.print(f"  [yellow]measuring {count} {noun} again:[/yellow] {reason}")

    def on_adapted(self, standing: Standing) -> None:
        """Print the error expected by now, and what another network would buy."""
        messages.print(f"    {standing}")

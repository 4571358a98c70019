"""Progress of an onboarding or a verification on stderr; imports the store, which `progress.py` does not."""

import math

from edgeprof.cli.console import messages, styled
from edgeprof.cli.progress import JobBar
from edgeprof.measuring.anchor import CHECK_INTERVAL
from edgeprof.measuring.goal import OnboardingStatus
from edgeprof.measuring.latency_estimate import CONVERGED_ATTEMPT_COUNT
from edgeprof.onboarding.listener import OnboardingListener
from edgeprof.store import Probe
from edgeprof_proto.records.job_spec import MeasurementPlan
from edgeprof_proto.records.measurement import Measurement


class SessionProgress(JobBar, OnboardingListener):
    """A bar for a whole session, and a line on stderr for each result.

    Args:
        network_count: Networks to measure at most.
        plan: Plan of each measurement.
    """

    def __init__(self, network_count: int, plan: MeasurementPlan) -> None:
        filled = plan.filled()
        self._network_count = network_count
        self._probe_ms = filled.warmup_duration_ms + filled.timed_duration_ms
        self._probe = ""
        self._numbers: dict[str, int] = {}
        self._done = 0
        self._expected = expected_measurements(network_count)
        super().__init__("starting", self._expected * self._probe_ms)

    def on_resumed(self, architectures: list[str]) -> None:
        """Print that an unfinished onboarding continues."""
        for text in architectures:
            self._number(text)
        self._done = len(architectures)
        messages.print(f"going on with an unfinished onboarding: {self._done} networks are measured already")

    def on_operators_read(self, count: int, total: int) -> None:
        """Show how many networks' operators are read."""
        self._bar.update(self._task, description="operators of the space's networks", detail=f"{count} of {total}")

    def on_operators_unused(self, reason: str) -> None:
        """Say so."""
        messages.print(f"the operators of the device do not predict here: {reason}")

    def on_probe_started(self, probe: Probe) -> None:
        """Show which network is measured."""
        if probe.is_anchor_check:
            self._probe = "anchor again"
        else:
            again = " again" if probe.architecture in self._numbers else ""
            self._probe = f"network {self._number(probe.architecture)} of {self._network_count}{again}"
        completed = self._done * self._probe_ms
        self._bar.update(self._task, description=self._probe, completed=completed, detail="exporting")

    def on_probe_measured(self, probe: Probe, measurement: Measurement) -> None:
        """Print the measurement."""
        self._done += 1
        verdict = measurement.verdict.kind.text
        text = f"  {self._probe}: {measurement.median_ms:.3g} ms, {verdict}  "
        messages.print(styled(text, (probe.architecture, "dim")))

    def on_probe_failed(self, probe: Probe, failure: str) -> None:
        """Print why a network could not be measured."""
        messages.print(styled((f"  {self._probe} failed:", "yellow"), f" {failure}  ", (probe.architecture, "dim")))

    def on_not_converged(self, count: int, slowdown: float) -> None:
        """Print what is measured once more, and why."""
        self._expected += count
        self._bar.update(self._task, total=self._expected * self._probe_ms)
        noun = "network" if count == 1 else "networks"
        reason = (
            f"the anchor took {slowdown:.2f} times as long as at its fastest"
            if slowdown > 1
            else "their measurements do not agree"
        )
        messages.print(styled((f"  measuring {count} {noun} once more:", "yellow"), f" {reason}"))

    def on_adapted(self, status: OnboardingStatus) -> None:
        """Print the error expected now, and after another network."""
        messages.print(f"    {status}")

    def _number(self, architecture: str) -> int:
        return self._numbers.setdefault(architecture, len(self._numbers) + 1)


def expected_measurements(network_count: int) -> int:
    """Return how many measurements a session takes whose networks all converge, those of the anchor included."""
    count = network_count * CONVERGED_ATTEMPT_COUNT
    return count + math.ceil(count / CHECK_INTERVAL)

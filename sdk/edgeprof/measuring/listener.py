"""What a session of measurements tells while it runs. The command line draws it; a script may ignore it."""

from typing import TYPE_CHECKING

from edgeprof.store import Probe
from edgeprof_proto.records.job import JobEvent
from edgeprof_proto.records.measurement import Measurement

if TYPE_CHECKING:
    from edgeprof.onboarding.goal import Standing


class SessionListener:
    """Hears about every measurement of a session. All methods do nothing; override those of interest."""

    def on_probe_started(self, probe: Probe) -> None:
        """The device is asked for a measurement."""

    def on_job_event(self, event: JobEvent) -> None:
        """The device tells how far it is with the measurement."""

    def on_probe_measured(self, probe: Probe, measurement: Measurement) -> None:
        """A measurement has arrived and is on disk."""

    def on_probe_failed(self, probe: Probe, failure: str) -> None:
        """The device could not measure an architecture."""

    def on_disturbed(self, count: int, slowdown: float) -> None:
        """The tries of so many networks do not settle their pace; they are measured once more.

        Args:
            count: Number of networks.
            slowdown: How many times as long as at its best the anchor took around them at most; 1 where it was at its
                best, and too few blocks of their own agree.
        """


class OnboardingListener(SessionListener):
    """Hears about the steps of an onboarding as well."""

    def on_resumed(self, architectures: list[str]) -> None:
        """An unfinished onboarding goes on, with these networks measured."""

    def on_chosen(self, architectures: list[str]) -> None:
        """These architectures will be measured next: they narrow the predictions most, given what is known so far."""

    def on_adapted(self, standing: "Standing") -> None:
        """The predictor was adapted: what it expects now, and what another sample would buy."""

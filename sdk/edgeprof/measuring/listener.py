"""Callbacks of a measurement session. The command line draws its progress with them; a script may ignore them."""

from edgeprof.store import Probe
from edgeprof_proto.records.job import Job, JobEvent
from edgeprof_proto.records.measurement import Measurement


class SessionListener:
    """Is called at every measurement of a session. All methods do nothing; override those of interest."""

    def on_probe_started(self, probe: Probe) -> None:
        """The device is about to be asked for a measurement."""

    def on_job_event(self, event: JobEvent) -> None:
        """The device reported progress of the measurement."""

    def on_waiting(self, job: Job) -> None:
        """The measurement has to wait for other jobs of the device; the job tells its position and who runs."""

    def on_probe_measured(self, probe: Probe, measurement: Measurement) -> None:
        """A measurement has arrived and is in the store."""

    def on_probe_failed(self, probe: Probe, failure: str) -> None:
        """An attempt to measure an architecture failed; another one may follow at once."""

    def on_not_converged(self, count: int, slowdown: float) -> None:
        """Estimates did not converge after two measurements; these networks are measured once more.

        Args:
            count: Number of networks.
            slowdown: Largest factor by which the anchor was slower than its own estimate around them; 1 where it was
                not slower, and too few blocks of the networks agree.
        """

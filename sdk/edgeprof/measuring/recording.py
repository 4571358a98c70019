"""Results and failures are stored on the host first, then acknowledged: the device keeps none that is stored."""

from collections.abc import Callable

from edgeprof.devices.client import DeviceClient
from edgeprof.errors import EdgeprofError
from edgeprof.measuring.failure_actions import reason_of
from edgeprof.store import Attempt, Store
from edgeprof.store.platform import Platform
from edgeprof_proto.records.job import Failure, JobEvent
from edgeprof_proto.records.measurement import Measurement


class FailureWatch:
    """Passes the events of a job on, and remembers whether the job has failed.

    Args:
        on_event: Called with each event of the job.
    """

    def __init__(self, on_event: Callable[[JobEvent], None]) -> None:
        self.has_failed = False
        """Whether the job has failed, so that the device is not at it any more and keeps its failure."""
        self._on_event = on_event

    def __call__(self, event: JobEvent) -> None:
        """Take an event."""
        self.has_failed = self.has_failed or isinstance(event.event, Failure)
        self._on_event(event)


def record_result(
    client: DeviceClient,
    store: Store,
    job_id: str,
    platform: Platform,
    measurement: Measurement,
    *,
    model_name: str = "",
) -> None:
    """Store a measurement under the platform that ran it, then acknowledge its job.

    Args:
        client: The device that measured.
        store: Where the measurement goes.
        job_id: Id of the job. Where a session planned it, its probe counts as measured.
        platform: The device, with the setting that was asked for.
        measurement: The result, with the setting that ran.
        model_name: Name of the model; empty where a session names what it measures.

    Raises:
        StoreError: If it cannot be written; the device then keeps the result.
    """
    store.record_measurement(job_id, platform.that_ran(measurement.setting), measurement, model_name=model_name)
    client.acknowledge((job_id,))


def record_failure(
    client: DeviceClient, store: Store, attempt: Attempt, error: EdgeprofError, *, is_given_up: bool, has_failed: bool
) -> None:
    """Write that an attempt has failed, then acknowledge its job where that is what failed.

    Args:
        client: The device.
        store: Where the failure goes.
        attempt: The attempt.
        error: Why it failed.
        is_given_up: Whether its probe is not to be measured any more.
        has_failed: Whether the device has the job, and it has failed.

    Raises:
        StoreError: If it cannot be written; the device then keeps the failed job.
    """
    store.end_attempt(attempt, reason_of(error), str(error), is_given_up=is_given_up)
    if has_failed:
        client.acknowledge((attempt.job_id,))

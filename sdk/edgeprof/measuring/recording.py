"""Results are stored on the host first, then acknowledged, so that the device keeps none that is safe elsewhere."""

from edgeprof.devices.client import DeviceClient
from edgeprof.store import Store
from edgeprof.store.platform import Platform
from edgeprof_proto.records.measurement import Measurement


def record_result(
    client: DeviceClient,
    store: Store,
    job_id: str,
    platform: Platform,
    measurement: Measurement,
    *,
    is_probe: bool = False,
) -> None:
    """Store a measurement, then acknowledge its job.

    Args:
        client: The device that measured.
        store: Where the measurement goes.
        job_id: Id of the job.
        platform: The device with the setting that ran.
        measurement: The result.
        is_probe: Whether a session planned the job, so that its probe counts as measured.

    Raises:
        StoreError: If it cannot be written; the device then keeps the result.
    """
    store.record_measurement(job_id, platform, measurement)
    if is_probe:
        store.set_probe_state(job_id, "measured")
    client.acknowledge((job_id,))

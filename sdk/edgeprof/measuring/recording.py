"""Results are stored on the host first, then acknowledged, so that the device keeps none that is safe elsewhere."""

from edgeprof.devices.client import DeviceClient
from edgeprof.store import Store
from edgeprof.store.platform import Platform
from edgeprof_proto.records.measurement import Measurement


def record_result(
    client: DeviceClient, store: Store, job_id: str, platform: Platform, measurement: Measurement
) -> None:
    """Store a measurement under the platform that ran it, then acknowledge its job.

    Args:
        client: The device that measured.
        store: Where the measurement goes.
        job_id: Id of the job. Where a session planned it, its probe counts as measured.
        platform: The device, with the setting that was asked for.
        measurement: The result, with the setting that ran.

    Raises:
        StoreError: If it cannot be written; the device then keeps the result.
    """
    store.record_measurement(job_id, platform.that_ran(measurement.setting), measurement)
    client.acknowledge((job_id,))

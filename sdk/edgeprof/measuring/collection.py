"""Results that a device still keeps for this host, because the run that asked for them ended before storing them."""

from itertools import islice

from edgeprof.devices.client import DeviceClient
from edgeprof.store import Store
from edgeprof.store.platform import resolve_platform
from edgeprof_proto.records.device import Device

NEWEST_COUNT = 1_000
"""Jobs that are examined, the newest first: each hundred is one call to the device."""


def collect_results(client: DeviceClient, device: Device, store: Store) -> int:
    """Bring every result that the device keeps for this host into the store, and acknowledge it.

    Args:
        client: The device.
        device: Its description.
        store: Where the results go.

    Returns:
        Number of measurements that were not in the store.
    """
    kept = [
        job.job_id
        for job in islice(client.jobs(), NEWEST_COUNT)
        if job.state.is_final and job.acknowledge_time is None and job.host_name == client.host_name
    ]
    count = 0
    for job_id in kept:
        job = client.job(job_id)
        if job.measurement is not None:
            count += store.measurement(job_id) is None
            store.record_measurement(job_id, resolve_platform(device, job.spec.setting), job.measurement)
    if kept:
        client.acknowledge(kept)
    return count

"""Results that a device still keeps for this host, because the run that asked for them ended before storing them."""

import logging
from contextlib import suppress
from itertools import islice

from edgeprof.devices.client import DeviceClient
from edgeprof.errors import RemoteError, UnreadableAnswerError
from edgeprof.measuring.recording import record_result
from edgeprof.store import Store, series_part_id
from edgeprof.store.given_inputs import GivenInputs
from edgeprof.store.platform import Platform, device_with
from edgeprof_proto.records.device import Device
from edgeprof_proto.records.job import ModelResult
from edgeprof_proto.records.job_spec import JobKind

logger = logging.getLogger(__name__)

NEWEST_COUNT = 1_000
"""Jobs that are examined, the newest first: each hundred is one call to the device."""


def collect_results(client: DeviceClient, device: Device, store: Store) -> int:
    """Bring every result that the device keeps for this host into the store, and acknowledge it.

    Each is filed under the platform that ran it, which need not be what the device is today. One that cannot be
    read is passed over with a warning, and stays on the device.

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
        try:
            job = client.job(job_id)
        except (RemoteError, UnreadableAnswerError) as error:
            # One bad result must not keep the others back.
            logger.warning("the result of job %s is passed over, it cannot be read: %s", job_id, error)
            continue
        platform = device_with(device, job.spec.setting, GivenInputs.of_spec(job.spec))
        if job.spec.kind is JobKind.SERIES:
            count += _collect_series(client, platform, store, job_id)
            continue
        if job.measurement is None:
            client.acknowledge((job_id,))
            continue
        count += store.measurement(job_id) is None
        record_result(client, store, job_id, platform, job.measurement)
    return count


def _collect_series(client: DeviceClient, platform: Platform, store: Store, job_id: str) -> int:
    """Store what a series that has ended tells, acknowledge it, and return how much of it was not in the store."""
    found: list[ModelResult] = []
    with suppress(RemoteError):  # its worker died; what came before was told
        client.follow_series(job_id, on_result=found.append)
    count = 0
    for result in found:
        part_id = series_part_id(job_id, result.model_sha256)
        if result.measurement is not None and store.measurement(part_id) is None:
            store.record_measurement(part_id, platform.that_ran(result.measurement.setting), result.measurement)
            count += 1
    client.acknowledge((job_id,))
    return count

"""Has the device load both sides of a comparison with the inputs that are given, before one of them is measured."""

import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress

from edgeprof.devices.client import DeviceClient
from edgeprof.errors import EdgeprofError, ModelRejectedError, SettingNotSupportedError
from edgeprof.measuring.comparison_side import ComparisonSide
from edgeprof_proto.records.job import Job

GRAPH_REVISION = 5
"""Contract revision from which on an agent loads a model without measuring it."""


def require_loadable(
    client: DeviceClient, sides: Mapping[str, ComparisonSide], on_waiting: Callable[[Job], None]
) -> None:
    """Check that the device loads each side with its shapes and values; an older agent tells it when it measures.

    Args:
        client: The device.
        sides: Both sides by their names.
        on_waiting: Called with a job that has to wait for others.

    Raises:
        SettingNotSupportedError: If shapes or values do not fit a model; the text names its side.
        ModelRejectedError: If a size is still open, or the runtime cannot run the model.
        EdgeprofError: If the device cannot be asked.
    """
    if client.contract_revision < GRAPH_REVISION:
        return
    for name, side in sides.items():
        try:
            _load(client, side, on_waiting)
        except (SettingNotSupportedError, ModelRejectedError) as error:
            told = f"{name.upper()}, {side.candidate.name}, cannot run as asked: {error}"
            raise type(error)(told, error.reason) from error


def _load(client: DeviceClient, side: ComparisonSide, on_waiting: Callable[[Job], None]) -> None:
    job_id = f"check-{uuid.uuid4().hex}"
    try:
        client.profile(
            side.ready.path, side.request.setting, job_id=job_id, on_waiting=on_waiting, **side.ready.given()
        )
    except KeyboardInterrupt:
        with suppress(EdgeprofError):
            client.cancel_job(job_id)
        raise
    finally:
        # Nobody else knows the job, failed or not; one that never came to the device is skipped.
        with suppress(EdgeprofError):
            client.acknowledge((job_id,))

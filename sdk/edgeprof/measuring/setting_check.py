"""Checks a setting against a device before anything is uploaded or measured."""

from edgeprof.errors import SettingNotSupportedError
from edgeprof_proto.records.device import Device
from edgeprof_proto.records.job_spec import Setting


def require_threads(device: Device, setting: Setting) -> None:
    """Check that a device allows as many threads as a setting asks for.

    Args:
        device: The device.
        setting: How to run a model.

    Raises:
        SettingNotSupportedError: If it allows fewer.
    """
    limit = device.limits.thread_count
    if limit and setting.thread_count > limit:
        raise SettingNotSupportedError(
            f"the device allows {limit} threads, {setting.thread_count} were asked for; more threads than cores only "
            "wait for each other (EDGEPROF_AGENT_THREAD_COUNT on the device allows more)"
        )

"""Checks a setting against what the device and its runtimes offer, before anything starts."""

from edgeprof_agent.config import AgentConfig
from edgeprof_agent.errors import RuntimeNotFoundError, SettingNotSupportedError
from edgeprof_proto.records.device import DeviceDescription
from edgeprof_proto.records.job_spec import Setting
from edgeprof_proto.shared.setting_offer import MissingRuntimeError, SettingOfferError, check_setting_offer


def thread_limit(config: AgentConfig, device: DeviceDescription) -> int:
    """Return how many threads a setting may ask for: as configured, or else as many as the board has cores."""
    return config.thread_count or device.cpu.core_count


def check_setting(setting: Setting, device: DeviceDescription, *, thread_count: int) -> None:
    """Check that the device can run a setting.

    Args:
        setting: What is asked for.
        device: What is there.
        thread_count: Threads that a setting may ask for.

    Raises:
        RuntimeNotFoundError: If the runtime is not on the device.
        SettingNotSupportedError: If the runtime is there but cannot do what the setting asks for, or a number is
            outside its range.
    """
    try:
        check_setting_offer(setting, device, thread_count=thread_count)
    except MissingRuntimeError as error:
        raise RuntimeNotFoundError(str(error)) from error
    except SettingOfferError as error:
        raise SettingNotSupportedError(str(error)) from error

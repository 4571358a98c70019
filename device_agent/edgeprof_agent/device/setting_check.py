"""Checks a setting against what the device and its runtimes offer, before anything starts."""

from collections.abc import Sequence

from edgeprof_agent.config import AgentConfig
from edgeprof_agent.errors import RuntimeNotFoundError, SettingNotSupportedError
from edgeprof_agent.isolation.cpu_affinity import check_cores, without_cores
from edgeprof_proto.records.device import DeviceDescription, RuntimeInfo
from edgeprof_proto.records.job_spec import Setting

MAX_BATCH_SIZE = 65_536
"""Inputs in one run at most: beyond it the indices of many runtimes overflow."""


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
    if setting.thread_count > thread_count:
        raise SettingNotSupportedError(
            f"thread_count must be 1 to {thread_count} on this device, got {setting.thread_count}; more threads than "
            "cores only wait for each other (EDGEPROF_AGENT_THREAD_COUNT on the device allows more)"
        )
    if setting.batch_size > MAX_BATCH_SIZE:
        raise SettingNotSupportedError(f"batch_size must be 1 to {MAX_BATCH_SIZE}, got {setting.batch_size}")
    runtime = next((runtime for runtime in device.runtimes if runtime.name == setting.runtime), None)
    if runtime is None:
        known = ", ".join(runtime.name for runtime in device.runtimes) or "none"
        raise RuntimeNotFoundError(f"the device offers no runtime {setting.runtime!r}; it offers: {known}")
    if runtime.unavailable_reason is not None:
        raise RuntimeNotFoundError(f"runtime {runtime.name!r} is not available: {runtime.unavailable_reason}")
    _check_choice(runtime, "runtime_version", setting.runtime_version, (runtime.version or "",))
    _check_choice(runtime, "provider", setting.provider, runtime.providers)
    _check_choice(runtime, "precision", setting.precision, runtime.precisions)
    check_cores(setting, device.cpu)
    options = {option.name: option.values for option in runtime.options}
    for name, value in without_cores(setting).options.items():
        if name not in options:
            known = ", ".join(options) or "none"
            raise SettingNotSupportedError(f"runtime {runtime.name!r} has no option {name!r}; it has: {known}")
        _check_choice(runtime, f"option {name}", value, options[name])


def _check_choice(runtime: RuntimeInfo, name: str, value: str, choices: Sequence[str]) -> None:
    if value and value not in choices:
        raise SettingNotSupportedError(
            f"runtime {runtime.name!r} does not offer {name} {value!r}; it offers: {', '.join(choices) or 'none'}"
        )

"""Compares a setting with what a device offers: its runtimes with their providers, precisions and options, its cores.

The host does so before it exports or measures anything, the agent before it queues a job.
"""

from collections.abc import Sequence

from edgeprof_proto.records.device import Cpu, DeviceDescription, RuntimeInfo
from edgeprof_proto.records.job_spec import ALL_CORES, CORES_OPTION, Setting

MAX_BATCH_SIZE = 65_536
"""Inputs in one run at most: beyond it the indices of many runtimes overflow."""


class SettingOfferError(ValueError):
    """A device does not offer what a setting asks for."""


class MissingRuntimeError(SettingOfferError):
    """A device does not have the runtime."""


def offered_runtime(device: DeviceDescription, name: str) -> RuntimeInfo:
    """Return a runtime of a device.

    Args:
        device: The device.
        name: Name of the runtime.

    Raises:
        MissingRuntimeError: If the device does not offer it, or it is not available there.
    """
    runtime = next((runtime for runtime in device.runtimes if runtime.name == name), None)
    if runtime is None:
        known = ", ".join(item.name for item in device.runtimes if item.unavailable_reason is None)
        missing = "".join(f"; {item.name} is not available: {item.unavailable_reason}" for item in device.runtimes)
        raise MissingRuntimeError(f"the device offers no runtime {name!r}; it offers: {known or 'none' + missing}")
    if runtime.unavailable_reason is not None:
        raise MissingRuntimeError(f"runtime {runtime.name!r} is not available: {runtime.unavailable_reason}")
    return runtime


def check_setting_offer(setting: Setting, device: DeviceDescription, *, thread_count: int) -> None:
    """Check that a device offers what a setting asks for.

    Args:
        setting: What is asked for.
        device: What is there.
        thread_count: Threads that a setting may ask for; 0 where the device does not say.

    Raises:
        MissingRuntimeError: If the runtime is not on the device.
        SettingOfferError: If the runtime is there but cannot do what the setting asks for, or a number is outside its
            range.
    """
    if thread_count and setting.thread_count > thread_count:
        raise SettingOfferError(
            f"the device allows {thread_count} threads, {setting.thread_count} were asked for; more threads than cores "
            "only wait for each other (EDGEPROF_AGENT_THREAD_COUNT on the device allows more)"
        )
    if setting.batch_size > MAX_BATCH_SIZE:
        raise SettingOfferError(f"batch_size must be 1 to {MAX_BATCH_SIZE}, got {setting.batch_size}")
    runtime = offered_runtime(device, setting.runtime)
    _check_choice(runtime, "runtime_version", setting.runtime_version, (runtime.version or "",))
    _check_choice(runtime, "provider", setting.provider, runtime.providers)
    _check_choice(runtime, "precision", setting.precision, runtime.precisions)
    check_cores(setting, device.cpu)
    _check_options(setting, runtime)


def check_cores(setting: Setting, cpu: Cpu) -> None:
    """Check that the processor has the cores that a setting asks for.

    Args:
        setting: What is asked for.
        cpu: The processor.

    Raises:
        SettingOfferError: If it has no such cluster.
    """
    cores = setting.options.get(CORES_OPTION, ALL_CORES)
    names = (ALL_CORES, *(cluster.name for cluster in cpu.clusters if cluster.name != ALL_CORES))
    if cores not in names:
        raise SettingOfferError(f"the processor of this device has no cores {cores!r}; choose from: {', '.join(names)}")


def _check_options(setting: Setting, runtime: RuntimeInfo) -> None:
    provider = setting.provider or (runtime.providers[-1] if runtime.providers else "")
    fitting = {option.name: option.values for option in runtime.options_of(provider)}
    for name, value in setting.options.items():
        if name == CORES_OPTION:
            continue
        owners = [owner for option in runtime.options if option.name == name for owner in option.providers]
        if name not in fitting and owners:
            raise SettingOfferError(
                f"option {name!r} belongs to {', '.join(owners)}, the setting's provider is {provider}; leave it out"
            )
        if name not in fitting:
            known = ", ".join(fitting) or "none"
            raise SettingOfferError(f"runtime {runtime.name!r} has no option {name!r}; it has: {known}")
        _check_choice(runtime, f"option {name}", value, fitting[name])


def _check_choice(runtime: RuntimeInfo, name: str, value: str, choices: Sequence[str]) -> None:
    if value and value not in choices:
        raise SettingOfferError(
            f"runtime {runtime.name!r} does not offer {name} {value!r}; it offers: {', '.join(choices) or 'none'}"
        )

"""The device as a short-lived process describes it: describing imports the runtimes, which the server must not."""

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

from edgeprof_agent.errors import (
    DeviceDescriptionError,
    RuntimeNotFoundError,
    SettingNotSupportedError,
)
from edgeprof_agent.isolation.cpu_affinity import check_cores, without_cores
from edgeprof_agent.short_process import ShortProcessError, ask_process
from edgeprof_proto.record_json import from_json
from edgeprof_proto.records.device import DeviceDescription, RuntimeInfo
from edgeprof_proto.records.job_spec import Setting

DESCRIBE_COMMAND = (sys.executable, "-m", "edgeprof_agent.device.info")

DESCRIBE_DURATION_S = 60.0
"""Importing a runtime from a slow card takes seconds; a minute means that it hangs."""


class DeviceDescriber:
    """Describes the device once, on first demand.

    Args:
        work_dir: Folder to run in: not the user's, whose files could be taken for modules.
        command: Command line of a process that prints a `DeviceDescription` as JSON on its last line.
    """

    def __init__(self, work_dir: Path, command: Sequence[str] = DESCRIBE_COMMAND) -> None:
        self._work_dir = work_dir
        self._command = command
        self._lock = asyncio.Lock()
        self._description: DeviceDescription | None = None

    async def describe(self) -> DeviceDescription:
        """Return the description.

        Raises:
            DeviceDescriptionError: If the process fails; the next call tries again.
        """
        async with self._lock:
            if self._description is None:
                self._description = await self._ask()
            return self._description

    async def _ask(self) -> DeviceDescription:
        try:
            answer = await ask_process(self._command, cwd=self._work_dir, duration_s=DESCRIBE_DURATION_S)
            return from_json(DeviceDescription, answer)
        except (ShortProcessError, ValueError) as error:
            raise DeviceDescriptionError(f"the device could not be described: {error}") from error


def check_setting(setting: Setting, device: DeviceDescription) -> None:
    """Check that the device can run a setting.

    Args:
        setting: What is asked for.
        device: What is there.

    Raises:
        RuntimeNotFoundError: If the runtime is not on the device.
        SettingNotSupportedError: If the runtime is there but cannot do what the setting asks for.
    """
    runtime = next((runtime for runtime in device.runtimes if runtime.name == setting.runtime), None)
    if runtime is None:
        known = ", ".join(runtime.name for runtime in device.runtimes) or "none"
        raise RuntimeNotFoundError(f"the agent knows no runtime {setting.runtime!r}; it knows: {known}")
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

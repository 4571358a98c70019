"""The setting that a command line describes, on a device that may lack the default runtime."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from edgeprof.arguments import DEFAULT_RUNTIME
from edgeprof.cli.console import messages
from edgeprof.cli.parameters import setting_from
from edgeprof.devices.client import DeviceClient
from edgeprof_proto.records.job_spec import Setting


def device_setting(
    client: DeviceClient, model: Path | None = None, *, runtime: str | None, is_told: bool = True, **values: Any
) -> Setting:
    """Make the setting that the options of `setting_options` describe; say which runtime it is where that is a choice.

    Args:
        client: The device.
        model: File of the model that is to run, which a runtime must read; None where networks are exported for it.
        runtime: Name of the runtime; None for the device's default.
        is_told: Whether to say it; of several devices the table at the end does.
        values: The other options.

    Raises:
        ModelFileError: If the file cannot be read, or is none of a model.
    """
    if runtime is None:
        from edgeprof.devices.model_files import find_model_files
        from edgeprof.store.platform import default_setting

        model_format = "" if model is None else find_model_files(model).model_format
        runtime = default_setting(client.device(), model_format).runtime
        if is_told and runtime != DEFAULT_RUNTIME:
            reads = f" that reads {model_format}" if model_format else ""
            messages.print(f"runtime: {runtime}, the first of the device{reads}; --runtime names another")
    return setting_from(runtime=runtime, **values)


def table_settings(
    client: DeviceClient, runtimes: Sequence[str], **values: Any
) -> list[Setting] | Callable[[str], Setting]:
    """Make the settings of a table that the options describe, for `edgeprof.benchmark_table`.

    Args:
        client: The device.
        runtimes: Names of the runtimes; none for the default of each model.
        values: The other options.

    Returns:
        One for each runtime, or a function that returns the setting of a model.
    """
    if runtimes:
        return [setting_from(runtime=runtime, **values) for runtime in runtimes]
    from edgeprof.measuring.model_sources import default_setting_for

    setting, device = setting_from(runtime=None, **values), client.device()
    return lambda model: replace(setting, runtime=default_setting_for(device, model).runtime)

"""A setting with something changed: the second one of a comparison."""

import dataclasses
import re
from collections.abc import Mapping
from typing import Any

from edgeprof.errors import InvalidArgumentError
from edgeprof_proto.records.device import Device
from edgeprof_proto.records.job_spec import CORES_OPTION, Setting

SETTING_FIELDS = {
    "runtime": "runtime",
    "provider": "provider",
    "precision": "precision",
    "threads": "thread_count",
    "batch": "batch_size",
}
"""Names of changes that are fields of a setting; any other is an option."""


def changed_setting(device: Device, setting: Setting, changes: Mapping[str, str]) -> Setting:
    """Return a setting with other values, without what belongs to the runtime or the provider that it no longer names.

    Another runtime starts from its own defaults: of the setting before, threads, batch and cores stay. Another provider
    of the same runtime keeps the options that it has too.

    Args:
        device: The device, which says which options belong to which provider.
        setting: The setting.
        changes: Values by the names in `SETTING_FIELDS`, and those of options by theirs.

    Raises:
        InvalidArgumentError: If a number is none.
    """
    fields: dict[str, Any] = {
        SETTING_FIELDS[name]: _value(name, value) for name, value in changes.items() if name in SETTING_FIELDS
    }
    options = {name: value for name, value in changes.items() if name not in SETTING_FIELDS}
    if fields.get("runtime", setting.runtime) != setting.runtime:
        cores = {name: value for name, value in setting.options.items() if name == CORES_OPTION}
        setting = Setting(
            runtime=setting.runtime, thread_count=setting.thread_count, batch_size=setting.batch_size, options=cores
        )
    elif "provider" in fields:
        setting = dataclasses.replace(setting, options=_kept_options(device, setting, str(fields["provider"])))
    return dataclasses.replace(setting, **fields, options={**setting.options, **options})


def _kept_options(device: Device, setting: Setting, provider: str) -> dict[str, str]:
    """Return the options of a setting that another provider of its runtime has too, and those that no provider has."""
    runtime = next((item for item in device.runtimes if item.name == setting.runtime), None)
    if runtime is None:
        return dict(setting.options)
    described = {option.name for option in runtime.options}
    fitting = {option.name: option.values for option in runtime.options_of(provider)}
    return {
        name: value
        for name, value in setting.options.items()
        if name not in described or value in fitting.get(name, ())
    }


def _value(name: str, value: str) -> str | int:
    if name not in ("threads", "batch"):
        return value
    if not re.fullmatch("[0-9]{1,9}", value, re.ASCII):
        raise InvalidArgumentError(f"{name} wants a number, got {value[:40]!r}")
    return int(value)

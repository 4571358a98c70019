"""The platform of a profile on the device at hand, and the setting in which its files run there."""

import dataclasses
from typing import TYPE_CHECKING

from edgeprof.errors import EdgeprofError
from edgeprof.store.platform import Platform
from edgeprof_predictor.operators.profile import OperatorProfile
from edgeprof_proto.records.job_spec import Setting

if TYPE_CHECKING:
    from edgeprof.devices.client import DeviceClient
    from edgeprof_proto.records.device import Device


def runtime_version_of(device: "Device", setting: Setting) -> str:
    """Return the version of a setting's runtime on a device; that of the setting where the device tells none."""
    versions = [item.version for item in device.runtimes if item.name == setting.runtime and item.version]
    return versions[0] if versions and setting.runtime_version else setting.runtime_version


def platform_to_measure(profile: OperatorProfile, client: "DeviceClient") -> Platform:
    """Return the platform of a profile, which must be on this device, with the version of the runtime as it was.

    Raises:
        EdgeprofError: If the profile belongs to another device, or was made with another version.
    """
    platform = platform_of(profile, client)
    setting = platform.setting
    version = runtime_version_of(client.device(), setting)
    if version != setting.runtime_version:
        raise EdgeprofError(
            f"the profile was made with {setting.runtime} {setting.runtime_version}, the device now runs {version}, "
            "whose times are others: onboard the device again"
        )
    return platform


def platform_of(profile: OperatorProfile, client: "DeviceClient") -> Platform:
    """Return the platform of a profile, which must be on this device.

    Raises:
        EdgeprofError: If the profile belongs to another device.
    """
    platform = Platform.from_facts(profile.platform)
    if client.device().device_id != platform.device_id:
        raise EdgeprofError(
            f"the profile belongs to {platform.device_name}, not to the device at {client.address}: name the right "
            "device, or onboard this one"
        )
    return platform


def setting_of_files(device: "Device", setting: Setting) -> Setting:
    """Return a setting without its precision where the runtime computes in that of each file.

    Args:
        device: The device.
        setting: The setting of the platform.

    A probe that has nothing to quantise is float32 by its own account, and part of an int8 platform all the same.
    """
    runtime = next((item for item in device.runtimes if item.name == setting.runtime), None)
    is_of_model = runtime is not None and runtime.is_precision_of_model
    return dataclasses.replace(setting, precision="") if is_of_model else setting

"""The folder of the profiles of several devices, one file for each under its name."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from edgeprof.devices.client import DeviceClient
from edgeprof.devices.pairings import NamedDevice
from edgeprof.errors import InvalidArgumentError, OutputFileError
from edgeprof.store.platform import Platform, default_setting, resolve_platform
from edgeprof_predictor.profile_file import PROFILE_SUFFIX, ProfileContent, ProfileFile
from edgeprof_proto.records.job_spec import Setting

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class OnboardedDevice(Generic[T]):
    """What the onboarding of one device of several came to.

    Args:
        platform: Name of the device with its setting.
        path: File of the profile; None where it was not written.
        expected_error: The error that the profile expects of itself, as text.
        onboarded: What `onboard`, or `onboard_models`, returned; None where the profile was in its file already.
    """

    platform: str
    path: Path | None
    expected_error: str
    onboarded: T | None


def profile_paths(devices: Sequence[NamedDevice], folder: Path) -> dict[str, Path]:
    """Return the file of each device's profile by its name, in a folder that is made where it is not there.

    Args:
        devices: The devices.
        folder: The folder.

    Raises:
        InvalidArgumentError: If two devices would write the same file.
        OutputFileError: If the folder cannot be made.
    """
    paths = {device.name: folder / f"{device.name.replace(':', '_')}{PROFILE_SUFFIX}" for device in devices}
    if len(set(paths.values())) < len(devices):
        raise InvalidArgumentError("two devices have the same name: `edgeprof devices add` gives each its own")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputFileError(f"the folder {folder} of the profiles cannot be made ({error.strerror})") from error
    return paths


def content_that_is_there(
    path: Path, subject: str, client: DeviceClient, setting: Setting | None
) -> tuple[Platform, ProfileContent] | None:
    """Return the platform of a device, and what a file says of its profile of that; None where it holds none.

    Args:
        path: The file.
        subject: The search space; empty for models.
        client: The device.
        setting: The setting; None for the default of the device.

    Raises:
        ProfileError: If the file is damaged or no profile.
    """
    if not path.exists():
        return None
    device = client.device()
    platform = resolve_platform(device, setting or default_setting(device))
    for content in ProfileFile(path).contents:
        if content.subject == subject and Platform.from_facts(content.platform).key == platform.key:
            return platform, content
    return None

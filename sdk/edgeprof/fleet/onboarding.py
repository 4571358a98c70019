"""The public call `onboard_fleet`: several devices onboarded at once."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from edgeprof.devices.client import DeviceClient
from edgeprof.devices.pairings import NamedDevice
from edgeprof.evaluating.known_bundles import bundle_of
from edgeprof.fleet.devices_at_once import DeviceOutcome, Devices, FleetListener, named, on_each_device
from edgeprof.fleet.profile_folder import OnboardedDevice, content_that_is_there, profile_paths
from edgeprof.measuring.provenance import EXPECTED_ERROR
from edgeprof.onboarding.api import Onboarded, onboard
from edgeprof.store import Store, opened
from edgeprof_predictor.bundle import Bundle
from edgeprof_predictor.spaces import get_space
from edgeprof_proto.records.job_spec import Setting


def onboard_fleet(
    devices: Devices,
    space: str,
    *,
    output: str | os.PathLike[str] | None = None,
    setting: Setting | Callable[[DeviceClient], Setting] | None = None,
    store: Store | str | os.PathLike[str] | None = None,
    bundle: Bundle | str | os.PathLike[str] | None = None,
    listener: FleetListener | None = None,
    **options: Any,
) -> tuple[DeviceOutcome[OnboardedDevice[Onboarded]], ...]:
    """Onboard several devices at once, each as `onboard` does; one that fails stops no other.

    Called again, it goes on where each device stopped, and leaves those alone whose profile is in the folder. The
    predictor is loaded, and each network exported, once for all devices.

    Args:
        devices: Names or addresses of the devices, or what `find_devices` returns.
        space: Name of the search space.
        output: Folder of the profiles, one for each device under its name; None to write none.
        setting: How the networks run, or a function that returns it for a connected device; None for the default of
            each device.
        store: Where plans and results are written, or its file; None for the user's own.
        bundle: Pre-trained predictor, or its file; None for the one that is known for the space.
        listener: Is called at every step, from several threads.
        options: Further arguments of `onboard`.

    Returns:
        What came of each device.

    Raises:
        InvalidAddressError: If a device is neither a name nor an address.
        InvalidArgumentError: If two devices would write the same profile.
        OutputFileError: If the folder cannot be made.
        PredictorError: If the space is unknown, or its bundle cannot be read.
    """
    listener = listener or FleetListener()
    chosen = named(devices)
    get_space(space)  # an unknown one is no device's failure
    paths = {} if output is None else profile_paths(chosen, Path(output))
    known = bundle_of(space, bundle)

    def work(device: NamedDevice, client: DeviceClient) -> OnboardedDevice[Onboarded]:
        of_device, path = setting(client) if callable(setting) else setting, paths.get(device.name)
        if path is not None and (there := _that_is_there(path, space, client, of_device)) is not None:
            return there
        done = onboard(
            client,
            space,
            setting=of_device,
            output=path,
            store=shared,
            bundle=known,
            listener=listener.listener_of(device),
            **options,
        )
        return _outcome_of(done)

    with opened(store) as shared:
        return on_each_device(chosen, work, listener)


def _outcome_of(onboarded: Onboarded) -> OnboardedDevice[Onboarded]:
    return OnboardedDevice(
        platform=onboarded.report.platform,
        path=onboarded.path,
        expected_error=onboarded.profile.provenance[EXPECTED_ERROR],
        onboarded=onboarded,
    )


def _that_is_there(
    path: Path, space: str, client: DeviceClient, setting: Setting | None
) -> OnboardedDevice[Onboarded] | None:
    """Return what a file says of a platform that it holds a profile of; None where it holds none."""
    if (found := content_that_is_there(path, space, client, setting)) is None:
        return None
    platform, content = found
    error = content.provenance.get(EXPECTED_ERROR, "not reported")
    return OnboardedDevice(platform=platform.name, path=path, expected_error=error, onboarded=None)

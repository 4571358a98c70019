"""The public call `onboard_models_fleet`: several devices onboarded at once, so that any model can be predicted."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from edgeprof.arguments import as_list
from edgeprof.devices.client import DeviceClient
from edgeprof.devices.pairings import NamedDevice
from edgeprof.fleet.devices_at_once import DeviceOutcome, Devices, FleetListener, named, on_each_device
from edgeprof.fleet.profile_folder import OnboardedDevice, content_that_is_there, profile_paths
from edgeprof.measuring.model_sources import require_readable
from edgeprof.operator_models.api import OnboardedModels, onboard_models
from edgeprof.operator_models.named_models import models_to_measure
from edgeprof.store import Store, opened
from edgeprof.store.platform import Platform
from edgeprof_proto.records.job_spec import Setting


def onboard_models_fleet(
    devices: Devices,
    models: Sequence[str | os.PathLike[str]] | str | os.PathLike[str] = (),
    *,
    output: str | os.PathLike[str] | None = None,
    setting: Setting | Callable[[DeviceClient], Setting] | None = None,
    store: Store | str | os.PathLike[str] | None = None,
    listener: FleetListener | None = None,
    **options: Any,
) -> tuple[DeviceOutcome[OnboardedDevice[OnboardedModels]], ...]:
    """Onboard several devices at once, each as `onboard_models` does; one that fails stops no other.

    Called again, it goes on where each device stopped, and leaves those alone whose profile of models is in the folder.
    The probes are written once for all devices.

    Args:
        devices: Names or addresses of the devices, or what `find_devices` returns.
        models: Files of whole models, or folders of them, that are measured too.
        output: Folder of the profiles, one for each device under its name; None to write none.
        setting: How the models run, or a function that returns it for a connected device; None for the default of each
            device.
        store: Where plans and results are written, or its file; None for the user's own.
        listener: Is called at every step, from several threads.
        options: Further arguments of `onboard_models`.

    Returns:
        What came of each device.

    Raises:
        InvalidAddressError: If a device is neither a name nor an address.
        InvalidArgumentError: If two devices would write the same profile.
        ModelFileError: If a model cannot be read, a folder holds none, or two have the same name.
        OutputFileError: If the folder cannot be made.
    """
    listener = listener or FleetListener()
    chosen = named(devices)
    whole = [model.path for model in models_to_measure(as_list(models, (str, os.PathLike)))]
    require_readable(whole)  # what no device could measure is no device's failure
    paths = {} if output is None else profile_paths(chosen, Path(output))

    def work(device: NamedDevice, client: DeviceClient) -> OnboardedDevice[OnboardedModels]:
        of_device, path = setting(client) if callable(setting) else setting, paths.get(device.name)
        if path is not None and (found := content_that_is_there(path, "", client, of_device)) is not None:
            name = found[0].name
            return OnboardedDevice(platform=name, path=path, expected_error="not reported", onboarded=None)
        done = onboard_models(
            client,
            whole,
            setting=of_device,
            output=path,
            store=shared,
            listener=listener.models_listener_of(device),
            **options,
        )
        return _outcome_of(done)

    with opened(store) as shared:
        return on_each_device(chosen, work, listener)


def _outcome_of(onboarded: OnboardedModels) -> OnboardedDevice[OnboardedModels]:
    error = onboarded.profile.model.calibration.median_error
    return OnboardedDevice(
        platform=Platform.from_facts(onboarded.profile.platform).name,
        path=onboarded.path,
        expected_error="not known" if error is None else f"{error:.1%}",
        onboarded=onboarded,
    )

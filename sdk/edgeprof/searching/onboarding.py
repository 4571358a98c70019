"""A search on a device that has no profile: it is onboarded first."""

import os
from pathlib import Path

from edgeprof.devices.client import DeviceClient
from edgeprof.errors import InvalidArgumentError
from edgeprof.measuring.goal import DEFAULT_SAMPLE_COUNT
from edgeprof.onboarding import Goal, onboard
from edgeprof.prediction import load_profile
from edgeprof.store import Store
from edgeprof_predictor.bundle import Bundle
from edgeprof_predictor.profile import Profile

SAMPLE_COUNT = DEFAULT_SAMPLE_COUNT
"""Networks that are measured before the search begins."""


def onboarded_device(
    client: DeviceClient | None,
    space: str,
    bundle: Bundle | str | os.PathLike[str],
    state: str | os.PathLike[str] | None,
    *,
    seed: int,
    store: Store | str | os.PathLike[str] | None,
    model_folder: str | os.PathLike[str] | None,
) -> Profile:
    """Return the profile of a device, made with a bundle; kept beside the state of the search, it is made once.

    Args:
        client: The device.
        space: Name of the search space.
        bundle: The bundle, or its file.
        state: File of the search; None keeps no profile.
        seed: Of the onboarding.
        store: Where its measurements go.
        model_folder: Where exported networks are kept.

    Raises:
        InvalidArgumentError: If there is no device.
        EdgeprofError: If the device is silent or often fails.
        PredictorError: If the bundle or the profile cannot be read, or is of another space.
    """
    if client is None:
        raise InvalidArgumentError("a bundle onboards the device of a search, and none is named: name a device")
    path = None if state is None else Path(f"{os.fspath(state)}.edgeprof")
    if path is not None and path.exists():
        return load_profile(path, space)
    goal = Goal(sample_count=SAMPLE_COUNT)
    onboarded = onboard(
        client, space, goal=goal, bundle=bundle, output=path, seed=seed, store=store, model_folder=model_folder
    )
    return onboarded.profile

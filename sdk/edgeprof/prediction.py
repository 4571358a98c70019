"""Prediction from a profile, for architectures given as text."""

import os
from collections.abc import Sequence

from edgeprof_predictor.methods.base import Prediction
from edgeprof_predictor.profile import Profile


def predict(profile: Profile | str | os.PathLike[str], architectures: Sequence[str] | str) -> Prediction:
    """Predict how fast networks run on the platform of a profile.

    Args:
        profile: The profile, or the file that holds it.
        architectures: Texts of architectures of the profile's search space, or one text.

    Returns:
        Latency in milliseconds with a 90 % interval, in the order given.

    Raises:
        ProfileError: If the file is damaged or of another version.
        ArchitectureError: If a text names no architecture of the space.
    """
    return load_profile(profile).predict([architectures] if isinstance(architectures, str) else architectures)


def load_profile(profile: Profile | str | os.PathLike[str]) -> Profile:
    """Return a profile, read from its file where a path is given.

    Raises:
        ProfileError: If the file is damaged or of another version.
    """
    return profile if isinstance(profile, Profile) else Profile.load(profile)

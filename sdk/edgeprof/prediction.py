"""Prediction from a profile, for architectures given as text."""

import os
from collections.abc import Sequence

from edgeprof_predictor.methods.base import Prediction
from edgeprof_predictor.profile import Profile
from edgeprof_predictor.profile_file import ProfileFile

SpaceProfile = Profile | ProfileFile | str | os.PathLike[str]
"""A profile of a search space, or the file that holds it beside others."""


def predict(profile: SpaceProfile, architectures: Sequence[str] | str) -> Prediction:
    """Predict how fast networks run on the platform of a profile.

    Args:
        profile: The profile, or the file that holds it.
        architectures: Texts of architectures of one search space that the profile predicts, or one text.

    Returns:
        Latency in milliseconds with a 90 % interval, in the order given.

    Raises:
        ProfileError: If the file is damaged or of another version.
        ArchitectureError: If a text names no architecture of the space.
    """
    texts = [architectures] if isinstance(architectures, str) else architectures
    return profile_of_texts(profile, texts).predict(texts)


def load_profile(profile: SpaceProfile, space: str = "") -> Profile:
    """Return the profile of a search space, read from its file where a path is given.

    Args:
        profile: The profile, or the file that holds it.
        space: The search space; empty for the only one in the file.

    Raises:
        ProfileError: If the file is damaged, of another version, or does not hold the space; or holds several and none
            is named.
    """
    return profile if isinstance(profile, Profile) else ProfileFile.of(profile).profile(space)


def profile_of_texts(profile: SpaceProfile, architectures: Sequence[str]) -> Profile:
    """Return the profile of the search space in whose notation architectures are.

    Args:
        profile: The profile, or the file that holds it.
        architectures: Texts of architectures.

    Raises:
        ProfileError: If the file is damaged or of another version, or holds several spaces and the first text is an
            architecture of none of them.
    """
    if isinstance(profile, Profile):
        return profile
    file = ProfileFile.of(profile)
    first = next(iter(architectures), "")
    return file.profile(file.space_of(first) or "" if len(file.spaces) > 1 else "")

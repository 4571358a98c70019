"""What the user's own devices have shown: their profiles, with all that the store holds of them beside."""

from collections.abc import Sequence

import numpy as np

from edgeprof.errors import InvalidArgumentError
from edgeprof.measuring.anchor import latency_estimates
from edgeprof.measuring.latency_estimate import LatencyEstimate
from edgeprof.prediction import SpaceProfile, load_profile
from edgeprof.store import Store
from edgeprof.store.platform import Platform
from edgeprof_predictor.methods.onboarding_method import ProfilePredictor
from edgeprof_predictor.profile import Profile
from edgeprof_predictor.samples import Samples

MAX_STORED_COUNT = 100
"""Stored networks that a profile learns from beside its own samples, the last measured ones: more take minutes and
change little."""

DEVICE_ID_LENGTH = 8
"""Characters of a device's id that tell two boards of one model apart."""


def own_platforms(profiles: Sequence[SpaceProfile], space: str, store: Store) -> dict[str, ProfilePredictor]:
    """Return predictors of the platforms of profiles, by their names as sources.

    A profile holds the samples of its onboarding. What was measured later, in verifications and searches, is in the
    store of the host that measured it, and joins them.

    Args:
        profiles: Profiles, or their files.
        space: Search space that each of them must predict.
        store: The store.

    Raises:
        InvalidArgumentError: If a platform is named twice.
        ProfileError: If a file is damaged, of another version, or does not predict the space.
    """
    found: dict[str, ProfilePredictor] = {}
    for one in profiles:
        profile = _of_space(one, space)
        name = source_name(profile)
        if name in found:
            raise InvalidArgumentError(f"two profiles are of {name}: leave one of them out")
        more = _stored_samples(profile, store)
        found[name] = profile.predictor if more is None else profile.predictor.joined(more)
    return found


def source_name(profile: Profile) -> str:
    """Return the name of a profile's platform as a source: two boards of one model are two sources.

    Args:
        profile: Of a platform of the user's own.
    """
    platform = Platform.from_facts(profile.platform)
    return f"{platform.name}@{platform.device_id[:DEVICE_ID_LENGTH]}"


def _of_space(profile: SpaceProfile, space: str) -> Profile:
    loaded = load_profile(profile, space)
    if loaded.space.name != space:
        raise InvalidArgumentError(
            f"the profile of {loaded.platform.get('name', 'a platform')} predicts {loaded.space.name}, not {space}: "
            "leave it out, or onboard that platform for the space"
        )
    return loaded


def _stored_samples(profile: Profile, store: Store) -> Samples | None:
    """Return what the store holds of a platform beside the samples of its profile; None for nothing."""
    space = profile.space
    seen = {space.format(one) for one in space.architectures(profile.samples.choices)}
    estimates: dict[str, LatencyEstimate] = {}
    for session in store.sessions(Platform.from_facts(profile.platform), space.name):
        measured = latency_estimates(store.probes(session))
        estimates |= {text: estimate for text, estimate in measured.items() if text not in seen}
    kept = dict(list(estimates.items())[-MAX_STORED_COUNT:])
    if not kept:
        return None
    return Samples(
        choices=space.choices([space.parse(text) for text in kept]),
        latency_ms=np.array([estimate.latency_ms for estimate in kept.values()]),
        relative_sd=np.array([estimate.relative_sd for estimate in kept.values()]),
        resolution_ms=min(estimate.resolution_ms for estimate in kept.values()),
    )

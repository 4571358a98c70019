"""The method of an onboarding that starts from what a device has shown on another search space."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from edgeprof.errors import OnboardingError
from edgeprof.evaluating.known_bundles import bundle_of
from edgeprof.onboarding.method_choice import MethodChoice, MethodOptions
from edgeprof.onboarding.own_devices import own_platforms, source_name
from edgeprof.prediction import SpaceProfile
from edgeprof.store import Store
from edgeprof.store.platform import Platform
from edgeprof_predictor.methods.default.method import DefaultMethod
from edgeprof_predictor.methods.default.own_platforms import with_platforms
from edgeprof_predictor.methods.onboarding_method import TRANSFER
from edgeprof_predictor.profile import Profile
from edgeprof_predictor.profile_file import ProfileFile
from edgeprof_predictor.spaces import get_space
from edgeprof_predictor.tables.latency_table import LatencyTable
from edgeprof_predictor.transfer.onboarding import make_transfer
from edgeprof_proto.records.job_spec import Setting

OWN_ORDER = "of the transfer method"
"""Name of the sampler that a transfer is itself."""


def choose_transfer(
    default: DefaultMethod, options: MethodOptions, platform: Platform, store: Store, *, seed: int
) -> MethodChoice:
    """Return a transfer method for a platform that is known on another search space.

    References are the platforms that the bundles of both spaces know, and those of other profiles that predict both.

    Args:
        default: The default method of the space that is to be measured, with all its sources.
        options: Name the transfer, the profile of the platform on the other space, and other profiles of the user's.
        platform: The platform.
        store: Where later measurements are.
        seed: Of the method.

    Raises:
        UnknownMethodError: If no transfer has this name.
        OnboardingError: If the profile is of another platform, or of this space alone, or no platform is known on both.
    """
    assert options.from_profile is not None
    target = default.space.name
    profile = _known_elsewhere(options.from_profile, target)
    _require_platform(profile, platform)
    source_space = profile.space.name
    elsewhere = _default_elsewhere(source_space, target, options.profiles, store, seed=seed)
    own_name = source_name(profile)
    names = [one for one in elsewhere.platforms if one in default.platforms and one != own_name]
    table = elsewhere.prior.source_table()
    if not names or table is None:
        raise OnboardingError(
            f"no other platform is known on both {source_space} and {target}, so nothing shows how the two compare: "
            "leave --from out, or name profiles that predict both with --also"
        )
    latency_ms = profile.predictor.predict(table.choices).latency_ms
    source = LatencyTable(
        platforms=(*names, own_name),
        choices=table.choices,
        latency_ms=np.stack([*table.select(names).latency_ms, latency_ms]),
    )
    method = make_transfer(
        options.chosen_name,
        source,
        own_name,
        source_space=profile.space,
        target=default.prior.feature_map,
        sources=default.prior.sources.select(names),
        seed=seed,
    )
    return MethodChoice(
        method=method, chooser=method, name=f"{TRANSFER} {options.chosen_name} from {source_space}", sampler=OWN_ORDER
    )


def _known_elsewhere(known: SpaceProfile, target: str) -> Profile:
    """Return the profile of the first search space that is not the target."""
    if isinstance(known, Profile):
        spaces = [known.space.name]
    else:
        known = ProfileFile.of(known)
        spaces = list(known.spaces)
    others = [name for name in spaces if name != target]
    if not others:
        known_spaces = f"no search space but {target}" if spaces else "models and no search space"
        raise OnboardingError(f"the profile predicts {known_spaces}: leave --from out to onboard it anew")
    return known if isinstance(known, Profile) else known.profile(others[0])


def _require_platform(profile: Profile, platform: Platform) -> None:
    """Refuse a profile of another device or setting; the version of the runtime may differ."""
    other = Platform.from_facts(profile.platform)

    def identity(one: Platform) -> tuple[str, Setting]:
        return one.device_id, replace(one.setting, runtime_version="")

    if identity(other) != identity(platform):
        raise OnboardingError(
            f"the profile is of {other.name}, this onboarding of {platform.name}: name the same device and setting, or "
            "learn from the other one with --also"
        )


def _default_elsewhere(
    source_space: str, target: str, also: Sequence[SpaceProfile], store: Store, *, seed: int
) -> DefaultMethod:
    """Return the default method of the space where the platform is known."""
    known = bundle_of(source_space, None)
    both = [
        one for one in also if not isinstance(one, Profile) and {source_space, target} <= {*ProfileFile.of(one).spaces}
    ]
    if known is None and not both:
        raise OnboardingError(
            f"no platform is known that {source_space} was measured on, so nothing shows how it compares with {target}"
            ": leave --from out, or name profiles that predict both with --also"
        )
    method = DefaultMethod.without_sources(get_space(source_space), seed=seed) if known is None else known.method
    return with_platforms(method, own_platforms(both, source_space, store), seed=seed) if both else method

"""The public call `learn`: a bundle whose sources are the user's own devices beside the published ones."""

import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from edgeprof.arguments import as_list, require_seed
from edgeprof.errors import InvalidArgumentError
from edgeprof.evaluating.known_bundles import (
    bundle_of,
    bundle_outputs,
    check_bundle_output,
    write_bundle,
)
from edgeprof.onboarding.own_devices import own_platforms
from edgeprof.prediction import SpaceProfile, load_profile
from edgeprof.store import Store, opened
from edgeprof_predictor.bundle import Bundle, BundleCard
from edgeprof_predictor.methods.default.method import DefaultMethod
from edgeprof_predictor.methods.default.own_platforms import with_platforms
from edgeprof_predictor.networks.hyperparameters import DEFAULT_TRANSFER
from edgeprof_predictor.profile import Profile
from edgeprof_predictor.profile_file import ProfileFile
from edgeprof_predictor.spaces import get_space


@dataclass(frozen=True, slots=True, kw_only=True)
class LearnedPlatform:
    """One of the user's platforms as a source.

    Args:
        platform: Its name.
        sample_count: Networks that were measured on it.
        trust: Share of the variance of its predicted latency that is not error: how much it counts, 1 at most.
    """

    platform: str
    sample_count: int
    trust: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned:
    """Result of learning.

    Args:
        bundle: Onboards devices in its search space.
        path: Its file; that which is found by its space where no other was named.
        platforms: The user's own.
    """

    bundle: Bundle
    path: Path
    platforms: tuple[LearnedPlatform, ...]


def learn(
    profiles: Sequence[SpaceProfile] | SpaceProfile,
    output: str | os.PathLike[str] | None = None,
    *,
    space: str = "",
    bundle: Bundle | str | os.PathLike[str] | None = None,
    registers: bool = False,
    store: Store | str | os.PathLike[str] | None = None,
    seed: int = 0,
) -> Learned:
    """Make a bundle in which devices that were onboarded are sources beside those of another bundle.

    Args:
        profiles: Profiles of the devices, or their files.
        output: File of the bundle; None to register it only.
        space: Name of the search space; empty for the only one that the first profile predicts.
        bundle: The other bundle, or its file; None for the one that is registered for the space or ships with it, or,
            where there is none, for costs alone.
        registers: Whether the bundle is kept where it is found by its space: `onboard` takes it before the shipped one.
        store: Where later measurements of the devices are, or its file; None for the user's own.
        seed: The same seed gives the same bundle on the same machine.

    Raises:
        OutputFileError: If the bundle cannot be written, or is one of the files that are read.
        InvalidArgumentError: If there is no profile or no output, or a platform is named twice.
        PredictorError: If a profile or the bundle cannot be read, or is of another space.
    """
    require_seed(seed)
    named: tuple[SpaceProfile, ...] = as_list(profiles, (Profile, ProfileFile, str, os.PathLike))
    if not named:
        raise InvalidArgumentError("name a profile of a device to learn from")
    files = [one for one in (*named, bundle) if isinstance(one, str | os.PathLike)]
    check_bundle_output(output, registers=registers, inputs=files)
    space = load_profile(named[0], space).space.name
    outputs = bundle_outputs(output, space, registers=registers)
    known = bundle_of(space, bundle)
    base = DefaultMethod.without_sources(get_space(space), seed=seed) if known is None else known.method
    with opened(store) as store:
        own = own_platforms(named, space, store)
    method = with_platforms(base, own, seed=seed)
    learned = Bundle(card=_card(method, known, tuple(own), seed), method=method)
    write_bundle(learned, outputs)
    trust = dict(zip(method.platforms, method.prior.sources.trusts.tolist(), strict=True))
    return Learned(
        bundle=learned,
        path=outputs[0],
        platforms=tuple(
            LearnedPlatform(platform=name, sample_count=predictor.samples.count, trust=trust[name])
            for name, predictor in own.items()
        ),
    )


def _card(method: DefaultMethod, known: Bundle | None, own: tuple[str, ...], seed: int) -> BundleCard:
    learned = f"learned from {', '.join(own)}"
    if known is None:
        return BundleCard(
            space=method.space.name,
            platforms=method.platforms,
            provenance=learned,
            licence="that of the profiles",
            architecture_count=len(method.prior.space_sample),
            seed=seed,
            hyperparameters=asdict(DEFAULT_TRANSFER),
        )
    provenance = f"{known.card.provenance} Also {learned}."
    return replace(known.card, platforms=method.platforms, provenance=provenance, metrics={}, tensors_sha256="")

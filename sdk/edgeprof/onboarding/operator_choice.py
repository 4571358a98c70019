"""The method of an onboarding on a device whose operators are measured already."""

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from edgeprof.devices.client import DeviceClient
from edgeprof.errors import GraphNotToldError
from edgeprof.evaluating.known_bundles import is_known_bundle
from edgeprof.measuring.setting_check import require_exportable
from edgeprof.measuring.time_ledger import TimeLedger
from edgeprof.onboarding.listener import OnboardingListener
from edgeprof.onboarding.method_choice import MethodChoice
from edgeprof.operator_models.space_graphs import SpaceGraphs, SpaceOperators
from edgeprof.store.platform import Platform
from edgeprof_predictor.bundle import Bundle
from edgeprof_predictor.methods.default.method import DefaultMethod
from edgeprof_predictor.operator_prior.method import UNKNOWN_LEVEL, OperatorPriorMethod, level_beside
from edgeprof_predictor.operator_prior.predictor import OperatorPriorPredictor
from edgeprof_predictor.operator_prior.space_totals import Level
from edgeprof_predictor.operators.profile import OperatorProfile
from edgeprof_predictor.profile_file import ProfileFile
from edgeprof_predictor.spaces import SearchSpace, get_space

GRAPH_COUNT = 50
"""Networks of a space whose operators are read, a quarter of a second each. With 25, 50 and 100 the median error after
three random samples is 2.6, 2.0 and 2.0 %, Spearman .983, .986 and .988: NAS-Bench-201 and FBNet in three settings of
one machine, two draws."""

GRAPHS_SEED = 17


def operators_beside(path: Path | None, platform: Platform) -> OperatorProfile | None:
    """Return the operator model of a platform that a file of profiles holds; None where it holds none.

    Args:
        path: The file, which need not be there; None for no file.
        platform: The platform.

    Raises:
        ProfileError: If the file is damaged, or no profile.
    """
    if path is None or not path.is_file():
        return None
    file = ProfileFile(path)
    profiles = file.operator_profiles() if file.predicts_models else []
    return next((one for one in profiles if Platform.from_facts(one.platform).key == platform.key), None)


def operators_or(
    choice: MethodChoice,
    bundle: Bundle | str | os.PathLike[str] | None,
    path: Path | None,
    platform: Platform,
    client: DeviceClient,
    listener: OnboardingListener,
    time_ledger: TimeLedger,
) -> MethodChoice:
    """Return the method whose prior is what the device's operators tell, where they are known; else another one.

    Args:
        choice: The other one.
        bundle: The bundle that is named; another than the space has anyway chooses that method. None for no name.
        path: The file of the profile; None for no file.
        platform: The platform.
        client: The device.
        listener: Is told how far it is, and why known operators are not used.
        time_ledger: Counts the time.

    Raises:
        ProfileError: If the file is damaged, or no profile.
        BundleError: If the bundle cannot be read.
        EdgeprofError: If the device is silent.
    """
    profile, space = operators_beside(path, platform), get_space(choice.method.space.name)
    # The bundle last: reading it takes longest, and a fleet names it to each device.
    if path is None or profile is None or not is_known_bundle(space.name, bundle):
        return choice
    exporter = require_exportable(client.device(), platform.setting)
    try:
        graphs = SpaceGraphs(space, profile, client, exporter)
        with time_ledger.step("reading operators of networks"):
            chosen = choose_operators(profile, path, graphs, on_read=listener.on_operators_read)
    except GraphNotToldError as error:
        listener.on_operators_unused(str(error))
        return choice
    return replace(chosen, beside=choice.method if isinstance(choice.method, DefaultMethod) else None)


def choose_operators(
    profile: OperatorProfile,
    path: Path,
    graphs: SpaceGraphs,
    *,
    on_read: Callable[[int, int], None] = lambda count, total: None,
) -> MethodChoice:
    """Return the method whose prior is what a device's operators tell of a space.

    Args:
        profile: The operator model of the platform.
        path: The file that holds it; profiles of other spaces in it tell the level.
        graphs: Tells operators of networks of the search space.
        on_read: Called with the number of networks whose operators are read, and of all.

    Raises:
        GraphNotToldError: If no graph of the space's networks could be read.
        EdgeprofError: If the device is silent.
    """
    space = graphs.space
    texts = networks_to_read(space)
    read = graphs.read(texts, lambda count: on_read(count, len(texts)))
    method = OperatorPriorMethod(
        space=space, model=profile.model, records=read.records, level=known_level(path, profile, space.name)
    )
    return MethodChoice(
        method=method,
        chooser=method,
        name=method.name,
        sampler=method.sampler_name,
        operators=_described(method, read, len(texts)),
        graphs=graphs,
    )


def _described(method: OperatorPriorMethod, read: SpaceOperators, asked_count: int) -> str:
    networks = method.model.networks
    probe_count = sum(network.is_probe for network in networks)
    known = f"{probe_count} probes and {len(networks) - probe_count} models of this device"
    shared = "" if method.level == UNKNOWN_LEVEL else ", with the level of its other spaces"
    text = f"{known}{shared}; operators of {len(read.records)} networks of the space"
    if len(read.records) < asked_count:
        text += f", {asked_count - len(read.records)} more could not be read ({read.failure})"
    return f"{text}: {read.warning}" if read.warning else text


def networks_to_read(space: SearchSpace) -> list[str]:
    """Return the networks of a space whose operators are read, by their texts: all of them where there are few.

    Args:
        space: The search space.
    """
    drawn = space.sample_choices(min(GRAPH_COUNT, space.size), seed=GRAPHS_SEED)
    drawn = drawn[space.is_connected(drawn)]
    _, first = np.unique(space.pruned(drawn), axis=0, return_index=True)
    return [space.format(item) for item in space.architectures(drawn[np.sort(first)])]


def known_level(path: Path, profile: OperatorProfile, space: str) -> Level:
    """Return what other spaces of a platform tell of the level: all of them share it, but for a little.

    Args:
        path: File that holds their profiles.
        profile: The operator model of the platform.
        space: Name of the space that is left out.
    """
    key = Platform.from_facts(profile.platform).key
    levels = [
        one.predictor.latencies.level.mean
        for one in ProfileFile(path).space_profiles()
        if one.space.name != space
        and Platform.from_facts(one.platform).key == key
        and isinstance(one.predictor, OperatorPriorPredictor)
    ]
    return level_beside(levels)

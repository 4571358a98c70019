"""The public call `search`."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from edgeprof.arguments import MAX_NETWORK_COUNT, as_list, require_count, require_number, require_seed
from edgeprof.devices.client import DeviceClient
from edgeprof.errors import EdgeprofError
from edgeprof.folders import default_proxy_cache
from edgeprof.measuring.provenance import ONBOARDING_SESSION
from edgeprof.measuring.session import MeasurementSession
from edgeprof.prediction import SpaceProfile, load_profile
from edgeprof.searching.accuracy import AccuracyTable, guide_of
from edgeprof.searching.device import DeviceMeter
from edgeprof.searching.listener import DeviceSearchListener
from edgeprof.searching.onboarding import onboarded_device
from edgeprof.store import Store, opened
from edgeprof.store.platform import Platform
from edgeprof_predictor.bundle import Bundle
from edgeprof_predictor.errors import SearchError
from edgeprof_predictor.profile import Profile
from edgeprof_predictor.profile_file import ProfileFile
from edgeprof_predictor.proxies import PROXY_NAMES, score_architectures, table_name
from edgeprof_predictor.search.latency import JoinedPosterior, LatencyPosterior, PlatformPosterior
from edgeprof_predictor.search.pool import CANDIDATE_COUNT, GrowingPool
from edgeprof_predictor.search.procedure import Budget, Meter, Search, TrainFunction
from edgeprof_predictor.search.result import SearchResult
from edgeprof_predictor.search.state import SearchState
from edgeprof_predictor.search.tables import TableLookup, load_search_task
from edgeprof_predictor.spaces import Architecture, FloatArray, SearchSpace, get_space

MIN_LIMIT_MS = 1e-6
MAX_LIMIT_MS = 1e9
"""Limits of a latency at least and at most, in milliseconds: a nanosecond and eleven days."""


def search(
    space: str,
    accuracy: AccuracyTable | TrainFunction,
    *,
    client: DeviceClient | None = None,
    profiles: Sequence[SpaceProfile] | SpaceProfile = (),
    weights: Sequence[float] | None = None,
    bundle: Bundle | str | os.PathLike[str] | None = None,
    latency_limit_ms: float | None = None,
    budget: Budget | None = None,
    source_tables: str | os.PathLike[str] | None = None,
    candidate_count: int = CANDIDATE_COUNT,
    state: str | os.PathLike[str] | None = None,
    seed: int = 0,
    store: Store | str | os.PathLike[str] | None = None,
    model_folder: str | os.PathLike[str] | None = None,
    listener: DeviceSearchListener | None = None,
) -> SearchResult:
    """Search a space for the most accurate network that keeps a latency limit.

    Called again after an interruption with the same `state`, it resumes, also with another budget or another limit.

    Args:
        space: Name of the search space, for example `nasbench201`.
        accuracy: A table of accuracies, or a function that trains: architecture's text to accuracy, higher is better.
            Where it raises, the search ends; called again it tries the network once more, then goes on without it.
        client: A device whose platform has a profile: it measures the best candidates, which refine the profile.
        profiles: Of the platforms that the networks have to run on, or their files; one alone or a list.
        weights: Share of each profile in a summed latency; None for the slowest of all.
        bundle: Predictor, or its file as `fit` writes it, with which a device without a profile is onboarded first.
        latency_limit_ms: Limit for the upper end of the answer's latency interval, in milliseconds; None for no limit.
        budget: Trainings and measurements, those of earlier runs included; None for 20 of each.
        source_tables: Archive of tasks that the accuracy predictor learns from; None for the pre-trained one.
        candidate_count: Candidates at first, where the space holds more; with a table all its architectures.
        state: File in which each training and measurement is written before the next; None for none.
        seed: Seed of candidates and predictor.
        store: Where measurements go, or its file; None for the user's own.
        model_folder: Where exported networks are kept; None for the user's cache.
        listener: Is called at every step.

    Raises:
        NothingKeepsLimitError: If no network is known to keep the limit.
        TrainingError: If the function raises; what was trained is kept.
        PredictorError: If space, table, profile or state cannot be used.
        EdgeprofError: If the device is another one, cannot be reached or fails too often.
    """
    require_seed(seed)
    require_count("the number of candidates", candidate_count, 2, MAX_NETWORK_COUNT)
    if latency_limit_ms is not None:
        require_number("the latency limit in milliseconds", latency_limit_ms, MIN_LIMIT_MS, MAX_LIMIT_MS)
    listener = listener or DeviceSearchListener()
    named: tuple[SpaceProfile, ...] = as_list(profiles, (Profile, ProfileFile, str, os.PathLike))
    if bundle is not None:
        own = onboarded_device(client, space, bundle, state, seed=seed, store=store, model_folder=model_folder)
        named = (own, *named)
    loaded = _device_first([_loaded(one, space) for one in named], client)
    pool = _PoolSource(space, accuracy, source_tables, candidate_count, state, seed)
    prepared = _prepared(pool, loaded, weights, listener)
    with _device_meter(client, loaded, store, seed, model_folder, listener) as meter:
        return prepared(budget=budget or Budget(), limit_ms=latency_limit_ms, meter=meter).run()


@dataclass(frozen=True, slots=True)
class _PoolSource:
    """Where candidates and their accuracies come from; the arguments of `search` of the same names."""

    space: str
    accuracy: AccuracyTable | TrainFunction
    source_tables: str | os.PathLike[str] | None
    candidate_count: int
    state: str | os.PathLike[str] | None
    seed: int


def _prepared(
    source: _PoolSource, profiles: Sequence[Profile], weights: Sequence[float] | None, listener: DeviceSearchListener
) -> partial[Search]:
    """Return the search without budget, limit and device."""
    space, accuracy = get_space(source.space), source.accuracy
    table = accuracy if isinstance(accuracy, AccuracyTable) else None
    # Everything that may be refused comes before the state's file, so that a refused search leaves none behind.
    train_function = _train_function(accuracy, space)
    guide = guide_of(Path(source.source_tables) if source.source_tables else None, table, seed=source.seed)
    latency = _posterior(profiles, weights)
    inputs = _inputs(source.space, accuracy, profiles, source.candidate_count, source.seed)
    facts = SearchState(Path(source.state) if source.state else None, inputs)
    pool = (
        train_function.pool
        if isinstance(train_function, TableLookup)
        else _drawn_pool(space, facts, guide.proxies, source.candidate_count, source.seed, listener)
    )
    return partial(Search, pool, guide, train_function, facts, latency=latency, seed=source.seed, listener=listener)


def _loaded(profile: SpaceProfile, space: str) -> Profile:
    loaded = load_profile(profile, space)
    if loaded.space.name != space:
        raise SearchError(
            f"the profile of {loaded.platform.get('name', 'a platform')} predicts {loaded.space.name}, and the search "
            f"is in {space}: onboard the platform for {space}"
        )
    return loaded


def _train_function(accuracy: AccuracyTable | TrainFunction, space: SearchSpace) -> TrainFunction:
    if isinstance(accuracy, AccuracyTable):
        return TableLookup(load_search_task(accuracy.path, accuracy.task, space), space)
    return accuracy


def _device_first(profiles: list[Profile], client: DeviceClient | None) -> list[Profile]:
    """Return the profiles, the one of the device's platform first."""
    if client is None:
        return profiles
    device_id = client.device().device_id
    own = [profile for profile in profiles if Platform.from_facts(profile.platform).device_id == device_id]
    if not own:
        raise EdgeprofError(
            f"no profile belongs to the device at {client.address}: name the one that `edgeprof onboard` made there"
        )
    return [own[0], *(profile for profile in profiles if profile is not own[0])]


def _posterior(profiles: Sequence[Profile], weights: Sequence[float] | None) -> LatencyPosterior | None:
    posteriors = [PlatformPosterior(profile.predictor) for profile in profiles]
    if len(posteriors) < 2 and weights is None:
        return posteriors[0] if posteriors else None
    return JoinedPosterior(posteriors, weights)


def _inputs(
    space: str, accuracy: AccuracyTable | TrainFunction, profiles: Sequence[Profile], candidate_count: int, seed: int
) -> dict[str, str]:
    """Return the inputs that a state file belongs to: a search with others must not resume it."""
    if isinstance(accuracy, AccuracyTable):
        trained_by = accuracy.identity()
    else:
        module, name = getattr(accuracy, "__module__", ""), getattr(accuracy, "__qualname__", type(accuracy).__name__)
        trained_by = f"{module}:{name}"
    return {
        "search space": space,
        "accuracy": trained_by,
        "platform": ", ".join(sorted(profile.platform.get("name", "") for profile in profiles)),
        "number of candidates": str(candidate_count),
        "seed": str(seed),
    }


def _drawn_pool(
    space: SearchSpace,
    state: SearchState,
    proxies: tuple[str, ...],
    count: int,
    seed: int,
    listener: DeviceSearchListener,
) -> GrowingPool:
    names = tuple(table_name(name) for name in PROXY_NAMES if not proxies or table_name(name) in proxies)

    def scores(architectures: Sequence[Architecture]) -> FloatArray:
        return score_architectures(
            space,
            architectures,
            names,
            seed=seed,
            cache=default_proxy_cache(),
            on_begin=listener.on_scoring,
            on_finished=listener.on_scored,
        ).scores

    return GrowingPool(space, proxies=names, source=scores, state=state, count=count, seed=seed)


@contextmanager
def _device_meter(
    client: DeviceClient | None,
    profiles: Sequence[Profile],
    store: Store | str | os.PathLike[str] | None,
    seed: int,
    model_folder: str | os.PathLike[str] | None,
    listener: DeviceSearchListener,
) -> Iterator[Meter | None]:
    """Yield what measures on the device of the first profile; None where there is no device."""
    if client is None:
        yield None
        return
    profile = profiles[0]
    platform = Platform.from_facts(profile.platform)
    purpose = f"search {profile.provenance.get(ONBOARDING_SESSION, '')}"
    with (
        opened(store) as store,
        store.session(platform, profile.space.name, seed, purpose=purpose) as record,
        MeasurementSession(client, platform, store, record, model_folder=model_folder, listener=listener) as session,
    ):
        yield DeviceMeter(session, profile)
        # Not where the search raised: it is resumed then.
        session.end()

"""The public call `search`."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path

from edgeprof.devices.client import DeviceClient
from edgeprof.errors import EdgeprofError
from edgeprof.exporters.onnx import default_cache_folder, default_model_folder
from edgeprof.measuring.session import ProbeSession
from edgeprof.measuring.time_ledger import CostLedger
from edgeprof.searching.accuracy import AccuracyTable, guide_of
from edgeprof.searching.device import DeviceMeter
from edgeprof.searching.listener import DeviceSearchListener
from edgeprof.store import Store
from edgeprof.store.platform import Platform
from edgeprof_predictor.errors import SearchError
from edgeprof_predictor.profile import Profile
from edgeprof_predictor.proxies import PROXY_NAMES, score_architectures, table_name
from edgeprof_predictor.search.latency import JoinedPosterior, LatencyPosterior, PlatformPosterior
from edgeprof_predictor.search.pool import CANDIDATE_COUNT, GrowingPool
from edgeprof_predictor.search.procedure import Budget, Meter, Search, TrainFunction
from edgeprof_predictor.search.result import SearchResult
from edgeprof_predictor.search.state import SearchState
from edgeprof_predictor.search.tables import TableLookup, load_search_task
from edgeprof_predictor.spaces import Architecture, FloatArray, SearchSpace, get_space
from edgeprof_proto.records.job_spec import MeasurementPlan

PROXY_CACHE = "proxies.sqlite"


def search(
    space: str,
    accuracy: AccuracyTable | TrainFunction,
    *,
    profiles: Sequence[Profile | str | Path] = (),
    weights: Sequence[float] | None = None,
    latency_limit_ms: float | None = None,
    client: DeviceClient | None = None,
    budget: Budget | None = None,
    source_tables: Path | None = None,
    candidate_count: int = CANDIDATE_COUNT,
    state: Path | None = None,
    seed: int = 0,
    store: Store | None = None,
    model_folder: Path | None = None,
    listener: DeviceSearchListener | None = None,
) -> SearchResult:
    """Search a space for the most accurate network that keeps a latency limit.

    Called again after an interruption with the same `state`, it goes on where it stopped, also with other budgets or
    another limit.

    Args:
        space: Name of the search space, for example `nasbench201`.
        accuracy: A table to look accuracies up in, or a function that trains: architecture's text to accuracy, more
            being better. Where it raises, the search ends; called again it tries the network once more, then goes on
            without it.
        profiles: Of the platforms that the networks have to run on.
        weights: Share of each profile in a summed latency; None for the slowest of all.
        latency_limit_ms: Milliseconds that the upper end of the answer's interval keeps; None for no limit.
        client: A device whose platform has a profile: leaders are measured there, and the profile learns from them.
        budget: Trainings and measurements, those of earlier runs included; None for 20 of each.
        source_tables: Archive of tasks that the accuracy predictor learns from; None for the pre-trained one.
        candidate_count: Candidates to begin with where the space holds more; with a table its architectures are all.
        state: File in which every training and measurement stands before the next; None to keep none.
        seed: Seed of candidates and predictor.
        store: Where measurements go; None for the user's own.
        model_folder: Where exported networks are kept; None for the user's cache.
        listener: Hears about every step.

    Raises:
        NothingKeepsLimitError: If no network is known to keep the limit.
        TrainingError: If the function raises; what was trained is kept.
        PredictorError: If space, table, profile or state cannot be used.
        EdgeprofError: If the device is another one, cannot be reached or fails too often.
    """
    found_space, listener = get_space(space), listener or DeviceSearchListener()
    loaded = _device_first([_loaded(one, space) for one in profiles], client)
    table = accuracy if isinstance(accuracy, AccuracyTable) else None
    # All that may be wrong comes before the file of the facts: a refused search leaves none behind.
    train_function = _train_function(accuracy, found_space)
    guide = guide_of(source_tables, table, seed=seed)
    latency = _belief(loaded, weights)
    facts = SearchState(state, _inputs(space, accuracy, loaded, candidate_count, seed))
    pool = (
        train_function.pool
        if isinstance(train_function, TableLookup)
        else _drawn_pool(found_space, facts, guide.proxies, candidate_count, seed, listener)
    )
    with contextlib.ExitStack() as resources:
        probing: ProbeSession | None = None
        meter: Meter | None = None
        if client is not None:
            store = store or resources.enter_context(Store())
            probing = _probing(client, loaded[0], store, seed, model_folder, listener)
            meter = DeviceMeter(probing, loaded[0])
        result = Search(
            pool,
            guide,
            train_function,
            facts,
            budget=budget or Budget(),
            latency=latency,
            limit_ms=latency_limit_ms,
            meter=meter,
            seed=seed,
            listener=listener,
        ).run()
        if probing is not None:
            probing.end()
    return result


def _loaded(profile: Profile | str | Path, space: str) -> Profile:
    loaded = profile if isinstance(profile, Profile) else Profile.load(profile)
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


def _belief(profiles: Sequence[Profile], weights: Sequence[float] | None) -> LatencyPosterior | None:
    posteriors = [PlatformPosterior(profile.predictor) for profile in profiles]
    if len(posteriors) < 2 and weights is None:
        return posteriors[0] if posteriors else None
    return JoinedPosterior(posteriors, weights)


def _inputs(
    space: str, accuracy: AccuracyTable | TrainFunction, profiles: Sequence[Profile], candidate_count: int, seed: int
) -> dict[str, str]:
    """Return what the facts of a search depend on."""
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
            cache=default_cache_folder() / PROXY_CACHE,
            on_begin=listener.on_scoring,
            on_finished=listener.on_scored,
        ).scores

    return GrowingPool(space, proxies=names, source=scores, state=state, count=count, seed=seed)


def _probing(
    client: DeviceClient,
    profile: Profile,
    store: Store,
    seed: int,
    model_folder: Path | None,
    listener: DeviceSearchListener,
) -> ProbeSession:
    platform = Platform.from_facts(profile.platform)
    purpose = f"search {profile.provenance.get('onboarding_session', '')}"
    return ProbeSession(
        client,
        platform,
        store,
        store.resume_or_begin_session(platform, profile.space.name, seed, purpose=purpose),
        plan=MeasurementPlan(),
        model_folder=model_folder or default_model_folder(),
        listener=listener,
        costs=CostLedger(),
    )

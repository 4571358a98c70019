"""The public calls `score_network` and `score_space`: zero-cost proxies of networks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from torch import nn

from edgeprof.folders import default_proxy_cache
from edgeprof.network_source import load_network
from edgeprof_predictor.proxies import (
    PROXY_NAMES,
    ProxyRecord,
    SpaceScores,
    canonical_names,
    compute_proxies,
    random_batch,
    score_architectures,
)
from edgeprof_predictor.spaces import get_space
from edgeprof_predictor.tables.published import load_architectures

DEFAULT_INPUT_SHAPES = ((3, 32, 32),)
DEFAULT_BATCH_SIZE = 32


def score_network(
    network: nn.Module | str,
    proxies: Sequence[str] = PROXY_NAMES,
    *,
    seed: int = 0,
    batch_size: int = DEFAULT_BATCH_SIZE,
    input_shapes: Sequence[tuple[int, ...]] = DEFAULT_INPUT_SHAPES,
    class_count: int | None = None,
) -> ProxyRecord:
    """Compute zero-cost proxies of one network, on one random batch.

    Args:
        network: A torch module, scored with the weights that it has; or where one is made,
            `package.module:callable` or `path/to/file.py:callable`.
        proxies: Names of the proxies.
        seed: Of weights and batch.
        batch_size: Items of the batch.
        input_shapes: Shape of one item, for each input of the network.
        class_count: Classes of the network's task; None for all of its outputs.

    Raises:
        NetworkSourceError: If the text names no torch module.
        UnfinishedProxiesError: If the network's code raises; it holds the scores computed before.
        PredictorError: If a proxy is not known, or the network cannot be scored.
    """
    names = canonical_names(proxies)
    module = load_network(network, seed=seed) if isinstance(network, str) else network
    batch = random_batch(tuple(input_shapes), size=batch_size, seed=seed)
    return compute_proxies(module, batch, names, seed=seed, class_count=class_count)


def score_space(
    space: str,
    architectures: Sequence[str] | int | Path,
    proxies: Sequence[str] = PROXY_NAMES,
    *,
    seed: int = 0,
    batch_size: int = DEFAULT_BATCH_SIZE,
    cache: Path | None = None,
    jobs: int | None = None,
    backend: str = "loky",
    on_begin: Callable[[int, int], None] = lambda count, known: None,
    on_finished: Callable[[str], None] = lambda name: None,
) -> SpaceScores:
    """Compute zero-cost proxies of networks of a search space; computed scores are cached.

    Args:
        space: Name of the search space.
        architectures: Their texts; or how many to draw by `seed`; or the file of a table that has them.
        proxies: Names of the proxies.
        seed: Of weights, batch and drawn architectures.
        batch_size: Items of the batch.
        cache: File of the scores computed before; None for the user's own.
        jobs: Networks at the same time; None for one a core.
        backend: Where they run: `loky`, `ray` or `dask`.
        on_begin: Called with the number of networks and how many of them are in the cache.
        on_finished: Called with the text of each network when its scores are in the cache.

    Raises:
        PredictorError: If space, architectures, proxies or cache cannot be used.
    """
    found = get_space(space)
    if isinstance(architectures, int):
        chosen = found.sample(architectures, seed=seed)
    elif isinstance(architectures, Path):
        chosen = found.architectures(load_architectures(architectures, found))
    else:
        chosen = [found.parse(text) for text in architectures]
    return score_architectures(
        found,
        chosen,
        canonical_names(proxies),
        seed=seed,
        batch_size=batch_size,
        cache=cache or default_proxy_cache(),
        jobs=jobs,
        backend=backend,
        on_begin=on_begin,
        on_finished=on_finished,
    )

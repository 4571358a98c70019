"""The public calls `score_network` and `score_space`: zero-cost proxies of networks."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from torch import nn

from edgeprof.arguments import MAX_NETWORK_COUNT, as_list, require_count, require_seed
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

MAX_INPUT_SIZE = 1_000_000
"""Largest size of an input in one dimension."""

MAX_BATCH_SIZE = 1_000_000
"""Items of a batch, and classes of a task, at most; memory ends far below."""


def score_network(
    network: nn.Module | str,
    proxies: Sequence[str] | str = PROXY_NAMES,
    *,
    seed: int = 0,
    batch_size: int = DEFAULT_BATCH_SIZE,
    input_shapes: Sequence[Sequence[int]] | Sequence[int] = DEFAULT_INPUT_SHAPES,
    class_count: int | None = None,
) -> ProxyRecord:
    """Compute zero-cost proxies of one network, on one random batch.

    Args:
        network: A torch module, scored with the weights that it has; or where one is made,
            `package.module:callable` or `path/to/file.py:callable`.
        proxies: Names of the proxies.
        seed: Of weights and batch.
        batch_size: Items of the batch.
        input_shapes: Shape of one item, for each input of the network; one shape alone is that of the only input.
        class_count: Classes of the network's task; None for all of its outputs.

    Raises:
        NetworkSourceError: If the text names no torch module.
        UnfinishedProxiesError: If the network's code raises; it holds the scores computed before.
        PredictorError: If a proxy is not known, or the network cannot be scored.
    """
    require_seed(seed)
    require_count("the size of a batch", batch_size, 1, MAX_BATCH_SIZE)
    if class_count is not None:
        require_count("the number of classes", class_count, 2, MAX_BATCH_SIZE)
    shapes = _shapes(input_shapes)
    names = canonical_names(as_list(proxies, str))
    module = load_network(network, seed=seed) if isinstance(network, str) else network
    batch = random_batch(shapes, size=batch_size, seed=seed)
    return compute_proxies(module, batch, names, seed=seed, class_count=class_count)


def score_space(
    space: str,
    architectures: Sequence[str] | str | int | os.PathLike[str],
    proxies: Sequence[str] | str = PROXY_NAMES,
    *,
    seed: int = 0,
    batch_size: int = DEFAULT_BATCH_SIZE,
    cache: str | os.PathLike[str] | None = None,
    jobs: int | None = None,
    backend: str = "loky",
    on_begin: Callable[[int, int], None] = lambda count, known: None,
    on_finished: Callable[[str], None] = lambda name: None,
) -> SpaceScores:
    """Compute zero-cost proxies of networks of a search space; computed scores are cached.

    Args:
        space: Name of the search space.
        architectures: Their texts, or one; or how many to draw by `seed`; or the `.npz` file of a table that has them.
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
    require_seed(seed)
    require_count("the size of a batch", batch_size, 1, MAX_BATCH_SIZE)
    found = get_space(space)
    if isinstance(architectures, int):
        count = require_count("the number of architectures", architectures, 1, min(found.size, MAX_NETWORK_COUNT))
        chosen = found.sample(count, seed=seed)
    elif (table := _table(architectures)) is not None:
        chosen = found.architectures(load_architectures(table, found))
    else:
        chosen = [found.parse(text) for text in as_list(architectures, str)]
    return score_architectures(
        found,
        chosen,
        canonical_names(as_list(proxies, str)),
        seed=seed,
        batch_size=batch_size,
        cache=Path(cache) if cache else default_proxy_cache(),
        jobs=jobs,
        backend=backend,
        on_begin=on_begin,
        on_finished=on_finished,
    )


def _table(architectures: Sequence[str] | str | os.PathLike[str]) -> Path | None:
    if isinstance(architectures, os.PathLike) or (isinstance(architectures, str) and architectures.endswith(".npz")):
        return Path(architectures)
    return None


def _shapes(shapes: Sequence[Sequence[int]] | Sequence[int]) -> tuple[tuple[int, ...], ...]:
    listed: Any = [shapes] if all(isinstance(size, int) for size in shapes) else shapes
    return tuple(
        tuple(require_count("a size of the input", size, 1, MAX_INPUT_SIZE) for size in shape) for shape in listed
    )

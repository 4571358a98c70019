"""Proxies of many architectures of a search space: in parallel, and none computed twice."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Final

import numpy as np

from edgeprof_predictor._output_files import write_output
from edgeprof_predictor.errors import JournalError
from edgeprof_predictor.proxies.cache import ProxyCache, score_row
from edgeprof_predictor.proxies.names import PROXY_NAMES, canonical_names, table_name
from edgeprof_predictor.proxies.record import ProxyScore, UnfinishedProxiesError
from edgeprof_predictor.runs.journal import Row
from edgeprof_predictor.runs.runner import Unit, run_units
from edgeprof_predictor.spaces import Architecture, FloatArray, SearchSpace

BATCH_SIZE: Final = 32
"""Items of a batch. Source: the jacov scores of NAS-Bench-Suite-Zero's tables are about minus their batch size."""

FAILURE: Final = "failure"


@dataclass(frozen=True, slots=True, kw_only=True)
class SpaceScores:
    """Scores of architectures of one search space.

    Args:
        texts: The architectures, in the notation of the space.
        proxies: Names of the proxies.
        rows: For each architecture its scores by proxy.
        failures: For architectures whose network failed half-way, what failed.
    """

    texts: tuple[str, ...]
    proxies: tuple[str, ...]
    rows: tuple[Mapping[str, ProxyScore], ...]
    failures: Mapping[str, str]

    @property
    def scores(self) -> FloatArray:
        """The scores as a matrix: architectures x proxies, NaN where one is not available."""
        missing = ProxyScore(proxy="", score=None)
        found = [[row.get(name, missing).score for name in self.proxies] for row in self.rows]
        return np.array([[np.nan if score is None else score for score in row] for row in found], dtype=np.float64)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write `arch`, `proxy` and `score` as published tables have them; NaN where a score is not available.

        Raises:
            JournalError: If the file cannot be written.
        """
        content = BytesIO()
        names = np.array([table_name(name) for name in self.proxies])
        np.savez_compressed(content, arch=np.array(self.texts), proxy=names, score=self.scores)
        try:
            write_output(path, content.getvalue())
        except OSError as error:
            raise JournalError(f"cannot write {path}: {error.strerror or error}") from error


class _Kept:
    """Puts finished networks of a run into the cache."""

    def __init__(self, cache: ProxyCache, space: SearchSpace) -> None:
        self._cache = cache
        self._space = space
        # What is known is asked for before: a unit computes the proxies that are missing and no others.
        self.finished: dict[str, list[Row]] = {}

    def add(self, name: str, rows: Sequence[Row]) -> None:
        self._cache.add(_network(self._space, name), [_score(row) for row in rows if FAILURE not in row])


def score_architectures(
    space: SearchSpace,
    architectures: Sequence[Architecture],
    proxies: Sequence[str] = PROXY_NAMES,
    *,
    seed: int = 0,
    batch_size: int = BATCH_SIZE,
    cache: Path | None = None,
    jobs: int | None = None,
    backend: str = "loky",
    on_begin: Callable[[int, int], None] = lambda count, known: None,
    on_finished: Callable[[str], None] = lambda _: None,
) -> SpaceScores:
    """Compute proxies of architectures of a search space, on random images and with weights as torch draws them.

    Args:
        space: The search space.
        architectures: Of that space; each is computed once.
        proxies: Which ones, in any published spelling.
        seed: Of weights, images and labels.
        batch_size: Number of images.
        cache: File of scores computed before, by any run; None to keep none.
        jobs: Networks at the same time; None for one a core.
        backend: Where they run, see `run_units`.
        on_begin: Told how many networks there are, and how many of them are known already.
        on_finished: Told the text of each network, once its scores are in the cache.

    Raises:
        UnknownProxyError: If a proxy is not known.
        ArchitectureError: If an architecture is not of the space.
        BackendError: If the backend is unknown or not installed.
        JournalError: If the cache cannot be read or written.
    """
    names = canonical_names(proxies)
    texts = tuple(dict.fromkeys(map(space.format, architectures)))
    shape = "x".join(map(str, (batch_size, *space.input_shape)))
    scores = None if cache is None else ProxyCache(cache, seed=seed, batch=f"standard normal {shape}")
    before = {} if scores is None else scores.known()
    known = {text: dict(before.get(_network(space, text), {})) for text in texts}
    missing = {text: tuple(name for name in names if name not in known[text]) for text in texts}
    units = [
        Unit(name=text, work=partial(_rows, space, text, wanted, seed, batch_size))
        for text, wanted in missing.items()
        if wanted
    ]
    on_begin(len(texts), len(texts) - len(units))
    kept = None if scores is None else _Kept(scores, space)
    failures: dict[str, str] = {}
    for row in run_units(units, journal=kept, jobs=jobs, backend=backend, on_finished=on_finished):
        if FAILURE in row:
            failures[row["network"]] = row[FAILURE]
        else:
            known[row["network"]][row["proxy"]] = _score(row)
    return SpaceScores(texts=texts, proxies=names, rows=tuple(known[text] for text in texts), failures=failures)


def _score(row: Row) -> ProxyScore:
    return ProxyScore(proxy=row["proxy"], score=row["score"], reason=row["reason"])


def _network(space: SearchSpace, text: str) -> str:
    return f"{space.name} {'x'.join(map(str, space.output_shape))} {text}"


def _rows(space: SearchSpace, text: str, proxies: tuple[str, ...], seed: int, batch_size: int) -> list[Row]:
    """Compute one network; what fails half-way is a row, so that the scores before it are kept like any others."""
    from edgeprof_predictor.proxies.batch import random_batch
    from edgeprof_predictor.proxies.compute import compute_proxies
    from edgeprof_predictor.proxies.weights import draw_weights

    network = draw_weights(space.build(space.parse(text), seed=seed), seed=seed)
    batch = random_batch([space.input_shape], size=batch_size, seed=seed)
    failure: list[Row] = []
    try:
        record = compute_proxies(network, batch, proxies, seed=seed)
    except UnfinishedProxiesError as error:
        record = error.record
        failure = [{"network": text, FAILURE: str(error)}]
    return [{"network": text, **score_row(score)} for score in record.scores.values()] + failure

"""The methods that an evaluation knows by name: all of the seam, the oracle, and those that read scores."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import numpy as np

from edgeprof_predictor.dataset import LatencyTable
from edgeprof_predictor.encodings import Encoding, Union, latency_encoding, load_proxy_encoding
from edgeprof_predictor.errors import TableError, UnknownMethodError
from edgeprof_predictor.methods import METHOD_NAMES, get_method
from edgeprof_predictor.methods.base import Method
from edgeprof_predictor.methods.sampled import resolve_sampled
from edgeprof_predictor.spaces import CategoricalSpace

ORACLE: Final = "oracle"
"""An upper mark, which only an evaluation can reveal the truth to."""

_BASES: Final = tuple(name for name in METHOD_NAMES if name.startswith("multi-predict"))
"""Variants of the paper's method; each can read scores beside the decisions."""

SCORES: Final = {
    "zcp": ("zcp",),
    "hwl": ("hwl",),
    "hwlzcp": ("hwl", "zcp"),
    "zcpvec": ("zcp",),
    "hwlvec": ("hwl",),
}
"""Encodings by name, and what each reads: zero-cost proxies (`zcp`), latencies on the train platforms (`hwl`). Those
that end in `vec` read the decisions, too; HWL+ZCP is `hwlzcp`, for a plus sign names a sampler."""

_SCRATCH: Final = "scratch"

# A graph network reads the decisions whatever else it reads.
_PARTS: Final = {
    f"{base}-{scores}": (base, scores)
    for base in (*_BASES, _SCRATCH)
    for scores in SCORES
    if scores.endswith("vec") or base in ("multi-predict", _SCRATCH)
}

EVALUATED_NAMES: Final = tuple(sorted((*METHOD_NAMES, ORACLE, *_PARTS)))


def resolve_methods(names: Sequence[str], encoding: Callable[[str], Encoding]) -> tuple[type[Method], ...]:
    """Return the methods of these names.

    Args:
        names: Of `EVALUATED_NAMES`, each with `+` and the name of a sampler behind it or not.
        encoding: Gives the scores `zcp` or `hwl`, asked for only where a method reads them.

    Raises:
        UnknownMethodError: If there is no such method, with the nearest names.
    """
    return tuple(resolve_sampled(name, lambda plain: _resolve(plain, encoding)) for name in names)


def reads(names: Sequence[str], scores: str) -> list[str]:
    """Return those of the methods that read the scores `zcp` or `hwl`."""
    parts = [(name, _PARTS.get(name.partition("+")[0])) for name in names]
    return [name for name, part in parts if part is not None and scores in SCORES[part[1]]]


def score_encoding(
    scores: str, space: CategoricalSpace, table: LatencyTable, *, train: Sequence[str], proxies: Path | None
) -> Encoding:
    """Return the scores that methods read beside the decisions.

    HWL is the latency of every architecture of the table on the train platforms: more than the sources show to the
    other methods, and nothing of a new platform.

    Args:
        scores: `zcp` or `hwl`.
        space: Search space of the table.
        table: The latencies.
        train: Source platforms.
        proxies: Archive with the scores of zero-cost proxies.

    Raises:
        TableError: If there is no such archive, or it lacks architectures of the table.
    """
    if scores == "hwl":
        return latency_encoding(table, train)
    if proxies is None:
        raise TableError(f"methods that read {scores} need a table of zero-cost proxies, and there is none")
    encoding = load_proxy_encoding(proxies, space)
    covered = encoding.covers(table.choices)
    if not covered.all():
        raise TableError(
            f"{proxies} lacks the scores of {np.count_nonzero(~covered)} of the {len(covered)} architectures of the "
            f"table; add them, or leave the methods that read {scores} out"
        )
    return encoding


def _resolve(name: str, encoding: Callable[[str], Encoding]) -> type[Method]:
    if name not in EVALUATED_NAMES:
        near = difflib.get_close_matches(name, EVALUATED_NAMES, n=3)
        nearest = f"the nearest are {', '.join(near)}; " if near else ""
        raise UnknownMethodError(f"there is no method {name!r}; {nearest}all are {', '.join(EVALUATED_NAMES)}")
    if name == ORACLE:
        from edgeprof_predictor.methods.oracle import Oracle

        return Oracle
    if name not in _PARTS:
        return get_method(name)
    base, scores = _PARTS[name]
    parts = {part: encoding(part) for part in SCORES[scores]}
    if base == _SCRATCH:
        from edgeprof_predictor.methods.scratch import scratch_on

        return scratch_on(scores, parts)
    from edgeprof_predictor.methods.multi_predict import MultiPredict, with_scores

    method = get_method(base)
    assert issubclass(method, MultiPredict)
    first, *others = parts.values()
    joined = Union(first, others[0]) if others else first
    return with_scores(method, joined, is_vec_left_out=not scores.endswith("vec"))

"""The methods that an evaluation knows by name: all latency predictors, the oracle, and those on other encodings."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import numpy as np

from edgeprof_predictor._nearest_names import nearest_names
from edgeprof_predictor.encodings import (
    ENCODING_PARTS,
    Encoding,
    latency_encoding,
    load_proxy_encoding,
    make_encoding,
)
from edgeprof_predictor.errors import TableError, UnknownMethodError
from edgeprof_predictor.methods.base import Method
from edgeprof_predictor.methods.registry import METHOD_NAMES, get_method
from edgeprof_predictor.methods.sampled import resolve_sampled
from edgeprof_predictor.spaces import CategoricalSpace
from edgeprof_predictor.tables.latency_table import LatencyTable

ORACLE: Final = "oracle"
"""An upper bound, to which only an evaluation can pass the whole table."""

_DECISIONS: Final = "vec"
"""What every method reads unless its name ends in another encoding."""

_GRAPH: Final = "multi-predict-gcn"
"""Reads decisions as a graph: other encodings can only be added to them."""

_BASES: Final = {
    "ridge": "ridge",
    "scratch": "scratch-vec",
    **{name: name for name in METHOD_NAMES if name.startswith("multi-predict")},
}
"""Methods that can read any encoding: what their names begin with, and the method that reads the decisions."""

_ENCODED: Final = {
    f"{prefix}-{encoding}": (base, encoding)
    for prefix, base in _BASES.items()
    for encoding, parts in ENCODING_PARTS.items()
    if encoding != _DECISIONS and (base != _GRAPH or _DECISIONS in parts)
}

EVALUATED_NAMES: Final = tuple(sorted((*METHOD_NAMES, ORACLE, *_ENCODED)))


def resolve_methods(
    names: Sequence[str], space: CategoricalSpace, scores: Callable[[str], Encoding]
) -> tuple[type[Method], ...]:
    """Return the methods of these names.

    Args:
        names: Of `EVALUATED_NAMES`, each with `+` and the name of a sampler behind it or not.
        space: The search space.
        scores: Gives the part `zcp` or `hwl` of an encoding, asked for only where a method reads it.

    Raises:
        UnknownMethodError: If there is no such method, with the nearest names.
    """
    return tuple(resolve_sampled(name, lambda plain: _resolve(plain, space, scores)) for name in names)


def reads(names: Sequence[str], part: str) -> list[str]:
    """Return those of the methods whose encoding has this part: `zcp` or `hwl`."""
    encodings = [(name, _ENCODED.get(name.partition("+")[0], ("", _DECISIONS))[1]) for name in names]
    return [name for name, encoding in encodings if part in ENCODING_PARTS[encoding]]


def score_encoding(
    part: str, space: CategoricalSpace, table: LatencyTable, *, train: Sequence[str], proxies: Path | None
) -> Encoding:
    """Return a part of encodings that is not the decisions.

    HWL is the latency of every architecture of the table on the train platforms: more than the sources show to the
    other methods, and nothing of a new platform.

    Args:
        part: `zcp` or `hwl`.
        space: Search space of the table.
        table: The latencies.
        train: Source platforms.
        proxies: Archive with the scores of zero-cost proxies.

    Raises:
        TableError: If there is no such archive, or it lacks architectures of the table.
    """
    if part == "hwl":
        return latency_encoding(table, train)
    if proxies is None:
        raise TableError("methods that read zero-cost proxies need a table of them, and there is none")
    encoding = load_proxy_encoding(proxies, space)
    covered = encoding.covers(table.choices)
    if not covered.all():
        raise TableError(
            f"{proxies} lacks the scores of {np.count_nonzero(~covered)} of the {len(covered)} architectures of the "
            "table; add them, or leave the methods that read proxies out"
        )
    return encoding


def _resolve(name: str, space: CategoricalSpace, scores: Callable[[str], Encoding]) -> type[Method]:
    if name not in EVALUATED_NAMES:
        nearest = nearest_names(name, EVALUATED_NAMES)
        raise UnknownMethodError(
            f"there is no method {name!r}; {nearest and nearest + '; '}all are {', '.join(EVALUATED_NAMES)}"
        )
    if name == ORACLE:
        from edgeprof_predictor.methods.baselines.oracle import Oracle

        return Oracle
    if name not in _ENCODED:
        return get_method(name)
    from edgeprof_predictor.methods.encoded import EncodedMethod, with_encoding

    base, encoding = _ENCODED[name]
    method = get_method(base)
    assert issubclass(method, EncodedMethod)
    return with_encoding(method, make_encoding(encoding, space, scores), name=name)

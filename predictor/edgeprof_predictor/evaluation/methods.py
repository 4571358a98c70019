"""The methods that an evaluation knows by name: all of the seam, the oracle, and those that read scores."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence
from typing import Final

from edgeprof_predictor.encodings import Encoding
from edgeprof_predictor.errors import UnknownMethodError
from edgeprof_predictor.methods import METHOD_NAMES, get_method
from edgeprof_predictor.methods.base import Method

ORACLE: Final = "oracle"
"""An upper mark, which only an evaluation can reveal the truth to."""

_BASES: Final = ("multi-predict", "multi-predict-gcn", "multi-predict-index", "multi-predict-sample")
"""Variants of the paper's method that take scores beside the decisions."""

SCORES: Final = {"zcpvec": "zero-cost proxies", "hwlvec": "latencies on the train platforms"}

_PARTS: Final = {f"{base}-{scores}": (base, scores) for base in _BASES for scores in SCORES}

EVALUATED_NAMES: Final = tuple(sorted((*METHOD_NAMES, ORACLE, *_PARTS)))


def resolve_methods(names: Sequence[str], encoding: Callable[[str], Encoding]) -> tuple[type[Method], ...]:
    """Return the methods of these names.

    Args:
        names: Of `EVALUATED_NAMES`.
        encoding: Gives the scores of `zcpvec` or `hwlvec`, asked for only where a method reads them.

    Raises:
        UnknownMethodError: If there is no such method, with the nearest names.
    """
    return tuple(_resolve(name, encoding) for name in names)


def reads(names: Sequence[str], scores: str) -> list[str]:
    """Return those of the methods that read these scores."""
    return [name for name in names if name in _PARTS and _PARTS[name][1] == scores]


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
    from edgeprof_predictor.methods.transfer import Transfer, with_scores

    base, scores = _PARTS[name]
    method = Transfer if base == "multi-predict" else get_method(base)
    assert issubclass(method, Transfer)
    return with_scores(method, encoding(scores))

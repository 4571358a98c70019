"""The document of results: a table of them, and their models by setting."""

from collections.abc import Sequence
from typing import Any, Final

from edgeprof.reporting.columns import columns_of
from edgeprof.store import StoredResult

MAX_SETTING_COUNT: Final = 12
"""Settings that models are compared by at most: more columns are no table to read."""

MAX_MODEL_COUNT: Final = 300
"""Models in that comparison at most."""


def results_document(found: Sequence[StoredResult], *, title: str) -> dict[str, Any]:
    """Return what a page shows of results.

    Args:
        found: The results, the newest first.
        title: What they are.
    """
    return {
        "kind": "results",
        "title": title,
        "rows": [row_of(result) for result in found],
        "models": _models(found),
    }


def row_of(result: StoredResult) -> dict[str, Any]:
    """Return a result as the values of its row in a table.

    Args:
        result: The result.
    """
    return {**columns_of(result), "name": result.name, "device": result.device}


def _models(found: Sequence[StoredResult]) -> dict[str, Any] | None:
    """Return the fastest result of each model on each platform; None where models were measured on one alone."""
    fastest: dict[tuple[str, str], StoredResult] = {}
    for result in found:
        key = (result.name, result.platform)
        if key not in fastest or result.median_ms < fastest[key].median_ms:
            fastest[key] = result
    platforms = list(dict.fromkeys(platform for _, platform in fastest))
    names = list(dict.fromkeys(name for name, _ in fastest))
    on_several = [name for name in names if sum((name, platform) in fastest for platform in platforms) > 1]
    shown = sorted({platform for name, platform in fastest if name in set(on_several)})
    if not on_several or len(shown) > MAX_SETTING_COUNT or len(on_several) > MAX_MODEL_COUNT:
        return None
    return {
        "platforms": shown,
        "rows": [
            {"name": name, "cells": [_cell(fastest.get((name, platform))) for platform in shown]} for name in on_several
        ],
    }


def _cell(result: StoredResult | None) -> dict[str, Any] | None:
    if result is None:
        return None
    return {
        "number": result.number,
        "latency_ms": result.median_ms,
        "lower_ms": result.lower_ms,
        "upper_ms": result.upper_ms,
        "verdict": columns_of(result)["verdict"],
        "source": result.source,
    }

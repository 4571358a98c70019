"""What a published table may have meant otherwise: refused where it would spoil a predictor, else said."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeVar

import numpy as np

from edgeprof_predictor.spaces import CategoricalSpace, FloatArray
from edgeprof_predictor.spaces.costs import DEPTHWISE, MACS
from edgeprof_predictor.tables.importers.errors import PublishedTableError
from edgeprof_predictor.tables.importers.rows import LatencyUnit
from edgeprof_predictor.tables.latency_table import LatencyTable

T = TypeVar("T")

_OTHER_QUANTITIES: Final = frozenset(
    [
        "acc",
        "accuracy",
        "top1",
        "top5",
        "err",
        "error",
        "loss",
        "precision",
        "recall",
        "f1",
        "map",
        "miou",
        "bleu",
        "perplexity",
        "flop",
        "flops",
        "gflops",
        "mflops",
        "kflops",
        "macs",
        "gmacs",
        "mmacs",
        "madds",
        "param",
        "params",
        "parameters",
        "nparams",
        "weights",
        "epoch",
        "epochs",
        "seed",
        "rank",
        "score",
        "energy",
        "power",
        "watts",
        "joules",
        "memory",
        "ram",
        "std",
        "stddev",
        "deviation",
        "variance",
        "count",
        "id",
        "idx",
        "index",
        "hash",
        "uid",
        "number",
        "nr",
        "depth",
        "width",
    ]
)
"""Words in names of columns that hold no latency."""

_UNIT_WORDS: Final = {
    LatencyUnit.MILLISECONDS: frozenset({"us", "usec", "ns", "nsec", "sec", "seconds", "microseconds", "nanoseconds"}),
    LatencyUnit.SECONDS: frozenset({"us", "usec", "ns", "nsec", "ms", "msec", "milliseconds", "microseconds"}),
    LatencyUnit.MICROSECONDS: frozenset({"ms", "msec", "ns", "nsec", "sec", "seconds", "milliseconds"}),
}
"""Words in names of columns that hold latencies of another unit, by the unit of the table."""

MAX_SCALE_RATIO: Final = 1e6
"""Ratio of the medians of two platforms at most: a microcontroller is 100,000 times as slow as a large GPU."""

USUAL_RATES: Final = (1e7, 5e11)
"""Multiply-adds a second, from small microcontrollers to neural accelerators, at the median network of a table. The 53
columns of both published tables have 6e8 to 1.2e10, read in seconds or microseconds a thousand times as many or few."""

_MIN_CORRELATION: Final = 0.2
_MIN_ARCHITECTURE_COUNT: Final = 20


def as_names(platforms: Sequence[str] | str) -> tuple[str, ...]:
    """Return names of platforms, of which one alone may be given.

    Raises:
        PublishedTableError: If there is none.
    """
    names = (platforms,) if isinstance(platforms, str) else tuple(platforms)
    if not names:
        raise PublishedTableError("no platform is named; name one, or leave the choice out")
    return names


def refuse_doubtful(names: Sequence[str], unit: LatencyUnit) -> None:
    """Refuse columns whose names tell of something else than latencies of a unit.

    Raises:
        PublishedTableError: If there are such; it names them, and those that are left.
    """
    doubtful = [name for name in names if _words(name) & (_OTHER_QUANTITIES | _UNIT_WORDS[unit])]
    if doubtful:
        others = [name for name in names if name not in doubtful]
        raise PublishedTableError(
            f"{', '.join(map(repr, doubtful))} may hold no latencies in {unit.value}: name the columns that do, with "
            f"--platforms {','.join(others) or 'A,B'} (platforms= in Python)"
        )


def refuse_other_scales(latency_ms: Mapping[str, Mapping[Any, float]]) -> None:
    """Refuse a platform whose values are of another size than those of all others.

    Args:
        latency_ms: Latencies by platform and architecture.

    Raises:
        PublishedTableError: If there is one.
    """
    medians = {name: float(np.median(list(column.values()))) for name, column in latency_ms.items()}
    typical = float(np.median(list(medians.values())))
    for name, median in medians.items():
        if not 1 / MAX_SCALE_RATIO <= median / typical <= MAX_SCALE_RATIO:
            raise PublishedTableError(
                f"the values of {name} are about {median:.3g} ms, those of the others {typical:.3g} ms: if these are "
                "latencies, name all platforms with --platforms (platforms= in Python)"
            )


def chosen_platforms(columns: Mapping[str, T], platforms: tuple[str, ...] | None) -> dict[str, T]:
    """Return the columns of the platforms asked for, in their order; all where none is.

    Raises:
        PublishedTableError: If one is not there.
    """
    if platforms is None:
        return dict(columns)
    missing = [name for name in platforms if name not in columns]
    if missing:
        raise PublishedTableError(
            f"there is no platform {', '.join(map(repr, missing))} in it; those asked for are "
            f"{', '.join(platforms)}, those found {', '.join(columns) or 'none'}"
        )
    return {name: columns[name] for name in platforms}


def notes_on(table: LatencyTable, space: CategoricalSpace | None, notation: CategoricalSpace | None) -> tuple[str, ...]:
    """Return what a reader of a table should check, in sentences.

    Args:
        table: The table.
        space: Search space that was named; None for none.
        notation: Search space in whose notation the architectures are; None for integers.
    """
    notes = []
    if space is not None and notation is None:
        order = ", ".join(f"{index} {name}" for index, name in enumerate(space.option_names))
        notes.append(
            f"integers are read in the order of {space.name}"
            + (f": {order}" if order else "")
            + "; a table that numbers its operations otherwise means other networks"
        )
    known = space or notation
    costs = known.costs(table.choices) if known is not None else None
    if costs is not None:
        operations = costs.totals[:, [MACS, DEPTHWISE]].sum(axis=1)
        notes += _notes_on_unit(table, operations)
        if len(table.choices) >= _MIN_ARCHITECTURE_COUNT:
            notes += _notes_on_order(table, operations)
    return tuple(notes)


def _notes_on_unit(table: LatencyTable, operations: FloatArray) -> list[str]:
    notes = []
    for name, row in zip(table.platforms, table.latency_ms, strict=True):
        rate = 1000.0 * float(np.median(operations / row))
        if not USUAL_RATES[0] <= rate <= USUAL_RATES[1]:
            other, unit = ("seconds", "s") if rate > USUAL_RATES[1] else ("microseconds", "us")
            notes.append(
                f"latencies of {name}, {np.median(row):.3g} ms at the median, mean {rate:.0e} multiply-adds a second, "
                f"which hardly any device does: if they are {other}, name their unit: --unit {unit}"
            )
    return notes


def _notes_on_order(table: LatencyTable, operations: FloatArray) -> list[str]:
    if np.all(operations == operations[0]):
        return []
    doubtful = [
        f"{name} ({correlation:+.2f})"
        for name, row in zip(table.platforms, table.latency_ms, strict=True)
        if (correlation := _rank_correlation(row, operations)) < _MIN_CORRELATION
    ]
    if not doubtful:
        return []
    return [
        f"latencies of {', '.join(doubtful)} hardly grow with the operations of a network (rank correlation in "
        "brackets): see whether they are latencies, and whether the operations are numbered in this order"
    ]


def _rank_correlation(first: FloatArray, second: FloatArray) -> float:
    # Equal values share a rank; how ranks are spaced matters little for a limit so low.
    ranks = [np.unique(values, return_inverse=True)[1] for values in (first, second)]
    return float(np.asarray(np.corrcoef(ranks))[0, 1])


def _words(name: str) -> set[str]:
    return {word.lower() for word in re.findall(r"[A-Z]?[a-z]+[0-9]?|[A-Z]+|[0-9]+", name)} | {
        word.lower() for word in re.split(r"[^A-Za-z0-9]+", name)
    }

"""Which whole models to measure: those whose operators cover most of what all candidates hold, before any latency."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from edgeprof_predictor.operators.records import OperatorRecord

_STEPS_PER_E = 1.0
"""Operators of one implementation whose FLOPs lie within a factor of e count as one."""


def choose_models(
    candidates: Mapping[str, Sequence[OperatorRecord]], families: Mapping[str, str], count: int
) -> list[str]:
    """Return the models to measure, the most useful first.

    Args:
        candidates: Operators of each model by its name.
        families: Family of each model: one of each is chosen before a second of any.
        count: How many to choose.
    """
    contents = {name: _contents(records) for name, records in candidates.items()}
    costs = {name: math.fsum(one.guess_us * one.count for one in records) for name, records in candidates.items()}
    covered: dict[tuple[str, int], float] = {}
    chosen: list[str] = []
    while len(chosen) < min(count, len(contents)):
        seen = {families.get(name, name) for name in chosen}
        left = [name for name in contents if name not in chosen]
        fresh = [name for name in left if families.get(name, name) not in seen] or left
        gains = {name: _gain(name, contents, covered) / math.log(math.e + costs[name] / 1e3) for name in fresh}
        best = max(sorted(fresh), key=lambda name: gains[name])
        chosen.append(best)
        for kind, share in contents[best].items():
            covered[kind] = covered.get(kind, 0.0) + share
    return chosen


def _contents(records: Sequence[OperatorRecord]) -> dict[tuple[str, int], float]:
    """Return the square root of the guessed share of time of each kind of operator in a model."""
    total = math.fsum(one.guess_us * one.count for one in records) or 1.0
    shares: dict[tuple[str, int], float] = {}
    for one in records:
        kind = (one.tag, round(math.log1p(one.sizes.flops) * _STEPS_PER_E))
        shares[kind] = shares.get(kind, 0.0) + one.guess_us * one.count / total
    return {kind: math.sqrt(share) for kind, share in shares.items()}


def _gain(
    name: str, contents: Mapping[str, Mapping[tuple[str, int], float]], covered: Mapping[tuple[str, int], float]
) -> float:
    """Return how much better all candidates would be covered with this model."""
    gain = 0.0
    for kind, share in contents[name].items():
        before = covered.get(kind, 0.0)
        wanted = math.fsum(other.get(kind, 0.0) for other in contents.values())
        gain += wanted * (math.sqrt(before + share) - math.sqrt(before))
    return gain

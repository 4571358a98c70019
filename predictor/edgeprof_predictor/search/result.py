"""What a search found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One network that a search looked at closely.

    Args:
        architecture: Its text.
        accuracy: What it reached; None where it was not trained.
        latency_ms: Milliseconds of one inference; None where the search knows no platform.
        lower_ms: Lower end of the 90 % interval.
        upper_ms: Upper end.
        is_measured: Whether the interval is that of a measurement.
        keeps_limit: Whether the upper end keeps the latency limit; True where there is none.
    """

    architecture: str
    accuracy: float | None
    latency_ms: float | None
    lower_ms: float | None
    upper_ms: float | None
    is_measured: bool
    keeps_limit: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchResult:
    """Result of a search.

    Args:
        chosen: The most accurate network known to keep the limit.
        front: Trained networks that no other beats in accuracy and latency, the fastest first.
        trained: All trained ones, in the order of training.
        limit_ms: The latency limit; None for none.
        measurement_count: Measurements asked for.
        failures: Reasons of networks that could not be trained.
        refusals: Reasons of networks that the device could not run.
        warning: Why the result may be wrong; None without a reason.
    """

    chosen: Found
    front: tuple[Found, ...]
    trained: tuple[Found, ...]
    limit_ms: float | None
    measurement_count: int
    failures: dict[str, str]
    refusals: dict[str, str]
    warning: str | None


def pareto_front(found: Sequence[Found]) -> tuple[Found, ...]:
    """Return those that no other beats in accuracy and latency, the fastest first; without latencies the best one."""
    ordered = sorted(found, key=lambda one: (one.latency_ms or 0.0, -(one.accuracy or 0.0)))
    front: list[Found] = []
    for one in ordered:
        if one.accuracy is None:
            continue
        best = front[-1].accuracy if front else None
        if best is None or one.accuracy > best:
            front.append(one)
    return tuple(front)

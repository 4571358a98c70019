"""The public call `over_time`: what became slower, from which change on, by how much, and whether that is certain.

The results of one model on one device in one setting, whatever its runtime's version, are ordered by time. A new period
begins where runtime version, kernel or agent version changes, or after a long time without a result. The median result
of a period stands for it, and each period is compared with the one before and with the first (`difference`).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from edgeprof.reporting.difference import Difference, difference
from edgeprof.store import StoredResult
from edgeprof_proto.records.measurement import VerdictKind

QUIET_TIME = timedelta(days=30)
"""Time without a result after which a new period begins although nothing is known to have changed: the seasons have."""

CONDITIONS = ("runtime version", "kernel", "agent version")
"""What periods differ by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """Results of one model in a row whose conditions are the same.

    Args:
        results: The results, the oldest first.
        change: What is different from the period before, in words; empty for the first.
        against_previous: The difference to the period before; None for the first.
        against_first: The difference to the first; None for the first.
    """

    results: tuple[StoredResult, ...]
    change: str = ""
    against_previous: Difference | None = None
    against_first: Difference | None = None

    @property
    def typical(self) -> StoredResult:
        """The result that stands for the period: of those that are stable, or of all where none is, the median one."""
        stable = [result for result in self.results if result.verdict is VerdictKind.STABLE]
        ordered = sorted(stable or self.results, key=lambda result: result.median_ms)
        return ordered[(len(ordered) - 1) // 2]


@dataclass(frozen=True, slots=True, kw_only=True)
class LatencyHistory:
    """One model on one device in one setting, over time.

    Args:
        periods: The periods, the oldest first; at least one.
    """

    periods: tuple[Period, ...]

    @property
    def subject(self) -> StoredResult:
        """The newest result: which model, device and setting this is about."""
        return self.periods[-1].results[-1]

    @property
    def slower(self) -> tuple[Period, ...]:
        """The periods that are slower than the one before for certain."""
        return tuple(item for item in self.periods if item.against_previous and item.against_previous.lower > 1.0)


def over_time(results: Iterable[StoredResult]) -> list[LatencyHistory]:
    """Tell how the latency of each model went over time.

    Args:
        results: What to look at, such as `edgeprof.results(model="mobilenet.onnx", device="pi4")`.

    Returns:
        One history for each model, device and setting, that with the newest result first. A model that was exported
        again is another model: its file has another SHA-256.
    """
    histories: dict[object, list[StoredResult]] = {}
    for result in sorted(results, key=lambda result: result.number):
        histories.setdefault(_key(result), []).append(result)
    found = [LatencyHistory(periods=_compared(_periods(items))) for items in histories.values()]
    return sorted(found, key=lambda history: history.subject.number, reverse=True)


def _key(result: StoredResult) -> object:
    setting = replace(result.setting, runtime_version="")
    device, model = result.device_id or result.device_name, result.model_sha256 or result.name
    return device, result.space, result.architecture or model, result.source, setting.runtime, str(setting)


def _periods(results: Sequence[StoredResult]) -> list[tuple[str, list[StoredResult]]]:
    """Divide results into periods, each with the change that it begins with."""
    periods = [("", [results[0]])]
    for result in results[1:]:
        before = periods[-1][1][-1]
        changes = [f"{name} {a} to {b}" for name, a, b in difference(before, result).changes if name in CONDITIONS]
        quiet = result.store_time - before.store_time
        if quiet > QUIET_TIME:
            changes.append(f"{quiet.days} days without a result")
        if changes:
            periods.append((", ".join(changes), []))
        periods[-1][1].append(result)
    return periods


def _compared(periods: Sequence[tuple[str, list[StoredResult]]]) -> tuple[Period, ...]:
    found: list[Period] = []
    for change, results in periods:
        period = Period(results=tuple(results), change=change)
        if found:
            previous, first = (difference(item.typical, period.typical) for item in (found[-1], found[0]))
            period = replace(period, against_previous=previous, against_first=first)
        found.append(period)
    return tuple(found)

"""Evidence of throttling, on the cores and providers that ran the model: flags, events, limits, frequencies.

What other cores do, and what the processor does while an accelerator runs every node, says nothing about the model.
Each function gives a number of the verdict, or None where it is not reported.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from edgeprof_agent.conditions.cooling import GPU_THERMAL_LIMIT, THERMAL_LIMIT, limited_cores
from edgeprof_proto.records.measurement import Conditions

CORE_PROVIDERS = ("cpu", "xnnpack", "dnnl", "onednn", "acl", "armnn")
"""How the names of providers begin, or what they hold, that compute on the processor's cores."""

PASSING_FLAGS_SUFFIX = "-has-occurred"
"""Suffix of flags that the firmware keeps until reboot: they count only when set during the measurement."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """What ran the model.

    Args:
        is_on_cores: Whether the processor's cores ran a part of it.
        is_elsewhere: Whether an accelerator ran a part of it.
        core_indices: Logical cores that may have run it; empty where unknown, which means any.
    """

    is_on_cores: bool
    is_elsewhere: bool
    core_indices: frozenset[int]


def find_what_ran(
    history: Sequence[Conditions], provider: str, node_counts: Mapping[str, int], core_indices: Sequence[int]
) -> Ran:
    """Tell what ran a model.

    Args:
        history: The device from before the first run to after the last.
        provider: The provider that the setting names; empty where unknown.
        node_counts: How many nodes each provider ran; empty where unknown.
        core_indices: Cores that the kernel let the worker use; empty where unknown.

    Returns:
        What ran it: the cores on which its threads were seen, or else those that they were allowed.
    """
    providers = [name for name, count in node_counts.items() if count > 0] or [provider]
    on_cores = [computes_on_cores(name) for name in providers]
    seen = {core for item in history for core in item.worker_core_indices}
    return Ran(is_on_cores=any(on_cores), is_elsewhere=not all(on_cores), core_indices=frozenset(seen or core_indices))


def computes_on_cores(provider: str) -> bool:
    """Tell whether a provider computes on the processor's cores, by its name; an unnamed one does."""
    name = provider.lower()
    return not name or "cpu" in name or name.startswith(CORE_PROVIDERS)


def throttling_flag_count(history: Sequence[Conditions], ran: Ran) -> int | None:
    """Count the flags that held at some moment, and those that were raised meanwhile."""
    if not any(conditions.has_throttling_flags for conditions in history):
        return None
    raised = {flag for conditions in history for flag in conditions.throttling_flags if _concerns(flag, ran)}
    raised_now = {flag for flag in raised if not flag.endswith(PASSING_FLAGS_SUFFIX)}
    return len(raised_now | (raised - set(history[0].throttling_flags)))


def throttling_event_count(history: Sequence[Conditions], ran: Ran) -> int | None:
    """Count the events from the first reading to the last: those of the cores that ran, and the board's own."""
    before, after = history[0], history[-1]
    if before.throttling_event_count is None or after.throttling_event_count is None:
        return None
    counts = [_by_core(item, item.core_throttling_event_counts) for item in (before, after)]
    growth = {core: count - counts[0].get(core, count) for core, count in counts[1].items()}
    of_board = after.throttling_event_count - before.throttling_event_count
    of_other_cores = sum(count for core, count in growth.items() if not _is_core_of(core, ran))
    return int(of_board - of_other_cores)


def frequency_limit_drop(history: Sequence[Conditions], ran: Ran) -> float | None:
    """Return by how much the limit of a core that ran fell below that of the beginning, relative.

    A limit that the owner has set before stays as it is, and is no throttling.
    """
    limits = [_by_core(item, item.core_frequency_limits_mhz) for item in history]
    if not ran.is_on_cores or not limits[0]:
        return None
    drops = [
        1 - limit / limits[0][core]
        for later in limits[1:]
        for core, limit in later.items()
        if _is_core_of(core, ran) and limits[0].get(core)
    ]
    return max(0.0, *drops) if drops else None


def frequency_drop(history: Sequence[Conditions], ran: Ran) -> float | None:
    """Return by how much a core that ran was below the highest frequency that it reached, relative.

    The highest frequency counts up to the limit of the beginning: faster than its owner allows no core has to be. The
    first reading may come from an idle device and is no drop.
    """
    if not ran.is_on_cores:
        return None
    limits = _by_core(history[0], history[0].core_frequency_limits_mhz)
    readings = [
        (item, {core: value for core, value in frequencies.items() if _is_core_of(core, ran)})
        for item in history
        for frequencies in [_frequencies(item)]
        if frequencies
    ]
    if len(readings) < 2 or not all(frequencies for _, frequencies in readings):
        return None
    if all(item.worker_core_indices for item, _ in readings[1:]):
        return _drop_of_each_core(readings, limits)
    fastest = [max(frequencies.values()) for _, frequencies in readings]
    limit = max((limits[core] for core in readings[0][1] if core in limits), default=max(fastest))
    return max(0.0, _drop(min(fastest[1:]), min(max(fastest), limit)))


def _drop(frequency_mhz: float, highest_mhz: float) -> float:
    # A core that tells 0 MHz tells nothing.
    return 1 - frequency_mhz / highest_mhz if highest_mhz > 0 else 0.0


def _drop_of_each_core(
    readings: Sequence[tuple[Conditions, Mapping[int, float]]], limits: Mapping[int, float]
) -> float:
    drops = [0.0]
    for item, frequencies in readings[1:]:
        for core in set(item.worker_core_indices) & frequencies.keys():
            highest = max(other[core] for _, other in readings if core in other)
            drops.append(_drop(frequencies[core], min(highest, limits.get(core, highest))))
    return max(drops)


def _frequencies(item: Conditions) -> Mapping[int, float]:
    # A device that does not tell which cores these are tells them in order; any of them may have run.
    return _by_core(item, item.core_frequencies_mhz) or dict(enumerate(item.core_frequencies_mhz, start=_UNKNOWN_CORE))


_UNKNOWN_CORE = -1_000_000
"""Index of the first of the cores that have none: below every real one."""


def _by_core(item: Conditions, values: Sequence[float]) -> dict[int, float]:
    return dict(zip(item.core_indices, values, strict=False)) if len(values) == len(item.core_indices) else {}


def _is_core_of(core: int, ran: Ran) -> bool:
    return core < 0 or not ran.core_indices or core in ran.core_indices


def _concerns(flag: str, ran: Ran) -> bool:
    if flag == GPU_THERMAL_LIMIT:
        return ran.is_elsewhere
    cores = limited_cores(flag)
    if flag == THERMAL_LIMIT or cores is not None:
        return ran.is_on_cores and (not cores or not ran.core_indices or bool(cores & ran.core_indices))
    return True

"""The pairs of a comparison: one measurement of each candidate, one after the other."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from edgeprof.store import Probe
from edgeprof_proto.records.measurement import Measurement

MAX_GAP_S = 600.0
"""Longest time between the two measurements of a pair, in seconds: ten minutes, more than an agent waits for the
starting temperature. What lies further apart may have been measured on a warmer or busier device."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """One measurement of each, taken one after the other."""

    a: Measurement
    b: Measurement
    is_a_first: bool

    @property
    def ratio(self) -> float:
        """Latency of B relative to that of A: above 1 where A is faster."""
        return self.b.median_ms / self.a.median_ms

    @property
    def gap_s(self) -> float:
        """Time from the end of one measurement to the start of the other, by the device's clock, in seconds."""
        earlier, later = sorted((self.a, self.b), key=lambda item: item.start_time)
        return max(later.start_time - (earlier.start_time + earlier.total_ms / 1_000), 0.0)


def measuring_order(pair_count: int, seed: int) -> list[str]:
    """Return the sides in the order in which they are measured, the two of a pair one after the other.

    Args:
        pair_count: Number of pairs. The order of more pairs begins with that of fewer.
        seed: Seed of the order within the pairs.
    """
    generator = random.Random(seed)
    order = []
    for _ in range(pair_count):
        pair = ["a", "b"]
        generator.shuffle(pair)
        order += pair
    return order


def planned_pair_count(probes: Sequence[Probe], pair_count: int) -> int:
    """Return how many pairs a comparison has to measure until enough of them count.

    A pair whose measurements lie more than `MAX_GAP_S` apart, because the comparison was interrupted between them or
    the second one waited long for other hosts, is replaced by a fresh one after the others. On a device that is
    always so busy there are as many fresh ones as pairs were asked for, no more.

    Args:
        probes: What is planned and measured so far, in the order of the plan.
        pair_count: Pairs that are to count.
    """
    count = pair_count
    while True:
        far_count = sum(pair.gap_s > MAX_GAP_S for pair in _measured_pairs(probes[: 2 * count]))
        wanted = min(pair_count + far_count, 2 * pair_count)
        if wanted <= count:
            return count
        count = wanted


def counted_pairs(probes: Sequence[Probe], pair_count: int) -> list[Pair]:
    """Return the pairs that count, in their order. One with a long gap counts only where there are too few others.

    Args:
        probes: What was measured, in the order of the plan.
        pair_count: Pairs that are to count.
    """
    pairs = _measured_pairs(probes[: 2 * planned_pair_count(probes, pair_count)])
    close_first = sorted(range(len(pairs)), key=lambda index: pairs[index].gap_s > MAX_GAP_S)
    return [pairs[index] for index in sorted(close_first[:pair_count])]


def _measured_pairs(probes: Sequence[Probe]) -> list[Pair]:
    pairs = []
    for first, second in zip(probes[::2], probes[1::2], strict=False):
        found = {probe.architecture: probe.measurement for probe in (first, second)}
        a, b = found["a"], found["b"]
        if a is not None and b is not None:
            pairs.append(Pair(a=a, b=b, is_a_first=first.architecture == "a"))
    return pairs

"""Which of two is faster: two models, or two settings of one, measured in alternation on one device.

Each pair is two jobs, so two fresh workers, one after the other in an order drawn by lot: what changes slowly on the
device hits both, and what differs from worker to worker is part of what the pairs differ by. One observation is the
ratio of the two medians of a pair; the interval of the median ratio comes from its ranks alone (see
`edgeprof_proto.shared.interval`), so a few disturbed pairs do not decide.
"""

import math
import random
import statistics
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from edgeprof.devices.client import DeviceClient
from edgeprof.errors import EdgeprofError
from edgeprof_proto.records.job_spec import MeasurementPlan, Setting
from edgeprof_proto.records.measurement import Measurement, VerdictKind
from edgeprof_proto.shared.interval import LEVEL, MIN_BLOCK_COUNT, middle_ranks

DEFAULT_PAIR_COUNT = 8

Side = Literal["a", "b"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One of the two.

    Args:
        name: What people call it.
        model: The model's file.
        setting: How to run it.
    """

    name: str
    model: Path
    setting: Setting


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Two candidates and all their pairs.

    Args:
        a: The first candidate.
        b: The second.
        pairs: Their measurements.
        ratio: Latency of B relative to that of A, median over the pairs: above 1 where A is faster.
        lower: Lower end of the interval of `ratio`.
        upper: Its upper end.
        level: Share of repeated comparisons whose interval holds the true ratio.
    """

    a: Candidate
    b: Candidate
    pairs: tuple[Pair, ...]
    ratio: float
    lower: float
    upper: float
    level: float

    @property
    def faster(self) -> Side | None:
        """Which one is faster for certain; None where the interval leaves that open."""
        if self.lower > 1:
            return "a"
        return "b" if self.upper < 1 else None

    @property
    def median_ms(self) -> tuple[float, float]:
        """Latency of A and of B, each the median over its measurements, in milliseconds."""
        return (
            statistics.median(pair.a.median_ms for pair in self.pairs),
            statistics.median(pair.b.median_ms for pair in self.pairs),
        )

    @property
    def unstable_count(self) -> int:
        """Measurements whose verdict is not `stable`."""
        measurements = [item for pair in self.pairs for item in (pair.a, pair.b)]
        return sum(item.verdict.kind is not VerdictKind.STABLE for item in measurements)


def compare(
    client: DeviceClient,
    a: Candidate,
    b: Candidate,
    *,
    pair_count: int = DEFAULT_PAIR_COUNT,
    plan: MeasurementPlan | None = None,
    allow_fallback: bool = False,
    seed: int = 0,
    on_measurement: Callable[[str, Candidate, Measurement], None] = lambda job_id, candidate, measurement: None,
) -> Comparison:
    """Measure two candidates in alternation and say which is faster, by how much, and whether that is certain.

    Args:
        client: Connection to the device.
        a: The first candidate.
        b: The second.
        pair_count: Pairs, at least 5.
        plan: How long and how often each job runs its model; None for the agent's default.
        allow_fallback: Whether nodes may run elsewhere than on the provider asked for.
        seed: Draws which of a pair comes first.
        on_measurement: Told each job's id, its candidate and what came out.

    Raises:
        EdgeprofError: If there are too few pairs to be certain of anything, or a measurement failed.
    """
    ranks = middle_ranks(pair_count, LEVEL)
    if ranks is None:
        raise EdgeprofError(f"a comparison needs {MIN_BLOCK_COUNT} pairs or more, got {pair_count}")
    session = f"compare-{uuid.uuid4().hex}"
    generator = random.Random(seed)
    pairs = []
    for index in range(pair_count):
        order: list[tuple[Side, Candidate]] = [("a", a), ("b", b)]
        generator.shuffle(order)
        found: dict[Side, Measurement] = {}
        for side, candidate in order:
            job_id = f"{session}-{index}-{side}"
            found[side] = client.measure(
                candidate.model, candidate.setting, job_id=job_id, plan=plan, allow_fallback=allow_fallback
            )
            on_measurement(job_id, candidate, found[side])
        pairs.append(Pair(a=found["a"], b=found["b"], is_a_first=order[0][0] == "a"))
    logarithms = sorted(math.log(pair.ratio) for pair in pairs)
    return Comparison(
        a=a,
        b=b,
        pairs=tuple(pairs),
        ratio=math.exp(statistics.median(logarithms)),
        lower=math.exp(logarithms[ranks[0]]),
        upper=math.exp(logarithms[ranks[1]]),
        level=LEVEL,
    )

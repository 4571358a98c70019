"""Which of two is faster: two models, or two settings of one, measured in alternation on one device.

Each pair is two jobs, hence two fresh worker processes, one after the other in random order: slow changes of the device
affect both, and differences between workers are part of the scatter of the pairs. One observation is the ratio of the
two medians of a pair; the interval of the median ratio is a rank interval (see `edgeprof_proto.shared.interval`), which
a few disturbed pairs do not change.
"""

import math
import os
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from types import MappingProxyType
from typing import Literal

from edgeprof.arguments import MAX_PAIR_COUNT, require_count, require_seed
from edgeprof.devices.client import DeviceClient
from edgeprof.errors import EdgeprofError
from edgeprof.measuring.attempt import AttemptRunner
from edgeprof.measuring.candidate import Candidate
from edgeprof.measuring.comparison_side import ComparisonSide, comparison_digest, ready_sides
from edgeprof.measuring.load_check import require_loadable
from edgeprof.measuring.model_sources import ModelSources
from edgeprof.measuring.pairs import Pair, counted_pairs, measuring_order, planned_pair_count
from edgeprof.store import Probe, SessionRecord, Store, opened
from edgeprof.store.platform import Platform
from edgeprof.store.records import COMPARISON
from edgeprof_proto.records.device import Device
from edgeprof_proto.records.job import Job
from edgeprof_proto.records.job_spec import MeasurementPlan
from edgeprof_proto.records.measurement import Measurement, VerdictKind
from edgeprof_proto.shared.interval import LEVEL, MIN_BLOCK_COUNT, middle_ranks

DEFAULT_PAIR_COUNT = 8

Side = Literal["a", "b"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Two candidates and all their pairs.

    Args:
        device: The device as its agent describes it.
        a: The first candidate.
        b: The second.
        platforms: The platform of each.
        pairs: Their measurements.
        ratio: Latency of B relative to that of A, median over the pairs: above 1 where A is faster.
        lower: Lower end of the interval of `ratio`.
        upper: Its upper end.
        level: Share of repeated comparisons whose interval holds the true ratio.
    """

    device: Device
    a: Candidate
    b: Candidate
    platforms: Mapping[str, Platform]
    pairs: tuple[Pair, ...]
    ratio: float
    lower: float
    upper: float
    level: float

    @property
    def faster(self) -> Side | None:
        """Which one is faster; None where the interval holds 1, so that it is not certain."""
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

    def platform(self, side: Side) -> Platform:
        """The platform on which a candidate was measured."""
        return self.platforms[side]

    @property
    def unstable_count(self) -> int:
        """Measurements whose verdict is not `stable`."""
        measurements = [item for pair in self.pairs for item in (pair.a, pair.b)]
        return sum(item.verdict.kind is not VerdictKind.STABLE for item in measurements)


def compare(
    client: DeviceClient,
    a: Candidate | str | os.PathLike[str],
    b: Candidate | str | os.PathLike[str],
    *,
    pair_count: int = DEFAULT_PAIR_COUNT,
    plan: MeasurementPlan | None = None,
    allow_fallback: bool = False,
    input_shapes: Mapping[str, Sequence[int]] = MappingProxyType({}),
    inputs: str | os.PathLike[str] | None = None,
    seed: int = 0,
    store: Store | str | os.PathLike[str] | None = None,
    on_measurement: Callable[[Candidate, Measurement], None] = lambda candidate, measurement: None,
    on_waiting: Callable[[Job], None] = lambda job: None,
    on_unknown_names: Callable[[Candidate, tuple[str, ...]], None] = lambda candidate, names: None,
) -> Comparison:
    """Measure two candidates in alternation and say which is faster, by how much, and whether that is certain.

    Every result is stored, then acknowledged, before the next measurement begins. Called again after an interruption
    with the same files, settings, plan and seed, it resumes. A pair whose two measurements lie more than ten minutes
    apart (`MAX_GAP_S` in `pairs.py`), as where an interruption came between them, is stored but does not count: a fresh
    pair is measured in its place.

    Args:
        client: The device.
        a: The first candidate; a file of a model, or a torch module as `path/to/file.py:callable`, runs in the default
            setting of the device.
        b: The second.
        pair_count: Pairs, at least 5.
        plan: How long and how often each job runs its model; None for the agent's default.
        allow_fallback: Whether nodes may run elsewhere than on the provider asked for.
        input_shapes: Shapes of inputs and sizes of open dimensions by their names, for each candidate that has it.
        inputs: An archive of NumPy (.npz) with values of inputs by their names, likewise; None to generate them.
        seed: Seed of the order within the pairs.
        store: Where the results go, or its file; None for the user's own.
        on_measurement: Called with the candidate and its result after each measurement.
        on_waiting: Called with a job that has to wait for others: its position, and who runs meanwhile.
        on_unknown_names: Called first, with a candidate that lacks some of the names: what is given for them goes to
            the other alone.

    Raises:
        RuntimeNotFoundError: If the device lacks the runtime of one of them.
        SettingNotSupportedError: If it does not offer the rest of a setting, or a file computes in another precision.
        ModelFileError: If a file cannot be read, or is no model that its runtime reads.
        InvalidArgumentError: If something is given for a name that neither has.
        EdgeprofError: If there are too few pairs for an interval, or a measurement failed.
    """
    _require_pairs(pair_count)
    require_seed(seed)
    several = ModelSources(client.device(), input_shapes, inputs, is_for_one=False)
    with opened(store) as store, several as sources:
        store.record_device(device := sources.device, client.address, agent_version=client.agent_version)
        sides = ready_sides(sources, a, b, plan, allow_fallback=allow_fallback)
        _tell_unknown_names(sides, on_unknown_names)
        if input_shapes or inputs is not None:
            require_loadable(client, sides, on_waiting)
        purpose = f"{COMPARISON} {comparison_digest(sides, device)}"
        with store.session(sides["a"].platform, "", seed, purpose=purpose) as record:
            pairs = _pairs(client, store, record, sides, pair_count, on_measurement, on_waiting)
    return _comparison(device, sides, pairs)


def _require_pairs(pair_count: int) -> None:
    """Check that there are enough pairs for an interval."""
    require_count("the number of pairs", pair_count, 1, MAX_PAIR_COUNT)
    if middle_ranks(pair_count, LEVEL) is None:
        raise EdgeprofError(f"a comparison needs {MIN_BLOCK_COUNT} pairs or more, got {pair_count}")


def _tell_unknown_names(
    sides: Mapping[str, ComparisonSide], on_unknown_names: Callable[[Candidate, tuple[str, ...]], None]
) -> None:
    for side in sides.values():
        if side.ready.unknown_names:
            on_unknown_names(side.candidate, side.ready.unknown_names)


def _pairs(
    client: DeviceClient,
    store: Store,
    record: SessionRecord,
    sides: Mapping[str, ComparisonSide],
    pair_count: int,
    on_measurement: Callable[[Candidate, Measurement], None],
    on_waiting: Callable[[Job], None],
) -> list[Pair]:
    """Measure what is planned and not yet measured, end the session, and return the pairs that count."""
    runner = AttemptRunner(client, store, record, may_skip=False)
    runner.acknowledge_results()
    while (probe := _next(_planned(store, record, pair_count))) is not None:
        side = sides[probe.architecture]
        if isinstance(outcome := side.measure(runner, probe, on_waiting), Measurement):
            on_measurement(side.candidate, outcome)
    pairs = counted_pairs(store.probes(record), pair_count)
    store.end_session(record, datetime.now(timezone.utc))
    return pairs


def _planned(store: Store, record: SessionRecord, pair_count: int) -> list[Probe]:
    """Return what is to be measured, in its order; what is not yet in the store is written there.

    A comparison may be resumed with another number of pairs: the first ones are the same.
    """
    probes = store.probes(record)
    order = measuring_order(planned_pair_count(probes, pair_count), record.seed)
    if order[len(probes) :]:
        store.plan_probes(record, order[len(probes) :])
        probes = store.probes(record)
    return probes[: len(order)]


def _next(probes: Sequence[Probe]) -> Probe | None:
    return next((probe for probe in probes if probe.measurement is None), None)


def _comparison(device: Device, sides: Mapping[str, ComparisonSide], pairs: Sequence[Pair]) -> Comparison:
    logarithms = sorted(math.log(pair.ratio) for pair in pairs)
    ranks = middle_ranks(len(pairs), LEVEL)
    assert ranks is not None  # checked before anything was measured
    return Comparison(
        device=device,
        a=sides["a"].candidate,
        b=sides["b"].candidate,
        platforms={name: side.platform for name, side in sides.items()},
        pairs=tuple(pairs),
        ratio=math.exp(statistics.median(logarithms)),
        lower=math.exp(logarithms[ranks[0]]),
        upper=math.exp(logarithms[ranks[1]]),
        level=LEVEL,
    )

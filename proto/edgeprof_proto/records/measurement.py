"""The result of a measurement: blocks of runs, the conditions of the device, the verdict and its evidence."""

import dataclasses
import enum
import math
from collections.abc import Sequence

from edgeprof_proto.records.generated_input import GeneratedInput
from edgeprof_proto.records.graph import OptimizedGraph
from edgeprof_proto.records.job_spec import MeasurementPlan, Setting
from edgeprof_proto.records.validation import require

SPACED_RUN_COUNT = 2**18
"""Runs of which a median is taken at most: 8 MB of memory. Of more, an evenly spaced share is taken."""


MAX_WINDOW_COUNT = 100
"""Windows of runs that the record of an operator may hold."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class LatencyBlock:
    """Runs taken back to back; `start_ms` counts from the loading of the model. Many runs may be `PackedRuns`."""

    is_warmup: bool
    start_ms: float
    latency_ms: Sequence[float]

    def __post_init__(self) -> None:
        require(math.isfinite(self.start_ms), f"block.start_ms must be finite, got {self.start_ms}")
        bad = [value for value in self.latency_ms if not 0 < value < math.inf]
        require(not bad, f"block.latency_ms must be > 0 and finite, got {bad[:3]}")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Temperature:
    """Temperature of one thermal zone."""

    zone: str
    temperature_celsius: float


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """State of the device at one moment."""

    temperatures: tuple[Temperature, ...] = ()
    core_frequencies_mhz: tuple[float, ...] = ()
    governors: tuple[str, ...] = ()
    throttling_flags: tuple[str, ...] = ()
    has_throttling_flags: bool = False
    load_average_1m: float | None = None
    available_memory_bytes: int | None = None
    elapsed_ms: float | None = None
    power_mode: str | None = None
    throttling_event_count: int | None = None
    core_indices: tuple[int, ...] = ()
    core_frequency_limits_mhz: tuple[float, ...] = ()
    worker_core_indices: tuple[int, ...] = ()
    core_throttling_event_counts: tuple[int, ...] = ()


class VerdictKind(str, enum.Enum):
    """Kind of a verdict; one that only a newer agent knows is not reported."""

    NOT_REPORTED = "unspecified"
    STABLE = "stable"
    NOISY = "noisy"
    DRIFTING = "drifting"
    THROTTLED = "throttled"
    FALLBACK = "fallback"
    SETTING_NOT_MET = "setting_not_met"
    TOO_FEW_RUNS = "too_few_runs"

    @property
    def text(self) -> str:
        """The kind in words, for people."""
        return self.name.lower().replace("_", " ")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One number that a verdict is based on."""

    name: str
    value: float
    limit: float
    is_exceeded: bool


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Whether a measurement is reliable, and why."""

    kind: VerdictKind
    evidence: tuple[Evidence, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class NodeCount:
    """Nodes of a model that one provider ran."""

    provider: str
    node_count: int


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class MedianInterval:
    """The median of a measurement with its confidence interval; `level` is the confidence level."""

    median_ms: float
    lower_ms: float
    upper_ms: float
    level: float

    @property
    def half_width(self) -> float:
        """Half of the interval, relative to the median."""
        return (self.upper_ms - self.lower_ms) / 2 / self.median_ms


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class OperatorTime:
    """Time of one operator in a run that was profiled; `share` of the times of all operators.

    The time is the median of `window_ms`. `node_index` is the position of its node in the optimised graph, if told.
    """

    name: str
    type: str
    time_ms: float
    share: float
    shapes: tuple[str, ...] = ()
    provider: str = ""
    window_ms: tuple[float, ...] = ()
    node_index: int | None = None

    def __post_init__(self) -> None:
        for value in (self.time_ms, *self.window_ms):
            require(0 <= value < math.inf, f"operator.time_ms must be >= 0 and finite, got {value}")
        require(
            len(self.window_ms) <= MAX_WINDOW_COUNT,
            f"operator.window_ms must be {MAX_WINDOW_COUNT} at most, got {len(self.window_ms)}",
        )


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class MemoryUse:
    """Resident memory of the worker process, in bytes; None where not reported.

    `before_engine_bytes` is None for models of a series after the first, since the engine was loaded before.
    """

    before_engine_bytes: int | None = None
    engine_loaded_bytes: int | None = None
    model_loaded_bytes: int | None = None
    run_peak_bytes: int | None = None

    @property
    def runtime_bytes(self) -> int | None:
        """What the engine takes without a model, in bytes."""
        return _difference(self.engine_loaded_bytes, self.before_engine_bytes)

    @property
    def model_bytes(self) -> int | None:
        """What the model takes at its peak during the runs, weights, activations and inputs, in bytes."""
        return _difference(self.run_peak_bytes, self.engine_loaded_bytes)


def _difference(larger: int | None, smaller: int | None) -> int | None:
    return None if larger is None or smaller is None else max(0, larger - smaller)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class EnergyUse:
    """Energy of one run as one sensor tells it; nothing is subtracted, the idle power stands beside it."""

    sensor: str
    run_energy_mj: float
    mean_power_mw: float
    uncertainty_mj: float | None = None
    idle_power_mw: float | None = None
    is_counter: bool = False
    reading_count: int = 0
    run_count: int = 1


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """All runs of one model, with the conditions in which they were taken."""

    model_sha256: str
    setting: Setting
    plan: MeasurementPlan
    start_time: float
    load_ms: float
    first_inference_ms: float
    conditions_before: Conditions
    conditions_after: Conditions
    verdict: Verdict
    total_ms: float
    blocks: tuple[LatencyBlock, ...] = ()
    peak_memory_bytes: int | None = None
    node_counts: tuple[NodeCount, ...] = ()
    core_indices: tuple[int, ...] = ()
    thread_count: int | None = None
    conditions_during: tuple[Conditions, ...] = ()
    median_interval: MedianInterval | None = None
    waited_ms: float = 0.0
    is_start_temperature_reached: bool | None = None
    is_node_count_remembered: bool = False
    engine_fingerprint: str = ""
    inputs: tuple[GeneratedInput, ...] = ()
    is_node_count_derived: bool = False
    operators: tuple[OperatorTime, ...] = ()
    optimized_graph: OptimizedGraph | None = None
    memory_use: MemoryUse | None = None
    energy_uses: tuple[EnergyUse, ...] = ()

    @property
    def timed_blocks(self) -> tuple[LatencyBlock, ...]:
        """The blocks without the warm-up."""
        return tuple(block for block in self.blocks if not block.is_warmup)

    @property
    def median_ms(self) -> float:
        """Median over all timed runs, in milliseconds; of more than `SPACED_RUN_COUNT` over an even share of them."""
        import statistics  # here to save the idle agent half a megabyte

        return statistics.median(spaced_runs(self.timed_blocks))


def spaced_runs(blocks: Sequence[LatencyBlock]) -> list[float]:
    """Return the runs of blocks for quartiles and medians: all of them, or every n-th where they are too many.

    Args:
        blocks: The blocks, in the order taken.

    Returns:
        Wall times in milliseconds, not more than about `SPACED_RUN_COUNT`. The median of so many runs differs from that
        of all by less than 0.3 % of their scatter.
    """
    stride = max(1, -(-sum(len(block.latency_ms) for block in blocks) // SPACED_RUN_COUNT))
    return [value for block in blocks for value in block.latency_ms[::stride]]

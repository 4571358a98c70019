"""The messages of `device.proto` and `job.proto` as plain frozen records: what both sides work with.

Fields have the names and units of the wire contract; `None` and an empty tuple mean "not reported". Times are seconds
since the Unix epoch. `wire.py` turns records into messages and back, `record_json.py` carries them between processes
and into files. This module imports no protobuf, so that a worker process starts fast.
"""

import dataclasses
import enum
import math
import re
from collections.abc import Mapping

_SHA256 = re.compile(r"[0-9a-f]{64}")
_JOB_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")

_MAX_RUN_COUNT = 1_000_000
_MAX_BLOCK_COUNT = 1_000

LEAST_TARGET_HALF_WIDTH = 0.02
"""Narrowest interval that a plan may ask for, as half of it relative to the median: two workers differ by nearly as
much (see `interval.py`), so a measurement by one of them cannot be more certain."""

CORES_OPTION = "cores"
"""Option of every setting that names the cluster of cores to run on."""

ALL_CORES = "all"
"""Its default; also the name of the only cluster of a processor whose cores are all alike."""


class RecordError(ValueError):
    """A field is missing, of the wrong type or outside its range; the text names it."""


def _require(is_valid: bool, message: str) -> None:
    if not is_valid:
        raise RecordError(message)


def require_sha256(model_sha256: str) -> None:
    """Check the name of a model.

    Args:
        model_sha256: What should be 64 lower-case hexadecimal digits.

    Raises:
        RecordError: If it is anything else.
    """
    _require(
        _SHA256.fullmatch(model_sha256) is not None,
        f"model_sha256 must be 64 lower-case hexadecimal digits, got {model_sha256!r}",
    )


def require_job_id(job_id: str) -> None:
    """Check the id of a job.

    Args:
        job_id: What should be 1 to 128 letters, digits, dots, underscores and hyphens.

    Raises:
        RecordError: If it is anything else.
    """
    _require(
        _JOB_ID.fullmatch(job_id) is not None,
        f"job_id must be 1 to 128 letters, digits, dots, underscores and hyphens, got {job_id!r}",
    )


# ---- what to measure -------------------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """How a model is run; empty fields keep the runtime's default, a result has every field filled in."""

    runtime: str
    runtime_version: str = ""
    provider: str = ""
    precision: str = ""
    thread_count: int = 1
    batch_size: int = 1
    options: Mapping[str, str] = dataclasses.field(default_factory=dict)

    def __post_init__(self) -> None:
        _require(bool(self.runtime), "setting.runtime is missing; name a runtime such as 'onnxruntime'")
        _require(self.thread_count >= 1, f"setting.thread_count must be >= 1, got {self.thread_count}")
        _require(self.batch_size >= 1, f"setting.batch_size must be >= 1, got {self.batch_size}")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class MeasurementPlan:
    """How long and how often to run a model; zero means the agent's default."""

    warmup_run_count: int = 0
    warmup_duration_ms: float = 0.0
    timed_run_count: int = 0
    timed_duration_ms: float = 0.0
    block_count: int = 0
    max_duration_ms: float = 0.0
    target_half_width: float = 0.0
    start_temperature_celsius: float = 0.0
    max_wait_ms: float = 0.0

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            _require(math.isfinite(value) and value >= 0, f"plan.{field.name} must be >= 0 and finite, got {value}")
        for name in ("warmup_run_count", "timed_run_count"):
            value = getattr(self, name)
            _require(value <= _MAX_RUN_COUNT, f"plan.{name} must be <= {_MAX_RUN_COUNT}, got {value}")
        _require(
            self.block_count == 0 or 2 <= self.block_count <= _MAX_BLOCK_COUNT,
            f"plan.block_count must be 2 to {_MAX_BLOCK_COUNT} so that drift can be seen, got {self.block_count}",
        )
        _require(
            self.target_half_width == 0 or self.target_half_width >= LEAST_TARGET_HALF_WIDTH,
            f"plan.target_half_width must be 0 or >= {LEAST_TARGET_HALF_WIDTH}, got {self.target_half_width}: two "
            "workers differ by nearly as much, however long each measures",
        )

    def filled(self) -> "MeasurementPlan":
        """Return the plan with the agent's default in place of every zero."""
        names = [field.name for field in dataclasses.fields(self)]
        return MeasurementPlan(**{name: getattr(self, name) or getattr(DEFAULT_PLAN, name) for name in names})


DEFAULT_PLAN = MeasurementPlan(
    warmup_run_count=5,
    warmup_duration_ms=500.0,
    timed_run_count=50,
    timed_duration_ms=1_000.0,
    block_count=5,
    max_duration_ms=120_000.0,
)
"""What a zero in a plan stands for."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class JobSpec:
    """What a job is to measure."""

    model_sha256: str
    setting: Setting
    plan: MeasurementPlan = MeasurementPlan()
    input_seed: int = 0
    allow_fallback: bool = False

    def __post_init__(self) -> None:
        require_sha256(self.model_sha256)


# ---- what came out ---------------------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class LatencyBlock:
    """Runs taken back to back; `start_ms` counts from the loading of the model."""

    is_warmup: bool
    start_ms: float
    latency_ms: tuple[float, ...]

    def __post_init__(self) -> None:
        _require(math.isfinite(self.start_ms), f"block.start_ms must be finite, got {self.start_ms}")
        bad = [value for value in self.latency_ms if not 0 < value < math.inf]
        _require(not bad, f"block.latency_ms must be > 0 and finite, got {bad[:3]}")


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


class VerdictKind(str, enum.Enum):
    """Judgement on a measurement."""

    STABLE = "stable"
    NOISY = "noisy"
    DRIFTING = "drifting"
    THROTTLED = "throttled"
    FALLBACK = "fallback"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One number that a verdict rests on."""

    name: str
    value: float
    limit: float
    is_exceeded: bool


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """How far a measurement can be believed, and why."""

    kind: VerdictKind
    evidence: tuple[Evidence, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class NodeCount:
    """Nodes of a model that one provider ran."""

    provider: str
    node_count: int


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class MedianInterval:
    """The median of a measurement and where it may lie; `level` is the share of repeats whose interval holds it."""

    median_ms: float
    lower_ms: float
    upper_ms: float
    level: float

    @property
    def half_width(self) -> float:
        """Half of the interval, relative to the median."""
        return (self.upper_ms - self.lower_ms) / 2 / self.median_ms


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """All runs of one model with the circumstances in which they were taken."""

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

    @property
    def timed_blocks(self) -> tuple[LatencyBlock, ...]:
        """The blocks that count: all but the warm-up."""
        return tuple(block for block in self.blocks if not block.is_warmup)

    @property
    def median_ms(self) -> float:
        """Median over all timed runs, in milliseconds."""
        import statistics  # half a megabyte that the idle agent does without

        return statistics.median(value for block in self.timed_blocks for value in block.latency_ms)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why a job did not succeed; `reason` is the name of an `ErrorReason` of the wire contract."""

    reason: str
    message: str


class JobPhase(str, enum.Enum):
    """What a worker is doing."""

    LOADING = "loading"
    WARMING_UP = "warming_up"
    MEASURING = "measuring"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a running job has come; `attempt` counts from 1."""

    phase: JobPhase
    attempt: int


class JobState(str, enum.Enum):
    """Where a job stands; `job.proto` tells the transitions."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_final(self) -> bool:
        """Whether a job in this state has ended."""
        return self not in (JobState.QUEUED, JobState.RUNNING)


Happening = JobState | Progress | LatencyBlock | Measurement | Failure
"""What an event of a job can tell."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class JobEvent:
    """One thing that happened to a job, numbered from 1 without gaps."""

    sequence: int
    event: Happening


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A benchmark job as it stands."""

    job_id: str
    spec: JobSpec
    state: JobState
    attempt_count: int
    create_time: float
    end_time: float | None = None
    queue_position: int | None = None
    measurement: Measurement | None = None
    failure: Failure | None = None
    host_name: str = ""
    acknowledge_time: float | None = None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class JournalSpace:
    """How many results a device can keep until a host acknowledges them."""

    free_count: int
    total_count: int


# ---- the device ------------------------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class CpuCluster:
    """Cores of a processor that share one maximum frequency."""

    core_indices: tuple[int, ...]
    max_frequency_mhz: float | None = None
    governor: str | None = None
    name: str = ""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Cpu:
    """The processor; clusters fastest first."""

    architecture: str
    core_count: int
    model: str | None = None
    clusters: tuple[CpuCluster, ...] = ()

    def __post_init__(self) -> None:
        _require(self.core_count >= 1, f"cpu.core_count must be >= 1, got {self.core_count}")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionContext:
    """Surroundings of the agent's process that can change how fast a model runs."""

    python_version: str
    is_termux: bool = False
    is_service: bool = False
    container: str | None = None
    allowed_core_indices: tuple[int, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class RuntimeOption:
    """One option of a runtime; the default value first."""

    name: str
    values: tuple[str, ...]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class RuntimeInfo:
    """An inference engine on the device; without a version it is not available, and says why."""

    name: str
    version: str | None = None
    unavailable_reason: str | None = None
    providers: tuple[str, ...] = ()
    precisions: tuple[str, ...] = ()
    options: tuple[RuntimeOption, ...] = ()

    def __post_init__(self) -> None:
        _require(
            (self.version is None) == (self.unavailable_reason is not None),
            f"runtime {self.name!r} must have either a version or an unavailable_reason",
        )


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class DeviceDescription:
    """What can be found out about a device on itself."""

    host_name: str
    cpu: Cpu
    operating_system: str
    kernel: str
    execution_context: ExecutionContext
    board: str | None = None
    soc: str | None = None
    memory_bytes: int | None = None
    runtimes: tuple[RuntimeInfo, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class AgentLimits:
    """What the agent allows at most."""

    model_bytes: int
    model_cache_bytes: int
    disk_reserve_bytes: int
    queued_job_count: int
    job_duration_s: float


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Device(DeviceDescription):
    """A device as its agent presents it: the description, with an id and the agent's limits."""

    device_id: str
    limits: AgentLimits


# ---- what is in order on a device and what is not --------------------------------------------------------------------


class CheckLevel(str, enum.Enum):
    """How a check of a device came out."""

    GOOD = "good"
    WARNING = "warning"
    TROUBLE = "trouble"
    NOT_REPORTED = "not_reported"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing that a doctor looked at.

    Args:
        name: What was looked at, in a few words, unique among all checks: `process limits`.
        level: How it came out.
        finding: What is there, in one sentence with the value.
        remedy: What to do about it, in one sentence; empty where nothing needs doing.
    """

    name: str
    level: CheckLevel
    finding: str
    remedy: str = ""

    def __post_init__(self) -> None:
        _require(bool(self.name), "check.name is missing")
        _require(bool(self.finding), "check.finding is missing")

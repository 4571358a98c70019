"""What a job is to measure: the model, the setting in which it runs, and the measurement plan."""

import dataclasses
import enum
import math
from collections.abc import Mapping
from typing import NoReturn

from edgeprof_proto.records.validation import require, require_sha256

_MAX_RUN_COUNT = 1_000_000
_MAX_BLOCK_COUNT = 1_000
_MAX_INT32 = 2**31 - 1
_INT64 = (-(2**63), 2**63 - 1)
_MAX_DURATION_MS = 30 * 24 * 3_600_000.0
_MAX_CELSIUS = 200.0
_MAX_HALF_WIDTH = 1.0

MAX_INPUT_COUNT = 256
"""Inputs that a job may give shapes for, and that a measurement tells of, at most."""

MAX_INPUT_NAME = 200
"""Characters of an input's name that are kept."""

MAX_RANK = 32
"""Dimensions of an input at most: those of a NumPy array before version 2."""

MAX_SERIES_COUNT = 100
"""Models of a series at most."""

MIN_TARGET_HALF_WIDTH = 0.02
"""Smallest half-width of an interval that a plan may ask for, relative to the median. Medians of two workers differ by
nearly as much (see `shared/interval.py`), so a measurement by one worker cannot be more precise."""

CORES_OPTION = "cores"
"""Option of every setting that names the cluster of cores to run on."""

ALL_CORES = "all"
"""Its default; also the name of the only cluster of a processor whose cores are all alike."""


class FrozenOptions(dict[str, str]):
    """Options that nobody can change, so that a setting can be a key."""

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(frozenset(self.items()))

    def __reduce__(self) -> tuple[type["FrozenOptions"], tuple[dict[str, str]]]:
        return FrozenOptions, (dict(self),)

    def _refuse(self, *_: object, **__: object) -> NoReturn:
        raise TypeError("the options of a setting cannot be changed; make another with dataclasses.replace")

    __setitem__ = __delitem__ = __ior__ = clear = pop = popitem = setdefault = update = _refuse


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
        require(bool(self.runtime), "setting.runtime is missing; name a runtime such as 'onnxruntime'")
        for name in ("thread_count", "batch_size"):
            value = getattr(self, name)
            is_valid = type(value) is int and 1 <= value <= _MAX_INT32
            require(is_valid, f"setting.{name} must be a whole number of 1 to {_MAX_INT32}, got {value!r}")
        object.__setattr__(self, "options", FrozenOptions(self.options))


_HIGHEST = {
    "warmup_duration_ms": _MAX_DURATION_MS,
    "timed_duration_ms": _MAX_DURATION_MS,
    "max_duration_ms": _MAX_DURATION_MS,
    "max_wait_ms": _MAX_DURATION_MS,
    "target_half_width": _MAX_HALF_WIDTH,
    "start_temperature_celsius": _MAX_CELSIUS,
}


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
            is_valid = isinstance(value, int | float) and math.isfinite(value) and value >= 0
            require(is_valid, f"plan.{field.name} must be >= 0 and finite, got {value!r}")
        for name, highest in _HIGHEST.items():
            value = getattr(self, name)
            require(value <= highest, f"plan.{name} must be <= {highest:.16g}, got {value}")
        for name in ("warmup_run_count", "timed_run_count"):
            value = getattr(self, name)
            require(value <= _MAX_RUN_COUNT, f"plan.{name} must be <= {_MAX_RUN_COUNT}, got {value}")
        require(
            self.block_count == 0 or 2 <= self.block_count <= _MAX_BLOCK_COUNT,
            f"plan.block_count must be 2 to {_MAX_BLOCK_COUNT} so that drift can be seen, got {self.block_count}",
        )
        require(
            self.target_half_width == 0 or self.target_half_width >= MIN_TARGET_HALF_WIDTH,
            f"plan.target_half_width must be 0 or >= {MIN_TARGET_HALF_WIDTH}, got {self.target_half_width}: the "
            "medians of two workers differ by nearly as much, for any duration",
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


class JobKind(str, enum.Enum):
    """What a job does. One that is not reported measures."""

    NOT_REPORTED = "unspecified"
    GRAPH = "graph"
    SERIES = "series"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class InputShape:
    """The shape of an input, or the size of an open dimension where no input has this name."""

    name: str
    sizes: tuple[int, ...]

    def __post_init__(self) -> None:
        require(
            1 <= len(self.name) <= MAX_INPUT_NAME,
            f"the name of a shape must have 1 to {MAX_INPUT_NAME} characters, got {self.name[:80]!r}",
        )
        is_valid = 1 <= len(self.sizes) <= MAX_RANK and all(1 <= size <= _MAX_INT32 for size in self.sizes)
        require(
            is_valid,
            f"the shape of {self.name!r} must have 1 to {MAX_RANK} sizes of 1 to {_MAX_INT32}, got {self.sizes[:40]}",
        )


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class JobSpec:
    """What a job is to measure; `input_shapes` and the archive of `inputs_sha256` replace what would be generated."""

    model_sha256: str
    setting: Setting
    plan: MeasurementPlan = MeasurementPlan()
    input_seed: int = 0
    allow_fallback: bool = False
    input_shapes: tuple[InputShape, ...] = ()
    inputs_sha256: str = ""
    wants_operators: bool = False
    wants_graph: bool = False
    kind: JobKind = JobKind.NOT_REPORTED
    further_model_sha256s: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        require_sha256(self.model_sha256)
        if self.inputs_sha256:
            require_sha256(self.inputs_sha256)
        self._require_series()
        names = [shape.name for shape in self.input_shapes]
        require(len(names) <= MAX_INPUT_COUNT, f"input_shapes must be {MAX_INPUT_COUNT} at most, got {len(names)}")
        require(len(set(names)) == len(names), "input_shapes names an input or a dimension twice")
        lowest, highest = _INT64
        require(
            lowest <= self.input_seed <= highest, f"input_seed must be {lowest} to {highest}, got {self.input_seed}"
        )

    @property
    def model_hashes(self) -> tuple[str, ...]:
        """SHA-256 of every model, in the order in which they are measured."""
        return (self.model_sha256, *self.further_model_sha256s)

    def of_model(self, model_sha256: str) -> "JobSpec":
        """Return the job that measures one model of a series alone.

        Args:
            model_sha256: The model.
        """
        return dataclasses.replace(self, model_sha256=model_sha256, kind=JobKind.NOT_REPORTED, further_model_sha256s=())

    def _require_series(self) -> None:
        for sha256 in self.further_model_sha256s:
            require_sha256(sha256)
        count = len(self.model_hashes)
        require(count <= MAX_SERIES_COUNT, f"a series must have {MAX_SERIES_COUNT} models at most, got {count}")
        require(len(set(self.model_hashes)) == count, "a series names a model twice; name each once")
        is_series = self.kind is JobKind.SERIES
        require(is_series or count == 1, "further_model_sha256s belong to a job of the kind JOB_KIND_SERIES")
        require(
            not (is_series and self.inputs_sha256), "the inputs of a series are generated; leave inputs_sha256 empty"
        )

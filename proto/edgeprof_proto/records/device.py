"""A device: its hardware, its runtimes, and the limits of its agent."""

import dataclasses

from edgeprof_proto.records.validation import require


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class CpuCluster:
    """Equal cores of a processor: one core type, one maximum frequency."""

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
    process_architecture: str = ""

    def __post_init__(self) -> None:
        require(self.core_count >= 1, f"cpu.core_count must be >= 1, got {self.core_count}")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionContext:
    """Environment of the agent's process that can change how fast a model runs."""

    python_version: str
    is_termux: bool = False
    is_service: bool = False
    container: str | None = None
    allowed_core_indices: tuple[int, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class RuntimeOption:
    """One option of a runtime; the default value first. It belongs to `providers`; to all where they are empty."""

    name: str
    values: tuple[str, ...]
    providers: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class RuntimeNeeds:
    """What a runtime needs of the device beyond what every worker may use: absolute paths, and memory in bytes."""

    device_nodes: tuple[str, ...] = ()
    writable_folders: tuple[str, ...] = ()
    memory_bytes: int | None = None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class RuntimeInfo:
    """An inference engine on the device; without a version it is not available, for `unavailable_reason`.

    `model_formats` are those that it reads, preferred first; empty where not reported.
    """

    name: str
    version: str | None = None
    unavailable_reason: str | None = None
    providers: tuple[str, ...] = ()
    precisions: tuple[str, ...] = ()
    options: tuple[RuntimeOption, ...] = ()
    is_precision_of_model: bool = False
    model_formats: tuple[str, ...] = ()
    needs: RuntimeNeeds | None = None

    def __post_init__(self) -> None:
        require(
            (self.version is None) == (self.unavailable_reason is not None),
            f"runtime {self.name!r} must have either a version or an unavailable_reason",
        )

    def options_of(self, provider: str) -> tuple[RuntimeOption, ...]:
        """The options that a setting with a provider has.

        Args:
            provider: The provider of the setting.
        """
        return tuple(option for option in self.options if not option.providers or provider in option.providers)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class DeviceDescription:
    """The description of a device, as read on the device."""

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
    """Limits of an agent."""

    model_bytes: int
    model_cache_bytes: int
    disk_reserve_bytes: int
    queued_job_count: int
    job_duration_s: float
    thread_count: int = 0


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Device(DeviceDescription):
    """A device as its agent reports it: the description, its id and the agent's limits."""

    device_id: str
    limits: AgentLimits

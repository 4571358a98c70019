from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class CheckLevel(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CHECK_LEVEL_UNSPECIFIED: _ClassVar[CheckLevel]
    CHECK_LEVEL_GOOD: _ClassVar[CheckLevel]
    CHECK_LEVEL_WARNING: _ClassVar[CheckLevel]
    CHECK_LEVEL_TROUBLE: _ClassVar[CheckLevel]
    CHECK_LEVEL_NOT_REPORTED: _ClassVar[CheckLevel]
CHECK_LEVEL_UNSPECIFIED: CheckLevel
CHECK_LEVEL_GOOD: CheckLevel
CHECK_LEVEL_WARNING: CheckLevel
CHECK_LEVEL_TROUBLE: CheckLevel
CHECK_LEVEL_NOT_REPORTED: CheckLevel

class Device(_message.Message):
    __slots__ = ("device_id", "host_name", "board", "soc", "cpu", "memory_bytes", "operating_system", "kernel", "execution_context", "runtimes", "limits")
    DEVICE_ID_FIELD_NUMBER: _ClassVar[int]
    HOST_NAME_FIELD_NUMBER: _ClassVar[int]
    BOARD_FIELD_NUMBER: _ClassVar[int]
    SOC_FIELD_NUMBER: _ClassVar[int]
    CPU_FIELD_NUMBER: _ClassVar[int]
    MEMORY_BYTES_FIELD_NUMBER: _ClassVar[int]
    OPERATING_SYSTEM_FIELD_NUMBER: _ClassVar[int]
    KERNEL_FIELD_NUMBER: _ClassVar[int]
    EXECUTION_CONTEXT_FIELD_NUMBER: _ClassVar[int]
    RUNTIMES_FIELD_NUMBER: _ClassVar[int]
    LIMITS_FIELD_NUMBER: _ClassVar[int]
    device_id: str
    host_name: str
    board: str
    soc: str
    cpu: Cpu
    memory_bytes: int
    operating_system: str
    kernel: str
    execution_context: ExecutionContext
    runtimes: _containers.RepeatedCompositeFieldContainer[Runtime]
    limits: AgentLimits
    def __init__(self, device_id: _Optional[str] = ..., host_name: _Optional[str] = ..., board: _Optional[str] = ..., soc: _Optional[str] = ..., cpu: _Optional[_Union[Cpu, _Mapping]] = ..., memory_bytes: _Optional[int] = ..., operating_system: _Optional[str] = ..., kernel: _Optional[str] = ..., execution_context: _Optional[_Union[ExecutionContext, _Mapping]] = ..., runtimes: _Optional[_Iterable[_Union[Runtime, _Mapping]]] = ..., limits: _Optional[_Union[AgentLimits, _Mapping]] = ...) -> None: ...

class Cpu(_message.Message):
    __slots__ = ("model", "architecture", "core_count", "clusters", "process_architecture")
    MODEL_FIELD_NUMBER: _ClassVar[int]
    ARCHITECTURE_FIELD_NUMBER: _ClassVar[int]
    CORE_COUNT_FIELD_NUMBER: _ClassVar[int]
    CLUSTERS_FIELD_NUMBER: _ClassVar[int]
    PROCESS_ARCHITECTURE_FIELD_NUMBER: _ClassVar[int]
    model: str
    architecture: str
    core_count: int
    clusters: _containers.RepeatedCompositeFieldContainer[CpuCluster]
    process_architecture: str
    def __init__(self, model: _Optional[str] = ..., architecture: _Optional[str] = ..., core_count: _Optional[int] = ..., clusters: _Optional[_Iterable[_Union[CpuCluster, _Mapping]]] = ..., process_architecture: _Optional[str] = ...) -> None: ...

class CpuCluster(_message.Message):
    __slots__ = ("core_indices", "max_frequency_mhz", "governor", "name")
    CORE_INDICES_FIELD_NUMBER: _ClassVar[int]
    MAX_FREQUENCY_MHZ_FIELD_NUMBER: _ClassVar[int]
    GOVERNOR_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    core_indices: _containers.RepeatedScalarFieldContainer[int]
    max_frequency_mhz: float
    governor: str
    name: str
    def __init__(self, core_indices: _Optional[_Iterable[int]] = ..., max_frequency_mhz: _Optional[float] = ..., governor: _Optional[str] = ..., name: _Optional[str] = ...) -> None: ...

class ExecutionContext(_message.Message):
    __slots__ = ("container", "is_termux", "is_service", "python_version", "allowed_core_indices")
    CONTAINER_FIELD_NUMBER: _ClassVar[int]
    IS_TERMUX_FIELD_NUMBER: _ClassVar[int]
    IS_SERVICE_FIELD_NUMBER: _ClassVar[int]
    PYTHON_VERSION_FIELD_NUMBER: _ClassVar[int]
    ALLOWED_CORE_INDICES_FIELD_NUMBER: _ClassVar[int]
    container: str
    is_termux: bool
    is_service: bool
    python_version: str
    allowed_core_indices: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, container: _Optional[str] = ..., is_termux: bool = ..., is_service: bool = ..., python_version: _Optional[str] = ..., allowed_core_indices: _Optional[_Iterable[int]] = ...) -> None: ...

class Runtime(_message.Message):
    __slots__ = ("name", "version", "unavailable_reason", "providers", "precisions", "options", "is_precision_of_model", "model_formats", "needs")
    NAME_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    UNAVAILABLE_REASON_FIELD_NUMBER: _ClassVar[int]
    PROVIDERS_FIELD_NUMBER: _ClassVar[int]
    PRECISIONS_FIELD_NUMBER: _ClassVar[int]
    OPTIONS_FIELD_NUMBER: _ClassVar[int]
    IS_PRECISION_OF_MODEL_FIELD_NUMBER: _ClassVar[int]
    MODEL_FORMATS_FIELD_NUMBER: _ClassVar[int]
    NEEDS_FIELD_NUMBER: _ClassVar[int]
    name: str
    version: str
    unavailable_reason: str
    providers: _containers.RepeatedScalarFieldContainer[str]
    precisions: _containers.RepeatedScalarFieldContainer[str]
    options: _containers.RepeatedCompositeFieldContainer[RuntimeOption]
    is_precision_of_model: bool
    model_formats: _containers.RepeatedScalarFieldContainer[str]
    needs: RuntimeNeeds
    def __init__(self, name: _Optional[str] = ..., version: _Optional[str] = ..., unavailable_reason: _Optional[str] = ..., providers: _Optional[_Iterable[str]] = ..., precisions: _Optional[_Iterable[str]] = ..., options: _Optional[_Iterable[_Union[RuntimeOption, _Mapping]]] = ..., is_precision_of_model: bool = ..., model_formats: _Optional[_Iterable[str]] = ..., needs: _Optional[_Union[RuntimeNeeds, _Mapping]] = ...) -> None: ...

class RuntimeNeeds(_message.Message):
    __slots__ = ("device_nodes", "writable_folders", "memory_bytes")
    DEVICE_NODES_FIELD_NUMBER: _ClassVar[int]
    WRITABLE_FOLDERS_FIELD_NUMBER: _ClassVar[int]
    MEMORY_BYTES_FIELD_NUMBER: _ClassVar[int]
    device_nodes: _containers.RepeatedScalarFieldContainer[str]
    writable_folders: _containers.RepeatedScalarFieldContainer[str]
    memory_bytes: int
    def __init__(self, device_nodes: _Optional[_Iterable[str]] = ..., writable_folders: _Optional[_Iterable[str]] = ..., memory_bytes: _Optional[int] = ...) -> None: ...

class RuntimeOption(_message.Message):
    __slots__ = ("name", "values", "providers")
    NAME_FIELD_NUMBER: _ClassVar[int]
    VALUES_FIELD_NUMBER: _ClassVar[int]
    PROVIDERS_FIELD_NUMBER: _ClassVar[int]
    name: str
    values: _containers.RepeatedScalarFieldContainer[str]
    providers: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, name: _Optional[str] = ..., values: _Optional[_Iterable[str]] = ..., providers: _Optional[_Iterable[str]] = ...) -> None: ...

class AgentLimits(_message.Message):
    __slots__ = ("model_bytes", "model_cache_bytes", "disk_reserve_bytes", "queued_job_count", "job_duration_s", "thread_count")
    MODEL_BYTES_FIELD_NUMBER: _ClassVar[int]
    MODEL_CACHE_BYTES_FIELD_NUMBER: _ClassVar[int]
    DISK_RESERVE_BYTES_FIELD_NUMBER: _ClassVar[int]
    QUEUED_JOB_COUNT_FIELD_NUMBER: _ClassVar[int]
    JOB_DURATION_S_FIELD_NUMBER: _ClassVar[int]
    THREAD_COUNT_FIELD_NUMBER: _ClassVar[int]
    model_bytes: int
    model_cache_bytes: int
    disk_reserve_bytes: int
    queued_job_count: int
    job_duration_s: float
    thread_count: int
    def __init__(self, model_bytes: _Optional[int] = ..., model_cache_bytes: _Optional[int] = ..., disk_reserve_bytes: _Optional[int] = ..., queued_job_count: _Optional[int] = ..., job_duration_s: _Optional[float] = ..., thread_count: _Optional[int] = ...) -> None: ...

class Check(_message.Message):
    __slots__ = ("name", "level", "finding", "remedy")
    NAME_FIELD_NUMBER: _ClassVar[int]
    LEVEL_FIELD_NUMBER: _ClassVar[int]
    FINDING_FIELD_NUMBER: _ClassVar[int]
    REMEDY_FIELD_NUMBER: _ClassVar[int]
    name: str
    level: CheckLevel
    finding: str
    remedy: str
    def __init__(self, name: _Optional[str] = ..., level: _Optional[_Union[CheckLevel, str]] = ..., finding: _Optional[str] = ..., remedy: _Optional[str] = ...) -> None: ...

import datetime

from edgeprof_proto.v1 import error_pb2 as _error_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class JobKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    JOB_KIND_UNSPECIFIED: _ClassVar[JobKind]
    JOB_KIND_GRAPH: _ClassVar[JobKind]
    JOB_KIND_SERIES: _ClassVar[JobKind]

class JobState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    JOB_STATE_UNSPECIFIED: _ClassVar[JobState]
    JOB_STATE_QUEUED: _ClassVar[JobState]
    JOB_STATE_RUNNING: _ClassVar[JobState]
    JOB_STATE_SUCCEEDED: _ClassVar[JobState]
    JOB_STATE_FAILED: _ClassVar[JobState]
    JOB_STATE_CANCELLED: _ClassVar[JobState]

class JobPhase(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    JOB_PHASE_UNSPECIFIED: _ClassVar[JobPhase]
    JOB_PHASE_LOADING: _ClassVar[JobPhase]
    JOB_PHASE_WARMING_UP: _ClassVar[JobPhase]
    JOB_PHASE_MEASURING: _ClassVar[JobPhase]

class VerdictKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    VERDICT_KIND_UNSPECIFIED: _ClassVar[VerdictKind]
    VERDICT_KIND_STABLE: _ClassVar[VerdictKind]
    VERDICT_KIND_NOISY: _ClassVar[VerdictKind]
    VERDICT_KIND_DRIFTING: _ClassVar[VerdictKind]
    VERDICT_KIND_THROTTLED: _ClassVar[VerdictKind]
    VERDICT_KIND_FALLBACK: _ClassVar[VerdictKind]
    VERDICT_KIND_SETTING_NOT_MET: _ClassVar[VerdictKind]
    VERDICT_KIND_TOO_FEW_RUNS: _ClassVar[VerdictKind]
JOB_KIND_UNSPECIFIED: JobKind
JOB_KIND_GRAPH: JobKind
JOB_KIND_SERIES: JobKind
JOB_STATE_UNSPECIFIED: JobState
JOB_STATE_QUEUED: JobState
JOB_STATE_RUNNING: JobState
JOB_STATE_SUCCEEDED: JobState
JOB_STATE_FAILED: JobState
JOB_STATE_CANCELLED: JobState
JOB_PHASE_UNSPECIFIED: JobPhase
JOB_PHASE_LOADING: JobPhase
JOB_PHASE_WARMING_UP: JobPhase
JOB_PHASE_MEASURING: JobPhase
VERDICT_KIND_UNSPECIFIED: VerdictKind
VERDICT_KIND_STABLE: VerdictKind
VERDICT_KIND_NOISY: VerdictKind
VERDICT_KIND_DRIFTING: VerdictKind
VERDICT_KIND_THROTTLED: VerdictKind
VERDICT_KIND_FALLBACK: VerdictKind
VERDICT_KIND_SETTING_NOT_MET: VerdictKind
VERDICT_KIND_TOO_FEW_RUNS: VerdictKind

class Setting(_message.Message):
    __slots__ = ("runtime", "runtime_version", "provider", "precision", "thread_count", "batch_size", "options")
    class OptionsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    RUNTIME_FIELD_NUMBER: _ClassVar[int]
    RUNTIME_VERSION_FIELD_NUMBER: _ClassVar[int]
    PROVIDER_FIELD_NUMBER: _ClassVar[int]
    PRECISION_FIELD_NUMBER: _ClassVar[int]
    THREAD_COUNT_FIELD_NUMBER: _ClassVar[int]
    BATCH_SIZE_FIELD_NUMBER: _ClassVar[int]
    OPTIONS_FIELD_NUMBER: _ClassVar[int]
    runtime: str
    runtime_version: str
    provider: str
    precision: str
    thread_count: int
    batch_size: int
    options: _containers.ScalarMap[str, str]
    def __init__(self, runtime: _Optional[str] = ..., runtime_version: _Optional[str] = ..., provider: _Optional[str] = ..., precision: _Optional[str] = ..., thread_count: _Optional[int] = ..., batch_size: _Optional[int] = ..., options: _Optional[_Mapping[str, str]] = ...) -> None: ...

class MeasurementPlan(_message.Message):
    __slots__ = ("warmup_run_count", "warmup_duration_ms", "timed_run_count", "timed_duration_ms", "block_count", "max_duration_ms", "target_half_width", "start_temperature_celsius", "max_wait_ms")
    WARMUP_RUN_COUNT_FIELD_NUMBER: _ClassVar[int]
    WARMUP_DURATION_MS_FIELD_NUMBER: _ClassVar[int]
    TIMED_RUN_COUNT_FIELD_NUMBER: _ClassVar[int]
    TIMED_DURATION_MS_FIELD_NUMBER: _ClassVar[int]
    BLOCK_COUNT_FIELD_NUMBER: _ClassVar[int]
    MAX_DURATION_MS_FIELD_NUMBER: _ClassVar[int]
    TARGET_HALF_WIDTH_FIELD_NUMBER: _ClassVar[int]
    START_TEMPERATURE_CELSIUS_FIELD_NUMBER: _ClassVar[int]
    MAX_WAIT_MS_FIELD_NUMBER: _ClassVar[int]
    warmup_run_count: int
    warmup_duration_ms: float
    timed_run_count: int
    timed_duration_ms: float
    block_count: int
    max_duration_ms: float
    target_half_width: float
    start_temperature_celsius: float
    max_wait_ms: float
    def __init__(self, warmup_run_count: _Optional[int] = ..., warmup_duration_ms: _Optional[float] = ..., timed_run_count: _Optional[int] = ..., timed_duration_ms: _Optional[float] = ..., block_count: _Optional[int] = ..., max_duration_ms: _Optional[float] = ..., target_half_width: _Optional[float] = ..., start_temperature_celsius: _Optional[float] = ..., max_wait_ms: _Optional[float] = ...) -> None: ...

class JobSpec(_message.Message):
    __slots__ = ("model_sha256", "setting", "plan", "input_seed", "allow_fallback", "input_shapes", "inputs_sha256", "wants_operators", "wants_graph", "kind", "further_model_sha256s")
    MODEL_SHA256_FIELD_NUMBER: _ClassVar[int]
    SETTING_FIELD_NUMBER: _ClassVar[int]
    PLAN_FIELD_NUMBER: _ClassVar[int]
    INPUT_SEED_FIELD_NUMBER: _ClassVar[int]
    ALLOW_FALLBACK_FIELD_NUMBER: _ClassVar[int]
    INPUT_SHAPES_FIELD_NUMBER: _ClassVar[int]
    INPUTS_SHA256_FIELD_NUMBER: _ClassVar[int]
    WANTS_OPERATORS_FIELD_NUMBER: _ClassVar[int]
    WANTS_GRAPH_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    FURTHER_MODEL_SHA256S_FIELD_NUMBER: _ClassVar[int]
    model_sha256: str
    setting: Setting
    plan: MeasurementPlan
    input_seed: int
    allow_fallback: bool
    input_shapes: _containers.RepeatedCompositeFieldContainer[InputShape]
    inputs_sha256: str
    wants_operators: bool
    wants_graph: bool
    kind: JobKind
    further_model_sha256s: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, model_sha256: _Optional[str] = ..., setting: _Optional[_Union[Setting, _Mapping]] = ..., plan: _Optional[_Union[MeasurementPlan, _Mapping]] = ..., input_seed: _Optional[int] = ..., allow_fallback: bool = ..., input_shapes: _Optional[_Iterable[_Union[InputShape, _Mapping]]] = ..., inputs_sha256: _Optional[str] = ..., wants_operators: bool = ..., wants_graph: bool = ..., kind: _Optional[_Union[JobKind, str]] = ..., further_model_sha256s: _Optional[_Iterable[str]] = ...) -> None: ...

class InputShape(_message.Message):
    __slots__ = ("name", "sizes")
    NAME_FIELD_NUMBER: _ClassVar[int]
    SIZES_FIELD_NUMBER: _ClassVar[int]
    name: str
    sizes: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, name: _Optional[str] = ..., sizes: _Optional[_Iterable[int]] = ...) -> None: ...

class Job(_message.Message):
    __slots__ = ("job_id", "spec", "state", "queue_position", "attempt_count", "create_time", "end_time", "measurement", "failure", "host_name", "acknowledge_time", "running_host_name", "running_remaining_s")
    JOB_ID_FIELD_NUMBER: _ClassVar[int]
    SPEC_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    QUEUE_POSITION_FIELD_NUMBER: _ClassVar[int]
    ATTEMPT_COUNT_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    END_TIME_FIELD_NUMBER: _ClassVar[int]
    MEASUREMENT_FIELD_NUMBER: _ClassVar[int]
    FAILURE_FIELD_NUMBER: _ClassVar[int]
    HOST_NAME_FIELD_NUMBER: _ClassVar[int]
    ACKNOWLEDGE_TIME_FIELD_NUMBER: _ClassVar[int]
    RUNNING_HOST_NAME_FIELD_NUMBER: _ClassVar[int]
    RUNNING_REMAINING_S_FIELD_NUMBER: _ClassVar[int]
    job_id: str
    spec: JobSpec
    state: JobState
    queue_position: int
    attempt_count: int
    create_time: _timestamp_pb2.Timestamp
    end_time: _timestamp_pb2.Timestamp
    measurement: Measurement
    failure: Failure
    host_name: str
    acknowledge_time: _timestamp_pb2.Timestamp
    running_host_name: str
    running_remaining_s: float
    def __init__(self, job_id: _Optional[str] = ..., spec: _Optional[_Union[JobSpec, _Mapping]] = ..., state: _Optional[_Union[JobState, str]] = ..., queue_position: _Optional[int] = ..., attempt_count: _Optional[int] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., end_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., measurement: _Optional[_Union[Measurement, _Mapping]] = ..., failure: _Optional[_Union[Failure, _Mapping]] = ..., host_name: _Optional[str] = ..., acknowledge_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., running_host_name: _Optional[str] = ..., running_remaining_s: _Optional[float] = ...) -> None: ...

class Failure(_message.Message):
    __slots__ = ("reason", "message")
    REASON_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    reason: _error_pb2.ErrorReason
    message: str
    def __init__(self, reason: _Optional[_Union[_error_pb2.ErrorReason, str]] = ..., message: _Optional[str] = ...) -> None: ...

class JobEvent(_message.Message):
    __slots__ = ("sequence", "state", "progress", "block", "measurement", "failure", "profile", "model_result")
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    PROGRESS_FIELD_NUMBER: _ClassVar[int]
    BLOCK_FIELD_NUMBER: _ClassVar[int]
    MEASUREMENT_FIELD_NUMBER: _ClassVar[int]
    FAILURE_FIELD_NUMBER: _ClassVar[int]
    PROFILE_FIELD_NUMBER: _ClassVar[int]
    MODEL_RESULT_FIELD_NUMBER: _ClassVar[int]
    sequence: int
    state: JobState
    progress: JobProgress
    block: LatencyBlock
    measurement: Measurement
    failure: Failure
    profile: ModelProfile
    model_result: ModelResult
    def __init__(self, sequence: _Optional[int] = ..., state: _Optional[_Union[JobState, str]] = ..., progress: _Optional[_Union[JobProgress, _Mapping]] = ..., block: _Optional[_Union[LatencyBlock, _Mapping]] = ..., measurement: _Optional[_Union[Measurement, _Mapping]] = ..., failure: _Optional[_Union[Failure, _Mapping]] = ..., profile: _Optional[_Union[ModelProfile, _Mapping]] = ..., model_result: _Optional[_Union[ModelResult, _Mapping]] = ...) -> None: ...

class JobProgress(_message.Message):
    __slots__ = ("phase", "attempt")
    PHASE_FIELD_NUMBER: _ClassVar[int]
    ATTEMPT_FIELD_NUMBER: _ClassVar[int]
    phase: JobPhase
    attempt: int
    def __init__(self, phase: _Optional[_Union[JobPhase, str]] = ..., attempt: _Optional[int] = ...) -> None: ...

class LatencyBlock(_message.Message):
    __slots__ = ("is_warmup", "start_ms", "latency_ms")
    IS_WARMUP_FIELD_NUMBER: _ClassVar[int]
    START_MS_FIELD_NUMBER: _ClassVar[int]
    LATENCY_MS_FIELD_NUMBER: _ClassVar[int]
    is_warmup: bool
    start_ms: float
    latency_ms: _containers.RepeatedScalarFieldContainer[float]
    def __init__(self, is_warmup: bool = ..., start_ms: _Optional[float] = ..., latency_ms: _Optional[_Iterable[float]] = ...) -> None: ...

class Measurement(_message.Message):
    __slots__ = ("model_sha256", "setting", "plan", "start_time", "load_ms", "first_inference_ms", "blocks", "peak_memory_bytes", "conditions_before", "conditions_after", "verdict", "total_ms", "node_counts", "core_indices", "thread_count", "conditions_during", "median_interval", "waited_ms", "is_start_temperature_reached", "is_node_count_remembered", "engine_fingerprint", "inputs", "is_node_count_derived", "operators", "optimized_graph", "memory_use", "energy_uses")
    MODEL_SHA256_FIELD_NUMBER: _ClassVar[int]
    SETTING_FIELD_NUMBER: _ClassVar[int]
    PLAN_FIELD_NUMBER: _ClassVar[int]
    START_TIME_FIELD_NUMBER: _ClassVar[int]
    LOAD_MS_FIELD_NUMBER: _ClassVar[int]
    FIRST_INFERENCE_MS_FIELD_NUMBER: _ClassVar[int]
    BLOCKS_FIELD_NUMBER: _ClassVar[int]
    PEAK_MEMORY_BYTES_FIELD_NUMBER: _ClassVar[int]
    CONDITIONS_BEFORE_FIELD_NUMBER: _ClassVar[int]
    CONDITIONS_AFTER_FIELD_NUMBER: _ClassVar[int]
    VERDICT_FIELD_NUMBER: _ClassVar[int]
    TOTAL_MS_FIELD_NUMBER: _ClassVar[int]
    NODE_COUNTS_FIELD_NUMBER: _ClassVar[int]
    CORE_INDICES_FIELD_NUMBER: _ClassVar[int]
    THREAD_COUNT_FIELD_NUMBER: _ClassVar[int]
    CONDITIONS_DURING_FIELD_NUMBER: _ClassVar[int]
    MEDIAN_INTERVAL_FIELD_NUMBER: _ClassVar[int]
    WAITED_MS_FIELD_NUMBER: _ClassVar[int]
    IS_START_TEMPERATURE_REACHED_FIELD_NUMBER: _ClassVar[int]
    IS_NODE_COUNT_REMEMBERED_FIELD_NUMBER: _ClassVar[int]
    ENGINE_FINGERPRINT_FIELD_NUMBER: _ClassVar[int]
    INPUTS_FIELD_NUMBER: _ClassVar[int]
    IS_NODE_COUNT_DERIVED_FIELD_NUMBER: _ClassVar[int]
    OPERATORS_FIELD_NUMBER: _ClassVar[int]
    OPTIMIZED_GRAPH_FIELD_NUMBER: _ClassVar[int]
    MEMORY_USE_FIELD_NUMBER: _ClassVar[int]
    ENERGY_USES_FIELD_NUMBER: _ClassVar[int]
    model_sha256: str
    setting: Setting
    plan: MeasurementPlan
    start_time: _timestamp_pb2.Timestamp
    load_ms: float
    first_inference_ms: float
    blocks: _containers.RepeatedCompositeFieldContainer[LatencyBlock]
    peak_memory_bytes: int
    conditions_before: Conditions
    conditions_after: Conditions
    verdict: Verdict
    total_ms: float
    node_counts: _containers.RepeatedCompositeFieldContainer[NodeCount]
    core_indices: _containers.RepeatedScalarFieldContainer[int]
    thread_count: int
    conditions_during: _containers.RepeatedCompositeFieldContainer[Conditions]
    median_interval: MedianInterval
    waited_ms: float
    is_start_temperature_reached: bool
    is_node_count_remembered: bool
    engine_fingerprint: str
    inputs: _containers.RepeatedCompositeFieldContainer[GeneratedInput]
    is_node_count_derived: bool
    operators: _containers.RepeatedCompositeFieldContainer[OperatorTime]
    optimized_graph: OptimizedGraph
    memory_use: MemoryUse
    energy_uses: _containers.RepeatedCompositeFieldContainer[EnergyUse]
    def __init__(self, model_sha256: _Optional[str] = ..., setting: _Optional[_Union[Setting, _Mapping]] = ..., plan: _Optional[_Union[MeasurementPlan, _Mapping]] = ..., start_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., load_ms: _Optional[float] = ..., first_inference_ms: _Optional[float] = ..., blocks: _Optional[_Iterable[_Union[LatencyBlock, _Mapping]]] = ..., peak_memory_bytes: _Optional[int] = ..., conditions_before: _Optional[_Union[Conditions, _Mapping]] = ..., conditions_after: _Optional[_Union[Conditions, _Mapping]] = ..., verdict: _Optional[_Union[Verdict, _Mapping]] = ..., total_ms: _Optional[float] = ..., node_counts: _Optional[_Iterable[_Union[NodeCount, _Mapping]]] = ..., core_indices: _Optional[_Iterable[int]] = ..., thread_count: _Optional[int] = ..., conditions_during: _Optional[_Iterable[_Union[Conditions, _Mapping]]] = ..., median_interval: _Optional[_Union[MedianInterval, _Mapping]] = ..., waited_ms: _Optional[float] = ..., is_start_temperature_reached: bool = ..., is_node_count_remembered: bool = ..., engine_fingerprint: _Optional[str] = ..., inputs: _Optional[_Iterable[_Union[GeneratedInput, _Mapping]]] = ..., is_node_count_derived: bool = ..., operators: _Optional[_Iterable[_Union[OperatorTime, _Mapping]]] = ..., optimized_graph: _Optional[_Union[OptimizedGraph, _Mapping]] = ..., memory_use: _Optional[_Union[MemoryUse, _Mapping]] = ..., energy_uses: _Optional[_Iterable[_Union[EnergyUse, _Mapping]]] = ...) -> None: ...

class EnergyUse(_message.Message):
    __slots__ = ("sensor", "run_energy_mj", "uncertainty_mj", "mean_power_mw", "idle_power_mw", "is_counter", "reading_count", "run_count")
    SENSOR_FIELD_NUMBER: _ClassVar[int]
    RUN_ENERGY_MJ_FIELD_NUMBER: _ClassVar[int]
    UNCERTAINTY_MJ_FIELD_NUMBER: _ClassVar[int]
    MEAN_POWER_MW_FIELD_NUMBER: _ClassVar[int]
    IDLE_POWER_MW_FIELD_NUMBER: _ClassVar[int]
    IS_COUNTER_FIELD_NUMBER: _ClassVar[int]
    READING_COUNT_FIELD_NUMBER: _ClassVar[int]
    RUN_COUNT_FIELD_NUMBER: _ClassVar[int]
    sensor: str
    run_energy_mj: float
    uncertainty_mj: float
    mean_power_mw: float
    idle_power_mw: float
    is_counter: bool
    reading_count: int
    run_count: int
    def __init__(self, sensor: _Optional[str] = ..., run_energy_mj: _Optional[float] = ..., uncertainty_mj: _Optional[float] = ..., mean_power_mw: _Optional[float] = ..., idle_power_mw: _Optional[float] = ..., is_counter: bool = ..., reading_count: _Optional[int] = ..., run_count: _Optional[int] = ...) -> None: ...

class MemoryUse(_message.Message):
    __slots__ = ("before_engine_bytes", "engine_loaded_bytes", "model_loaded_bytes", "run_peak_bytes")
    BEFORE_ENGINE_BYTES_FIELD_NUMBER: _ClassVar[int]
    ENGINE_LOADED_BYTES_FIELD_NUMBER: _ClassVar[int]
    MODEL_LOADED_BYTES_FIELD_NUMBER: _ClassVar[int]
    RUN_PEAK_BYTES_FIELD_NUMBER: _ClassVar[int]
    before_engine_bytes: int
    engine_loaded_bytes: int
    model_loaded_bytes: int
    run_peak_bytes: int
    def __init__(self, before_engine_bytes: _Optional[int] = ..., engine_loaded_bytes: _Optional[int] = ..., model_loaded_bytes: _Optional[int] = ..., run_peak_bytes: _Optional[int] = ...) -> None: ...

class ModelResult(_message.Message):
    __slots__ = ("model_sha256", "measurement", "failure")
    MODEL_SHA256_FIELD_NUMBER: _ClassVar[int]
    MEASUREMENT_FIELD_NUMBER: _ClassVar[int]
    FAILURE_FIELD_NUMBER: _ClassVar[int]
    model_sha256: str
    measurement: Measurement
    failure: Failure
    def __init__(self, model_sha256: _Optional[str] = ..., measurement: _Optional[_Union[Measurement, _Mapping]] = ..., failure: _Optional[_Union[Failure, _Mapping]] = ...) -> None: ...

class ModelProfile(_message.Message):
    __slots__ = ("model_sha256", "setting", "load_ms", "inputs", "graph")
    MODEL_SHA256_FIELD_NUMBER: _ClassVar[int]
    SETTING_FIELD_NUMBER: _ClassVar[int]
    LOAD_MS_FIELD_NUMBER: _ClassVar[int]
    INPUTS_FIELD_NUMBER: _ClassVar[int]
    GRAPH_FIELD_NUMBER: _ClassVar[int]
    model_sha256: str
    setting: Setting
    load_ms: float
    inputs: _containers.RepeatedCompositeFieldContainer[GeneratedInput]
    graph: OptimizedGraph
    def __init__(self, model_sha256: _Optional[str] = ..., setting: _Optional[_Union[Setting, _Mapping]] = ..., load_ms: _Optional[float] = ..., inputs: _Optional[_Iterable[_Union[GeneratedInput, _Mapping]]] = ..., graph: _Optional[_Union[OptimizedGraph, _Mapping]] = ...) -> None: ...

class OptimizedGraph(_message.Message):
    __slots__ = ("nodes", "tensors", "inputs", "outputs", "node_count", "is_shaped_by_run", "is_derived")
    NODES_FIELD_NUMBER: _ClassVar[int]
    TENSORS_FIELD_NUMBER: _ClassVar[int]
    INPUTS_FIELD_NUMBER: _ClassVar[int]
    OUTPUTS_FIELD_NUMBER: _ClassVar[int]
    NODE_COUNT_FIELD_NUMBER: _ClassVar[int]
    IS_SHAPED_BY_RUN_FIELD_NUMBER: _ClassVar[int]
    IS_DERIVED_FIELD_NUMBER: _ClassVar[int]
    nodes: _containers.RepeatedCompositeFieldContainer[GraphNode]
    tensors: _containers.RepeatedCompositeFieldContainer[GraphTensor]
    inputs: _containers.RepeatedScalarFieldContainer[int]
    outputs: _containers.RepeatedScalarFieldContainer[int]
    node_count: int
    is_shaped_by_run: bool
    is_derived: bool
    def __init__(self, nodes: _Optional[_Iterable[_Union[GraphNode, _Mapping]]] = ..., tensors: _Optional[_Iterable[_Union[GraphTensor, _Mapping]]] = ..., inputs: _Optional[_Iterable[int]] = ..., outputs: _Optional[_Iterable[int]] = ..., node_count: _Optional[int] = ..., is_shaped_by_run: bool = ..., is_derived: bool = ...) -> None: ...

class GraphNode(_message.Message):
    __slots__ = ("name", "type", "kernel", "provider", "precision", "inputs", "outputs", "attributes")
    NAME_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    KERNEL_FIELD_NUMBER: _ClassVar[int]
    PROVIDER_FIELD_NUMBER: _ClassVar[int]
    PRECISION_FIELD_NUMBER: _ClassVar[int]
    INPUTS_FIELD_NUMBER: _ClassVar[int]
    OUTPUTS_FIELD_NUMBER: _ClassVar[int]
    ATTRIBUTES_FIELD_NUMBER: _ClassVar[int]
    name: str
    type: str
    kernel: str
    provider: str
    precision: str
    inputs: _containers.RepeatedScalarFieldContainer[int]
    outputs: _containers.RepeatedScalarFieldContainer[int]
    attributes: _containers.RepeatedCompositeFieldContainer[GraphAttribute]
    def __init__(self, name: _Optional[str] = ..., type: _Optional[str] = ..., kernel: _Optional[str] = ..., provider: _Optional[str] = ..., precision: _Optional[str] = ..., inputs: _Optional[_Iterable[int]] = ..., outputs: _Optional[_Iterable[int]] = ..., attributes: _Optional[_Iterable[_Union[GraphAttribute, _Mapping]]] = ...) -> None: ...

class GraphAttribute(_message.Message):
    __slots__ = ("name", "integers", "texts")
    NAME_FIELD_NUMBER: _ClassVar[int]
    INTEGERS_FIELD_NUMBER: _ClassVar[int]
    TEXTS_FIELD_NUMBER: _ClassVar[int]
    name: str
    integers: _containers.RepeatedScalarFieldContainer[int]
    texts: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, name: _Optional[str] = ..., integers: _Optional[_Iterable[int]] = ..., texts: _Optional[_Iterable[str]] = ...) -> None: ...

class GraphTensor(_message.Message):
    __slots__ = ("name", "element_type", "sizes", "has_sizes", "layout", "constant_bytes")
    NAME_FIELD_NUMBER: _ClassVar[int]
    ELEMENT_TYPE_FIELD_NUMBER: _ClassVar[int]
    SIZES_FIELD_NUMBER: _ClassVar[int]
    HAS_SIZES_FIELD_NUMBER: _ClassVar[int]
    LAYOUT_FIELD_NUMBER: _ClassVar[int]
    CONSTANT_BYTES_FIELD_NUMBER: _ClassVar[int]
    name: str
    element_type: str
    sizes: _containers.RepeatedScalarFieldContainer[int]
    has_sizes: bool
    layout: str
    constant_bytes: int
    def __init__(self, name: _Optional[str] = ..., element_type: _Optional[str] = ..., sizes: _Optional[_Iterable[int]] = ..., has_sizes: bool = ..., layout: _Optional[str] = ..., constant_bytes: _Optional[int] = ...) -> None: ...

class OperatorTime(_message.Message):
    __slots__ = ("name", "type", "shapes", "provider", "time_ms", "share", "window_ms", "node_index")
    NAME_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    SHAPES_FIELD_NUMBER: _ClassVar[int]
    PROVIDER_FIELD_NUMBER: _ClassVar[int]
    TIME_MS_FIELD_NUMBER: _ClassVar[int]
    SHARE_FIELD_NUMBER: _ClassVar[int]
    WINDOW_MS_FIELD_NUMBER: _ClassVar[int]
    NODE_INDEX_FIELD_NUMBER: _ClassVar[int]
    name: str
    type: str
    shapes: _containers.RepeatedScalarFieldContainer[str]
    provider: str
    time_ms: float
    share: float
    window_ms: _containers.RepeatedScalarFieldContainer[float]
    node_index: int
    def __init__(self, name: _Optional[str] = ..., type: _Optional[str] = ..., shapes: _Optional[_Iterable[str]] = ..., provider: _Optional[str] = ..., time_ms: _Optional[float] = ..., share: _Optional[float] = ..., window_ms: _Optional[_Iterable[float]] = ..., node_index: _Optional[int] = ...) -> None: ...

class GeneratedInput(_message.Message):
    __slots__ = ("name", "element_type", "sizes", "lowest_value", "highest_value", "deciding_operators", "is_given")
    NAME_FIELD_NUMBER: _ClassVar[int]
    ELEMENT_TYPE_FIELD_NUMBER: _ClassVar[int]
    SIZES_FIELD_NUMBER: _ClassVar[int]
    LOWEST_VALUE_FIELD_NUMBER: _ClassVar[int]
    HIGHEST_VALUE_FIELD_NUMBER: _ClassVar[int]
    DECIDING_OPERATORS_FIELD_NUMBER: _ClassVar[int]
    IS_GIVEN_FIELD_NUMBER: _ClassVar[int]
    name: str
    element_type: str
    sizes: _containers.RepeatedScalarFieldContainer[int]
    lowest_value: int
    highest_value: int
    deciding_operators: _containers.RepeatedScalarFieldContainer[str]
    is_given: bool
    def __init__(self, name: _Optional[str] = ..., element_type: _Optional[str] = ..., sizes: _Optional[_Iterable[int]] = ..., lowest_value: _Optional[int] = ..., highest_value: _Optional[int] = ..., deciding_operators: _Optional[_Iterable[str]] = ..., is_given: bool = ...) -> None: ...

class NodeCount(_message.Message):
    __slots__ = ("provider", "node_count")
    PROVIDER_FIELD_NUMBER: _ClassVar[int]
    NODE_COUNT_FIELD_NUMBER: _ClassVar[int]
    provider: str
    node_count: int
    def __init__(self, provider: _Optional[str] = ..., node_count: _Optional[int] = ...) -> None: ...

class MedianInterval(_message.Message):
    __slots__ = ("median_ms", "lower_ms", "upper_ms", "level")
    MEDIAN_MS_FIELD_NUMBER: _ClassVar[int]
    LOWER_MS_FIELD_NUMBER: _ClassVar[int]
    UPPER_MS_FIELD_NUMBER: _ClassVar[int]
    LEVEL_FIELD_NUMBER: _ClassVar[int]
    median_ms: float
    lower_ms: float
    upper_ms: float
    level: float
    def __init__(self, median_ms: _Optional[float] = ..., lower_ms: _Optional[float] = ..., upper_ms: _Optional[float] = ..., level: _Optional[float] = ...) -> None: ...

class Conditions(_message.Message):
    __slots__ = ("temperatures", "core_frequencies_mhz", "governors", "throttling_flags", "has_throttling_flags", "load_average_1m", "available_memory_bytes", "elapsed_ms", "power_mode", "throttling_event_count", "core_indices", "core_frequency_limits_mhz", "worker_core_indices", "core_throttling_event_counts")
    TEMPERATURES_FIELD_NUMBER: _ClassVar[int]
    CORE_FREQUENCIES_MHZ_FIELD_NUMBER: _ClassVar[int]
    GOVERNORS_FIELD_NUMBER: _ClassVar[int]
    THROTTLING_FLAGS_FIELD_NUMBER: _ClassVar[int]
    HAS_THROTTLING_FLAGS_FIELD_NUMBER: _ClassVar[int]
    LOAD_AVERAGE_1M_FIELD_NUMBER: _ClassVar[int]
    AVAILABLE_MEMORY_BYTES_FIELD_NUMBER: _ClassVar[int]
    ELAPSED_MS_FIELD_NUMBER: _ClassVar[int]
    POWER_MODE_FIELD_NUMBER: _ClassVar[int]
    THROTTLING_EVENT_COUNT_FIELD_NUMBER: _ClassVar[int]
    CORE_INDICES_FIELD_NUMBER: _ClassVar[int]
    CORE_FREQUENCY_LIMITS_MHZ_FIELD_NUMBER: _ClassVar[int]
    WORKER_CORE_INDICES_FIELD_NUMBER: _ClassVar[int]
    CORE_THROTTLING_EVENT_COUNTS_FIELD_NUMBER: _ClassVar[int]
    temperatures: _containers.RepeatedCompositeFieldContainer[Temperature]
    core_frequencies_mhz: _containers.RepeatedScalarFieldContainer[float]
    governors: _containers.RepeatedScalarFieldContainer[str]
    throttling_flags: _containers.RepeatedScalarFieldContainer[str]
    has_throttling_flags: bool
    load_average_1m: float
    available_memory_bytes: int
    elapsed_ms: float
    power_mode: str
    throttling_event_count: int
    core_indices: _containers.RepeatedScalarFieldContainer[int]
    core_frequency_limits_mhz: _containers.RepeatedScalarFieldContainer[float]
    worker_core_indices: _containers.RepeatedScalarFieldContainer[int]
    core_throttling_event_counts: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, temperatures: _Optional[_Iterable[_Union[Temperature, _Mapping]]] = ..., core_frequencies_mhz: _Optional[_Iterable[float]] = ..., governors: _Optional[_Iterable[str]] = ..., throttling_flags: _Optional[_Iterable[str]] = ..., has_throttling_flags: bool = ..., load_average_1m: _Optional[float] = ..., available_memory_bytes: _Optional[int] = ..., elapsed_ms: _Optional[float] = ..., power_mode: _Optional[str] = ..., throttling_event_count: _Optional[int] = ..., core_indices: _Optional[_Iterable[int]] = ..., core_frequency_limits_mhz: _Optional[_Iterable[float]] = ..., worker_core_indices: _Optional[_Iterable[int]] = ..., core_throttling_event_counts: _Optional[_Iterable[int]] = ...) -> None: ...

class Temperature(_message.Message):
    __slots__ = ("zone", "temperature_celsius")
    ZONE_FIELD_NUMBER: _ClassVar[int]
    TEMPERATURE_CELSIUS_FIELD_NUMBER: _ClassVar[int]
    zone: str
    temperature_celsius: float
    def __init__(self, zone: _Optional[str] = ..., temperature_celsius: _Optional[float] = ...) -> None: ...

class Verdict(_message.Message):
    __slots__ = ("kind", "evidence")
    KIND_FIELD_NUMBER: _ClassVar[int]
    EVIDENCE_FIELD_NUMBER: _ClassVar[int]
    kind: VerdictKind
    evidence: _containers.RepeatedCompositeFieldContainer[Evidence]
    def __init__(self, kind: _Optional[_Union[VerdictKind, str]] = ..., evidence: _Optional[_Iterable[_Union[Evidence, _Mapping]]] = ...) -> None: ...

class Evidence(_message.Message):
    __slots__ = ("name", "value", "limit", "is_exceeded")
    NAME_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    IS_EXCEEDED_FIELD_NUMBER: _ClassVar[int]
    name: str
    value: float
    limit: float
    is_exceeded: bool
    def __init__(self, name: _Optional[str] = ..., value: _Optional[float] = ..., limit: _Optional[float] = ..., is_exceeded: bool = ...) -> None: ...

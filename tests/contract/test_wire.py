"""Every record travels over the wire and into JSON, and comes back as it was."""

import dataclasses
from typing import Any

import pytest

from edgeprof_proto import wire
from edgeprof_proto.record_json import from_json, to_json
from edgeprof_proto.records.device import (
    AgentLimits,
    Cpu,
    CpuCluster,
    Device,
    ExecutionContext,
    RuntimeInfo,
    RuntimeNeeds,
    RuntimeOption,
)
from edgeprof_proto.records.graph import GraphAttribute, GraphNode, GraphTensor, OptimizedGraph
from edgeprof_proto.records.job import Failure, Job, JobEvent, JobPhase, JobState, ModelResult, Progress
from edgeprof_proto.records.job_spec import InputShape, JobKind, JobSpec, MeasurementPlan, Setting
from edgeprof_proto.records.measurement import (
    Conditions,
    EnergyUse,
    Evidence,
    GeneratedInput,
    LatencyBlock,
    Measurement,
    MedianInterval,
    MemoryUse,
    NodeCount,
    OperatorTime,
    Temperature,
    Verdict,
    VerdictKind,
)
from edgeprof_proto.records.model_profile import ModelProfile
from edgeprof_proto.records.validation import RecordError
from edgeprof_proto.v1 import device_pb2, error_pb2, job_pb2

SETTING = Setting(runtime="onnxruntime", runtime_version="1.2", provider="CPU", precision="float32", options={"a": "b"})
GRAPH = OptimizedGraph(
    nodes=(
        GraphNode(
            name="c1",
            type="Conv",
            kernel="com.microsoft.nchwc",
            provider="CPU",
            precision="float32",
            inputs=(0, 1, -1),
            outputs=(2,),
            attributes=(
                GraphAttribute(name="strides", integers=(2, 2)),
                GraphAttribute(name="fused", texts=("Conv", "Relu")),
            ),
        ),
    ),
    tensors=(
        GraphTensor(name="x", element_type="float32", sizes=(1, 3, 8, 8), has_sizes=True),
        GraphTensor(name="w", element_type="float32", sizes=(8, 3, 1, 1), has_sizes=True, constant_bytes=96),
        GraphTensor(name="y", layout="acdb"),
    ),
    inputs=(0,),
    outputs=(2,),
    node_count=3,
    is_shaped_by_run=True,
    is_derived=True,
)
MEASUREMENT = Measurement(
    model_sha256="0" * 64,
    setting=SETTING,
    plan=MeasurementPlan().filled(),
    start_time=1_700_000_000.25,
    load_ms=3.5,
    first_inference_ms=2.25,
    conditions_before=Conditions(),
    conditions_after=Conditions(
        temperatures=(Temperature(zone="cpu-thermal", temperature_celsius=51.5),),
        core_frequencies_mhz=(1_500.0, 600.0),
        governors=("ondemand", "ondemand"),
        throttling_flags=("under-voltage",),
        has_throttling_flags=True,
        load_average_1m=0.0,
        available_memory_bytes=1 << 31,
        core_indices=(0, 4),
        core_frequency_limits_mhz=(1_500.0, 1_800.0),
        worker_core_indices=(4,),
        core_throttling_event_counts=(0, 2),
    ),
    verdict=Verdict(
        kind=VerdictKind.THROTTLED, evidence=(Evidence(name="drop", value=0.2, limit=0.05, is_exceeded=True),)
    ),
    total_ms=1_900.0,
    blocks=(
        LatencyBlock(is_warmup=True, start_ms=0.0, latency_ms=(2.25, 1.0)),
        LatencyBlock(is_warmup=False, start_ms=5.0, latency_ms=(1.0, 1.25, 1.5)),
    ),
    peak_memory_bytes=1 << 33,
    node_counts=(NodeCount(provider="CPU", node_count=7), NodeCount(provider="NPU", node_count=1)),
    core_indices=(0, 3),
    thread_count=2,
    conditions_during=(Conditions(elapsed_ms=12.5, power_mode="15W", throttling_event_count=0),),
    median_interval=MedianInterval(median_ms=1.25, lower_ms=1.125, upper_ms=1.5, level=0.9),
    waited_ms=2_000.0,
    is_start_temperature_reached=False,
    is_node_count_remembered=True,
    engine_fingerprint="0123456789abcdef",
    inputs=(
        GeneratedInput(name="image", element_type="float32", sizes=(1, 3, 8, 8)),
        GeneratedInput(
            name="ids",
            element_type="int64",
            sizes=(1, 16),
            lowest_value=0,
            highest_value=30_521,
            deciding_operators=("Loop", "TopK"),
            is_given=True,
        ),
    ),
    is_node_count_derived=True,
    operators=(
        OperatorTime(
            name="c1",
            type="Conv",
            time_ms=0.25,
            share=1.0,
            shapes=("1x8x4x4",),
            provider="CPU",
            window_ms=(0.25, 0.5, 0.125),
            node_index=0,
        ),
    ),
    optimized_graph=GRAPH,
    memory_use=MemoryUse(before_engine_bytes=0, engine_loaded_bytes=1 << 33, model_loaded_bytes=3, run_peak_bytes=4),
    energy_uses=(
        EnergyUse(
            sensor="ina3221 VDD_IN",
            run_energy_mj=2.5,
            uncertainty_mj=0.25,
            mean_power_mw=5_000.0,
            idle_power_mw=0.0,
            is_counter=True,
            reading_count=12,
            run_count=1 << 33,
        ),
        EnergyUse(sensor="battery BAT0", run_energy_mj=1.0, mean_power_mw=1.0),
    ),
)
PROFILE = ModelProfile(model_sha256="0" * 64, setting=SETTING, load_ms=3.5, inputs=MEASUREMENT.inputs, graph=GRAPH)
JOB = Job(
    job_id="job-1",
    spec=JobSpec(
        model_sha256="f" * 64,
        setting=SETTING,
        plan=MeasurementPlan(),
        input_seed=-3,
        input_shapes=(InputShape(name="ids", sizes=(1, 128)), InputShape(name="batch", sizes=(4,))),
        wants_operators=True,
        wants_graph=True,
        kind=JobKind.SERIES,
        further_model_sha256s=("a" * 64, "b" * 64),
    ),
    state=JobState.SUCCEEDED,
    attempt_count=2,
    create_time=1_700_000_000.0,
    end_time=1_700_000_002.0,
    measurement=MEASUREMENT,
    running_host_name="desk",
    running_remaining_s=12.5,
)
DEVICE = Device(
    device_id="d1",
    host_name="board",
    board="Raspberry Pi 4",
    cpu=Cpu(
        model="Cortex-A72",
        architecture="aarch64",
        core_count=4,
        clusters=(CpuCluster(core_indices=(0, 1, 2, 3), max_frequency_mhz=1_500.0, governor="ondemand"),),
        process_architecture="arm",
    ),
    memory_bytes=4 << 30,
    operating_system="Debian GNU/Linux 12",
    kernel="Linux 6.1",
    execution_context=ExecutionContext(python_version="3.11.7", is_service=True, allowed_core_indices=(0, 1)),
    runtimes=(
        RuntimeInfo(
            name="onnxruntime",
            version="1.2",
            providers=("CPU",),
            precisions=("float32",),
            is_precision_of_model=True,
            model_formats=("onnx", "tflite"),
            needs=RuntimeNeeds(device_nodes=("/dev/apex_0",), writable_folders=("/var/cache/x",), memory_bytes=5),
            options=(RuntimeOption(name="graph_optimization", values=("all", "basic"), providers=("CPU",)),),
        ),
        RuntimeInfo(name="tflite", unavailable_reason="not installed"),
    ),
    limits=AgentLimits(
        model_bytes=1, model_cache_bytes=2, disk_reserve_bytes=3, queued_job_count=4, job_duration_s=5.0, thread_count=6
    ),
)


@pytest.mark.parametrize(
    ("record", "message_type"),
    [(MEASUREMENT, job_pb2.Measurement), (JOB, job_pb2.Job), (DEVICE, device_pb2.Device)],
    ids=["measurement", "job", "device"],
)
def test_a_record_comes_back_from_the_wire_and_from_json(record: Any, message_type: Any) -> None:
    sent = wire.to_message(record, message_type).SerializeToString()
    assert wire.from_message(type(record), message_type.FromString(sent)) == record
    assert from_json(type(record), to_json(record)) == record


@pytest.mark.parametrize(
    "payload",
    [
        JobState.QUEUED,
        Progress(phase=JobPhase.WARMING_UP, attempt=2),
        MEASUREMENT.blocks[0],
        MEASUREMENT,
        PROFILE,
        ModelResult(model_sha256="a" * 64, measurement=MEASUREMENT),
        ModelResult(model_sha256="a" * 64, failure=Failure(reason="ERROR_REASON_MODEL_REJECTED", message="no")),
        Failure(reason="ERROR_REASON_CANCELLED", message="cancelled"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_every_kind_of_event_comes_back_from_the_wire(payload: Any) -> None:
    event = JobEvent(sequence=7, event=payload)
    sent = wire.event_to_message(event).SerializeToString()
    assert wire.event_from_message(job_pb2.JobEvent.FromString(sent)) == event


def test_an_event_of_a_kind_that_only_a_newer_agent_knows_is_passed_over() -> None:
    assert wire.event_from_message(job_pb2.JobEvent(sequence=7)) is None


def test_an_absent_field_is_not_reported_and_never_zero() -> None:
    received = wire.from_message(Conditions, job_pb2.Conditions())
    assert received.load_average_1m is None
    assert received.available_memory_bytes is None
    zero = wire.to_message(Conditions(load_average_1m=0.0), job_pb2.Conditions)
    assert wire.from_message(Conditions, zero).load_average_1m == 0.0


def test_a_value_outside_its_range_names_the_field() -> None:
    with pytest.raises(RecordError, match="thread_count must be a whole number of 1 to"):
        wire.from_message(Setting, job_pb2.Setting(runtime="onnxruntime", batch_size=1))


def test_damaged_json_names_the_field() -> None:
    with pytest.raises(RecordError, match=r"Setting.thread_count must be int"):
        from_json(Setting, {"runtime": "onnxruntime", "thread_count": "two"})


def test_every_reason_of_the_contract_has_an_exception_on_the_host() -> None:
    from edgeprof.devices.remote_errors import ERROR_OF_REASON

    reasons = {name for name in error_pb2.ErrorReason.keys() if name != "ERROR_REASON_UNSPECIFIED"}  # noqa: SIM118
    assert set(ERROR_OF_REASON) == reasons


def test_a_time_just_below_a_full_second_is_carried() -> None:
    almost = dataclasses.replace(JOB, create_time=1_699_999_999.9999999)
    message = wire.to_message(almost, job_pb2.Job)
    assert 0 <= message.create_time.nanos < 1_000_000_000
    assert wire.from_message(Job, message).create_time == almost.create_time


@pytest.mark.parametrize("kind", VerdictKind)
def test_every_kind_of_verdict_comes_back_from_the_wire(kind: VerdictKind) -> None:
    measurement = dataclasses.replace(MEASUREMENT, verdict=Verdict(kind=kind))
    assert wire.from_message(Measurement, wire.to_message(measurement, job_pb2.Measurement)) == measurement


def test_kinds_of_verdict_are_those_of_the_contract() -> None:
    names = {f"VERDICT_KIND_{kind.name}" for kind in VerdictKind if kind is not VerdictKind.NOT_REPORTED}
    assert {"VERDICT_KIND_UNSPECIFIED", *names} == set(job_pb2.VerdictKind.keys())
    assert VerdictKind.SETTING_NOT_MET.text == "setting not met"

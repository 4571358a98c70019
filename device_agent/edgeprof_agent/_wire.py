"""Records to messages of the wire contract and back. Fields that correspond have the same name on both sides."""

import dataclasses
import enum
import re
from collections.abc import Mapping
from typing import Any

from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from edgeprof_agent.config import AgentConfig
from edgeprof_agent.errors import InvalidRequestError
from edgeprof_agent.model_store import UploadHeader
from edgeprof_agent.records import (
    DeviceDescription,
    Job,
    JobEvent,
    JobSpec,
    JobState,
    LatencyBlock,
    Measurement,
    MeasurementPlan,
    Progress,
    Setting,
)
from edgeprof_proto.v1 import device_agent_pb2, device_pb2, job_pb2


def job_to_message(job: Job) -> job_pb2.Job:
    """Turn a job into its message.

    Args:
        job: The job, with or without its result.
    """
    message = job_pb2.Job()
    _fill(message, job)
    return message


def event_to_message(event: JobEvent) -> job_pb2.JobEvent:
    """Turn an event of a job into its message.

    Args:
        event: The event.
    """
    message = job_pb2.JobEvent(sequence=event.sequence)
    if isinstance(event.event, JobState):
        message.state = getattr(job_pb2, f"JOB_STATE_{event.event.name}")
    elif isinstance(event.event, Progress):
        _fill(message.progress, event.event)
    elif isinstance(event.event, LatencyBlock):
        _fill(message.block, event.event)
    elif isinstance(event.event, Measurement):
        _fill(message.measurement, event.event)
    else:
        _fill(message.failure, event.event)
    return message


def device_to_message(device_id: str, device: DeviceDescription, config: AgentConfig) -> device_pb2.Device:
    """Put a device's message together.

    Args:
        device_id: The device's id.
        device: What it is and can run.
        config: What its agent allows.
    """
    message = device_pb2.Device(device_id=device_id)
    _fill(message, device)
    for field in message.limits.DESCRIPTOR.fields:
        setattr(message.limits, field.name, getattr(config, field.name))
    return message


def spec_from_message(message: job_pb2.JobSpec) -> JobSpec:
    """Read what a job is to measure.

    Args:
        message: As it arrived.

    Raises:
        InvalidRequestError: If a field is missing or outside its range.
    """
    fields = {field.name: getattr(message.setting, field.name) for field in message.setting.DESCRIPTOR.fields}
    plan = {field.name: getattr(message.plan, field.name) for field in message.plan.DESCRIPTOR.fields}
    return JobSpec(
        model_sha256=message.model_sha256,
        setting=Setting(**{**fields, "options": dict(message.setting.options)}),
        plan=MeasurementPlan(**plan),
        input_seed=message.input_seed,
    )


def header_from_message(message: device_agent_pb2.UploadModelRequest) -> UploadHeader:
    """Read the first part of an upload.

    Args:
        message: As it arrived.

    Raises:
        InvalidRequestError: If it is no header, or a field is outside its range.
    """
    if message.WhichOneof("part") != "header":
        raise InvalidRequestError("the first part of an upload must be its header")
    header = message.header
    return UploadHeader(
        model_sha256=header.model_sha256, size_bytes=header.size_bytes, offset_bytes=header.offset_bytes
    )


def _fill(message: Message, record: Any) -> None:
    """Copy a record into a message that has a field for each of its own; `None` stays absent."""
    for field in dataclasses.fields(record):
        value = getattr(record, field.name)
        descriptor = message.DESCRIPTOR.fields_by_name[field.name]
        if value is None:
            continue
        if isinstance(value, tuple):
            _fill_repeated(getattr(message, field.name), value)
        elif isinstance(value, Mapping):
            getattr(message, field.name).update(value)
        elif dataclasses.is_dataclass(value):
            getattr(message, field.name).SetInParent()
            _fill(getattr(message, field.name), value)
        elif descriptor.message_type is Timestamp.DESCRIPTOR:
            _fill_timestamp(getattr(message, field.name), value)
        else:
            setattr(message, field.name, _enum_number(descriptor.enum_type, value) if descriptor.enum_type else value)


def _fill_repeated(container: Any, values: tuple[Any, ...]) -> None:
    if values and dataclasses.is_dataclass(values[0]):
        for value in values:
            _fill(container.add(), value)
    else:
        container.extend(values)


def _fill_timestamp(message: Timestamp, time: float) -> None:
    # A double holds a time of this century to the microsecond.
    seconds, microseconds = divmod(round(time * 1e6), 1_000_000)
    message.seconds, message.nanos = seconds, microseconds * 1000


def _enum_number(enum_type: Any, value: enum.Enum | str) -> int:
    """Return the number of an enum value: `VerdictKind.STABLE` is `VERDICT_KIND_STABLE` on the wire; 0 if unknown."""
    name = value
    if isinstance(value, enum.Enum):
        prefix = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", enum_type.name).upper()
        name = f"{prefix}_{value.name}"
    known = enum_type.values_by_name.get(name)
    return 0 if known is None else int(known.number)

"""Converts messages of the contract to records and back, by field name.

The value of an enum is its name without prefix in lower case (`JOB_STATE_QUEUED` is `queued`), except for an
`ErrorReason`, which keeps its full name. A value or oneof member that only a newer peer knows counts as not reported.
"""

import dataclasses
import enum
import math
from collections.abc import Mapping, Sequence
from types import UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from edgeprof_proto.records.job import Failure, JobEvent, JobState, ModelResult, Progress
from edgeprof_proto.records.measurement import LatencyBlock, Measurement
from edgeprof_proto.records.model_profile import ModelProfile
from edgeprof_proto.records.packed_runs import PackedRuns
from edgeprof_proto.v1 import job_pb2

R = TypeVar("R")
M = TypeVar("M", bound=Message)

_EVENT_MEMBERS: dict[str, Any] = {
    "state": JobState,
    "progress": Progress,
    "block": LatencyBlock,
    "measurement": Measurement,
    "failure": Failure,
    "profile": ModelProfile,
    "model_result": ModelResult,
}


_FIELD_TYPES: dict[Any, dict[str, Any]] = {}
"""The types by record: a graph has thousands of records."""


def from_message(record_type: type[R], message: Message) -> R:
    """Convert a message to a record.

    Args:
        record_type: A record of `edgeprof_proto.records`, its fields named like the message's.
        message: The message.

    Raises:
        RecordError: If a value is outside the range that the record allows.
    """
    descriptors = message.DESCRIPTOR.fields_by_name
    return record_type(
        **{name: _read(message, descriptors[name], wanted) for name, wanted in _field_types(record_type).items()}
    )


def to_message(record: Any, message_type: type[M]) -> M:
    """Convert a record to a message; the inverse of `from_message`.

    Args:
        record: A record whose fields are named like the message's.
        message_type: Class of the message.
    """
    message = message_type()
    _fill(message, record)
    return message


def event_from_message(message: job_pb2.JobEvent) -> JobEvent | None:
    """Convert a message to an event; None for a kind of event that only a newer agent knows."""
    member = message.WhichOneof("event")
    if member is None:
        return None
    payload = _read(message, message.DESCRIPTOR.fields_by_name[member], _EVENT_MEMBERS[member])
    return JobEvent(sequence=message.sequence, event=payload)


def event_to_message(event: JobEvent) -> job_pb2.JobEvent:
    """Convert an event to a message."""
    message = job_pb2.JobEvent(sequence=event.sequence)
    member = next(name for name, kind in _EVENT_MEMBERS.items() if isinstance(event.event, kind))
    _write(message, message.DESCRIPTOR.fields_by_name[member], event.event)
    return message


def _field_types(record_type: Any) -> dict[str, Any]:
    """Type of each field's value, or of its items where the field is a tuple."""
    if record_type not in _FIELD_TYPES:
        hints = get_type_hints(record_type)
        _FIELD_TYPES[record_type] = {
            field.name: _value_type(hints[field.name]) for field in dataclasses.fields(record_type)
        }
    return _FIELD_TYPES[record_type]


def _value_type(annotation: Any) -> Any:
    origin = get_origin(annotation)
    if origin in (tuple, Sequence, Union, UnionType):
        return get_args(annotation)[0]
    return annotation


def _read(message: Message, field: Any, wanted: Any) -> Any:
    value = getattr(message, field.name)
    if _is_map(field):
        return dict(value)
    if field.is_repeated:
        return tuple(_read_one(field, item, wanted) for item in value)
    if field.has_presence and not message.HasField(field.name):
        return None
    return _read_one(field, value, wanted)


def _read_one(field: Any, value: Any, wanted: Any) -> Any:
    if isinstance(value, Timestamp):
        return value.seconds + value.nanos / 1e9
    if field.message_type is not None:
        return from_message(wanted, value)
    if field.enum_type is not None:
        name = _enum_name(field.enum_type, value)
        return wanted(name) if issubclass(wanted, enum.Enum) else name
    return value


def _fill(message: Message, record: Any) -> None:
    # Marks a message with default values only as present; otherwise it would arrive as "not reported".
    message.SetInParent()
    for name in _field_types(type(record)):
        value = getattr(record, name)
        if value is not None:
            _write(message, message.DESCRIPTOR.fields_by_name[name], value)


def _write(message: Message, field: Any, value: Any) -> None:
    target = getattr(message, field.name)
    if isinstance(value, Mapping):
        target.update(value)
    elif isinstance(value, tuple) and field.message_type is not None:
        for item in value:
            _fill(target.add(), item)
    elif isinstance(value, tuple | PackedRuns):
        target.extend(value)
    elif isinstance(target, Timestamp):
        # Seconds and fraction separately: a float cannot represent today's time in nanoseconds exactly.
        seconds = math.floor(value)
        carried, target.nanos = divmod(round((value - seconds) * 1_000_000_000), 1_000_000_000)
        target.seconds = seconds + carried
    elif field.message_type is not None:
        _fill(target, value)
    elif field.enum_type is not None:
        setattr(message, field.name, _enum_number(field.enum_type, value))
    else:
        setattr(message, field.name, value)


def _is_map(field: Any) -> bool:
    is_map: bool = field.message_type is not None and field.message_type.GetOptions().map_entry
    return is_map


def _prefix(enum_type: Any) -> str:
    unspecified: str = enum_type.values_by_number[0].name
    return "" if enum_type.name == "ErrorReason" else unspecified.removesuffix("UNSPECIFIED")


def _enum_name(enum_type: Any, number: int) -> str:
    name: str = enum_type.values_by_number.get(number, enum_type.values_by_number[0]).name
    prefix = _prefix(enum_type)
    return name.removeprefix(prefix).lower() if prefix else name


def _enum_number(enum_type: Any, value: str) -> int:
    name = value.value if isinstance(value, enum.Enum) else value
    prefix = _prefix(enum_type)
    number: int = enum_type.values_by_name[f"{prefix}{name.upper()}" if prefix else name].number
    return number

"""A value of an enum that only a newer peer knows counts as not reported, wherever it stands in a message."""

import dataclasses
import importlib
import pkgutil
from typing import Any

import pytest
from factories import measurement_of

from edgeprof_proto import v1, wire
from edgeprof_proto.records.check import Check, CheckLevel
from edgeprof_proto.records.device import Device
from edgeprof_proto.records.job import Job, JobEvent, JobPhase, JobState, ModelResult, Progress
from edgeprof_proto.records.job_spec import JobSpec
from edgeprof_proto.records.measurement import VerdictKind
from edgeprof_proto.v1 import device_pb2, job_pb2


def _enum_fields(descriptor: Any, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """The path of every enum in a message and the messages inside it."""
    found = []
    for field in descriptor.fields:
        if field.enum_type is not None:
            found.append((*path, field.name))
        elif field.message_type is not None and not field.message_type.GetOptions().map_entry:
            found += _enum_fields(field.message_type, (*path, field.name))
    return found


RECORD_OF_MESSAGE = {job_pb2.Job: Job, job_pb2.JobEvent: JobEvent, device_pb2.Device: Device, device_pb2.Check: Check}


@pytest.mark.parametrize(
    ("message_type", "path"),
    [(message, path) for message in RECORD_OF_MESSAGE for path in _enum_fields(message.DESCRIPTOR)],
    ids=lambda value: value.DESCRIPTOR.name if isinstance(value, type) else ".".join(value),
)
def test_value_that_only_a_newer_peer_knows_is_not_reported(message_type: Any, path: tuple[str, ...]) -> None:
    for number in (0, 99):
        message = _example(message_type, path[0])
        inner = message
        for name in path[:-1]:
            inner = getattr(inner, name)
        inner.SetInParent()
        setattr(inner, path[-1], number)
        if message_type is job_pb2.JobEvent:
            event = wire.event_from_message(message)
            value: Any = event and event.event
        else:
            value = getattr(wire.from_message(RECORD_OF_MESSAGE[message_type], message), path[0])
        for name in path[1:]:
            value = getattr(value, name)
        assert value == "ERROR_REASON_UNSPECIFIED" or value.name == "NOT_REPORTED"
        assert not getattr(value, "is_final", False)


def _example(message_type: Any, member: str) -> Any:
    measurement = measurement_of(1.0)
    spec = JobSpec(model_sha256="0" * 64, setting=measurement.setting)
    job = Job(job_id="a", spec=spec, state=JobState.QUEUED, attempt_count=0, create_time=0.0)
    if message_type is job_pb2.Job:
        job = dataclasses.replace(job, measurement=measurement if member == "measurement" else None)
        return wire.to_message(job, job_pb2.Job)
    if message_type is job_pb2.JobEvent:
        payloads: dict[str, Any] = {"progress": Progress(phase=JobPhase.LOADING, attempt=1), "measurement": measurement}
        payloads["model_result"] = ModelResult(model_sha256="0" * 64, measurement=measurement)
        return wire.event_to_message(JobEvent(sequence=1, event=payloads.get(member, JobState.QUEUED)))
    return wire.to_message(Check(name="a", level=CheckLevel.GOOD, finding="b"), device_pb2.Check)


def test_every_enum_of_the_contract_is_tried_with_an_unknown_value() -> None:
    tried = {
        field.enum_type.name
        for message in RECORD_OF_MESSAGE
        for path in _enum_fields(message.DESCRIPTOR)
        for field in [_field_at(message.DESCRIPTOR, path)]
    }
    names = [module.name for module in pkgutil.iter_modules(v1.__path__) if module.name.endswith("_pb2")]
    modules = [importlib.import_module(f"{v1.__name__}.{name}") for name in names]
    assert len(modules) >= 5
    assert tried == {name for module in modules for name in module.DESCRIPTOR.enum_types_by_name}


def _field_at(descriptor: Any, path: tuple[str, ...]) -> Any:
    *messages, last = path
    for name in messages:
        descriptor = descriptor.fields_by_name[name].message_type
    return descriptor.fields_by_name[last]


def test_verdict_that_is_not_reported_has_a_text() -> None:
    assert VerdictKind.NOT_REPORTED.text == "not reported"

"""Every record has the fields of its message, so that both are translated by name."""

import dataclasses
from typing import Any

import pytest

from edgeprof_proto.records.device import AgentLimits, Device, RuntimeInfo, RuntimeNeeds
from edgeprof_proto.records.generated_input import GeneratedInput
from edgeprof_proto.records.graph import GraphAttribute, GraphNode, GraphTensor, OptimizedGraph
from edgeprof_proto.records.job import Job, ModelResult
from edgeprof_proto.records.job_spec import InputShape, JobSpec, MeasurementPlan, Setting
from edgeprof_proto.records.measurement import Conditions, Measurement, OperatorTime, Verdict
from edgeprof_proto.records.model_profile import ModelProfile
from edgeprof_proto.v1 import device_pb2, job_pb2


@pytest.mark.parametrize(
    ("record_type", "message_type"),
    [
        (Setting, job_pb2.Setting),
        (MeasurementPlan, job_pb2.MeasurementPlan),
        (JobSpec, job_pb2.JobSpec),
        (InputShape, job_pb2.InputShape),
        (OperatorTime, job_pb2.OperatorTime),
        (GeneratedInput, job_pb2.GeneratedInput),
        (Measurement, job_pb2.Measurement),
        (ModelProfile, job_pb2.ModelProfile),
        (ModelResult, job_pb2.ModelResult),
        (OptimizedGraph, job_pb2.OptimizedGraph),
        (GraphNode, job_pb2.GraphNode),
        (GraphAttribute, job_pb2.GraphAttribute),
        (GraphTensor, job_pb2.GraphTensor),
        (Conditions, job_pb2.Conditions),
        (Verdict, job_pb2.Verdict),
        (Job, job_pb2.Job),
        (Device, device_pb2.Device),
        (RuntimeInfo, device_pb2.Runtime),
        (RuntimeNeeds, device_pb2.RuntimeNeeds),
        (AgentLimits, device_pb2.AgentLimits),
    ],
    ids=lambda value: value.__name__,
)
def test_record_and_message_have_the_same_fields(record_type: Any, message_type: Any) -> None:
    record_fields = {field.name for field in dataclasses.fields(record_type)}
    assert record_fields == set(message_type.DESCRIPTOR.fields_by_name)

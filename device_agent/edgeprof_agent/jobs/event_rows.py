"""Payloads of job events as rows of the journal: a kind and a body in JSON."""

import dataclasses
import json
from typing import Any

from edgeprof_proto.record_json import from_json, to_json
from edgeprof_proto.records.job import Failure, JobEventPayload, JobState, ModelResult, Progress
from edgeprof_proto.records.measurement import LatencyBlock, Measurement
from edgeprof_proto.records.model_profile import ModelProfile
from edgeprof_proto.records.packed_runs import packed

_KINDS: dict[str, type[Any]] = {
    "state": JobState,
    "progress": Progress,
    "block": LatencyBlock,
    "measurement": Measurement,
    "failure": Failure,
    "profile": ModelProfile,
    "model_result": ModelResult,
}


def encode_payload(payload: JobEventPayload) -> tuple[str, str]:
    """Return kind and body of an event's row; a measurement without its blocks, which are events; many runs packed."""
    kind = next(kind for kind, payload_type in _KINDS.items() if isinstance(payload, payload_type))
    if isinstance(payload, Measurement):
        return kind, encode(dataclasses.replace(payload, blocks=()))
    if isinstance(payload, LatencyBlock):
        return kind, encode(dataclasses.replace(payload, latency_ms=packed(payload.latency_ms)))
    return kind, encode(payload)


def decode_payload(kind: str, body: str) -> JobEventPayload:
    """Rebuild the payload of an event's row; a measurement comes without its blocks.

    Raises:
        ValueError: If the body is damaged.
    """
    payload: JobEventPayload = decode(_KINDS[kind], body)
    return payload


def encode(record: object) -> str:
    """Return a record as compact JSON."""
    return json.dumps(to_json(record), separators=(",", ":"), allow_nan=False)


def decode(record_type: Any, text: str) -> Any:
    """Rebuild a record from its JSON.

    Raises:
        ValueError: If the text is damaged.
    """
    return from_json(record_type, json.loads(text))

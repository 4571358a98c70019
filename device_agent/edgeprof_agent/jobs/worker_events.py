"""The events that a worker process sends, one JSON object per line.

    {"event": "version", "version": "..."}                         the first line
    {"event": "progress", "phase": "loading" | "warming_up" | "measuring"}
    {"event": "block_begins"}                                      timed runs follow until the next block
    {"event": "block", <fields of LatencyBlock>}
    {"event": "measurement", <fields of Measurement>}              the last line; its blocks were sent before
    {"event": "profile", <fields of ModelProfile>}                 in a job that does not measure; and then
    {"event": "profiles_end"}                                      the last line
    {"event": "failure", "reason": "ERROR_REASON_...", "message": "..."}     the last line

A worker runs a model that may be hostile, so nothing it sends is trusted.
"""

import dataclasses
import json
from typing import Any

from edgeprof_agent.errors import REASONS, WorkerCrashedError
from edgeprof_proto import wire
from edgeprof_proto.record_json import from_json
from edgeprof_proto.records.job import Failure, JobEvent, JobPhase
from edgeprof_proto.records.measurement import LatencyBlock, Measurement
from edgeprof_proto.records.model_profile import ModelProfile

LINE_BYTES_LIMIT = 8 * 1024 * 1024
"""Longest line that a worker may send, in bytes: a measurement with the largest graph and times of its operators."""

EVENT_COUNT_LIMIT = 100_000
"""Events that a worker may send: full blocks of so many hold days of work. The space that they take is limited by the
disk that the agent keeps free."""

MESSAGE_LENGTH_LIMIT = 4096
"""Characters of a failure's message that are kept: an engine may repeat names from the model's file."""

_EXCERPT_LENGTH = 200

WorkerEvent = JobPhase | LatencyBlock | ModelProfile
"""An event before the last one that is part of the job."""


@dataclasses.dataclass(frozen=True, slots=True)
class WorkerVersion:
    """The version of the package that the worker runs."""

    version: str


@dataclasses.dataclass(frozen=True, slots=True)
class ProfilesEnd:
    """Every profile was sent."""


@dataclasses.dataclass(frozen=True, slots=True)
class BlockBegins:
    """Timed runs follow, with nothing between them."""


WorkerResult = Measurement | ProfilesEnd | Failure
"""The last event."""

_RECORDS: dict[str, type[Any]] = {
    "block": LatencyBlock,
    "measurement": Measurement,
    "profile": ModelProfile,
    "failure": Failure,
}


def parse_event(line: bytes) -> WorkerEvent | WorkerVersion | BlockBegins | WorkerResult:
    """Parse one line from a worker.

    Args:
        line: The line as it arrived.

    Raises:
        WorkerCrashedError: If the line is not an event.
    """
    try:
        fields = json.loads(line)
        kind = fields.pop("event")
        if kind == "progress":
            return JobPhase(fields["phase"])
        if kind == "version":
            return WorkerVersion(str(fields["version"])[:_EXCERPT_LENGTH])
        if kind == "block_begins":
            return BlockBegins()
        if kind == "profiles_end":
            return ProfilesEnd()
        record_type = _RECORDS[kind]
        record: LatencyBlock | Measurement | ModelProfile | Failure = from_json(record_type, fields)
        if isinstance(record, Failure):
            if record.reason not in REASONS:
                raise ValueError(f"unknown reason {record.reason!r}")
            record = dataclasses.replace(record, message=_printable(record.message, MESSAGE_LENGTH_LIMIT))
        # Fails for values that no message can carry: half a surrogate pair, a number too large for its field.
        wire.event_to_message(JobEvent(sequence=1, event=record))
        return record
    except (ValueError, KeyError, TypeError, AttributeError, ArithmeticError, RecursionError) as error:
        excerpt = line[:_EXCERPT_LENGTH].decode("utf-8", errors="replace").strip()
        raise WorkerCrashedError(
            f"the worker sent a line that is not an event ({_printable(str(error), _EXCERPT_LENGTH)}): {excerpt!r}"
        ) from error


def _printable(text: str, length_limit: int) -> str:
    """Return the beginning of a text from an engine or a model, without characters that UTF-8 cannot encode."""
    return text[:length_limit].encode("utf-8", errors="backslashreplace").decode()

"""The events that a worker process sends, one JSON object per line.

    {"event": "version", "version": "..."}                         the first line
    {"event": "progress", "phase": "loading" | "warming_up" | "measuring"}
    {"event": "block_begins"}                                      timed runs follow until the next block
    {"event": "block", <fields of LatencyBlock>}
    {"event": "measurement", <fields of Measurement>}              the last line; its blocks were sent before
    {"event": "profile", <fields of ModelProfile>}                 in a job for the graph
    {"event": "model_result", <fields of ModelResult>}             for each model of a series; its blocks came before
    {"event": "results_end"}                                       the last line of such a job and of a series
    {"event": "failure", "reason": "ERROR_REASON_...", "message": "..."}     the last line

A worker runs a model that may be hostile, so nothing it sends is trusted.
"""

import dataclasses
import json
from typing import Any

from edgeprof_agent.errors import REASONS, WorkerCrashedError
from edgeprof_proto import wire
from edgeprof_proto.record_json import from_json
from edgeprof_proto.records.job import Failure, JobEvent, JobPhase, ModelResult
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

WorkerEvent = JobPhase | LatencyBlock | ModelProfile | ModelResult
"""An event before the last one that is part of the job."""


@dataclasses.dataclass(frozen=True, slots=True)
class WorkerVersion:
    """The version of the package that the worker runs."""

    version: str


@dataclasses.dataclass(frozen=True, slots=True)
class ResultsEnd:
    """Everything was told."""


@dataclasses.dataclass(frozen=True, slots=True)
class BlockBegins:
    """Timed runs follow, with nothing between them."""


WorkerResult = Measurement | ResultsEnd | Failure
"""The last event."""

_RECORDS: dict[str, type[Any]] = {
    "block": LatencyBlock,
    "measurement": Measurement,
    "profile": ModelProfile,
    "model_result": ModelResult,
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
        if kind == "results_end":
            return ResultsEnd()
        record_type = _RECORDS[kind]
        record: LatencyBlock | Measurement | ModelProfile | ModelResult | Failure = from_json(record_type, fields)
        if isinstance(record, Failure):
            record = _checked(record)
        elif isinstance(record, ModelResult):
            record = _checked_result(record)
        # Fails for values that no message can carry: half a surrogate pair, a number too large for its field.
        wire.event_to_message(JobEvent(sequence=1, event=record))
        return record
    except (ValueError, KeyError, TypeError, AttributeError, ArithmeticError, RecursionError) as error:
        excerpt = line[:_EXCERPT_LENGTH].decode("utf-8", errors="replace").strip()
        raise WorkerCrashedError(
            f"the worker sent a line that is not an event ({_printable(str(error), _EXCERPT_LENGTH)}): {excerpt!r}"
        ) from error


def _checked(failure: Failure) -> Failure:
    if failure.reason not in REASONS:
        raise ValueError(f"unknown reason {failure.reason!r}")
    return dataclasses.replace(failure, message=_printable(failure.message, MESSAGE_LENGTH_LIMIT))


def _checked_result(result: ModelResult) -> ModelResult:
    if (result.measurement is None) == (result.failure is None):
        raise ValueError("a result holds a measurement or a failure")
    if result.failure is not None:
        return dataclasses.replace(result, failure=_checked(result.failure))
    assert result.measurement is not None
    # Its blocks were sent before.
    return dataclasses.replace(result, measurement=dataclasses.replace(result.measurement, blocks=()))


def _printable(text: str, length_limit: int) -> str:
    """Return the beginning of a text from an engine or a model, without characters that UTF-8 cannot encode."""
    return text[:length_limit].encode("utf-8", errors="backslashreplace").decode()

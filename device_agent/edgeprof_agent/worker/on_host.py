"""Tells a host what runtimes of its own machine make of models: a process that the host starts for one or several.

    python -m edgeprof_agent.worker.on_host

reads `WorkerRequest`s from the standard input until it is closed, a JSON line each, and answers each by a line on the
standard output: `{"profile": ...}`, the fields of a `ModelProfile`, to a job of the kind graph, `{"measurement": ...}`,
those of a `Measurement`, to any other, or `{"error": ..., "reason": ...}`. The models are the caller's own files, so
the process is not confined.
"""

import json
import os
import sys
import time
from dataclasses import replace
from typing import Any

from edgeprof_agent.errors import AgentError, ModelRefusedError
from edgeprof_agent.runtimes.registry import load_runtime
from edgeprof_agent.worker.measurement import run_measurement
from edgeprof_agent.worker.memory_watch import MemoryWatch
from edgeprof_agent.worker.profile import read_profile
from edgeprof_agent.worker.request import WorkerRequest
from edgeprof_proto.record_json import from_json, to_json
from edgeprof_proto.records.job_spec import JobKind
from edgeprof_proto.records.measurement import LatencyBlock
from edgeprof_proto.records.validation import RecordError
from edgeprof_proto.shared.file_kind import HEAD_BYTES
from edgeprof_proto.shared.model_formats import ModelFormatError, recognise_format, require_format


class _NoServer:
    """The link of a worker that no server waits for: it keeps the blocks."""

    def __init__(self) -> None:
        self.blocks: list[LatencyBlock] = []

    def emit(self, event: str, fields: dict[str, Any]) -> None:
        """Drop an event."""

    def begin_block(self) -> None:
        """Begin a block; nobody has to be told."""

    def send_block(self, block: LatencyBlock) -> float:
        """Keep a block; return the time waited, in seconds."""
        self.blocks.append(block)
        return 0.0


def _require_format(request: WorkerRequest) -> None:
    """Check that the runtime reads the format of the model's file.

    Raises:
        ModelRefusedError: If it does not.
        RuntimeNotFoundError: If there is no such runtime here.
    """
    name = request.spec.setting.runtime
    formats = load_runtime(name).model_formats
    try:
        with open(request.model_path, "rb") as file:
            found = recognise_format(file.read(HEAD_BYTES))
        if found is not None and formats:
            require_format(found, formats, name)
    except ModelFormatError as error:
        raise ModelRefusedError(str(error)) from error
    except OSError as error:
        raise ModelRefusedError(f"the model's file cannot be read: {error.strerror}") from error


def _answer(line: str, memory: MemoryWatch) -> dict[str, Any]:
    link, begin_s = _NoServer(), time.monotonic()
    try:
        request = from_json(WorkerRequest, json.loads(line))
        _require_format(request)
        if request.spec.kind is JobKind.GRAPH:
            return {"profile": to_json(read_profile(request, link))}
        measurement = run_measurement(request, link, memory, age_s=lambda: time.monotonic() - begin_s)
        return {"measurement": to_json(replace(measurement, blocks=tuple(link.blocks)))}
    except AgentError as error:
        return {"error": str(error), "reason": error.reason}
    except (RecordError, ValueError) as error:
        return {"error": str(error), "reason": AgentError.reason}


def main() -> int:
    """Answer the requests on the standard input.

    Returns:
        The exit status.
    """
    # Engines print on the standard output while they load a model.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    memory = MemoryWatch()
    with answers:
        for line in sys.stdin:
            answers.write(json.dumps(_answer(line, memory)) + "\n")
            answers.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Tells the graph that a runtime of this machine makes of a model: a process that a host starts for one model.

    python -m edgeprof_agent.worker.graph

reads a `WorkerRequest` as one JSON line from the standard input and writes `{"profile": ...}`, the fields of a
`ModelProfile`, or `{"error": ..., "reason": ...}` to the standard output. The model is the caller's own file, so the
process is not confined.
"""

import json
import os
import sys
from typing import Any

from edgeprof_agent.errors import AgentError, ModelRefusedError
from edgeprof_agent.runtimes.registry import load_runtime
from edgeprof_agent.worker.profile import read_profile
from edgeprof_agent.worker.request import WorkerRequest
from edgeprof_proto.record_json import from_json, to_json
from edgeprof_proto.records.measurement import LatencyBlock
from edgeprof_proto.records.validation import RecordError
from edgeprof_proto.shared.file_kind import HEAD_BYTES
from edgeprof_proto.shared.model_formats import ModelFormatError, recognise_format, require_format


class _NoServer:
    """The link of a worker that no server waits for."""

    def emit(self, event: str, fields: dict[str, Any]) -> None:
        """Drop an event."""

    def begin_block(self) -> None:
        """Begin a block; nobody has to be told."""

    def send_block(self, block: LatencyBlock) -> float:
        """Drop a block; return the time waited, in seconds."""
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


def main() -> int:
    """Answer the request on the standard input.

    Returns:
        The exit status.
    """
    # Engines print on the standard output while they load a model.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    with answers:
        try:
            request = from_json(WorkerRequest, json.loads(sys.stdin.readline()))
            _require_format(request)
            answer = {"profile": to_json(read_profile(request, _NoServer()))}
        except AgentError as error:
            answer = {"error": str(error), "reason": error.reason}
        except (RecordError, ValueError) as error:
            answer = {"error": str(error), "reason": AgentError.reason}
        json.dump(answer, answers)
    return 0


if __name__ == "__main__":
    sys.exit(main())

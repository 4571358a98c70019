"""Tells the graph that a runtime of this machine makes of a model: a process that a host starts for one model.

    python -m edgeprof_agent.worker.graph

reads a `WorkerRequest` as one JSON line from the standard input and writes `{"profile": ...}`, the fields of a
`ModelProfile`, or `{"error": ...}` to the standard output. The model is the caller's own file, so the process is not
confined.
"""

import json
import os
import sys
from typing import Any

from edgeprof_agent.errors import AgentError
from edgeprof_agent.worker.profile import read_profile
from edgeprof_agent.worker.request import WorkerRequest
from edgeprof_proto.record_json import from_json, to_json
from edgeprof_proto.records.measurement import LatencyBlock
from edgeprof_proto.records.validation import RecordError


class _NoServer:
    """The link of a worker that no server waits for."""

    def emit(self, event: str, fields: dict[str, Any]) -> None:
        """Drop an event."""

    def begin_block(self) -> None:
        """Begin a block; nobody has to be told."""

    def send_block(self, block: LatencyBlock) -> float:
        """Drop a block; return the time waited, in seconds."""
        return 0.0


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
            answer = {"profile": to_json(read_profile(request, _NoServer()))}
        except (AgentError, RecordError, ValueError) as error:
            answer = {"error": str(error)}
        json.dump(answer, answers)
    return 0


if __name__ == "__main__":
    sys.exit(main())

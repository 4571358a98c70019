"""The worker process: loads one runtime and one model, measures it, and ends.

    python -m edgeprof_agent.worker.main FD

One JSON line on the standard input says what to do: `{"model_path": ..., "spec": {...}, "attempt": 1}`, with
`"node_placement": {...}` where the agent knows it already, and `"isolation": {...}`, the limits of the process, which
confines itself before it reads the model or imports a runtime. `"agent_version"` is the version of the server, and with
`"acknowledges_blocks": true` a line with the number of each block follows once the server has dealt with it. Events go
out as JSON lines on the file descriptor FD, so that nothing a runtime prints is taken for one:

    {"event": "version", "version": ...}     the first line
    {"event": "progress", "phase": "loading" | "warming_up" | "measuring"}
    {"event": "block_begins"}        timed runs follow, with nothing between them
    {"event": "block", ...}          the fields of a LatencyBlock
    {"event": "profile", ...}        the fields of a ModelProfile, in a job for the graph
    {"event": "model_result", ...}   the fields of a ModelResult without blocks, for each model of a series
    {"event": "results_end"}         the last line of a job for the graph and of a series
    {"event": "measurement", ...}    the fields of a Measurement without its blocks; the last line, or else
    {"event": "failure", "reason": ..., "message": ...}

The exit status is 0 also after a failure that was reported.
"""

import json
import os
import select
import sys
import threading
import traceback
from dataclasses import replace
from pathlib import Path
from typing import Any

from edgeprof_agent.errors import (
    AgentError,
    AgentUpdatedError,
    InvalidRequestError,
    WorkerNotStartedError,
)
from edgeprof_agent.isolation.confinement import confine
from edgeprof_agent.version import WORKER_VERSION
from edgeprof_agent.worker.failures import failure_of
from edgeprof_agent.worker.measurement import run_measurement
from edgeprof_agent.worker.memory_watch import MemoryWatch
from edgeprof_agent.worker.profile import read_profile
from edgeprof_agent.worker.request import AGENT_UPDATED, WorkerRequest
from edgeprof_agent.worker.series import run_series
from edgeprof_agent.worker.server_link import PipeLink
from edgeprof_proto.record_json import from_json, to_json
from edgeprof_proto.records.job_spec import JobKind
from edgeprof_proto.records.validation import RecordError


def main() -> int:
    """Run the request on the standard input; see the module's text.

    Returns:
        The exit status.
    """
    event_fd = int(sys.argv[1])
    with open(event_fd, "w", encoding="utf-8") as stream:
        link = PipeLink(stream)
        emit = link.emit
        try:
            asked = json.loads(sys.stdin.buffer.readline())
            _require_same_version(asked)
            emit("version", {"version": WORKER_VERSION})
            memory = MemoryWatch()
            request = _confined(from_json(WorkerRequest, asked))
            if request.acknowledges_blocks:
                # Nothing else is read from there: a server writes its first number after the first block.
                link.wait_for_acknowledgements(sys.stdin.fileno())
            # Started after the confinement, which applies to the calling thread and those that it starts later.
            threading.Thread(target=_exit_when_pipe_closes, args=(event_fd,), daemon=True).start()
            if request.spec.kind is JobKind.GRAPH:
                emit("profile", to_json(read_profile(request, link)))
                emit("results_end", {})
            elif request.spec.kind is JobKind.SERIES:
                run_series(request, link, memory)
                emit("results_end", {})
            else:
                emit("measurement", to_json(run_measurement(request, link, memory)))
        except (AgentError, MemoryError) as error:
            emit("failure", to_json(failure_of(error)))
        except RecordError as error:
            emit("failure", {"reason": InvalidRequestError.reason, "message": str(error)})
        except Exception as error:
            # An internal error ends the job with a message; the traceback goes to the server.
            traceback.print_exc()
            emit("failure", to_json(failure_of(error)))
    return 0


def _require_same_version(asked: Any) -> None:
    """Check that the server runs the same package: one that was updated in place starts workers of the new one.

    Raises:
        AgentUpdatedError: If the versions differ.
        WorkerNotStartedError: If the server is older than that error.
    """
    version = asked.get("agent_version") if isinstance(asked, dict) else None
    if version == WORKER_VERSION:
        return
    raise AgentUpdatedError(AGENT_UPDATED) if version else WorkerNotStartedError(AGENT_UPDATED)


def _confined(request: WorkerRequest) -> WorkerRequest:
    if request.isolation is None:
        return request
    try:
        confinement = confine(
            request.isolation,
            Path(request.model_path),
            model_folder=request.model_folder,
            inputs_path=Path(request.inputs_path) if request.inputs_path else None,
        )
    except OSError as error:
        raise WorkerNotStartedError(f"the worker could not be confined: {error}") from error
    inputs_path = str(confinement.inputs_path or "")
    return replace(request, model_path=str(confinement.model_path), inputs_path=inputs_path)


def _exit_when_pipe_closes(event_fd: int) -> None:
    """Exit when the server closes its end of the pipe, whatever the engine is doing."""
    watcher = select.poll()
    # With no events asked for, poll still reports that the other end was closed.
    watcher.register(event_fd, 0)
    watcher.poll()
    os._exit(1)


if __name__ == "__main__":
    sys.exit(main())

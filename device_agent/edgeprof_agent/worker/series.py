"""A series: several models measured one after the other in one worker process, so that its start does not dominate."""

import time
import traceback
from dataclasses import replace
from functools import partial

from edgeprof_agent.errors import AgentError
from edgeprof_agent.worker.failures import failure_of
from edgeprof_agent.worker.measurement import run_measurement
from edgeprof_agent.worker.memory_watch import MemoryWatch
from edgeprof_agent.worker.request import SeriesModel, WorkerRequest
from edgeprof_agent.worker.server_link import ServerLink
from edgeprof_proto.record_json import to_json
from edgeprof_proto.records.job import ModelResult


def run_series(request: WorkerRequest, link: ServerLink, memory: MemoryWatch) -> None:
    """Measure each model of a series, and tell what came of it before the next one. A failure is told like a result.

    Args:
        request: The series.
        link: Gets each event.
        memory: Notes the memory of this process.
    """
    for model in request.series:
        link.emit("model_result", to_json(_result_of(model, request, link, memory)))


def _result_of(model: SeriesModel, request: WorkerRequest, link: ServerLink, memory: MemoryWatch) -> ModelResult:
    assert request.model_folder is not None
    alone = replace(
        request,
        model_path=str(request.model_folder / model.path),
        other_files=model.other_files,
        model_inputs=model.model_inputs,
        node_placement=model.node_placement,
        spec=request.spec.of_model(model.model_sha256),
    )
    begin_s = time.monotonic()
    try:
        measurement = run_measurement(alone, link, memory, age_s=partial(_since, begin_s))
    except (AgentError, MemoryError) as error:
        return ModelResult(model_sha256=model.model_sha256, failure=failure_of(error))
    except Exception as error:
        # The traceback goes to the server.
        traceback.print_exc()
        return ModelResult(model_sha256=model.model_sha256, failure=failure_of(error))
    return ModelResult(model_sha256=model.model_sha256, measurement=measurement)


def _since(begin_s: float) -> float:
    return time.monotonic() - begin_s

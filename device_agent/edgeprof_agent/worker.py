"""The worker process: loads one runtime and one model, measures it, and ends.

    python -m edgeprof_agent.worker FD

One JSON line on the standard input says what to do: `{"model_path": ..., "spec": {...}, "attempt": 1}`, and with
`isolation` what the process may use: it confines itself before it reads the model or imports a runtime. Events go out
as JSON lines on the file descriptor FD, so that nothing a runtime prints is taken for one:

    {"event": "progress", "phase": "loading" | "warming_up" | "measuring"}
    {"event": "block", ...}          the fields of a LatencyBlock
    {"event": "measurement", ...}    the fields of a Measurement without its blocks; the last line, or else
    {"event": "failure", "reason": ..., "message": ...}

The exit status is 0 after a failure that could be reported as well.
"""

import json
import os
import select
import sys
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from edgeprof_agent.conditions import SYSTEM_ROOT, read_peak_memory_bytes, read_text
from edgeprof_agent.errors import AgentError, InvalidRequestError, WorkerNotStartedError, WorkerOutOfMemoryError
from edgeprof_agent.isolation.confinement import confine
from edgeprof_agent.isolation.plan import IsolationPlan
from edgeprof_agent.measurement import measure
from edgeprof_agent.model_file import check_model_file
from edgeprof_agent.runtimes.base import LoadedModel
from edgeprof_agent.runtimes.registry import load_runtime
from edgeprof_agent.verdict import judge
from edgeprof_proto.record_json import from_json, to_json
from edgeprof_proto.records import JobPhase, JobSpec, LatencyBlock, Measurement, RecordError

THREAD_COUNT_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
"""Where libraries under a runtime read how many threads to start, once, when they are loaded."""

OUT_OF_MEMORY_WORDS = ("bad_alloc", "bad allocation", "Failed to allocate memory", "MemoryError")
"""How libraries say that they got no memory."""

Emit = Callable[[str, dict[str, Any]], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerRequest:
    """What the server asks of a worker."""

    model_path: str
    spec: JobSpec
    attempt: int
    isolation: IsolationPlan | None = None


def main() -> int:
    """Run the request on the standard input; see the module's text.

    Returns:
        The exit status.
    """
    event_fd = int(sys.argv[1])
    with open(event_fd, "w", encoding="utf-8") as stream:

        def emit(event: str, fields: dict[str, Any]) -> None:
            stream.write(json.dumps({"event": event, **fields}) + "\n")
            stream.flush()

        try:
            request = _confined(from_json(WorkerRequest, json.loads(sys.stdin.readline())))
            # Not earlier: what confines a process holds for the thread that asks, and those that it starts.
            threading.Thread(target=_end_with_the_reader, args=(event_fd,), daemon=True).start()
            # The blocks were sent as they were taken.
            emit("measurement", to_json(replace(run(request, emit), blocks=())))
        except (AgentError, MemoryError) as error:
            emit("failure", _describe_failure(error))
        except RecordError as error:
            emit("failure", {"reason": InvalidRequestError.reason, "message": str(error)})
        except Exception as error:
            # A bug must end the job with a sentence; the trace goes to the server's log.
            traceback.print_exc()
            message = f"the worker failed with {type(error).__name__}: {error}"
            emit("failure", {"reason": AgentError.reason, "message": message})
    return 0


def _confined(request: WorkerRequest) -> WorkerRequest:
    if request.isolation is None:
        return request
    try:
        confinement = confine(request.isolation, Path(request.model_path))
    except OSError as error:
        raise WorkerNotStartedError(f"the worker could not be confined: {error}") from error
    return replace(request, model_path=str(confinement.model_path))


def _describe_failure(error: Exception) -> dict[str, str]:
    """Return the fields of a failure; a runtime tells in many words that it got no memory."""
    if isinstance(error, MemoryError) or any(words in str(error) for words in OUT_OF_MEMORY_WORDS):
        message = (
            f"the model takes more memory than a worker on this device may ({error}); measure a smaller one, or raise "
            "EDGEPROF_AGENT_WORKER_MEMORY_BYTES on the device"
        )
        return {"reason": WorkerOutOfMemoryError.reason, "message": message}
    return {"reason": getattr(error, "reason", AgentError.reason), "message": str(error)}


def run(request: WorkerRequest, emit: Emit) -> Measurement:
    """Load the model and measure it.

    Args:
        request: What to measure.
        emit: Takes the name and the fields of each event.

    Returns:
        The measurement.

    Raises:
        AgentError: If the runtime, the model or a run of it failed.
    """
    spec = request.spec
    start_time = time.time() - _process_age_s()
    for name in THREAD_COUNT_VARIABLES:
        os.environ[name] = str(spec.setting.thread_count)
    emit("progress", {"phase": JobPhase.LOADING.value})
    runtime = load_runtime(spec.setting.runtime)
    model_path = Path(request.model_path)
    if request.isolation is not None:
        check_model_file(
            model_path,
            runtime.model_format,
            memory_bytes=request.isolation.memory_bytes,
            batch_size=spec.setting.batch_size,
        )
    model = runtime.load(model_path, spec.setting, input_seed=spec.input_seed)
    try:
        return _measure_loaded(model, spec, emit, start_time)
    finally:
        model.close()


def _measure_loaded(model: LoadedModel, spec: JobSpec, emit: Emit, start_time: float) -> Measurement:
    plan = spec.plan.filled()
    conditions_before = model.read_conditions()
    blocks: list[LatencyBlock] = []
    wait_before_ms: float | None = None
    emit("progress", {"phase": JobPhase.WARMING_UP.value})
    for block in measure(model.run_once, model.clock, plan, origin_ns=model.clock()):
        blocks.append(block)
        emit("block", to_json(block))
        if block.is_warmup:
            emit("progress", {"phase": JobPhase.MEASURING.value})
            wait_before_ms = model.read_core_wait_ms()
    wait_after_ms = model.read_core_wait_ms()
    conditions_after = model.read_conditions()
    return Measurement(
        model_sha256=spec.model_sha256,
        setting=model.setting,
        plan=plan,
        start_time=start_time,
        load_ms=model.load_ms,
        first_inference_ms=blocks[0].latency_ms[0],
        blocks=tuple(blocks),
        peak_memory_bytes=read_peak_memory_bytes(),
        conditions_before=conditions_before,
        conditions_after=conditions_after,
        verdict=judge(
            blocks,
            conditions_before,
            conditions_after,
            provider=model.setting.provider,
            node_counts=model.node_counts,
            core_wait_ms=None if wait_before_ms is None or wait_after_ms is None else wait_after_ms - wait_before_ms,
        ),
        total_ms=_process_age_s() * 1_000,
    )


_IMPORT_TIME_NS = time.monotonic_ns()


def _process_age_s() -> float:
    """Return the time since this process began; since this module was loaded where the kernel does not tell."""
    fields = (read_text(SYSTEM_ROOT / "proc/self/stat") or "").rpartition(")")[2].split()
    if len(fields) > 19 and hasattr(time, "CLOCK_BOOTTIME"):
        # The 22nd field of the line, in ticks since the boot; two fields end before the bracket.
        return time.clock_gettime(time.CLOCK_BOOTTIME) - int(fields[19]) / os.sysconf("SC_CLK_TCK")
    return (time.monotonic_ns() - _IMPORT_TIME_NS) / 1e9


def _end_with_the_reader(event_fd: int) -> None:
    """End this process when nobody reads its events any more, whatever the runtime is doing."""
    watcher = select.poll()
    # No events asked for: what is reported all the same is that the other end has closed.
    watcher.register(event_fd, 0)
    watcher.poll()
    os._exit(1)


if __name__ == "__main__":
    sys.exit(main())

"""The worker process: loads one runtime and one model, measures it, and ends.

    python -m edgeprof_agent.worker.main FD

One JSON line on the standard input says what to do: `{"model_path": ..., "spec": {...}, "attempt": 1}`, with
`"node_placement": {...}` where the agent knows it already, and `"isolation": {...}`, the limits of the process, which
confines itself before it reads the model or imports a runtime. Events go out as JSON lines on the file descriptor FD,
so that nothing a runtime prints is taken for one:

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
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from edgeprof_agent.conditions import SYSTEM_ROOT, hottest_celsius, read_peak_memory_bytes, read_text
from edgeprof_agent.device.info import read_cpu
from edgeprof_agent.errors import AgentError, InvalidRequestError, WorkerNotStartedError, WorkerOutOfMemoryError
from edgeprof_agent.isolation.confinement import confine
from edgeprof_agent.isolation.cpu_affinity import bind_to_cores, read_affinity, without_cores, working_threads
from edgeprof_agent.isolation.plan import IsolationPlan
from edgeprof_agent.models.model_file import check_model_file
from edgeprof_agent.runtimes.base import LoadedModel
from edgeprof_agent.runtimes.registry import load_runtime
from edgeprof_agent.runtimes.timed_loop import NS_PER_MS, measure
from edgeprof_agent.worker.node_placement import NodePlacement, known_node_counts
from edgeprof_agent.worker.thermal_gate import ThermalGate
from edgeprof_agent.worker.verdict import judge
from edgeprof_proto.record_json import from_json, to_json
from edgeprof_proto.records.job import JobPhase
from edgeprof_proto.records.job_spec import ALL_CORES, CORES_OPTION, JobSpec, MeasurementPlan, Setting
from edgeprof_proto.records.measurement import Conditions, LatencyBlock, Measurement, NodeCount
from edgeprof_proto.records.validation import RecordError
from edgeprof_proto.shared.interval import median_interval

THREAD_COUNT_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
"""Where libraries under a runtime read how many threads to start, once, when they are loaded."""

OUT_OF_MEMORY_WORDS = ("bad_alloc", "bad allocation", "Failed to allocate memory", "MemoryError")
"""How libraries say that they got no memory."""

LOOK_INTERVAL_MS = 500.0
"""Time between two readings of the device while it measures. Temperatures and governors move more slowly, and a reading
empties caches."""

Emit = Callable[[str, dict[str, Any]], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerRequest:
    """What the server asks of a worker."""

    model_path: str
    spec: JobSpec
    attempt: int
    isolation: IsolationPlan | None = None
    node_placement: NodePlacement | None = None


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
    # Before the runtime starts its threads.
    asked_cores = bind_to_cores(spec.setting, read_cpu())
    runtime = load_runtime(spec.setting.runtime)
    model_path = Path(request.model_path)
    if request.isolation is not None:
        check_model_file(
            model_path,
            runtime.model_format,
            memory_bytes=request.isolation.memory_bytes,
            batch_size=spec.setting.batch_size,
        )
    model = runtime.load(model_path, without_cores(spec.setting), input_seed=spec.input_seed)
    try:
        return _measure_loaded(model, request, asked_cores, emit, start_time)
    finally:
        model.close()


def _measure_loaded(
    model: LoadedModel, request: WorkerRequest, asked_cores: tuple[int, ...], emit: Emit, start_time: float
) -> Measurement:
    spec = request.spec
    plan = spec.plan.filled()
    observer = _Observer(model)
    gate = _gate(model, plan)
    gate()
    conditions_before = observer.read_conditions()
    blocks: list[LatencyBlock] = []
    emit("progress", {"phase": JobPhase.WARMING_UP.value})
    for block in measure(model.run_once, model.clock, plan, origin_ns=observer.origin_ns, gate=gate):
        if not blocks:
            observer.begin()
        blocks.append(block)
        emit("block", to_json(block))
        if len(blocks) == 1:
            emit("progress", {"phase": JobPhase.MEASURING.value})
        observer.look()
    timed_blocks = [block for block in blocks if not block.is_warmup]
    observed = observer.end(asked_cores, timed_ms=sum(sum(block.latency_ms) for block in timed_blocks))
    conditions_after = observer.read_conditions()
    peak_memory_bytes = read_peak_memory_bytes()
    setting = _setting_in_force(model.setting, spec.setting)
    node_counts = known_node_counts(request.node_placement, setting) or _count_nodes(model)
    return Measurement(
        model_sha256=spec.model_sha256,
        setting=setting,
        plan=plan,
        start_time=start_time,
        load_ms=model.load_ms,
        first_inference_ms=blocks[0].latency_ms[0],
        blocks=tuple(blocks),
        peak_memory_bytes=peak_memory_bytes,
        conditions_before=conditions_before,
        conditions_during=tuple(observer.conditions_during),
        conditions_after=conditions_after,
        verdict=judge(
            blocks,
            conditions_before,
            conditions_after,
            conditions_during=observer.conditions_during,
            provider=setting.provider,
            node_counts={item.provider: item.node_count for item in node_counts},
            allow_fallback=spec.allow_fallback,
            cores_elsewhere_count=len(set(observed.core_indices) - set(asked_cores)) if asked_cores else None,
            extra_thread_count=None if observed.thread_count is None else observed.thread_count - setting.thread_count,
            core_wait_ms=observed.core_wait_ms,
            plan=plan,
        ),
        node_counts=node_counts,
        core_indices=observed.core_indices,
        thread_count=observed.thread_count,
        median_interval=median_interval(timed_blocks),
        waited_ms=gate.waited_ms,
        is_start_temperature_reached=gate.is_reached if plan.start_temperature_celsius else None,
        total_ms=_process_age_s() * 1_000,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Observed:
    """What the kernel tells of the timed runs."""

    core_indices: tuple[int, ...]
    thread_count: int | None
    core_wait_ms: float | None


class _Observer:
    """Watches the device and the threads of this process, never while a block runs."""

    def __init__(self, model: LoadedModel) -> None:
        self._model = model
        self.origin_ns = model.clock()
        self.conditions_during: list[Conditions] = []
        self._work_before_ns: Mapping[str, int] | None = None
        self._wait_before_ms: float | None = None
        self._last_look_ns = 0

    def read_conditions(self) -> Conditions:
        """Read the state of the device, with the moment."""
        elapsed_ms = (self._model.clock() - self.origin_ns) / NS_PER_MS
        return replace(self._model.read_conditions(), elapsed_ms=elapsed_ms)

    def begin(self) -> None:
        """Remember where the threads stand before the timed runs."""
        self._work_before_ns = self._model.read_thread_work_ns()
        self._wait_before_ms = self._model.read_core_wait_ms()
        self._last_look_ns = self._model.clock()

    def look(self) -> None:
        """Read the state of the device between two blocks, unless it was read a moment ago."""
        if self._model.clock() - self._last_look_ns >= LOOK_INTERVAL_MS * NS_PER_MS:
            self.conditions_during.append(self.read_conditions())
            self._last_look_ns = self._model.clock()

    def end(self, asked_cores: tuple[int, ...], *, timed_ms: float) -> _Observed:
        """Tell what the threads have done since the beginning."""
        wait_after_ms = self._model.read_core_wait_ms()
        threads = working_threads(self._work_before_ns, self._model.read_thread_work_ns(), timed_ms)
        core_indices = {index for thread in threads or (0,) for index in read_affinity(thread)}
        wait_before_ms = self._wait_before_ms
        return _Observed(
            core_indices=tuple(sorted(core_indices)),
            thread_count=None if threads is None else len(threads),
            core_wait_ms=None if wait_before_ms is None or wait_after_ms is None else wait_after_ms - wait_before_ms,
        )


def _gate(model: LoadedModel, plan: MeasurementPlan) -> ThermalGate:
    return ThermalGate(
        lambda: hottest_celsius(model.read_conditions()) if plan.start_temperature_celsius else None,
        model.clock,
        model.sleep,
        limit_celsius=plan.start_temperature_celsius,
        budget_ms=plan.max_wait_ms,
    )


def _setting_in_force(of_runtime: Setting, asked: Setting) -> Setting:
    cores = asked.options.get(CORES_OPTION, ALL_CORES)
    return (
        of_runtime if cores == ALL_CORES else replace(of_runtime, options={**of_runtime.options, CORES_OPTION: cores})
    )


def _count_nodes(model: LoadedModel) -> tuple[NodeCount, ...]:
    try:
        counts = model.count_nodes()
    except AgentError as error:
        # The runs are taken and good; where their nodes ran stays untold rather than losing them.
        print(f"where the nodes ran is not known: {error}", file=sys.stderr)
        return ()
    return tuple(NodeCount(provider=provider, node_count=count) for provider, count in sorted(counts.items()))


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

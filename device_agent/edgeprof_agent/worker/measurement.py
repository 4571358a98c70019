"""One measurement, from the loading of the model to the verdict, inside the worker process."""

import os
import statistics
import time
from collections.abc import Callable

from edgeprof_agent.conditions import SYSTEM_ROOT, hottest_celsius, read_text
from edgeprof_agent.runtimes.base import LoadedModel
from edgeprof_agent.runtimes.block_history import BlockHistory
from edgeprof_agent.runtimes.timed_loop import measure
from edgeprof_agent.worker.engine_fingerprint import engine_fingerprint
from edgeprof_agent.worker.loading import loaded_model, setting_in_force
from edgeprof_agent.worker.memory_watch import MemoryWatch
from edgeprof_agent.worker.node_placement import known_node_counts
from edgeprof_agent.worker.observer import Observer
from edgeprof_agent.worker.operators import inspect_model
from edgeprof_agent.worker.request import WorkerRequest
from edgeprof_agent.worker.run_failure import explained
from edgeprof_agent.worker.server_link import COOL_WAIT_S, ServerLink
from edgeprof_agent.worker.thermal_gate import ThermalGate
from edgeprof_agent.worker.verdict import judge
from edgeprof_proto.records.job import JobPhase
from edgeprof_proto.records.job_spec import MeasurementPlan
from edgeprof_proto.records.measurement import Measurement, spaced_runs
from edgeprof_proto.shared.interval import median_interval


def run_measurement(
    request: WorkerRequest, link: ServerLink, memory: MemoryWatch, *, age_s: Callable[[], float] | None = None
) -> Measurement:
    """Load the model and measure it.

    Args:
        request: What to measure.
        link: Gets each event.
        memory: Notes the memory of this process; the same one for all models of a series.
        age_s: Tells how long ago the attempt began, in seconds; None for the age of this process.

    Returns:
        The measurement, without its blocks, which were sent one by one.

    Raises:
        AgentError: If the runtime, the model or a run of it failed.
    """
    attempt = _Attempt(age_s or _process_age_s, memory)
    with loaded_model(request, link, memory) as (model, asked_cores):
        return _measure_loaded(model, request, asked_cores, link, attempt)


class _Attempt:
    """When an attempt began, in seconds since the epoch, how long ago that is, in seconds, and what memory it takes."""

    def __init__(self, age_s: Callable[[], float], memory: MemoryWatch) -> None:
        self.age_s = age_s
        self.memory = memory
        self.start_time = time.time() - age_s()


def _measure_loaded(
    model: LoadedModel, request: WorkerRequest, asked_cores: tuple[int, ...], link: ServerLink, attempt: _Attempt
) -> Measurement:
    spec = request.spec
    plan = spec.plan.filled()
    observer = Observer(model)
    gate = _thermal_gate(model, plan)
    gate()
    conditions_before = observer.read_conditions()
    attempt.memory.note_model()
    history = _take_blocks(model, plan, observer, gate, link)
    observed = observer.end(timed_ms=history.timed_ms)
    conditions_after = observer.read_conditions()
    memory_use, peak_memory_bytes = attempt.memory.use(), attempt.memory.peak_bytes()
    setting = setting_in_force(model.setting, spec.setting)
    fingerprint = engine_fingerprint(model.driver_version())
    remembered = known_node_counts(request.node_placement, setting, fingerprint)
    median_ms = statistics.median(spaced_runs(history.timed_blocks))
    told = inspect_model(model, request, remembered, median_ms)
    return Measurement(
        model_sha256=spec.model_sha256,
        setting=setting,
        plan=plan,
        start_time=attempt.start_time,
        load_ms=model.load_ms,
        first_inference_ms=history.blocks[0].latency_ms[0],
        peak_memory_bytes=peak_memory_bytes,
        conditions_before=conditions_before,
        conditions_during=tuple(observer.conditions_during),
        conditions_after=conditions_after,
        verdict=judge(
            history.blocks,
            conditions_before,
            conditions_after,
            conditions_during=observer.conditions_during,
            provider=setting.provider,
            node_counts={item.provider: item.node_count for item in told.node_counts},
            allow_fallback=spec.allow_fallback,
            core_indices=observed.core_indices,
            cores_elsewhere_count=len(set(observed.core_indices) - set(asked_cores)) if asked_cores else None,
            extra_thread_count=None if observed.thread_count is None else observed.thread_count - setting.thread_count,
            core_wait_ms=observed.core_wait_ms,
            timed_ms=history.timed_ms,
            plan=plan,
        ),
        node_counts=told.node_counts,
        is_node_count_remembered=bool(remembered),
        is_node_count_derived=bool(told.node_counts) and model.is_node_count_derived,
        engine_fingerprint=fingerprint,
        core_indices=observed.core_indices,
        thread_count=observed.thread_count,
        median_interval=median_interval(history.timed_blocks),
        waited_ms=gate.waited_ms,
        is_start_temperature_reached=gate.is_reached if plan.start_temperature_celsius else None,
        total_ms=attempt.age_s() * 1_000,
        inputs=model.inputs,
        operators=told.operators,
        optimized_graph=told.graph,
        memory_use=memory_use,
    )


def _take_blocks(
    model: LoadedModel, plan: MeasurementPlan, observer: Observer, gate: ThermalGate, link: ServerLink
) -> BlockHistory:
    history = BlockHistory()
    waited_s = 0.0

    def begin_block() -> None:
        link.begin_block()
        observer.begin_block()

    def open_gate() -> bool:
        has_cooled = gate() or waited_s > COOL_WAIT_S
        if not has_cooled:
            begin_block()
        return has_cooled

    link.emit("progress", {"phase": JobPhase.WARMING_UP.value})
    blocks = measure(model.run_once, model.clock, plan, origin_ns=observer.origin_ns, gate=open_gate)
    for block in explained(blocks, model.inputs):
        is_first = not history.blocks
        if not block.is_warmup:
            observer.end_block()
        if is_first:
            observer.begin()
        history.add(block)
        waited_s = link.send_block(block)
        if is_first:
            link.emit("progress", {"phase": JobPhase.MEASURING.value})
        observer.read_between_blocks()
        if block.is_warmup and not is_first:
            # After a wait the warm-up is repeated, and a timed block follows without another question to the gate.
            begin_block()
    return history


def _thermal_gate(model: LoadedModel, plan: MeasurementPlan) -> ThermalGate:
    return ThermalGate(
        lambda: hottest_celsius(model.read_conditions()) if plan.start_temperature_celsius else None,
        model.clock,
        model.sleep,
        limit_celsius=plan.start_temperature_celsius,
        budget_ms=plan.max_wait_ms,
    )


_IMPORT_TIME_NS = time.monotonic_ns()


def _process_age_s() -> float:
    """Return the age of this process in seconds; where the kernel does not report it, since this module was loaded."""
    fields = (read_text(SYSTEM_ROOT / "proc/self/stat") or "").rpartition(")")[2].split()
    if len(fields) > 19 and hasattr(time, "CLOCK_BOOTTIME"):
        # The start time: field 22, in clock ticks since boot. The two fields up to the bracket are cut off.
        return time.clock_gettime(time.CLOCK_BOOTTIME) - int(fields[19]) / os.sysconf("SC_CLK_TCK")
    return (time.monotonic_ns() - _IMPORT_TIME_NS) / 1e9

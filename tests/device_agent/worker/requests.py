"""Requests to worker processes, and the measurement that their events hold."""

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from edgeprof_agent.runtimes.simulation_config import SimulationConfig
from edgeprof_agent.version import WORKER_VERSION
from edgeprof_proto.record_json import from_json, to_json
from edgeprof_proto.records.job_spec import JobSpec, MeasurementPlan, Setting
from edgeprof_proto.records.measurement import LatencyBlock, Measurement

SHA256 = "0" * 64
SHORT_PLAN = MeasurementPlan(
    warmup_run_count=3,
    warmup_duration_ms=0.001,
    timed_run_count=20,
    timed_duration_ms=10.0,
    block_count=4,
    max_duration_ms=10_000.0,
)

RunWorker = Callable[..., list[dict[str, Any]]]
WriteConvolutions = Callable[[Path], Path]


def worker_request(
    model_path: Path, *, runtime: str = "onnxruntime", plan: MeasurementPlan = SHORT_PLAN
) -> dict[str, Any]:
    spec = JobSpec(model_sha256=SHA256, setting=Setting(runtime=runtime), plan=plan)
    return {"model_path": str(model_path), "spec": to_json(spec), "attempt": 1, "agent_version": WORKER_VERSION}


def measurement_of(events: list[dict[str, Any]]) -> Measurement:
    fields = dict(events[-1])
    assert fields.pop("event") == "measurement", fields
    measurement = from_json(Measurement, fields)
    assert measurement.blocks == ()
    return replace(measurement, blocks=_blocks(events))


def _blocks(events: list[dict[str, Any]]) -> tuple[LatencyBlock, ...]:
    fields = [{name: value for name, value in event.items() if name != "event"} for event in events]
    return tuple(from_json(LatencyBlock, block) for block in fields if "latency_ms" in block)


def simulated_by(config_path: Path, config: SimulationConfig) -> dict[str, str]:
    config.write(config_path)
    return {**os.environ, "EDGEPROF_SIMULATION": str(config_path)}

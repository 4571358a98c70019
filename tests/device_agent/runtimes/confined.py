"""Measures a model in a real worker that is confined as an agent has it."""

import asyncio
import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from edgeprof_agent.config import MIB, AgentConfig
from edgeprof_agent.isolation.plan import plan_isolation, worker_environment
from edgeprof_agent.jobs.worker_process import WORKER_COMMAND, WorkerProcess
from edgeprof_proto.records.job import Failure
from edgeprof_proto.records.job_spec import JobSpec, MeasurementPlan, Setting
from edgeprof_proto.records.measurement import Measurement

PLAN = MeasurementPlan(warmup_duration_ms=1, timed_duration_ms=1, timed_run_count=10).filled()


def measure_confined(
    content: bytes, setting: Setting, data_dir: Path, *, variables: Mapping[str, str] | None = None, **fields: Any
) -> Measurement | Failure:
    """Measure a model of one file; its path in the worker has no suffix.

    Args:
        content: The file.
        setting: The setting.
        data_dir: A folder for the agent.
        variables: More environment variables of the agent.
        fields: Fields of the agent's configuration.
    """
    data_dir.mkdir(mode=0o700, exist_ok=True)
    model = data_dir / "model"
    model.write_bytes(content)
    config = AgentConfig(data_dir=data_dir, **{"worker_memory_bytes": 2_048 * MIB, **fields})
    environment = {**os.environ, **(variables or {})}
    environment.pop("EDGEPROF_SIMULATION", None)
    worker = WorkerProcess(
        data_dir / "scratch",
        job_duration_s=60,
        command=WORKER_COMMAND,
        environment=worker_environment(config, environment),
        plan_isolation=lambda scratch_dir: plan_isolation(config, scratch_dir, environment),
    )
    spec = JobSpec(model_sha256=hashlib.sha256(content).hexdigest(), setting=setting, plan=PLAN)
    return asyncio.run(worker.run(model, spec, attempt=1))


def measurement_of(result: Measurement | Failure) -> Measurement:
    """Return the measurement, or fail with what the worker said."""
    assert isinstance(result, Measurement), result
    return result

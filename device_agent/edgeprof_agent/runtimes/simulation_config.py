"""The configuration of a simulated device, and its state between jobs, in two files beside each other."""

import enum
import importlib.util
import json
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from edgeprof_agent.errors import RuntimeNotFoundError
from edgeprof_agent.runtimes.base import JOB_ID_VARIABLE
from edgeprof_agent.runtimes.simulated_nodes import NO_ONNX
from edgeprof_proto.record_json import from_json, to_json
from edgeprof_proto.records.validation import RecordError
from edgeprof_proto.shared.plain_file import MAX_AGENT_FILE_BYTES, read_plain_file

CONFIG_VARIABLE = "EDGEPROF_SIMULATION"
"""Environment variable that names the file of the configuration."""

COLD_CELSIUS = 40.0
HOT_CELSIUS = 90.0
THROTTLING_CELSIUS = 80.0

_MAX_COUNT = 2**31 - 1
_MIN_SATURATION_MS, _MAX_MS = 1e-6, 1e12
_MAX_SLOWDOWN = 1e6
_MAX_NOISE_SD = 5.0
"""Beyond it latencies of normal draws overflow."""


class FaultKind(str, enum.Enum):
    """The faults of a simulated device."""

    CRASH = "crash"
    HANG = "hang"
    FAIL_RUN = "fail_run"
    REJECT_MODEL = "reject_model"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A fault on demand.

    Args:
        kind: "crash" ends the worker by a signal, "hang" never returns, "fail_run" is an error of the runtime in a
            run, "reject_model" an error when the model is loaded.
        at_run: Number of the run in which it happens, from 1; ignored for "reject_model".
        job_count: It happens in this many first jobs of the device; None for all jobs.
    """

    kind: FaultKind
    at_run: int = 1
    job_count: int | None = None

    def __post_init__(self) -> None:
        _require_range("fault.at_run", self.at_run, 1, _MAX_COUNT)
        if self.job_count is not None:
            _require_range("fault.job_count", self.job_count, 1, _MAX_COUNT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Heat:
    """How the device heats up under load and throttles.

    Args:
        saturation_ms: Time constant, in milliseconds of work: the temperature has then risen by 63 % of its range.
        slowdown: Factor on the latency while the device throttles, at least 1.
        cooling_share: Share of the heat that is lost before the next job begins, from 0 to 1.
    """

    saturation_ms: float
    slowdown: float = 1.5
    cooling_share: float = 0.0

    def __post_init__(self) -> None:
        _require_range("heat.saturation_ms", self.saturation_ms, _MIN_SATURATION_MS, _MAX_MS)
        _require_range("heat.slowdown", self.slowdown, 1, _MAX_SLOWDOWN)
        _require_range("heat.cooling_share", self.cooling_share, 0, 1)

    def temperature_celsius(self, work_ms: float) -> float:
        """Return the temperature after some work.

        Args:
            work_ms: Work since the device was cold, in milliseconds.
        """
        return COLD_CELSIUS + (HOT_CELSIUS - COLD_CELSIUS) * (1 - math.exp(-work_ms / self.saturation_ms))

    def work_ms_after_rest(self, work_ms: float, rest_ms: float) -> float:
        """Return the work that corresponds to the temperature after a rest.

        Args:
            work_ms: Work since the device was cold, in milliseconds.
            rest_ms: Rest after it, in milliseconds; in `saturation_ms` the heat decays by 63 %.
        """
        heat_share = (1 - math.exp(-work_ms / self.saturation_ms)) * math.exp(-rest_ms / self.saturation_ms)
        return -self.saturation_ms * math.log1p(-min(heat_share, 1 - 1e-12))


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulationConfig:
    """The configuration of a simulated device.

    Args:
        seed: Seed of the device model (see `latency_model.py`) and of the noise.
        noise_relative_sd: Standard deviation of the noise, relative to the latency.
        warmup_run_count: Runs after loading a model until full speed is reached.
        warmup_slowdown: Factor on the latency of the first of them, at least 1; falls linearly to 1.
        resolution_ms: Resolution of the device's clock, in milliseconds; 0 for nanoseconds.
        heat: How the device heats up; None for constant temperature.
        faults: Faults on demand.
        takes_time: Whether runs take their latency in real time as well, as those of a board; otherwise nothing sleeps.
    """

    seed: int = 0
    noise_relative_sd: float = 0.01
    warmup_run_count: int = 5
    warmup_slowdown: float = 2.0
    resolution_ms: float = 0.0
    heat: Heat | None = None
    faults: tuple[Fault, ...] = ()
    takes_time: bool = False

    def __post_init__(self) -> None:
        _require_range("noise_relative_sd", self.noise_relative_sd, 0, _MAX_NOISE_SD)
        _require_range("warmup_run_count", self.warmup_run_count, 0, _MAX_COUNT)
        _require_range("resolution_ms", self.resolution_ms, 0, _MAX_MS)
        _require_range("warmup_slowdown", self.warmup_slowdown, 1, _MAX_SLOWDOWN)

    def write(self, path: str | os.PathLike[str]) -> None:
        """Write the configuration and reset the device: cold, without any job before.

        Args:
            path: The file that EDGEPROF_SIMULATION is to name.
        """
        path = Path(path)
        _state_path(path).unlink(missing_ok=True)
        path.write_text(json.dumps(to_json(self), indent=2), encoding="utf-8")


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceState:
    """State that outlives a worker.

    Args:
        job_count: Attempts at jobs that were begun.
        work_ms: Work since the device was cold, in milliseconds.
        job_id: The last job; empty where none was told.
        work_before_ms: Work since the device was cold when the last job began, in milliseconds.
        model_counts: Jobs that were begun for each model, by its SHA-256; whole numbers as text.
    """

    job_count: int = 0
    work_ms: float = 0.0
    job_id: str = ""
    model_sha256: str = ""
    work_before_ms: float = 0.0
    model_counts: Mapping[str, str] = field(default_factory=dict)


def read_config() -> tuple[Path, SimulationConfig]:
    """Read the configuration that the environment names.

    Returns:
        Its file and its content.

    Raises:
        RuntimeNotFoundError: If none is named, it cannot be read, or onnx is not installed.
    """
    text = os.environ.get(CONFIG_VARIABLE, "")
    if not text:
        raise RuntimeNotFoundError(f"the simulated runtime is off; {CONFIG_VARIABLE} names its configuration")
    # Not imported: that takes longer than a job whose graph is known.
    if importlib.util.find_spec("onnx") is None:
        raise RuntimeNotFoundError(NO_ONNX.format("it is missing"))
    try:
        content = read_plain_file(text, max_bytes=MAX_AGENT_FILE_BYTES)
        return Path(text), from_json(SimulationConfig, json.loads(content))
    except (OSError, ValueError) as error:
        raise RuntimeNotFoundError(
            f"{CONFIG_VARIABLE} names {text!r}, which is not the configuration of a simulated device: {error}"
        ) from error


def _state_path(config_path: Path) -> Path:
    return config_path.with_name(config_path.name + ".state")


def kept_graphs(config_path: Path) -> Path:
    """Return the folder in which the device keeps the work of graphs that it has read; it need not exist.

    Args:
        config_path: File of the configuration.
    """
    return config_path.with_name(config_path.name + ".graphs")


def begin_job(config_path: Path, config: SimulationConfig, model_sha256: str) -> DeviceState:
    """Count a new job and cool the device down by its share.

    Another attempt at a job that was interrupted finds the device as the first one did: a kill of the agent, whenever
    it strikes, changes no sample. Only the faults of a job that were due in the first attempt are over.

    Args:
        config_path: File of the configuration.
        config: Its content.
        model_sha256: SHA-256 of the model.
    """
    path = _state_path(config_path)
    last = from_json(DeviceState, json.loads(path.read_text(encoding="utf-8"))) if path.exists() else DeviceState()
    job_id = os.environ.get(JOB_ID_VARIABLE, "")
    counts = dict(last.model_counts)
    # A job that measures a series begins anew with each of its models.
    if job_id and (job_id, model_sha256) == (last.job_id, last.model_sha256):
        work_ms = last.work_before_ms
    else:
        work_ms = last.work_ms * (1 - (config.heat.cooling_share if config.heat else 0.0))
        counts[model_sha256] = str(int(counts.get(model_sha256, "0")) + 1)
    state = DeviceState(
        job_count=last.job_count + 1,
        work_ms=work_ms,
        job_id=job_id,
        model_sha256=model_sha256,
        work_before_ms=work_ms,
        model_counts=counts,
    )
    # Written before anything can go wrong, so that a job that ends in a fault counts as well.
    write_state(config_path, state)
    return state


def write_state(config_path: Path, state: DeviceState) -> None:
    """Write the state of the device for the next job.

    Args:
        config_path: File of the configuration.
        state: The state.
    """
    path = _state_path(config_path)
    part = path.with_name(path.name + ".part")
    part.write_text(json.dumps(to_json(state)), encoding="utf-8")
    part.replace(path)


def faults_of(config: SimulationConfig, state: DeviceState) -> dict[FaultKind, int]:
    """Return the faults of the present job, each with the number of the run in which it happens.

    Args:
        config: The configuration.
        state: The state, the present job counted.
    """
    return {
        fault.kind: fault.at_run
        for fault in config.faults
        if fault.job_count is None or state.job_count <= fault.job_count
    }


def _require_range(name: str, value: float, lowest: float, highest: float) -> None:
    if not lowest <= value <= highest:
        raise RecordError(f"{name} must be {lowest:.16g} to {highest:.16g}, got {value}")

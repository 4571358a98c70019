"""The simulated device: a runtime whose time is virtual and whose truth is known.

It is there only where the environment variable EDGEPROF_SIMULATION names a file with a `SimulationConfig` in JSON, so
no real device lists it. Nothing sleeps: a run moves a clock of its own. Heat and the number of jobs outlive a worker
in a file beside the configuration; each job draws its noise from the device's seed, the model and the job's number, so
the same jobs in the same order give the same samples.
"""

import enum
import hashlib
import json
import math
import os
import random
import signal
import threading
from dataclasses import dataclass
from pathlib import Path

from edgeprof_agent.errors import ModelRejectedError, RunFailedError, RuntimeNotFoundError
from edgeprof_agent.models.model_file import ONNX
from edgeprof_agent.runtimes.base import LoadedModel, Runtime, resolve_setting
from edgeprof_agent.runtimes.latency_model import (
    ACCELERATOR,
    BYTES_PER_NUMBER,
    CPU,
    SimulatedDeviceModel,
    count_nodes,
    read_nodes,
)
from edgeprof_agent.runtimes.timed_loop import NS_PER_MS
from edgeprof_proto.record_json import from_json, to_json
from edgeprof_proto.records.device import RuntimeInfo
from edgeprof_proto.records.job_spec import Setting
from edgeprof_proto.records.measurement import Conditions, Temperature
from edgeprof_proto.records.validation import RecordError

CONFIG_VARIABLE = "EDGEPROF_SIMULATION"

LATENCY_MODEL_VERSION = "1"
"""Reported as the version of the runtime: another latency model is another platform."""

COLD_CELSIUS = 40.0
HOT_CELSIUS = 90.0
THROTTLING_CELSIUS = 80.0
FREQUENCY_MHZ = 1_500.0
LOAD_BYTES_PER_MS = 100_000


class FaultKind(str, enum.Enum):
    """What can go wrong with a simulated device."""

    CRASH = "crash"
    HANG = "hang"
    FAIL_RUN = "fail_run"
    REJECT_MODEL = "reject_model"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A fault on demand.

    Args:
        kind: "crash" ends the worker by a signal, "hang" never returns, "fail_run" is an error of the runtime,
            "reject_model" one of loading.
        at_run: The run in which it happens, from 1; of no meaning for "reject_model".
        job_count: It happens to the device's first so many jobs; None for all.
    """

    kind: FaultKind
    at_run: int = 1
    job_count: int | None = None

    def __post_init__(self) -> None:
        if self.at_run < 1:
            raise RecordError(f"fault.at_run must be >= 1, got {self.at_run}")
        if self.job_count is not None and self.job_count < 1:
            raise RecordError(f"fault.job_count must be >= 1 or null, got {self.job_count}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Heat:
    """How the device warms up under work and slows itself down.

    Args:
        saturation_ms: Work after which the temperature has risen by 63 % of what it can, in milliseconds.
        slowdown: How much longer a run takes while the device is too hot, at least 1.
        cooling_share: Share of the heat that is gone when the next job begins, from 0 to 1.
    """

    saturation_ms: float
    slowdown: float = 1.5
    cooling_share: float = 0.0

    def __post_init__(self) -> None:
        if not self.saturation_ms > 0:
            raise RecordError(f"heat.saturation_ms must be > 0, got {self.saturation_ms}")
        if not self.slowdown >= 1:
            raise RecordError(f"heat.slowdown must be >= 1, got {self.slowdown}")
        if not 0 <= self.cooling_share <= 1:
            raise RecordError(f"heat.cooling_share must be 0 to 1, got {self.cooling_share}")

    def temperature_celsius(self, work_ms: float) -> float:
        """Return the temperature after some work.

        Args:
            work_ms: Work since the device was cold, in milliseconds.
        """
        return COLD_CELSIUS + (HOT_CELSIUS - COLD_CELSIUS) * (1 - math.exp(-work_ms / self.saturation_ms))

    def work_ms_after_rest(self, work_ms: float, rest_ms: float) -> float:
        """Return the work after which a device is as warm as one that has rested.

        Args:
            work_ms: Work since the device was cold, in milliseconds.
            rest_ms: Rest after it, in milliseconds: the heat fades by 63 % in `saturation_ms`.
        """
        heat_share = (1 - math.exp(-work_ms / self.saturation_ms)) * math.exp(-rest_ms / self.saturation_ms)
        return -self.saturation_ms * math.log1p(-min(heat_share, 1 - 1e-12))


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulationConfig:
    """A simulated device.

    Args:
        seed: Seed of the device model (see `latency_model.py`) and of the noise.
        noise_relative_sd: Scatter of the runs, relative to the latency.
        warmup_run_count: Runs after loading a model until it is at full speed.
        warmup_slowdown: How much longer the first of them takes.
        resolution_ms: Tick of the device's clock, in milliseconds; 0 for a fine one, 1 for whole milliseconds.
        heat: How the device warms up; None for one that stays cold.
        faults: What goes wrong.
    """

    seed: int = 0
    noise_relative_sd: float = 0.01
    warmup_run_count: int = 5
    warmup_slowdown: float = 2.0
    resolution_ms: float = 0.0
    heat: Heat | None = None
    faults: tuple[Fault, ...] = ()

    def __post_init__(self) -> None:
        for name in ("noise_relative_sd", "warmup_run_count", "resolution_ms"):
            value = getattr(self, name)
            if not 0 <= value < math.inf:
                raise RecordError(f"{name} must be >= 0 and finite, got {value}")
        if not self.warmup_slowdown >= 1:
            raise RecordError(f"warmup_slowdown must be >= 1, got {self.warmup_slowdown}")

    def write(self, path: Path) -> None:
        """Write the configuration, and make the device new: cold, and without a job behind it.

        Args:
            path: The file that EDGEPROF_SIMULATION is to name.
        """
        _state_path(path).unlink(missing_ok=True)
        path.write_text(json.dumps(to_json(self), indent=2), encoding="utf-8")


@dataclass(frozen=True, slots=True, kw_only=True)
class _DeviceState:
    """What outlives a worker: jobs begun, and work since the device was cold."""

    job_count: int = 0
    work_ms: float = 0.0


class SimulatedRuntime(Runtime):
    """The runtime "simulated"."""

    name = "simulated"
    model_format = ONNX

    def describe(self) -> RuntimeInfo | None:
        """Tell the simulated runtime's abilities; nothing on a device that is real."""
        if not os.environ.get(CONFIG_VARIABLE):
            return None
        try:
            _read_config()
        except RuntimeNotFoundError as error:
            return RuntimeInfo(name=self.name, unavailable_reason=str(error))
        return RuntimeInfo(
            name=self.name,
            version=LATENCY_MODEL_VERSION,
            providers=(ACCELERATOR, CPU),
            precisions=tuple(BYTES_PER_NUMBER),
        )

    def load(self, model_path: Path, setting: Setting, *, input_seed: int) -> LoadedModel:
        """Compute the latency of the model on this device. Inputs do not matter."""
        path, config = _read_config()
        info = self.describe()
        if info is None or info.version is None:
            raise RuntimeNotFoundError(f"{CONFIG_VARIABLE} was taken away while the worker began")
        resolved = resolve_setting(setting, info)
        state = _begin_job(path, config)
        if FaultKind.REJECT_MODEL in _faults_of(config, state):
            raise ModelRejectedError("the simulated device rejects every model, as its configuration asks for")
        return _SimulatedModel(path, config, state, model_path, resolved)


class _VirtualClock:
    """A clock that stands still between runs."""

    def __init__(self) -> None:
        self.now_ns = 0

    def __call__(self) -> int:
        return self.now_ns


class _SimulatedModel(LoadedModel):
    def __init__(
        self, config_path: Path, config: SimulationConfig, state: _DeviceState, model_path: Path, setting: Setting
    ) -> None:
        nodes = read_nodes(model_path, setting.batch_size)
        content = model_path.read_bytes()
        super().__init__(
            setting=setting,
            load_ms=len(content) / LOAD_BYTES_PER_MS,
            node_counts=count_nodes(nodes) if setting.provider == ACCELERATOR else {CPU: len(nodes)},
        )
        self._config_path = config_path
        self._config = config
        self._faults = _faults_of(config, state)
        self._job_count = state.job_count
        self._work_ms = state.work_ms
        self._run_count = 0
        self._true_ms = SimulatedDeviceModel.from_seed(config.seed).latency_ms(nodes, setting)
        model_hash = hashlib.sha256(content).hexdigest()
        self._noise = random.Random(f"{config.seed} {model_hash} {state.job_count}")
        self._clock = _VirtualClock()
        self.clock = self._clock

    def run_once(self) -> None:
        """Move the clock by what a run would have taken."""
        self._run_count += 1
        for kind, at_run in self._faults.items():
            if self._run_count == at_run:
                _happen(kind)
        latency_ms = self._true_ms * self._slowdown() * math.exp(self._noise.gauss(0, self._config.noise_relative_sd))
        if self._config.resolution_ms > 0:
            # A tick at least: a run of no time would be no run.
            latency_ms = max(1, round(latency_ms / self._config.resolution_ms)) * self._config.resolution_ms
        self._work_ms += latency_ms
        self._clock.now_ns += round(latency_ms * NS_PER_MS)

    def read_conditions(self) -> Conditions:
        """Read the state of the simulated device, which tells everything but its memory."""
        is_throttled = self._is_throttled()
        return Conditions(
            temperatures=(Temperature(zone="simulated", temperature_celsius=self._temperature_celsius()),),
            core_frequencies_mhz=(FREQUENCY_MHZ / (self._heat_slowdown() if is_throttled else 1.0),),
            governors=("simulated",),
            throttling_flags=("throttled",) if is_throttled else (),
            has_throttling_flags=True,
            load_average_1m=0.0,
        )

    def read_core_wait_ms(self) -> float | None:
        """Return no time: nobody shares a virtual core."""
        return 0.0

    def read_thread_work_ns(self) -> None:
        """Return nothing: a virtual run is the work of no thread."""
        return None

    def sleep(self, duration_s: float) -> None:
        """Move the clock, and cool down as fast as work warms up."""
        self._clock.now_ns += round(duration_s * 1_000 * NS_PER_MS)
        if self._config.heat:
            self._work_ms = self._config.heat.work_ms_after_rest(self._work_ms, duration_s * 1_000)

    def close(self) -> None:
        """Keep the heat for the next job."""
        _write_state(self._config_path, _DeviceState(job_count=self._job_count, work_ms=self._work_ms))

    def _slowdown(self) -> float:
        slowdown = self._heat_slowdown() if self._is_throttled() else 1.0
        runs_left = self._config.warmup_run_count - self._run_count + 1
        if runs_left > 0:
            slowdown *= 1 + (self._config.warmup_slowdown - 1) * runs_left / self._config.warmup_run_count
        return slowdown

    def _heat_slowdown(self) -> float:
        return self._config.heat.slowdown if self._config.heat else 1.0

    def _is_throttled(self) -> bool:
        return self._temperature_celsius() > THROTTLING_CELSIUS

    def _temperature_celsius(self) -> float:
        return self._config.heat.temperature_celsius(self._work_ms) if self._config.heat else COLD_CELSIUS


def _read_config() -> tuple[Path, SimulationConfig]:
    text = os.environ.get(CONFIG_VARIABLE, "")
    if not text:
        raise RuntimeNotFoundError(f"the simulated runtime is off; {CONFIG_VARIABLE} names its configuration")
    try:
        import onnx  # noqa: F401 - its absence is a reason of its own

        return Path(text), from_json(SimulationConfig, json.loads(Path(text).read_text(encoding="utf-8")))
    except ImportError as error:
        raise RuntimeNotFoundError(
            f"the simulated runtime reads models with onnx ({error}); install it with: pip install 'edgeprof[host]'"
        ) from error
    except (OSError, ValueError) as error:
        raise RuntimeNotFoundError(
            f"{CONFIG_VARIABLE} names {text!r}, which holds no configuration of a simulated device: {error}"
        ) from error


def _state_path(config_path: Path) -> Path:
    return config_path.with_name(config_path.name + ".state")


def _begin_job(config_path: Path, config: SimulationConfig) -> _DeviceState:
    path = _state_path(config_path)
    last = from_json(_DeviceState, json.loads(path.read_text(encoding="utf-8"))) if path.exists() else _DeviceState()
    cooling_share = config.heat.cooling_share if config.heat else 0.0
    state = _DeviceState(job_count=last.job_count + 1, work_ms=last.work_ms * (1 - cooling_share))
    # Written before anything can go wrong, so that a job that ends in a fault counts as well.
    _write_state(config_path, state)
    return state


def _write_state(config_path: Path, state: _DeviceState) -> None:
    path = _state_path(config_path)
    part = path.with_name(path.name + ".part")
    part.write_text(json.dumps(to_json(state)), encoding="utf-8")
    part.replace(path)


def _faults_of(config: SimulationConfig, state: _DeviceState) -> dict[FaultKind, int]:
    return {
        fault.kind: fault.at_run
        for fault in config.faults
        if fault.job_count is None or state.job_count <= fault.job_count
    }


def _happen(kind: FaultKind) -> None:
    if kind is FaultKind.CRASH:
        os.kill(os.getpid(), signal.SIGSEGV)
    elif kind is FaultKind.HANG:
        threading.Event().wait()
    elif kind is FaultKind.FAIL_RUN:
        raise RunFailedError("the simulated device fails this run, as its configuration asks for")

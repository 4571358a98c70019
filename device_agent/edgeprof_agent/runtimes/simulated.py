"""The simulated device: a runtime with virtual time and known true latencies.

It is listed only where the environment variable EDGEPROF_SIMULATION names a file with a `SimulationConfig` in JSON.
A run advances a virtual clock, and nothing sleeps unless the configuration asks for it (`takes_time`). Temperature and
number of jobs are kept between workers in a file beside the configuration. Noise is drawn from the device's seed, the
model and the number of jobs begun for that model, so the same jobs in the same order give the same samples, whether or
not one of them was interrupted.
"""

import hashlib
import math
import os
import random
import signal
import threading
import time
from dataclasses import replace
from pathlib import Path

from edgeprof_agent.errors import ModelRejectedError, RunFailedError, RuntimeNotFoundError, SettingNotSupportedError
from edgeprof_agent.runtimes.base import LoadedModel, Runtime, resolve_setting
from edgeprof_agent.runtimes.generated_inputs import generate_inputs
from edgeprof_agent.runtimes.latency_model import (
    ACCELERATOR,
    BYTES_PER_NUMBER,
    CPU,
    SimulatedDeviceModel,
    count_nodes,
)
from edgeprof_agent.runtimes.simulated_nodes import read_nodes
from edgeprof_agent.runtimes.simulation_config import (
    COLD_CELSIUS,
    CONFIG_VARIABLE,
    THROTTLING_CELSIUS,
    DeviceState,
    FaultKind,
    SimulationConfig,
    begin_job,
    faults_of,
    kept_graphs,
    read_config,
    write_state,
)
from edgeprof_agent.runtimes.timed_loop import NS_PER_MS
from edgeprof_proto.records.device import RuntimeInfo
from edgeprof_proto.records.generated_input import GeneratedInput
from edgeprof_proto.records.job_spec import Setting
from edgeprof_proto.records.measurement import Conditions, Temperature
from edgeprof_proto.shared.model_formats import FORMAT_TEXTS
from edgeprof_proto.shared.onnx_fields import ModelContentError
from edgeprof_proto.shared.onnx_graph import read_model

LATENCY_MODEL_VERSION = "1"
"""Reported as the version of the runtime: another latency model is another platform."""

FREQUENCY_MHZ = 1_500.0
LOAD_BYTES_PER_MS = 100_000

SLEEP_MS = 50.0
"""Virtual time that is slept at once, where time is to pass: a sleep for every run would cost a core."""


class SimulatedRuntime(Runtime):
    """The runtime "simulated"."""

    name = "simulated"
    model_formats = tuple(FORMAT_TEXTS)

    def describe(self) -> RuntimeInfo | None:
        """Describe the simulated runtime; None where no configuration is named."""
        if not os.environ.get(CONFIG_VARIABLE):
            return None
        try:
            read_config()
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
        path, config = read_config()
        info = self.describe()
        if info is None or info.version is None:
            raise RuntimeNotFoundError(
                f"the configuration that {CONFIG_VARIABLE} names was removed while the worker started"
            )
        resolved = resolve_setting(setting, info)
        model_sha256 = hashlib.sha256(model_path.read_bytes()).hexdigest()
        state = begin_job(path, config, model_sha256)
        if FaultKind.REJECT_MODEL in faults_of(config, state):
            raise ModelRejectedError("the simulated device rejects every model, as its configuration asks for")
        # Generated values do not matter, shapes do.
        inputs = self._inputs(model_path, resolved, input_seed) if self.given_inputs else ()
        return _SimulatedModel(path, config, state, model_path, model_sha256, resolved, inputs)

    def _inputs(self, model_path: Path, setting: Setting, input_seed: int) -> tuple[GeneratedInput, ...]:
        try:
            model = read_model(model_path)
        except (ModelContentError, OSError) as error:
            message = f"the simulated runtime can be given shapes and values for ONNX models alone: {error}"
            raise SettingNotSupportedError(message) from error
        return generate_inputs(model, setting.batch_size, input_seed, given=self.given_inputs)[1]


class _VirtualClock:
    """A clock that advances only in runs and rests."""

    def __init__(self, *, takes_time: bool) -> None:
        self.now_ns = 0
        self._takes_time = takes_time
        self._slept_ns = 0

    def __call__(self) -> int:
        return self.now_ns

    def advance(self, duration_ms: float) -> None:
        """Let time pass, and sleep where it is to pass here as well."""
        self.now_ns += round(duration_ms * NS_PER_MS)
        if self._takes_time and self.now_ns - self._slept_ns > SLEEP_MS * NS_PER_MS:
            time.sleep((self.now_ns - self._slept_ns) / (1_000 * NS_PER_MS))
            self._slept_ns = self.now_ns


class _SimulatedModel(LoadedModel):
    def __init__(
        self,
        config_path: Path,
        config: SimulationConfig,
        state: DeviceState,
        model_path: Path,
        model_sha256: str,
        setting: Setting,
        inputs: tuple[GeneratedInput, ...],
    ) -> None:
        given_shapes = {item.name: item.sizes for item in inputs if item.sizes}
        nodes = read_nodes(model_path, setting.batch_size, given_shapes, kept_in=kept_graphs(config_path))
        super().__init__(
            setting=setting,
            load_ms=model_path.stat().st_size / LOAD_BYTES_PER_MS,
            node_counts=count_nodes(nodes) if setting.provider == ACCELERATOR else {CPU: len(nodes)},
            inputs=inputs,
        )
        self._config_path = config_path
        self._config = config
        self._faults = faults_of(config, state)
        self._state = state
        self._work_ms = state.work_ms
        self._run_count = 0
        self._true_ms = SimulatedDeviceModel.from_seed(config.seed).latency_ms(nodes, setting)
        self._noise = random.Random(f"{config.seed} {model_sha256} {state.model_counts[model_sha256]}")
        self._clock = _VirtualClock(takes_time=config.takes_time)
        self.clock = self._clock

    def run_once(self) -> None:
        """Advance the clock by the latency of a run."""
        self._run_count += 1
        for kind, at_run in self._faults.items():
            if self._run_count == at_run:
                _cause_fault(kind)
        latency_ms = self._true_ms * self._slowdown() * math.exp(self._noise.gauss(0, self._config.noise_relative_sd))
        if self._config.resolution_ms > 0:
            # At least one tick: a latency of 0 is not a valid sample.
            latency_ms = max(1, round(latency_ms / self._config.resolution_ms)) * self._config.resolution_ms
        self._work_ms += latency_ms
        self._clock.advance(latency_ms)

    def read_conditions(self) -> Conditions:
        """Return the state of the simulated device; its memory is not reported."""
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
        """Return 0: nothing competes for a virtual core."""
        return 0.0

    def read_thread_work_ns(self) -> None:
        """Return None: a virtual run uses no CPU time."""
        return None

    def sleep(self, duration_s: float) -> None:
        """Advance the clock and cool the device down."""
        self._clock.advance(duration_s * 1_000)
        if self._config.heat:
            self._work_ms = self._config.heat.work_ms_after_rest(self._work_ms, duration_s * 1_000)

    def close(self) -> None:
        """Write the state for the next job."""
        write_state(self._config_path, replace(self._state, work_ms=self._work_ms))

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


def _cause_fault(kind: FaultKind) -> None:
    if kind is FaultKind.CRASH:
        os.kill(os.getpid(), signal.SIGSEGV)
    elif kind is FaultKind.HANG:
        threading.Event().wait()
    elif kind is FaultKind.FAIL_RUN:
        raise RunFailedError("the simulated device fails this run, as its configuration asks for")

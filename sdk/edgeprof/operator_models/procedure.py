"""What is measured for an operator model: the probe suite, then whole models, each with its graph and its operators."""

import dataclasses
import os
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path

from edgeprof.arguments import require_seed
from edgeprof.devices.client import DeviceClient
from edgeprof.devices.model_files import file_sha256
from edgeprof.devices.model_folder import models_in
from edgeprof.errors import EdgeprofError, ModelFileError, OnboardingError
from edgeprof.measuring.attempt import AttemptRunner, FailedAttempt
from edgeprof.measuring.setting_check import require_runnable
from edgeprof.measuring.time_ledger import TimeLedger
from edgeprof.operator_models.listener import ModelOnboardingListener
from edgeprof.operator_models.measured import is_disturbed
from edgeprof.operator_models.probe_files import ModelToMeasure
from edgeprof.store import MeasurementRequest, Probe, SessionRecord, Store, opened
from edgeprof.store.platform import Platform
from edgeprof_predictor.operators.profile import OperatorProfile
from edgeprof_proto.records.device import Device
from edgeprof_proto.records.job_spec import MeasurementPlan, Setting
from edgeprof_proto.records.measurement import Measurement

PROBE_PLAN = MeasurementPlan(
    warmup_run_count=5, warmup_duration_ms=20.0, timed_run_count=20, timed_duration_ms=100.0, block_count=5
)
"""A probe takes fractions of a millisecond to some milliseconds a run."""

MODEL_PLAN = MeasurementPlan(
    warmup_run_count=3, warmup_duration_ms=200.0, timed_run_count=10, timed_duration_ms=600.0, block_count=6
)

MAX_FAILURE_COUNT = 5
"""Models in a row that fail after which the device is the likely cause."""


def plan_of(model: ModelToMeasure) -> MeasurementPlan:
    """Return how long and how often a model is run."""
    return PROBE_PLAN if model.is_probe else MODEL_PLAN


class ModelSession:
    """Measures models in their order, each once, and once more where its profile was disturbed.

    Args:
        client: The device.
        platform: The device with the setting.
        store: Where plans and results are written.
        record: The session in the store, new or to be resumed.
        listener: Is called at every measurement.
        time_ledger: Counts the time of each step.
    """

    def __init__(
        self,
        client: DeviceClient,
        platform: Platform,
        store: Store,
        record: SessionRecord,
        *,
        listener: ModelOnboardingListener,
        time_ledger: TimeLedger,
    ) -> None:
        self._platform = platform
        self._setting = setting_of_files(client.device(), platform.setting)
        self._store = store
        self._record = record
        self._listener = listener
        self._time_ledger = time_ledger
        self._runner = AttemptRunner(client, store, record)
        self._runner.acknowledge_results()

    def measure(self, models: Sequence[ModelToMeasure]) -> dict[str, list[Measurement]]:
        """Measure what is not measured yet, and return all measurements of each model by its name.

        Raises:
            OnboardingError: If too many models in a row fail.
            EdgeprofError: If the device cannot measure until somebody mends the cause, or stays silent.
        """
        keys = {_key(model): model for model in models}
        failed_in_a_row = 0
        for key, model in keys.items():
            while (probe := self._due(key)) is not None:
                outcome = self._attempt(probe, model)
                failed_in_a_row = failed_in_a_row + 1 if isinstance(outcome, FailedAttempt) else 0
                if failed_in_a_row >= MAX_FAILURE_COUNT and isinstance(outcome, FailedAttempt):
                    raise OnboardingError(
                        f"{failed_in_a_row} models in a row could not be measured, the last one because: "
                        f"{outcome.message}; what was measured is kept: once this is mended, the same command goes on"
                    )
        found: dict[str, list[Measurement]] = defaultdict(list)
        for probe in self._store.probes(self._record):
            if probe.measurement is not None and probe.architecture in keys:
                found[keys[probe.architecture].name].append(probe.measurement)
        return dict(found)

    def end(self) -> None:
        """Mark the session as finished."""
        self._store.end_session(self._record, datetime.now(timezone.utc))

    def _due(self, key: str) -> Probe | None:
        """Return what is to be measured next of a model; None where it is done or given up."""
        planned = [probe for probe in self._store.probes(self._record) if probe.architecture == key]
        waiting = [probe for probe in planned if probe.state == "planned"]
        if waiting:
            return waiting[0]
        if any(probe.state == "failed" for probe in planned):
            return None
        measured = [probe.measurement for probe in planned if probe.measurement is not None]
        if len(measured) >= 2 or (measured and not is_disturbed(measured[-1])):
            return None
        self._store.plan_probes(self._record, [key])
        return self._due(key)

    def _attempt(self, probe: Probe, model: ModelToMeasure) -> Measurement | FailedAttempt:
        self._listener.on_model_started(model)
        with self._time_ledger.step("measuring probes" if model.is_probe else "measuring models"):
            outcome = self._runner.run(
                probe,
                self._platform,
                MeasurementRequest(
                    setting=self._setting,
                    plan=plan_of(model),
                    wants_operators=True,
                    wants_graph=True,
                ),
                model.path,
                on_event=self._listener.on_job_event,
                on_waiting=self._listener.on_waiting,
            )
        if isinstance(outcome, FailedAttempt):
            self._listener.on_model_failed(model, outcome.message)
        else:
            self._listener.on_model_measured(model, outcome)
        return outcome


def _key(model: ModelToMeasure) -> str:
    """Name of a model in the store: another file under the same name is another model."""
    return f"{model.name} {file_sha256(model.path)[:16]}"


def models_to_measure(models: Sequence[str | os.PathLike[str]]) -> list[ModelToMeasure]:
    """Return models under the names of their files; a folder stands for all models in it.

    Raises:
        ModelFileError: If two have the same name, or a folder holds none.
    """
    given = [Path(model) for model in models]
    paths = [path for place in given for path in (models_in(place) if place.is_dir() else [place])]
    names = [path.name for path in paths]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise ModelFileError(f"two models are called {twice}: reports tell them apart by their names; rename one")
    return [ModelToMeasure(name=path.name, path=path) for path in paths]


@contextmanager
def model_session(
    client: DeviceClient,
    profile: OperatorProfile,
    models: Sequence[ModelToMeasure],
    seed: int,
    store: Store | str | os.PathLike[str] | None,
    listener: ModelOnboardingListener,
    time_ledger: TimeLedger,
    *,
    purpose: str,
) -> Iterator[ModelSession]:
    """Yield a session on the platform of a profile, once it is known that the models may run there.

    Raises:
        EdgeprofError: If the profile belongs to another device, or a model cannot run there.
    """
    require_seed(seed)
    platform = platform_of(profile, client)
    device = client.device()
    for model in models:
        require_runnable(device, platform.setting, model.path)
    listener.on_planned(list(models))
    with opened(store) as store, store.session(platform, "", seed, purpose=purpose) as record:
        yield ModelSession(client, platform, store, record, listener=listener, time_ledger=time_ledger)


def platform_of(profile: OperatorProfile, client: DeviceClient) -> Platform:
    """Return the platform of a profile, which must be on this device.

    Raises:
        EdgeprofError: If the profile belongs to another device.
    """
    platform = Platform.from_facts(profile.platform)
    if client.device().device_id != platform.device_id:
        raise EdgeprofError(
            f"the profile belongs to {platform.device_name}, not to the device at {client.address}: name the right "
            "device, or onboard this one"
        )
    return platform


def setting_of_files(device: Device, setting: Setting) -> Setting:
    """Return a setting without its precision where the runtime computes in that of each file.

    Args:
        device: The device.
        setting: The setting of the platform.

    A probe that has nothing to quantise is float32 by its own account, and part of an int8 platform all the same.
    """
    runtime = next((item for item in device.runtimes if item.name == setting.runtime), None)
    is_of_model = runtime is not None and runtime.is_precision_of_model
    return dataclasses.replace(setting, precision="") if is_of_model else setting

"""What is measured for an operator model: the probe suite, then whole models, each with its graph and its operators."""

import dataclasses
import os
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path

from edgeprof.arguments import require_seed
from edgeprof.devices.client import DeviceClient
from edgeprof.devices.model_files import file_sha256
from edgeprof.devices.model_folder import models_in
from edgeprof.errors import EdgeprofError, ModelFileError
from edgeprof.measuring.attempt import AttemptRunner, FailedAttempt
from edgeprof.measuring.series import SeriesRunner
from edgeprof.measuring.setting_check import require_runnable
from edgeprof.measuring.time_ledger import TimeLedger
from edgeprof.operator_models.listener import ModelOnboardingListener
from edgeprof.operator_models.measured import is_disturbed
from edgeprof.operator_models.probe_files import ModelToMeasure
from edgeprof.operator_models.probe_progress import FailureCount, ProbeProgress
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

MAX_MEASUREMENT_COUNT = 2
"""Measurements of a model at most, the second where the profile of the first was disturbed."""


def plan_of(model: ModelToMeasure) -> MeasurementPlan:
    """Return how long and how often a model is run."""
    return PROBE_PLAN if model.is_probe else MODEL_PLAN


class ModelSession:
    """Measures models in their order, each once, and once more where its profile was disturbed.

    Probes are measured in series, so that starting workers does not dominate; a probe that fails there, and each whole
    model, has a job of its own.

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
        self._client = client
        self._platform = platform
        self.setting = setting_of_files(client.device(), platform.setting)
        """The setting that is asked for."""
        self._store = store
        self._record = record
        self._listener = listener
        self._time_ledger = time_ledger
        self._runner = AttemptRunner(client, store, record)
        self._runner.acknowledge_results()
        self._keys: dict[Path, str] = {}

    def measure(self, models: Sequence[ModelToMeasure]) -> dict[str, list[Measurement]]:
        """Measure what is not measured yet, and return all measurements of each model by its name.

        Raises:
            OnboardingError: If too many models in a row fail.
            EdgeprofError: If the device cannot measure until somebody mends the cause, or stays silent.
        """
        keys = {self._key(model): model for model in models}
        self._tell_known(keys)
        failures = FailureCount()
        self._measure_in_series({key: model for key, model in keys.items() if model.is_probe}, failures)
        for key, model in keys.items():
            while (probe := self._due([key]).get(key)) is not None:
                outcome = self._attempt(probe, model)
                if isinstance(outcome, FailedAttempt):
                    failures.count(outcome.message)
                else:
                    failures.reset()
        found: dict[str, list[Measurement]] = defaultdict(list)
        for probe in self._store.probes(self._record):
            if probe.measurement is not None and probe.architecture in keys:
                found[keys[probe.architecture].name].append(probe.measurement)
        return dict(found)

    def tried(self, models: Sequence[ModelToMeasure]) -> list[ModelToMeasure]:
        """Return those of some models that the session has measured, given up, or begun to measure."""
        planned = self._planned()
        return [model for model in models if planned[self._key(model)]]

    def end(self) -> None:
        """Mark the session as finished."""
        self._store.end_session(self._record, datetime.now(timezone.utc))

    def _key(self, model: ModelToMeasure) -> str:
        """Name of a model in the store: another file under the same name is another model."""
        if model.path not in self._keys:
            self._keys[model.path] = f"{model.name} {file_sha256(model.path)[:16]}"
        return self._keys[model.path]

    def _tell_known(self, models: Mapping[str, ModelToMeasure]) -> None:
        planned = self._planned()
        for key, model in models.items():
            if planned[key] and not _wants_another(planned[key]) and planned[key][-1].state == "measured":
                self._listener.on_model_known(model)

    def _measure_in_series(self, models: Mapping[str, ModelToMeasure], failures: FailureCount) -> None:
        progress = ProbeProgress(models, self._listener, self._time_ledger, failures)
        runner = SeriesRunner(self._client, self._platform, self._store, self._record, progress)
        runner.resume()
        alone: set[int] = set()
        while len(due := self._due_in_series(models, alone)) > 1:
            progress.steps.begin()
            left = runner.run(due, self._request(PROBE_PLAN))
            alone.update(probe.ordinal for probe in left)

    def _due_in_series(self, models: Mapping[str, ModelToMeasure], alone: Set[int]) -> list[tuple[Probe, Path]]:
        """Return the probes that are due and were not tried yet, with their files, in the order of the plan."""
        due = [(probe, models[key].path) for key, probe in self._due(list(models)).items()]
        untried = [(probe, path) for probe, path in due if not probe.attempts and probe.ordinal not in alone]
        return sorted(untried, key=lambda item: item[0].ordinal)

    def _due(self, keys: Sequence[str]) -> dict[str, Probe]:
        """Return what is to be measured next of each model; nothing of one that is done or given up."""
        planned = self._planned()
        new = [key for key in keys if _wants_another(planned[key])]
        if new:
            self._store.plan_probes(self._record, new)
            planned = self._planned()
        waiting = {key: [probe for probe in planned[key] if probe.state == "planned"] for key in keys}
        return {key: probes[0] for key, probes in waiting.items() if probes}

    def _planned(self) -> dict[str, list[Probe]]:
        planned: dict[str, list[Probe]] = defaultdict(list)
        for probe in self._store.probes(self._record):
            planned[probe.architecture].append(probe)
        return planned

    def _request(self, plan: MeasurementPlan) -> MeasurementRequest:
        return MeasurementRequest(setting=self.setting, plan=plan, wants_operators=True, wants_graph=True)

    def _attempt(self, probe: Probe, model: ModelToMeasure) -> Measurement | FailedAttempt:
        self._listener.on_model_started(model)
        with self._time_ledger.step("probes alone" if model.is_probe else "models"):
            outcome = self._runner.run(
                probe,
                self._platform,
                self._request(plan_of(model)),
                model.path,
                on_event=self._listener.on_job_event,
                on_waiting=self._listener.on_waiting,
            )
        if isinstance(outcome, FailedAttempt):
            self._listener.on_model_failed(model, outcome.message)
        else:
            self._listener.on_model_measured(model, outcome)
        return outcome


def _wants_another(planned: Sequence[Probe]) -> bool:
    """Tell whether another measurement of a model is to be planned after these."""
    if any(probe.state != "measured" for probe in planned):
        return False
    measured = [probe.measurement for probe in planned if probe.measurement is not None]
    return not measured or (len(measured) < MAX_MEASUREMENT_COUNT and is_disturbed(measured[-1]))


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
    platform = platform_to_measure(profile, client)
    device = client.device()
    for model in models:
        require_runnable(device, platform.setting, model.path)
    listener.on_planned(list(models))
    with opened(store) as store, store.session(platform, "", seed, purpose=purpose) as record:
        yield ModelSession(client, platform, store, record, listener=listener, time_ledger=time_ledger)


def runtime_version_of(device: Device, setting: Setting) -> str:
    """Return the version of a setting's runtime on a device; that of the setting where the device tells none."""
    versions = [item.version for item in device.runtimes if item.name == setting.runtime and item.version]
    return versions[0] if versions and setting.runtime_version else setting.runtime_version


def platform_to_measure(profile: OperatorProfile, client: DeviceClient) -> Platform:
    """Return the platform of a profile, which must be on this device, with the version of the runtime as it was.

    Raises:
        EdgeprofError: If the profile belongs to another device, or was made with another version.
    """
    platform = platform_of(profile, client)
    setting = platform.setting
    version = runtime_version_of(client.device(), setting)
    if version != setting.runtime_version:
        raise EdgeprofError(
            f"the profile was made with {setting.runtime} {setting.runtime_version}, the device now runs {version}, "
            "whose times are others: onboard the device again"
        )
    return platform


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

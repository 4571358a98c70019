"""A session that measures models: the probe suite and whole models with graph and operators, or models in rounds."""

import math
import os
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path

from edgeprof.arguments import require_seed
from edgeprof.devices.client import DeviceClient
from edgeprof.devices.model_files import file_sha256
from edgeprof.measuring.attempt import AttemptRunner, FailedAttempt
from edgeprof.measuring.series import SeriesRunner
from edgeprof.measuring.setting_check import require_runnable
from edgeprof.measuring.time_ledger import TimeLedger
from edgeprof.operator_models.listener import ModelOnboardingListener
from edgeprof.operator_models.named_models import ModelToMeasure
from edgeprof.operator_models.planned import (
    MAX_REPEAT_COUNT,
    is_profiled,
    measurements_of,
    wants_another,
    wants_repeat,
)
from edgeprof.operator_models.probe_progress import FailureCount, ProbeProgress
from edgeprof.operator_models.profile_platform import setting_of_files
from edgeprof.store import MeasurementRequest, Probe, SessionRecord, Store, opened
from edgeprof.store.platform import Platform
from edgeprof_proto.records.job_spec import MeasurementPlan, Setting
from edgeprof_proto.records.measurement import Measurement

PROBE_PLAN = MeasurementPlan(
    warmup_run_count=3, warmup_duration_ms=20.0, timed_run_count=9, timed_duration_ms=60.0, block_count=3
)
"""A probe takes fractions of a millisecond to some milliseconds a run."""

MODEL_PLAN = MeasurementPlan(
    warmup_run_count=3, warmup_duration_ms=200.0, timed_run_count=10, timed_duration_ms=600.0, block_count=6
)

REPEAT_PLAN = MeasurementPlan(
    warmup_run_count=2, warmup_duration_ms=10.0, timed_run_count=2, timed_duration_ms=60.0, block_count=2
)


def plan_of(model: ModelToMeasure) -> MeasurementPlan:
    """Return how long and how often a model is run."""
    return PROBE_PLAN if model.is_probe else MODEL_PLAN


class ModelSession:
    """Measures models: each once with its graph and operators, or in rounds, each model once more in each.

    Probes, and the models of a round, are measured in series, so that starting workers does not dominate; one that
    fails there, and each whole model that is learned from, has a job of its own.

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
        self.client = client
        self._platform = platform
        self.setting = setting_of_files(client.device(), platform.setting)
        """The setting that is asked for."""
        self.store = store
        self.record = record
        self.listener = listener
        self.time_ledger = time_ledger
        self._runner = AttemptRunner(client, store, record)
        self._runner.acknowledge_results()
        self._keys: dict[Path, str] = {}
        self._is_resumed = False

    def measure(self, models: Sequence[ModelToMeasure]) -> dict[str, list[Measurement]]:
        """Measure what is not measured yet with graph and operators, once more where that profile was disturbed.

        Returns:
            All measurements of each model by its name.

        Raises:
            OnboardingError: If too many models in a row fail.
            EdgeprofError: If the device cannot measure until somebody mends the cause, or stays silent.
        """
        keys = {self._key(model): model for model in models}
        self._tell_known(keys)
        failures = FailureCount()
        planned = self._planned()
        keys = {key: model for key, model in keys.items() if not is_profiled(planned[key])}
        probes = {key: model for key, model in keys.items() if model.is_probe}
        self._measure_in_series(probes, _with_operators(self.setting, PROBE_PLAN), failures, step="probes")
        for key, model in self._unfinished(keys).items():
            self._measure_alone(key, model, _with_operators(self.setting, plan_of(model)), failures)
        return self.measurements(models)

    def repeat(self, models: Sequence[ModelToMeasure]) -> dict[str, list[Measurement]]:
        """Measure the latency of profiled models once more, and again where it disagrees, in rounds over all of them.

        Returns:
            All measurements of each model by its name.

        Raises:
            EdgeprofError: If the device cannot measure until somebody mends the cause, or stays silent.
        """
        for number in range(1, MAX_REPEAT_COUNT + 1):
            planned = self._planned()
            due = [model for model in models if wants_repeat(planned[self._key(model)], number)]
            if due:
                self.listener.on_repeated(due, number)
            for chosen in ([model for model in due if model.is_probe], [model for model in due if not model.is_probe]):
                self.measure_round(chosen, REPEAT_PLAN)
        return self.measurements(models)

    def measure_round(self, models: Sequence[ModelToMeasure], plan: MeasurementPlan) -> None:
        """Measure each of some models once more, its latency alone; `failures` tells which could not be measured.

        Args:
            models: The models.
            plan: How long and how often each is run.

        Raises:
            EdgeprofError: If the device cannot measure until somebody mends the cause, or stays silent.
        """
        keys = {self._key(model): model for model in models}
        planned = self._planned()
        # One that an interrupted round has left is measured in its place.
        due = [key for key in keys if all(probe.state != "planned" for probe in planned[key])]
        self.store.plan_probes(self.record, due)
        request, failures = MeasurementRequest(setting=self.setting, plan=plan), FailureCount(math.inf)
        self._measure_in_series(keys, request, failures, step="rounds")
        for key, model in self._unfinished(keys).items():
            self._measure_alone(key, model, request, failures)

    def measurements(self, models: Sequence[ModelToMeasure]) -> dict[str, list[Measurement]]:
        """Return all measurements of each of some models by its name; nothing of one that was not measured."""
        planned = self._planned()
        found = {model.name: measurements_of(planned[self._key(model)]) for model in models}
        return {name: items for name, items in found.items() if items}

    def failures(self, models: Sequence[ModelToMeasure]) -> dict[str, str]:
        """Return why some models could not be measured, or not again, by their names."""
        planned = self._planned()
        last = {model.name: planned[self._key(model)][-1:] for model in models}
        return {name: probe.failure for name, probes in last.items() for probe in probes if probe.failure is not None}

    def tried(self, models: Sequence[ModelToMeasure]) -> list[ModelToMeasure]:
        """Return those of some models that the session has measured, given up, or begun to measure."""
        planned = self._planned()
        return [model for model in models if planned[self._key(model)]]

    def end(self) -> None:
        """Mark the session as finished."""
        self.store.end_session(self.record, datetime.now(timezone.utc))

    def _key(self, model: ModelToMeasure) -> str:
        """Name of a model in the store: another file under the same name is another model."""
        if model.path not in self._keys:
            self._keys[model.path] = f"{model.name} {file_sha256(model.path)[:16]}"
        return self._keys[model.path]

    def _tell_known(self, models: Mapping[str, ModelToMeasure]) -> None:
        planned = self._planned()
        for key, model in models.items():
            if planned[key] and not wants_another(planned[key]) and planned[key][-1].state == "measured":
                self.listener.on_model_known(model)

    def _measure_in_series(
        self, models: Mapping[str, ModelToMeasure], request: MeasurementRequest, failures: FailureCount, *, step: str
    ) -> None:
        progress = ProbeProgress(models, self.listener, self.time_ledger, failures, step=step)
        runner = SeriesRunner(self.client, self._platform, self.store, self.record, progress)
        if not self._is_resumed:
            runner.resume()
            self._is_resumed = True
        alone: set[int] = set()
        while len(due := self._due_in_series(models, alone)) > 1:
            progress.steps.begin()
            left = runner.run(due, request)
            alone.update(probe.ordinal for probe in left)

    def _unfinished(self, models: Mapping[str, ModelToMeasure]) -> dict[str, ModelToMeasure]:
        """Return the models of which something is left to be measured: asking the store for each takes seconds."""
        planned = self._planned()
        return {
            key: model
            for key, model in models.items()
            if wants_another(planned[key]) or any(probe.state == "planned" for probe in planned[key])
        }

    def _measure_alone(
        self, key: str, model: ModelToMeasure, request: MeasurementRequest, failures: FailureCount
    ) -> None:
        while (probe := self._due([key]).get(key)) is not None:
            outcome = self._attempt(probe, model, request)
            if isinstance(outcome, FailedAttempt):
                failures.count(outcome.message)
            else:
                failures.reset()

    def _due_in_series(self, models: Mapping[str, ModelToMeasure], alone: Set[int]) -> list[tuple[Probe, Path]]:
        """Return the models that are due and were not tried yet, with their files, in the order of the plan."""
        due = [(probe, models[key].path) for key, probe in self._due(list(models)).items()]
        untried = [(probe, path) for probe, path in due if not probe.attempts and probe.ordinal not in alone]
        return sorted(untried, key=lambda item: item[0].ordinal)

    def _due(self, keys: Sequence[str]) -> dict[str, Probe]:
        """Return what is to be measured next of each model; nothing of one that is done or given up."""
        planned = self._planned()
        new = [key for key in keys if wants_another(planned[key])]
        if new:
            self.store.plan_probes(self.record, new)
            planned = self._planned()
        waiting = {key: [probe for probe in planned[key] if probe.state == "planned"] for key in keys}
        return {key: probes[0] for key, probes in waiting.items() if probes}

    def _planned(self) -> dict[str, list[Probe]]:
        planned: dict[str, list[Probe]] = defaultdict(list)
        for probe in self.store.probes(self.record):
            planned[probe.architecture].append(probe)
        return planned

    def _attempt(self, probe: Probe, model: ModelToMeasure, request: MeasurementRequest) -> Measurement | FailedAttempt:
        self.listener.on_model_started(model)
        with self.time_ledger.step("probes alone" if model.is_probe else "models"):
            outcome = self._runner.run(
                probe,
                self._platform,
                request,
                model.path,
                on_event=self.listener.on_job_event,
                on_waiting=self.listener.on_waiting,
            )
        if isinstance(outcome, FailedAttempt):
            self.listener.on_model_failed(model, outcome.message)
        else:
            self.listener.on_model_measured(model, outcome)
        return outcome


def _with_operators(setting: Setting, plan: MeasurementPlan) -> MeasurementRequest:
    return MeasurementRequest(setting=setting, plan=plan, wants_operators=True, wants_graph=True)


@contextmanager
def model_session(
    client: DeviceClient,
    platform: Platform,
    models: Sequence[ModelToMeasure],
    seed: int,
    store: Store | str | os.PathLike[str] | None,
    listener: ModelOnboardingListener,
    time_ledger: TimeLedger,
    *,
    purpose: str,
) -> Iterator[ModelSession]:
    """Yield a session on a platform of the device, once it is known that the models may run there.

    Raises:
        EdgeprofError: If a model cannot run there.
    """
    require_seed(seed)
    device = client.device()
    for model in models:
        require_runnable(device, platform.setting, model.path)
    listener.on_planned(list(models))
    with opened(store) as store, store.session(platform, "", seed, purpose=purpose) as record:
        yield ModelSession(client, platform, store, record, listener=listener, time_ledger=time_ledger)

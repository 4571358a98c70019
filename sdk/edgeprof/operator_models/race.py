"""A session that measures models in short rounds, each longer than the one before."""

from datetime import datetime, timezone

from edgeprof.devices.client import DeviceClient
from edgeprof.devices.model_files import file_sha256
from edgeprof.measuring.attempt import AttemptRunner, FailedAttempt
from edgeprof.operator_models.listener import ModelOnboardingListener
from edgeprof.operator_models.probe_files import ModelToMeasure
from edgeprof.operator_models.procedure import setting_of_files
from edgeprof.store import MeasurementRequest, Probe, SessionRecord, Store
from edgeprof.store.platform import Platform
from edgeprof_proto.records.job_spec import MeasurementPlan
from edgeprof_proto.records.measurement import Measurement

MAX_ROUND_COUNT = 5
"""Measurements of a model after which nothing more is to be learned of it: the last takes sixteen times the first."""


def plan_of_round(number: int) -> MeasurementPlan:
    """Return how long and how often a model is run.

    Args:
        number: Measurements of the model before: from 0.
    """
    return MeasurementPlan(
        warmup_run_count=2,
        warmup_duration_ms=30.0,
        timed_run_count=3,
        timed_duration_ms=60.0 * 2**number,
        block_count=3 + number,
    )


class RaceSession:
    """Measures models one round at a time.

    Args:
        client: The device.
        platform: The device with the setting.
        store: Where plans and results are written.
        record: The session in the store, new or to be resumed.
        listener: Is called at every measurement.
    """

    def __init__(
        self,
        client: DeviceClient,
        platform: Platform,
        store: Store,
        record: SessionRecord,
        listener: ModelOnboardingListener,
    ) -> None:
        self._platform = platform
        self._setting = setting_of_files(client.device(), platform.setting)
        self._store = store
        self._record = record
        self._listener = listener
        self._keys: dict[str, str] = {}
        self._runner = AttemptRunner(client, store, record)
        self._runner.acknowledge_results()

    def measurements(self, model: ModelToMeasure) -> list[Measurement]:
        """Return all measurements of a model."""
        return [probe.measurement for probe in self._probes(model) if probe.measurement is not None]

    def measure(self, model: ModelToMeasure) -> str:
        """Measure a model once more.

        Args:
            model: The model.

        Returns:
            Why it could not be measured; empty where it was.

        Raises:
            EdgeprofError: If the device cannot measure until somebody mends the cause, or stays silent.
        """
        number = len(self.measurements(model))
        if all(probe.state != "planned" for probe in self._probes(model)):
            self._store.plan_probes(self._record, [self._key(model)])
        request = MeasurementRequest(setting=self._setting, plan=plan_of_round(number))
        while True:
            probe = next(probe for probe in self._probes(model) if probe.state == "planned")
            self._listener.on_model_started(model)
            outcome = self._runner.run(
                probe,
                self._platform,
                request,
                model.path,
                on_event=self._listener.on_job_event,
                on_waiting=self._listener.on_waiting,
            )
            if isinstance(outcome, Measurement):
                self._listener.on_model_measured(model, outcome)
                return ""
            assert isinstance(outcome, FailedAttempt)
            self._listener.on_model_failed(model, outcome.message)
            if outcome.is_given_up:
                return outcome.message

    def end(self) -> None:
        """Mark the session as finished."""
        self._store.end_session(self._record, datetime.now(timezone.utc))

    def _probes(self, model: ModelToMeasure) -> list[Probe]:
        key = self._key(model)
        return [probe for probe in self._store.probes(self._record) if probe.architecture == key]

    def _key(self, model: ModelToMeasure) -> str:
        if model.name not in self._keys:
            self._keys[model.name] = f"{model.name} {file_sha256(model.path)[:16]}"
        return self._keys[model.name]

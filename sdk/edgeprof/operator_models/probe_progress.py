"""What a series of probes tells the listener of an onboarding, and how many models fail in a row."""

from collections.abc import Mapping

from edgeprof.errors import OnboardingError
from edgeprof.measuring.series import SeriesListener
from edgeprof.measuring.series_steps import SeriesSteps
from edgeprof.measuring.time_ledger import TimeLedger
from edgeprof.operator_models.listener import ModelOnboardingListener
from edgeprof.operator_models.named_models import ModelToMeasure
from edgeprof.store import Probe
from edgeprof_proto.records.job import Job, JobEvent
from edgeprof_proto.records.measurement import Measurement

MAX_FAILURE_COUNT = 5
"""Models in a row that fail after which the device is the likely cause."""


class FailureCount:
    """Counts the attempts in a row that fail.

    Args:
        max_count: How many may fail.
    """

    def __init__(self, max_count: float = MAX_FAILURE_COUNT) -> None:
        self._max_count = max_count
        self._count = 0

    def reset(self) -> None:
        """Note an attempt that did not fail."""
        self._count = 0

    def count(self, message: str) -> None:
        """Count an attempt that failed.

        Args:
            message: Why it failed.

        Raises:
            OnboardingError: If too many in a row have failed.
        """
        self._count += 1
        if self._count >= self._max_count:
            raise OnboardingError(
                f"{self._count} models in a row could not be measured, the last one because: {message}; what was "
                "measured is kept: once this is mended, the same command goes on"
            )


class ProbeProgress(SeriesListener):
    """Passes on what a series tells of its probes.

    Args:
        models: The models by the names that the session has for them; of others the listener is told nothing.
        listener: Is called at every measurement.
        time_ledger: Counts the time of each step.
        failures: Counts those that fail.
        step: Stands before the names of the steps whose time is counted.
    """

    def __init__(
        self,
        models: Mapping[str, ModelToMeasure],
        listener: ModelOnboardingListener,
        time_ledger: TimeLedger,
        failures: FailureCount,
        *,
        step: str,
    ) -> None:
        self.steps = SeriesSteps(time_ledger, step)
        self._models = models
        self._listener = listener
        self._failures = failures

    def on_started(self, probe: Probe) -> None:
        """Tell which probe is next."""
        if (model := self._models.get(probe.architecture)) is not None:
            self._listener.on_model_started(model)

    def on_event(self, event: JobEvent) -> None:
        """Count the time, and pass the event on."""
        self.steps.on_event(event)
        self._listener.on_job_event(event)

    def on_waiting(self, job: Job) -> None:
        """Pass on that the series waits."""
        self._listener.on_waiting(job)

    def on_measured(self, probe: Probe, measurement: Measurement) -> None:
        """Tell that a probe is in the store."""
        self._failures.reset()
        if (model := self._models.get(probe.architecture)) is not None:
            self._listener.on_model_measured(model, measurement)

    def on_failed(self, probe: Probe, failure: str) -> None:
        """Tell that a probe failed.

        Raises:
            OnboardingError: If too many in a row have failed.
        """
        if (model := self._models.get(probe.architecture)) is not None:
            self._listener.on_model_failed(model, failure)
        self._failures.count(failure)

"""Callbacks of an onboarding of models."""

from edgeprof.operator_models.named_models import ModelToMeasure
from edgeprof_proto.records.job import Job, JobEvent
from edgeprof_proto.records.measurement import Measurement


class ModelOnboardingListener:
    """Is called at every measurement. All methods do nothing; override those of interest."""

    def on_planned(self, models: list[ModelToMeasure]) -> None:
        """These models are to be measured; those that the store holds already are not measured again."""

    def on_model_known(self, model: ModelToMeasure) -> None:
        """The store holds what is wanted of this model already."""

    def on_repeated(self, models: list[ModelToMeasure], number: int) -> None:
        """The latency of these models is about to be measured once more: round `number`, from 1."""

    def on_model_started(self, model: ModelToMeasure) -> None:
        """The device is about to be asked for a measurement."""

    def on_job_event(self, event: JobEvent) -> None:
        """The device reported progress of the measurement."""

    def on_waiting(self, job: Job) -> None:
        """The measurement has to wait for other jobs of the device."""

    def on_model_measured(self, model: ModelToMeasure, measurement: Measurement) -> None:
        """A measurement has arrived and is in the store."""

    def on_model_failed(self, model: ModelToMeasure, failure: str) -> None:
        """An attempt to measure a model failed; another one may follow at once."""

    def on_models_fitted(self, model_count: int, error: float | None) -> None:
        """Another model was learned from, of those that are chosen one at a time.

        Args:
            model_count: Whole models so far.
            error: Median error, each predicted from all others; None below three.
        """

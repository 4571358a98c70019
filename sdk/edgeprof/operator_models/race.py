"""A race between models: those that may be the fastest are measured in rounds, each longer than the one before.

The models of a round are measured by one job of the device, directly after each other.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from edgeprof.measuring.latency_estimate import estimate_latency
from edgeprof.measuring.uncertainty import REPEAT_SD
from edgeprof.operator_models.named_models import ModelToMeasure
from edgeprof.operator_models.procedure import ModelSession
from edgeprof_proto.records.job_spec import MeasurementPlan
from edgeprof_proto.records.measurement import Measurement
from edgeprof_proto.shared.interval import LEVEL_SD_COUNT

MAX_ROUND_COUNT = 5
"""Measurements of a model after which nothing more is to be learned of it: the last takes sixteen times the first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RankedModel:
    """A model at its place in an order by latency.

    Args:
        name: Name of its file.
        latency_ms: Its latency, measured or predicted, in milliseconds; None where it is not known.
        lower_ms: Lower end of the 90 % interval.
        upper_ms: Upper end.
        measurement_count: How often it was measured.
        failure: Why it could not be measured, or not again; empty where it could.
    """

    name: str
    latency_ms: float | None
    lower_ms: float = 0.0
    upper_ms: float = math.inf
    measurement_count: int = 0
    failure: str = ""

    @property
    def is_measured(self) -> bool:
        """Whether it was measured, rather than predicted."""
        return self.measurement_count > 0


def plan_of_round(number: int) -> MeasurementPlan:
    """Return how long and how often each model of a round is run.

    Args:
        number: Measurements of the models before: from 0.
    """
    return MeasurementPlan(
        warmup_run_count=2,
        warmup_duration_ms=30.0,
        timed_run_count=3,
        timed_duration_ms=60.0 * 2**number,
        block_count=3 + number,
    )


def next_to_measure(models: Sequence[RankedModel]) -> list[RankedModel]:
    """Return the models of the next round; none where the fastest is certain, or nothing more is to be tried.

    Those may be the fastest whose interval reaches below the upper end of the fastest measured one; before any is
    measured, below the lowest predicted latency. Of those, the round has the ones that were measured least often.
    """
    running = [model for model in models if not model.failure]
    measured = [model.upper_ms for model in models if model.is_measured]
    predicted = [model.latency_ms for model in running if model.latency_ms is not None]
    best_ms = min(measured or predicted, default=math.inf)
    open_ones = [model for model in running if model.lower_ms < best_ms]
    due = [model for model in open_ones if model.measurement_count < MAX_ROUND_COUNT]
    if not due or (len(open_ones) == 1 and due[0].is_measured):
        return []
    fewest = min(model.measurement_count for model in due)
    return [model for model in due if model.measurement_count == fewest]


def run_race(session: ModelSession, planned: Sequence[ModelToMeasure], ranked: dict[str, RankedModel]) -> None:
    """Measure until the fastest model is certain, or nothing more is to be tried.

    Args:
        session: Measures; what an interrupted call has measured counts.
        planned: The models.
        ranked: What is known of each model by its name; gets what is measured.

    Raises:
        EdgeprofError: If the device cannot measure until somebody mends the cause, or stays silent.
    """
    by_name = {model.name: model for model in planned}
    while True:
        measured, failures = session.measurements(planned), session.failures(planned)
        for name in measured.keys() | failures.keys():
            ranked[name] = of_measurements(name, measured.get(name, []), failures.get(name, ""))
        if not (due := next_to_measure(list(ranked.values()))):
            return
        session.measure_round([by_name[model.name] for model in due], plan_of_round(due[0].measurement_count))


def of_measurements(name: str, found: Sequence[Measurement], failure: str = "") -> RankedModel:
    """Return what measurements of a model say of its latency.

    Args:
        name: Its name.
        found: The measurements.
        failure: Why there are none, or no more; empty where nothing failed.
    """
    if not found:
        return RankedModel(name=name, latency_ms=None, failure=failure)
    estimate = estimate_latency(found)
    agreeing = sum(count > 0 for count in estimate.window_counts)
    half_width = LEVEL_SD_COUNT * math.hypot(estimate.relative_sd, REPEAT_SD / math.sqrt(agreeing))
    return RankedModel(
        name=name,
        latency_ms=estimate.latency_ms,
        lower_ms=estimate.latency_ms * math.exp(-half_width),
        upper_ms=estimate.latency_ms * math.exp(half_width),
        measurement_count=len(found),
        failure=failure,
    )

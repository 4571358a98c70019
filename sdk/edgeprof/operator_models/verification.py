"""Models that are measured and compared with what a profile predicts: all of them, or those that may be the fastest."""

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass

from edgeprof.devices.client import DeviceClient
from edgeprof.errors import EdgeprofError
from edgeprof.measuring.latency_estimate import estimate_latency
from edgeprof.measuring.time_ledger import TimeLedger
from edgeprof.measuring.verification import MIN_MEASURED_COUNT, Verification, VerifiedArchitecture
from edgeprof.operator_models.graphs import graph_of
from edgeprof.operator_models.listener import ModelOnboardingListener
from edgeprof.operator_models.prediction import ModelsProfile, PredictedModel, load_operator_profile, predict_models
from edgeprof.operator_models.procedure import model_session, models_to_measure
from edgeprof.store import Store
from edgeprof.store.platform import Platform
from edgeprof_predictor.operators.profile import OperatorProfile
from edgeprof_proto.records.measurement import Measurement

NORMAL_QUANTILE = 1.645
"""Of the 90 % interval of a latency estimate, in standard deviations."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RankedModel:
    """A model at its place in an order by latency.

    Args:
        name: Name of its file.
        latency_ms: Its latency, measured or predicted, in milliseconds; None where it is not known.
        lower_ms: Lower end of the 90 % interval.
        upper_ms: Upper end.
        is_measured: Whether it was measured.
        failure: Why it is not known; empty where it is.
    """

    name: str
    latency_ms: float | None
    lower_ms: float = 0.0
    upper_ms: float = math.inf
    is_measured: bool = False
    failure: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranking:
    """Models by latency, the fastest first; those that are not known last.

    Args:
        platform: Name of the platform.
        models: The models.
    """

    platform: str
    models: tuple[RankedModel, ...]

    @property
    def measured_count(self) -> int:
        """Models that were measured."""
        return sum(model.is_measured for model in self.models)

    @property
    def is_fastest_certain(self) -> bool:
        """Whether the interval of the first lies below those of all others."""
        known = [model for model in self.models if model.latency_ms is not None]
        return bool(known) and all(known[0].upper_ms < other.lower_ms for other in known[1:])


def verify_models(
    client: DeviceClient,
    profile: ModelsProfile,
    models: Sequence[str | os.PathLike[str]],
    *,
    seed: int = 0,
    store: Store | str | os.PathLike[str] | None = None,
    listener: ModelOnboardingListener | None = None,
) -> Verification:
    """Measure models, and compare them with what a profile predicts from their graphs.

    Called again after an interruption it resumes. A model that is part of the profile is no test of it, and is left
    out.

    Args:
        client: The device that the profile belongs to.
        profile: The profile, or the file that holds it.
        models: Files of the models, or folders of them.
        seed: Names the session: another seed measures everything anew.
        store: Where the measurements go, or its file; None for the user's own.
        listener: Is called at every measurement.

    Raises:
        ProfileError: If the file is damaged, or predicts search spaces.
        EdgeprofError: If the profile belongs to another device, a model cannot run there, the device fails, or fewer
            than three models are left that could be measured and predicted.
    """
    loaded = load_operator_profile(profile)
    listener = listener or ModelOnboardingListener()
    known = {network.name for network in loaded.model.networks}
    planned = [item for item in models_to_measure(models) if item.name not in known]
    with model_session(
        client, loaded, planned, seed, store, listener, TimeLedger(), purpose="verify-models"
    ) as session:
        measurements = session.measure(planned)
        session.end()
    verified = [_verified(loaded, name, found) for name, found in measurements.items()]
    compared = [item for item in verified if item is not None]
    if len(compared) < MIN_MEASURED_COUNT:
        raise EdgeprofError(
            f"{len(compared)} of {len(models)} models could be measured and predicted, a verification needs "
            f"{MIN_MEASURED_COUNT}: models that the profile has learned from do not count"
        )
    return Verification(
        platform=Platform.from_facts(loaded.platform).name,
        sample_count=len(loaded.model.networks),
        architectures=tuple(compared),
    )


def rank_models(
    client: DeviceClient,
    models: Sequence[str | os.PathLike[str]],
    profile: ModelsProfile,
    *,
    seed: int = 0,
    store: Store | str | os.PathLike[str] | None = None,
    listener: ModelOnboardingListener | None = None,
) -> Ranking:
    """Find the fastest of some models, measuring only those that may be it by their predicted intervals.

    Args:
        client: The device.
        models: Files of the models, or folders of them.
        profile: A profile of the device, or the file that holds it.
        seed: Names the session: another seed measures everything anew.
        store: Where the measurements go, or its file; None for the user's own.
        listener: Is called at every measurement.

    Raises:
        ProfileError: If the file is damaged, or predicts search spaces.
        EdgeprofError: If the profile belongs to another device, a model cannot run there, or the device fails.
    """
    loaded = load_operator_profile(profile)
    listener = listener or ModelOnboardingListener()
    planned = models_to_measure(models)
    ranked = {
        item.name: _of_prediction(item)
        for item in predict_models(loaded, [model.path for model in planned], client=client)
    }
    with model_session(client, loaded, planned, seed, store, listener, TimeLedger(), purpose="rank") as session:
        while (due := next_to_measure(list(ranked.values()))) is not None:
            model = next(item for item in planned if item.name == due.name)
            found = session.measure([model])
            ranked[due.name] = _of_measurements(due, found.get(due.name, []))
        session.end()
    order = sorted(ranked.values(), key=lambda item: math.inf if item.latency_ms is None else item.latency_ms)
    return Ranking(platform=Platform.from_facts(loaded.platform).name, models=tuple(order))


def next_to_measure(models: Sequence[RankedModel]) -> RankedModel | None:
    """Return the model to measure next: of those that may be the fastest, the one that may be the fastest of all."""
    measured = [model for model in models if model.is_measured]
    best_ms = min((model.upper_ms for model in measured), default=math.inf)
    open_ones = [model for model in models if not model.is_measured and not model.failure and model.lower_ms < best_ms]
    return min(open_ones, key=lambda model: model.lower_ms, default=None)


def _of_prediction(predicted: PredictedModel) -> RankedModel:
    found = predicted.prediction
    if found is None or found.latency_ms is None or found.lower_ms is None or found.upper_ms is None:
        # What the profile cannot place is measured: nothing is known of it.
        return RankedModel(name=predicted.name, latency_ms=None)
    return RankedModel(
        name=predicted.name, latency_ms=found.latency_ms, lower_ms=found.lower_ms, upper_ms=found.upper_ms
    )


def _of_measurements(model: RankedModel, found: Sequence[Measurement]) -> RankedModel:
    if not found:
        return RankedModel(name=model.name, latency_ms=None, failure="it could not be measured")
    estimate = estimate_latency(found)
    half_width = NORMAL_QUANTILE * estimate.relative_sd
    return RankedModel(
        name=model.name,
        latency_ms=estimate.latency_ms,
        lower_ms=estimate.latency_ms * (1 - half_width),
        upper_ms=estimate.latency_ms * (1 + half_width),
        is_measured=True,
    )


def _verified(profile: OperatorProfile, name: str, found: Sequence[Measurement]) -> VerifiedArchitecture | None:
    told = next((item for item in found if item.optimized_graph is not None), None)
    if told is None or told.optimized_graph is None:
        return None
    prediction = profile.predict(graph_of(told.setting.runtime, told.optimized_graph))
    if prediction.latency_ms is None or prediction.lower_ms is None or prediction.upper_ms is None:
        return None
    estimate = estimate_latency(found)
    return VerifiedArchitecture(
        architecture=name,
        predicted_ms=prediction.latency_ms,
        lower_ms=prediction.lower_ms,
        upper_ms=prediction.upper_ms,
        measured_ms=estimate.latency_ms,
        is_converged=estimate.is_converged,
    )

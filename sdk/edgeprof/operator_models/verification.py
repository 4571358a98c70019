"""The public call `verify_models`: models are measured and compared with what a profile predicts."""

import os
from collections.abc import Sequence
from pathlib import Path

from edgeprof.devices.client import DeviceClient
from edgeprof.errors import EdgeprofError
from edgeprof.measuring.latency_estimate import estimate_latency
from edgeprof.measuring.time_ledger import TimeLedger
from edgeprof.measuring.verification import (
    MIN_MEASURED_COUNT,
    Verification,
    VerifiedArchitecture,
    VerifiedMemory,
)
from edgeprof.operator_models.graphs import graph_of
from edgeprof.operator_models.host_engine import HostEngine
from edgeprof.operator_models.host_opinion import HostOpinions
from edgeprof.operator_models.listener import ModelOnboardingListener
from edgeprof.operator_models.measured import measured_peak_bytes
from edgeprof.operator_models.named_models import models_to_measure
from edgeprof.operator_models.prediction import ModelsProfile, load_operator_profile
from edgeprof.operator_models.procedure import model_session
from edgeprof.operator_models.profile_platform import platform_to_measure
from edgeprof.store import Store
from edgeprof_predictor.errors import PredictorError
from edgeprof_predictor.operators.peak_memory import MemoryPrediction
from edgeprof_predictor.operators.profile import OperatorProfile
from edgeprof_proto.records.measurement import Measurement


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
    platform = platform_to_measure(loaded, client)
    with model_session(
        client, platform, planned, seed, store, listener, TimeLedger(), purpose="verify-models"
    ) as session:
        session.measure(planned)
        measurements = session.repeat(planned)
        session.end()
    by_name = {model.name: model.path for model in planned}
    with HostEngine() as engine:
        opinions = HostOpinions(loaded, engine)
        verified = [_verified(loaded, opinions, by_name[name], found) for name, found in measurements.items()]
    compared = [item for item in verified if item is not None]
    if len(compared) < MIN_MEASURED_COUNT:
        raise EdgeprofError(
            f"{len(compared)} of {len(models)} models could be measured and predicted, a verification needs "
            f"{MIN_MEASURED_COUNT}: models that the profile has learned from do not count"
        )
    return Verification(
        platform=platform.name,
        sample_count=len(loaded.model.networks),
        architectures=tuple(compared),
    )


def _verified(
    profile: OperatorProfile, opinions: HostOpinions, model: Path, found: Sequence[Measurement]
) -> VerifiedArchitecture | None:
    told = next((item for item in found if item.optimized_graph is not None), None)
    if told is None or told.optimized_graph is None:
        return None
    try:
        prediction = profile.predict(graph_of(told.setting.runtime, told.optimized_graph))
    except PredictorError:
        return None
    prediction, _ = opinions.add_to(prediction, model, {})
    if prediction.latency_ms is None or prediction.lower_ms is None or prediction.upper_ms is None:
        return None
    estimate = estimate_latency(found)
    return VerifiedArchitecture(
        architecture=model.name,
        predicted_ms=prediction.latency_ms,
        lower_ms=prediction.lower_ms,
        upper_ms=prediction.upper_ms,
        measured_ms=estimate.latency_ms,
        is_converged=estimate.is_converged,
        memory=_verified_memory(prediction.memory, measured_peak_bytes(found)),
    )


def _verified_memory(predicted: MemoryPrediction | None, measured_bytes: float | None) -> VerifiedMemory | None:
    if predicted is None or measured_bytes is None:
        return None
    return VerifiedMemory(
        predicted_bytes=predicted.peak_bytes,
        lower_bytes=predicted.lower_bytes,
        upper_bytes=predicted.upper_bytes,
        measured_bytes=measured_bytes,
    )

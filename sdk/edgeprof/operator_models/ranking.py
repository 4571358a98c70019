"""The public call `rank_models`: the fastest of some models, measuring only those that may be it."""

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

from edgeprof.arguments import require_seed
from edgeprof.devices.client import DeviceClient
from edgeprof.devices.model_files import find_model_files
from edgeprof.measuring.time_ledger import TimeLedger
from edgeprof.operator_models.listener import ModelOnboardingListener
from edgeprof.operator_models.named_models import ModelToMeasure, models_to_measure
from edgeprof.operator_models.prediction import ModelPredictor, ModelsProfile, PredictedModel, load_operator_profile
from edgeprof.operator_models.procedure import model_session
from edgeprof.operator_models.profile_platform import platform_to_measure
from edgeprof.operator_models.race import RankedModel, run_race
from edgeprof.operator_models.stored_profiles import newest_profile
from edgeprof.store import Store, opened
from edgeprof.store.platform import Platform, default_setting, resolve_platform
from edgeprof_predictor.operators.profile import OperatorProfile
from edgeprof_proto.records.job_spec import Setting
from edgeprof_proto.shared.interval import LEVEL_SD_COUNT


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranking:
    """Models by latency, the fastest first; those that are not known last.

    Args:
        platform: Name of the platform.
        models: The models.
        is_predicted: Whether a profile predicted them first, so that some need not be measured.
    """

    platform: str
    models: tuple[RankedModel, ...]
    is_predicted: bool = True

    @property
    def measured_count(self) -> int:
        """Models that were measured."""
        return sum(model.is_measured for model in self.models)

    @property
    def measurement_count(self) -> int:
        """Measurements of all models together."""
        return sum(model.measurement_count for model in self.models)

    @property
    def is_fastest_certain(self) -> bool:
        """Whether the interval of the first lies below those of all others."""
        known = [model for model in self.models if model.latency_ms is not None]
        return bool(known) and all(known[0].upper_ms < other.lower_ms for other in known[1:])

    @property
    def certainty(self) -> float:
        """Probability that the first is the fastest of those that are known, at least: 1 less each other's chance."""
        known = [model for model in self.models if model.latency_ms is not None]
        return max(1 - math.fsum(_chance_to_be_faster(other, known[0]) for other in known[1:]), 0.0) if known else 0.0


def rank_models(
    client: DeviceClient,
    models: Sequence[str | os.PathLike[str]],
    profile: ModelsProfile | None = None,
    *,
    setting: Setting | None = None,
    seed: int = 0,
    store: Store | str | os.PathLike[str] | None = None,
    listener: ModelOnboardingListener | None = None,
) -> Ranking:
    """Find the fastest of some models, measuring only those that may be it.

    With a profile, those are measured first whose predicted interval reaches below the lowest predicted latency, then
    those whose interval reaches below the fastest that was measured; without, all are, in a few runs. Those whose
    measured intervals overlap with that of the fastest are measured again, each time for longer, until one is left, or
    each has been measured five times. The models of a round are one job of the device.

    Called again after an interruption it resumes.

    Args:
        client: The device.
        models: Files of the models, or folders of them.
        profile: A profile of the device, or the file that holds it; None for the newest that this host onboarded of the
            device in the setting, where its file is still there.
        setting: How they run, where no profile is named; None for the default of the device.
        seed: Names the session: another seed measures everything anew.
        store: Where the measurements go, or its file; None for the user's own.
        listener: Is called at every measurement.

    Raises:
        ProfileError: If the file is damaged, or predicts search spaces.
        EdgeprofError: If the profile belongs to another device, a model cannot run there, or the device fails.
    """
    require_seed(seed)
    listener = listener or ModelOnboardingListener()
    planned = models_to_measure(models)
    model_format = find_model_files(planned[0].path).model_format if planned else ""
    with opened(store) as store:
        if profile is None:
            platform = _platform(client, setting, model_format)
            loaded = newest_profile(store, platform)
        else:
            loaded = load_operator_profile(profile, model_format)
            platform = platform_to_measure(loaded, client)
        with model_session(client, platform, planned, seed, store, listener, TimeLedger(), purpose="race") as session:
            ranked = _before_measuring(client, planned, loaded)
            run_race(session, planned, ranked)
            session.end()
    order = sorted(ranked.values(), key=lambda item: math.inf if item.latency_ms is None else item.latency_ms)
    return Ranking(platform=platform.name, models=tuple(order), is_predicted=loaded is not None)


def _before_measuring(
    client: DeviceClient, planned: Sequence[ModelToMeasure], profile: OperatorProfile | None
) -> dict[str, RankedModel]:
    if profile is None:
        return {model.name: RankedModel(name=model.name, latency_ms=None) for model in planned}
    with ModelPredictor(profile, client, is_for_one=False, is_brief=True) as predictor:
        predicted = [predictor.predict(model.name, str(model.path)) for model in planned]
    return {item.name: _of_prediction(item) for item in predicted}


def _platform(client: DeviceClient, setting: Setting | None, model_format: str) -> Platform:
    device = client.device()
    return resolve_platform(device, setting or default_setting(device, model_format))


def _of_prediction(predicted: PredictedModel) -> RankedModel:
    found = predicted.prediction
    if found is None or found.latency_ms is None or found.lower_ms is None or found.upper_ms is None:
        # What the profile cannot place is measured: nothing is known of it.
        return RankedModel(name=predicted.name, latency_ms=None)
    return RankedModel(
        name=predicted.name, latency_ms=found.latency_ms, lower_ms=found.lower_ms, upper_ms=found.upper_ms
    )


def _chance_to_be_faster(other: RankedModel, first: RankedModel) -> float:
    def log_sd(model: RankedModel) -> float:
        return math.log(model.upper_ms / model.lower_ms) / (2 * LEVEL_SD_COUNT)

    assert other.latency_ms is not None and first.latency_ms is not None
    apart = math.log(other.latency_ms / first.latency_ms)
    sd = math.hypot(log_sd(other), log_sd(first))
    return NormalDist().cdf(-apart / sd) if sd > 0 else 0.5 * (apart == 0)

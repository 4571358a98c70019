"""This host's own measurement of a model as a second opinion on a device that has the same runtime."""

import hashlib
import platform
import socket
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from edgeprof.errors import EdgeprofError, NoEngineError
from edgeprof.operator_models.host_engine import HostEngine, on_this_host
from edgeprof.operator_models.kept_answers import answers_of_host
from edgeprof.operator_models.named_models import ModelToMeasure
from edgeprof.store.platform import Platform
from edgeprof_predictor.operators.prediction import NetworkPrediction
from edgeprof_predictor.operators.profile import OperatorProfile
from edgeprof_proto.records.job_spec import MeasurementPlan, Setting

if TYPE_CHECKING:
    from edgeprof_proto.records.device import Device

PLAN = MeasurementPlan(
    warmup_run_count=2, warmup_duration_ms=100.0, timed_run_count=5, timed_duration_ms=400.0, block_count=5
)
"""About a second with the loading."""

_ONE_AT_A_TIME = threading.Lock()
"""Of devices that are onboarded at once: two measurements on this host would disturb each other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HostLatency:
    """How long this host runs a model.

    Args:
        latency_us: In microseconds.
        runtime_version: Version of the runtime that ran it.
    """

    latency_us: float
    runtime_version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HostOpinion:
    """What this host's own measurement adds to a prediction.

    Args:
        latency_ms: How long this host runs the model, in milliseconds.
        weight: Weight of that, scaled to the device, in the prediction.
    """

    latency_ms: float
    weight: float


class HostOpinions:
    """Second opinions on predictions by a profile that has learned what they are worth; nothing where it has not.

    Args:
        profile: The profile.
        engine: Measures on this host.
    """

    def __init__(self, profile: OperatorProfile, engine: HostEngine) -> None:
        self._setting = Platform.from_facts(profile.platform).setting
        self._engine = engine
        self._opinion = profile.second_opinion()
        self._host = None if profile.host is None else profile.host.host

    def add_to(
        self, prediction: NetworkPrediction, model: Path, input_shapes: Mapping[str, Sequence[int]]
    ) -> tuple[NetworkPrediction, HostOpinion | None]:
        """Return a prediction with this host's opinion, and that opinion; the prediction as it is where there is none.

        Args:
            prediction: The prediction.
            model: The model, which is measured on this host.
            input_shapes: Shapes of inputs that it leaves open.
        """
        opinion = self._opinion
        if opinion is None or opinion.weight == 0 or prediction.latency_ms is None or not self._is_here():
            return prediction, None
        try:
            found = host_latency(self._engine, model, self._setting, input_shapes)
        except EdgeprofError:
            return prediction, None
        if self._host != host_facts(found):
            return prediction, None
        told = HostOpinion(latency_ms=found.latency_us / 1_000, weight=opinion.weight)
        return opinion.added_to(prediction, found.latency_us), told

    def _is_here(self) -> bool:
        return self._host is not None and self._host.get("host") == _identity()


def host_latency(
    engine: HostEngine, model: Path, setting: Setting, input_shapes: Mapping[str, Sequence[int]]
) -> HostLatency:
    """Return how long this host runs a model; what was measured undisturbed is kept.

    Args:
        engine: Measures on this host.
        model: The main file of the model.
        setting: How it runs on the device.
        input_shapes: Shapes of inputs that it leaves open.

    Raises:
        EdgeprofError: If it cannot be measured here.
    """
    here = on_this_host(setting)
    kept = answers_of_host().of_model(HostLatency, model, here, input_shapes)
    if (found := kept.read()) is not None:
        return found
    from edgeprof.measuring.latency_estimate import estimate_latency
    from edgeprof_proto.records.measurement import VerdictKind

    measurement = engine.measure(model, here, input_shapes, PLAN)
    found = HostLatency(
        latency_us=estimate_latency([measurement]).latency_ms * 1_000,
        runtime_version=measurement.setting.runtime_version,
    )
    return kept.keep(found) if measurement.verdict.kind is VerdictKind.STABLE else found


def with_host_latencies(
    profile: OperatorProfile, device: "Device", models: Sequence[ModelToMeasure]
) -> OperatorProfile:
    """Return a profile that also knows how long this host runs models that it has learned from.

    Nothing is measured where the device is this host, the runtime is not here, or too few models would be known.

    Args:
        profile: The profile.
        device: The device as its agent describes it.
        models: Files of models; those count that are whole, and that the profile has learned from.
    """
    from edgeprof_predictor.operators.second_opinion import MIN_MODELS, HostLatencies

    known = {} if profile.host is None else profile.host.latencies_us
    learned = {network.name for network in profile.model.networks}
    counting = [model for model in models if not model.is_probe and model.name in learned]
    if is_this_host(device) or len(known.keys() | {model.name for model in counting}) < MIN_MODELS:
        return profile
    setting = Platform.from_facts(profile.platform).setting
    measured: dict[str, HostLatency] = {}
    with _ONE_AT_A_TIME, HostEngine() as engine:
        for model in counting:
            try:
                measured[model.name] = host_latency(engine, model.path, setting, {})
            except NoEngineError:
                break
            except EdgeprofError:
                continue
    if not measured:
        return profile
    host = host_facts(next(iter(measured.values())))
    if profile.host is None or profile.host.host != host:
        known = {}
    latencies_us = {**known, **{name: item.latency_us for name, item in measured.items()}}
    return replace(profile, host=HostLatencies(host=host, latencies_us=latencies_us))


def is_this_host(device: "Device") -> bool:
    """Tell whether a device is this host, whose own measurement would be one of the same thing.

    Args:
        device: The device as its agent describes it.
    """
    return device.host_name == socket.gethostname()


def host_facts(found: HostLatency) -> dict[str, str]:
    """Return what tells this host with a runtime from others.

    Args:
        found: A latency that the runtime had here.
    """
    return {"host": _identity(), "runtime_version": found.runtime_version}


def _identity() -> str:
    machine_id = ""
    with suppress(OSError):
        machine_id = Path("/etc/machine-id").read_text(encoding="ascii").strip()
    return hashlib.sha256(f"{socket.gethostname()} {platform.machine()} {machine_id}".encode()).hexdigest()[:32]

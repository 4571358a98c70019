"""The public calls `onboard_models` and `add_models`: operators are measured, so that any model can be predicted."""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from edgeprof.arguments import require_seed
from edgeprof.devices.client import DeviceClient
from edgeprof.errors import OnboardingError
from edgeprof.folders import usable_model_folder
from edgeprof.measuring.goal import Goal
from edgeprof.measuring.profile_output import checked_profile_path, write_profile
from edgeprof.measuring.setting_check import require_offered, require_runnable
from edgeprof.measuring.time_ledger import TimeLedger
from edgeprof.operator_models.guided_models import GuidedModels, NextModel
from edgeprof.operator_models.host_opinion import with_host_latencies
from edgeprof.operator_models.listener import ModelOnboardingListener
from edgeprof.operator_models.measured import measured_networks
from edgeprof.operator_models.named_models import ModelToMeasure, models_to_measure
from edgeprof.operator_models.probe_choice import formats_of, probes_for
from edgeprof.operator_models.probe_files import NO_PROBES, ProbeFiles
from edgeprof.operator_models.procedure import ModelSession, model_session
from edgeprof.operator_models.profile_platform import platform_to_measure
from edgeprof.operator_models.stored_profiles import PURPOSE, remember_profile
from edgeprof.output_files import check_output
from edgeprof.store import Store, opened
from edgeprof.store.platform import Platform, default_setting, resolve_platform
from edgeprof_predictor._profile_file import MODELS
from edgeprof_predictor.operators.networks import MeasuredNetwork
from edgeprof_predictor.operators.profile import OperatorProfile
from edgeprof_predictor.profile_file import MODEL_FORMATS, ProfileFile
from edgeprof_proto.records.device import Device, RuntimeInfo
from edgeprof_proto.records.job_spec import Setting
from edgeprof_proto.records.measurement import Measurement
from edgeprof_proto.version import VERSION


@dataclass(frozen=True, slots=True, kw_only=True)
class OnboardedModels:
    """Result of an onboarding of models.

    Args:
        profile: Predicts any model on the platform.
        path: File of the profile; None where it was not written.
        probe_count: Probes that the profile has learned from.
        model_count: Whole models that it has learned from.
        failed: Names of what could not be measured.
        without_graph: Names of what was measured and not learned from, since the engine told no graph of it.
        refused_probes: Why probes could not be converted for the runtime, by name: they are left out.
        shortened_probes: Why parts of probes could not be converted, by name: the rest of them was measured.
        missing_probes: Why there were no probes at all; empty where there were.
        seconds_by_step: Where the time went.
        stop_reason: Why no further model was measured; empty where no goal was given.
        next_model: What one more model would bring; None where every model was measured, or no goal was given.
    """

    profile: OperatorProfile
    path: Path | None
    probe_count: int
    model_count: int
    failed: tuple[str, ...]
    without_graph: tuple[str, ...]
    seconds_by_step: dict[str, float]
    stop_reason: str = ""
    next_model: NextModel | None = None
    refused_probes: Mapping[str, str] = field(default_factory=dict)
    shortened_probes: Mapping[str, str] = field(default_factory=dict)
    missing_probes: str = ""


def onboard_models(
    client: DeviceClient,
    models: Sequence[str | os.PathLike[str]] = (),
    *,
    setting: Setting | None = None,
    goal: Goal | None = None,
    output: str | os.PathLike[str] | None = None,
    store: Store | str | os.PathLike[str] | None = None,
    seed: int = 0,
    model_folder: str | os.PathLike[str] | None = None,
    listener: ModelOnboardingListener | None = None,
) -> OnboardedModels:
    """Measure the probe suite and some models on a device, operator by operator.

    Called again after an interruption with the same device and setting, it resumes.

    Args:
        client: The device.
        models: Files of whole models, or folders of them, that are measured too: what the user cares about is then
            known best.
        setting: How they run; None for the default of the device.
        goal: When to stop measuring models, of which those come first that the profile so far knows least; its target
            is the median error of the measured ones, each predicted from all others. None to measure all.
        output: File of the profile, or a folder in which it is named after the platform; None to write none. What else
            the file holds of this device stays.
        store: Where plans and results are written, or its file; None for the user's own.
        seed: Names the session: another seed measures everything anew.
        model_folder: Where the probes are kept; None for the user's cache.
        listener: Is called at every measurement.

    Raises:
        EdgeprofError: If the profile cannot be written, a model cannot run on the device, the device is silent, or it
            tells no graph of any model.
    """
    require_seed(seed)
    listener, time_ledger = listener or ModelOnboardingListener(), TimeLedger()
    with opened(store) as store:
        device = client.device()
        client.require_revision(5, "tell the graphs of models")
        store.record_device(device, client.address, agent_version=client.agent_version)
        platform = resolve_platform(device, setting or default_setting(device))
        path = None if output is None else checked_profile_path(Path(output), platform, MODELS)
        whole = models_to_measure(models)
        probes = _probes(device, platform, whole, usable_model_folder(model_folder), time_ledger)
        planned = [*probes.models, *whole]
        listener.on_planned(planned)
        with store.session(platform, "", seed, purpose=PURPOSE) as record:
            session = ModelSession(client, platform, store, record, listener=listener, time_ledger=time_ledger)
            guided = GuidedModels(session, goal, _fit(device, platform))
            measurements = guided.measure(planned)
            planned = session.tried(planned)
            if (profile := guided.profile) is None:
                raise _no_graph_error(platform, len(planned))
            with time_ledger.step("models on this host"):
                profile = with_host_latencies(profile, device, planned)
            if path is not None:
                write_profile(profile, path)
                remember_profile(store, record, path)
            session.end()
    return _onboarded(profile, path, planned, measurements, time_ledger, guided, probes)


def add_models(
    client: DeviceClient,
    profile: str | os.PathLike[str],
    models: Sequence[str | os.PathLike[str]],
    *,
    runtime: str = "",
    precision: str = "",
    seed: int = 0,
    store: Store | str | os.PathLike[str] | None = None,
    listener: ModelOnboardingListener | None = None,
) -> OnboardedModels:
    """Measure further models, and have a profile learn from them too.

    Called again after an interruption it resumes.

    Args:
        client: The device that the profile belongs to.
        profile: The profile's file, which is written anew.
        models: Files of the models, or folders of them.
        runtime: Runtime of the setting, where the file holds several; empty for any.
        precision: Its precision; empty for any.
        seed: Names the session: another seed measures everything anew.
        store: Where plans and results are written, or its file; None for the user's own.
        listener: Is called at every measurement.

    Raises:
        ProfileError: If the file is damaged, or predicts search spaces.
        EdgeprofError: If the profile cannot be written or belongs to another device, a model cannot run there, or the
            device fails.
    """
    path, listener, time_ledger = Path(profile), listener or ModelOnboardingListener(), TimeLedger()
    loaded = ProfileFile(path, runtime=runtime, precision=precision).operator_profile()
    check_output(path)
    planned = models_to_measure(models)
    platform = platform_to_measure(loaded, client)
    with model_session(client, platform, planned, seed, store, listener, time_ledger, purpose="add-models") as session:
        session.measure(planned)
        measurements = session.repeat(planned)
        with time_ledger.step("fitting the operator model"):
            networks = measured_networks(measurements, probes=frozenset())
            if not networks:
                raise _no_graph_error(platform, len(planned))
            extended = loaded.with_networks(networks)
        with time_ledger.step("models on this host"):
            extended = with_host_latencies(extended, client.device(), planned)
        write_profile(extended, path)
        session.end()
    return _onboarded(extended, path, planned, measurements, time_ledger)


def _onboarded(
    profile: OperatorProfile,
    path: Path | None,
    planned: Sequence[ModelToMeasure],
    measurements: Mapping[str, Sequence[Measurement]],
    time_ledger: TimeLedger,
    guided: GuidedModels | None = None,
    probes: ProbeFiles = NO_PROBES,
) -> OnboardedModels:
    networks = profile.model.networks
    return OnboardedModels(
        profile=profile,
        path=path,
        probe_count=sum(network.is_probe for network in networks),
        model_count=sum(not network.is_probe for network in networks),
        failed=tuple(model.name for model in planned if model.name not in measurements),
        without_graph=tuple(
            name for name, found in measurements.items() if all(item.optimized_graph is None for item in found)
        ),
        seconds_by_step=time_ledger.seconds_by_step(),
        stop_reason="" if guided is None else guided.stop_reason,
        next_model=None if guided is None else guided.next_model,
        refused_probes=probes.refusals,
        shortened_probes=probes.shortened,
        missing_probes=probes.missing,
    )


def _fit(device: Device, platform: Platform) -> Callable[[Sequence[MeasuredNetwork]], OperatorProfile]:
    """Return what learns from networks that were measured on a platform."""
    formats = ",".join(formats_of(_runtime(device, platform)))
    return partial(
        OperatorProfile.fit,
        platform=platform.facts(),
        provenance={"edgeprof_version": VERSION, MODEL_FORMATS: formats},
    )


def _no_graph_error(platform: Platform, count: int) -> OnboardingError:
    return OnboardingError(
        f"{platform.setting.runtime} told the graph of none of {count} models, so that nothing can be learned from "
        "their latencies; name another runtime"
    )


def _runtime(device: Device, platform: Platform) -> RuntimeInfo:
    return next(item for item in device.runtimes if item.name == platform.setting.runtime)


def _probes(
    device: Device,
    platform: Platform,
    models: Sequence[ModelToMeasure],
    folder: Path,
    time_ledger: TimeLedger,
) -> ProbeFiles:
    """Return the probes that the runtime can read, once it is known that the user's models may run.

    Raises:
        OnboardingError: If there is neither a probe nor a model.
    """
    require_offered(device, platform.setting)
    for model in models:
        require_runnable(device, platform.setting, model.path)
    runtime = _runtime(device, platform)
    with time_ledger.step("writing probes"):
        probes = probes_for(runtime, platform.setting, folder)
    if not probes.models and not models:
        reason = probes.missing or f"{runtime.name} can run none of the probes"
        raise OnboardingError(f"{reason}; name some models in its format with --with, ten or more of different kinds")
    return probes

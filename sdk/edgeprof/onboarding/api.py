"""The public call `onboard`."""

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from edgeprof.arguments import require_seed
from edgeprof.devices.client import DeviceClient
from edgeprof.evaluating.known_bundles import bundle_of
from edgeprof.measuring.goal import Goal
from edgeprof.measuring.profile_output import checked_profile_path, write_profile
from edgeprof.measuring.provenance import EXPECTED_ERROR, ONBOARDING_SESSION, SAMPLE_COUNT
from edgeprof.measuring.session import MeasurementSession
from edgeprof.measuring.setting_check import require_exportable
from edgeprof.measuring.time_ledger import TimeLedger
from edgeprof.onboarding.listener import OnboardingListener
from edgeprof.onboarding.method_choice import MethodChoice, MethodOptions, choose_method, other_method
from edgeprof.onboarding.operator_choice import operators_or
from edgeprof.onboarding.own_devices import own_platforms
from edgeprof.onboarding.procedure import PLAN, REPEAT_PLAN, Onboarding
from edgeprof.onboarding.report import OnboardingReport, report_on
from edgeprof.onboarding.transfer_choice import choose_transfer
from edgeprof.prediction import SpaceProfile
from edgeprof.store import SessionRecord, Store, opened
from edgeprof.store.platform import Platform, default_setting, resolve_platform
from edgeprof_predictor.bundle import Bundle
from edgeprof_predictor.methods.default.method import DefaultMethod
from edgeprof_predictor.methods.default.own_platforms import with_platforms
from edgeprof_predictor.methods.left_out import LeftOutScore, score_left_out
from edgeprof_predictor.methods.onboarding_method import ProfilePredictor
from edgeprof_predictor.profile import Profile
from edgeprof_predictor.samples import Samples
from edgeprof_predictor.spaces import get_space
from edgeprof_proto.records.job_spec import Setting
from edgeprof_proto.version import VERSION

ONBOARDING = "onboarding"
"""Purpose of the session in the store."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Onboarded:
    """Result of an onboarding.

    Args:
        profile: Predicts the platform, with neither agent nor store.
        path: File of the profile; None where it was not written.
        report: Samples, failures, expected errors and times.
    """

    profile: Profile
    path: Path | None
    report: OnboardingReport


def onboard(
    client: DeviceClient,
    space: str,
    *,
    setting: Setting | None = None,
    goal: Goal | None = None,
    output: str | os.PathLike[str] | None = None,
    store: Store | str | os.PathLike[str] | None = None,
    bundle: Bundle | str | os.PathLike[str] | None = None,
    method: MethodOptions | str | None = None,
    seed: int = 0,
    model_folder: str | os.PathLike[str] | None = None,
    calibration: str | os.PathLike[str] | None = None,
    listener: OnboardingListener | None = None,
) -> Onboarded:
    """Measure a few networks of a search space on a device, and adapt a predictor of all others to it.

    Called again after an interruption with the same device, setting, space and seed, it resumes.

    Args:
        client: The device.
        space: Name of the search space, for example `nasbench201`.
        setting: How the networks run; None for the default of the device, ONNX Runtime where it has that.
        goal: When to stop; None for ten samples.
        output: File of the profile, or a folder in which it is named after platform and space; None to write none. What
            else the file holds of this device stays.
        store: Where plans and results are written, or its file; None for the user's own.
        bundle: Pre-trained predictor, or its file as `fit` writes it; None for the one registered for the space, or
            shipped with it, or, where there is none, for costs alone: the first samples then tell less.
        method: The method, or its name; None for the device's operators where the output holds them, else the default.
        seed: Seed of candidates and order.
        model_folder: Where exported networks are kept; None for the user's cache.
        calibration: Inputs (.npz) by which an integer precision is scaled; None for synthetic ones.
        listener: Is called at every step.

    Raises:
        EdgeprofError: If the profile cannot be written, or the device is silent, refuses the setting or often fails.
        PredictorError: If the space, the method or the sampler is unknown, or the space has neither a bundle nor costs;
            if the bundle cannot be read, or is of another space.
    """
    require_seed(seed)
    goal, listener, time_ledger = goal or Goal(), listener or OnboardingListener(), TimeLedger()
    options = method if isinstance(method, MethodOptions) else MethodOptions(name=method)
    with opened(store) as store:
        default = _default_method(space, bundle, options.profiles, store, time_ledger, seed=seed)
        platform = _platform(client, setting, store)
        path = None if output is None else checked_profile_path(Path(output), platform, space)
        choice, other = _chosen(default, options, platform, store, time_ledger, seed=seed)
        if options.chooses_nothing:
            choice = operators_or(choice, bundle, path, platform, client, listener, time_ledger)
        session_of = partial(MeasurementSession, client, platform, store, plan=PLAN, repeat_plan=REPEAT_PLAN)
        session_of = partial(session_of, model_folder=model_folder, wants_operators=choice.learns_operators)
        with (
            _session_after_wait(store, platform, space, seed, choice, time_ledger) as record,
            session_of(record, calibration=calibration, listener=listener, time_ledger=time_ledger) as session,
        ):
            onboarding = Onboarding(session, choice, goal=goal, listener=listener, time_ledger=time_ledger, store=store)
            onboarded = _finished(onboarding, path, other)
            session.end()  # only now: where the file cannot be written, the same call resumes with nothing to measure
            return onboarded


def _default_method(
    space: str,
    bundle: Bundle | str | os.PathLike[str] | None,
    also: Sequence[SpaceProfile],
    store: Store,
    time_ledger: TimeLedger,
    *,
    seed: int,
) -> DefaultMethod:
    """Return the default method of a space with the sources of a bundle and the user's own devices."""
    with time_ledger.step("loading the predictor"):
        known = bundle_of(space, bundle)
        method = DefaultMethod.without_sources(get_space(space), seed=0) if known is None else known.method
        if also:
            method = with_platforms(method, own_platforms(also, space, store), seed=seed)
        # An exported network lacks what cannot influence its output.
        return method.for_pruned_graphs()


def _chosen(
    default: DefaultMethod,
    options: MethodOptions,
    platform: Platform,
    store: Store,
    time_ledger: TimeLedger,
    *,
    seed: int,
) -> tuple[MethodChoice, MethodChoice | None]:
    """Return the method that is asked for, and what it is compared with."""
    with time_ledger.step("fitting the method to other platforms"):
        if options.from_profile is None:
            choice = choose_method(default, options.chosen_name, options.sampler, seed=seed)
        else:
            choice = choose_transfer(default, options, platform, store, seed=seed)
        return choice, other_method(default, choice, seed=seed) if options.compares_methods else None


def _platform(client: DeviceClient, setting: Setting | None, store: Store) -> Platform:
    """Return the platform of a setting, once the store knows its device and networks can be exported for it."""
    device = client.device()
    store.record_device(device, client.address, agent_version=client.agent_version)
    setting = setting or default_setting(device)
    require_exportable(device, setting)
    return resolve_platform(device, setting)


@contextmanager
def _session_after_wait(
    store: Store, platform: Platform, space: str, seed: int, choice: MethodChoice, time_ledger: TimeLedger
) -> Iterator[SessionRecord]:
    """The session of an onboarding; the time until another process has ended that is at it counts nowhere."""
    with ExitStack() as lock:
        with time_ledger.paused():
            purpose = f"{ONBOARDING} {choice.text}".strip()
            record = lock.enter_context(store.session(platform, space, seed, purpose=purpose))
        yield record


def _finished(onboarding: Onboarding, path: Path | None, other: MethodChoice | None) -> Onboarded:
    """Run an onboarding to its end and write the profile."""
    predictor, stop_reason = onboarding.run()
    report = report_on(onboarding, predictor, stop_reason, _comparison(onboarding, predictor.samples, other))
    profile = _profile(onboarding.session, predictor, report)
    if path is not None:
        write_profile(profile, path)
    return Onboarded(profile=profile, path=path, report=report)


def _comparison(onboarding: Onboarding, samples: Samples, other: MethodChoice | None) -> tuple[LeftOutScore, ...]:
    """Score the method and another one by samples that each predicts from the others."""
    if other is None:
        return ()
    with onboarding.time_ledger.step("comparing methods"):
        return tuple(
            score_left_out(
                one.name, partial(onboarding.informed(one.method).adapt, seed=onboarding.session.record.seed), samples
            )
            for one in (onboarding.method_choice, other)
        )


def _profile(session: MeasurementSession, predictor: ProfilePredictor, report: OnboardingReport) -> Profile:
    provenance = {
        ONBOARDING_SESSION: session.record.session_id,
        "edgeprof_version": VERSION,
        "method": report.method,
        "stop_reason": report.stop_reason,
        EXPECTED_ERROR: str(predictor.expectation),
        SAMPLE_COUNT: str(len(report.samples)),
        "error_diagnosis": str(report.error_diagnosis or ""),
    }
    return Profile(predictor=predictor, platform=session.platform.facts(), provenance=provenance)

"""The public call `onboard`."""

import contextlib
from dataclasses import dataclass
from pathlib import Path

from edgeprof._version import VERSION
from edgeprof.devices.client import DeviceClient
from edgeprof.errors import OnboardingError
from edgeprof.exporters.onnx import default_model_folder
from edgeprof.measuring.listener import OnboardingListener
from edgeprof.measuring.session import ProbeSession
from edgeprof.measuring.time_ledger import CostLedger
from edgeprof.onboarding.goal import Goal
from edgeprof.onboarding.procedure import PLAN, Onboarding
from edgeprof.onboarding.report import OnboardingReport, report_on
from edgeprof.store import Store
from edgeprof.store.platform import resolve_platform
from edgeprof_predictor.bundle import Bundle, load_bundle
from edgeprof_predictor.profile import Profile
from edgeprof_proto.records.job_spec import Setting

ONBOARDING = "onboarding"
"""What the store calls a session of this purpose."""

DEFAULT_SETTING = Setting(runtime="onnxruntime")
"""ONNX Runtime's default provider on one thread with batch 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Onboarded:
    """Result of an onboarding.

    Args:
        profile: Predicts the platform, with neither agent nor store.
        path: File of the profile; None where it was not written.
        report: What was done.
    """

    profile: Profile
    path: Path | None
    report: OnboardingReport


def onboard(
    client: DeviceClient,
    space: str,
    *,
    setting: Setting = DEFAULT_SETTING,
    goal: Goal | None = None,
    output: Path | None = None,
    store: Store | None = None,
    bundle: Bundle | None = None,
    seed: int = 0,
    model_folder: Path | None = None,
    listener: OnboardingListener | None = None,
) -> Onboarded:
    """Measure a few networks of a search space on a device, and learn to predict all others.

    Called again after an interruption with the same device, setting, space and seed, it goes on where it stopped.

    Args:
        client: The device.
        space: Name of the search space, for example `nasbench201`.
        setting: How the networks run.
        goal: When to stop; None for ten samples.
        output: File of the profile, or a folder in which it is named after platform and space; None to write none.
        store: Where everything is written down; None for the user's own.
        bundle: Pre-trained predictor; None for the one that ships with the space.
        seed: Seed of candidates and order.
        model_folder: Where exported networks are kept; None for the user's cache.
        listener: Hears about every step.

    Raises:
        EdgeprofError: If the device cannot be reached, refuses the setting, or fails too often.
        PredictorError: If the space is unknown or has no bundle.
    """
    costs = CostLedger()
    with costs.step("loading the predictor"):
        bundle = bundle or load_bundle(space)
    with contextlib.ExitStack() as resources:
        store = store or resources.enter_context(Store())
        device = client.device()
        store.record_device(device, client.address)
        platform = resolve_platform(device, setting)
        listener = listener or OnboardingListener()
        probing = ProbeSession(
            client,
            platform,
            store,
            store.resume_or_begin_session(platform, space, seed, purpose=ONBOARDING),
            plan=PLAN,
            model_folder=model_folder or default_model_folder(),
            listener=listener,
            costs=costs,
        )
        onboarding = Onboarding(probing, bundle.method, goal=goal or Goal(), listener=listener, costs=costs)
        predictor, stop_reason = onboarding.run()
        report = report_on(onboarding, predictor, stop_reason)
        provenance = {
            "onboarding_session": probing.session.session_id,
            "edgeprof_version": VERSION,
            "stop_reason": stop_reason,
            "expected_error": str(predictor.expectation),
            "error_diagnosis": str(report.error_diagnosis or ""),
        }
        profile = Profile(predictor=predictor, platform=platform.facts(), provenance=provenance)
        path = None if output is None else _write_profile(profile, output)
        # Only now: where the file cannot be written, the same call goes on from here, with nothing to measure.
        probing.end()
        return Onboarded(profile=profile, path=path, report=report)


def _write_profile(profile: Profile, output: Path) -> Path:
    path = output
    if output.is_dir():
        path = output / f"{profile.platform['name']}.{profile.space.name}.edgeprof"
    try:
        profile.save(path)
    except OSError as error:
        raise OnboardingError(
            f"cannot write the profile {path} ({error.strerror}): name another file; the measurements are kept"
        ) from error
    return path

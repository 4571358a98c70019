"""Verification: does a profile tell the truth about networks that it has never seen?"""

import contextlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edgeprof.devices.client import DeviceClient
from edgeprof.errors import EdgeprofError
from edgeprof.exporters.onnx import default_model_folder
from edgeprof.measuring.listener import SessionListener
from edgeprof.measuring.session import ProbeSession
from edgeprof.measuring.time_ledger import CostLedger
from edgeprof.store import Store
from edgeprof.store.platform import Platform
from edgeprof_predictor import metrics
from edgeprof_predictor.profile import Profile
from edgeprof_predictor.spaces import Architecture
from edgeprof_proto.records.job_spec import MeasurementPlan

DEFAULT_UNSEEN_COUNT = 20
"""Enough for a rank correlation that means something, few enough for a minute of a board's time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedArchitecture:
    """One network: what the profile said, and what the device said.

    Args:
        architecture: Its text.
        predicted_ms: Predicted latency, in milliseconds.
        lower_ms: Lower end of the 90 % interval, in milliseconds.
        upper_ms: Upper end of the 90 % interval, in milliseconds.
        measured_ms: Measured latency at the device's own pace, in milliseconds.
        is_settled: Whether that pace is settled; False where the device was disturbed whenever it was measured.
    """

    architecture: str
    predicted_ms: float
    lower_ms: float
    upper_ms: float
    measured_ms: float
    is_settled: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """Predicted against measured, over networks that the profile has never seen.

    Args:
        platform: Name of the platform.
        sample_count: Samples that the profile rests on.
        architectures: The networks.
    """

    platform: str
    sample_count: int
    architectures: tuple[VerifiedArchitecture, ...]

    def figures(self) -> dict[str, float]:
        """Rank correlation, errors and coverage of the intervals, by name."""
        predicted = np.array([item.predicted_ms for item in self.architectures])
        measured = np.array([item.measured_ms for item in self.architectures])
        lower = np.array([item.lower_ms for item in self.architectures])
        upper = np.array([item.upper_ms for item in self.architectures])
        return {
            "spearman": metrics.spearman(measured, predicted),
            "kendall_tau": metrics.kendall_tau(measured, predicted),
            "median_ape": metrics.median_ape(measured, predicted),
            "mape": metrics.mape(measured, predicted),
            "interval_coverage": metrics.interval_coverage(measured, lower, upper),
            "interval_width_ratio": metrics.interval_width_ratio(predicted, lower, upper),
            "sample_count": self.sample_count,
            "unseen_count": len(self.architectures),
        }

    def sentence(self) -> str:
        """What the figures mean, in one sentence."""
        figures = self.figures()
        unsettled_count = sum(not item.is_settled for item in self.architectures)
        return (
            f"From {self.sample_count} measured networks, {len(self.architectures)} unseen ones are predicted within "
            f"{figures['median_ape']:.1%} (median) and ranked with a Spearman correlation of "
            f"{figures['spearman']:.3f}; {figures['interval_coverage']:.0%} lie inside their 90 % intervals."
            + (f" The device was disturbed whenever it measured {unsettled_count} of them." if unsettled_count else "")
        )


def verify(
    profile: Profile,
    client: DeviceClient,
    *,
    store: Store | None = None,
    count: int = DEFAULT_UNSEEN_COUNT,
    seed: int = 0,
    model_folder: Path | None = None,
    listener: SessionListener | None = None,
) -> Verification:
    """Predict networks that the profile has never seen, then measure them.

    They are measured as an onboarding measures its samples: the anchor of the profile is measured again now and then,
    and so is every network whose pace is not settled. Called again after an interruption it goes on where it stopped.

    Args:
        profile: The profile.
        client: The device that the profile belongs to.
        store: Where the measurements go; None for the user's own.
        count: Networks to measure.
        seed: Seed that draws them.
        model_folder: Where exported networks are kept; None for the user's cache.
        listener: Hears about every measurement.

    Raises:
        EdgeprofError: If the profile belongs to another device, or the device fails.
    """
    platform = _platform_of(profile, client)
    space = profile.space
    unseen = _unseen(profile, count, seed)
    with contextlib.ExitStack() as resources:
        store = store or resources.enter_context(Store())
        purpose = f"verify {profile.provenance.get('onboarding_session', '')}"
        session = store.resume_or_begin_session(platform, space.name, seed, purpose=purpose)
        probing = ProbeSession(
            client,
            platform,
            store,
            session,
            plan=MeasurementPlan(),
            model_folder=model_folder or default_model_folder(),
            listener=listener or SessionListener(),
            costs=CostLedger(),
        )
        if not probing.probes():
            anchor = space.architectures(profile.samples.choices[:1])
            probing.plan([space.format(architecture) for architecture in (*anchor, *unseen)])
        probing.measure_planned()
        probing.settle()
        probing.end()
    return _compare(profile, platform, probing)


def _compare(profile: Profile, platform: Platform, probing: ProbeSession) -> Verification:
    measured = probing.paces()
    seen = {profile.space.format(item) for item in profile.space.architectures(profile.samples.choices)}
    texts = [text for text in measured if text not in seen]
    prediction = profile.predict(texts)
    return Verification(
        platform=platform.name,
        sample_count=profile.samples.count,
        architectures=tuple(
            VerifiedArchitecture(
                architecture=text,
                predicted_ms=float(prediction.latency_ms[index]),
                lower_ms=float(prediction.lower_ms[index]),
                upper_ms=float(prediction.upper_ms[index]),
                measured_ms=measured[text].latency_ms,
                is_settled=measured[text].is_settled,
            )
            for index, text in enumerate(texts)
        ),
    )


def _platform_of(profile: Profile, client: DeviceClient) -> Platform:
    platform = Platform.from_facts(profile.platform)
    if platform.device_id != client.device().device_id:
        raise EdgeprofError(
            f"the profile belongs to {platform.device_name}, not to the device at {client.address}: "
            "name the right device, or onboard this one"
        )
    return platform


def _unseen(profile: Profile, count: int, seed: int) -> list[Architecture]:
    space = profile.space
    seen = set(space.architectures(profile.samples.choices))
    # The drawn are distinct, so this many hold enough that are new.
    drawn = space.sample(min(count + len(seen), space.size), seed=seed)
    return [item for item in drawn if item not in seen][:count]

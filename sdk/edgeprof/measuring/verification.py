"""Verification: predicted against measured latency of networks that were no samples of a profile."""

import os
from dataclasses import dataclass

import numpy as np

from edgeprof.arguments import require_count, require_seed
from edgeprof.devices.client import DeviceClient
from edgeprof.errors import EdgeprofError
from edgeprof.measuring.anchor import latency_estimates
from edgeprof.measuring.latency_estimate import LatencyEstimate
from edgeprof.measuring.listener import SessionListener
from edgeprof.measuring.provenance import ONBOARDING_SESSION
from edgeprof.measuring.session import MeasurementSession
from edgeprof.prediction import SpaceProfile, load_profile
from edgeprof.store import Store, opened
from edgeprof.store.platform import Platform
from edgeprof_predictor import metrics
from edgeprof_predictor.profile import Profile
from edgeprof_predictor.spaces import Architecture

MIN_UNSEEN_COUNT = 3
"""A rank correlation of two says nothing."""

DEFAULT_UNSEEN_COUNT = 20
"""Enough for a rank correlation, and about a minute of a board's time."""

MIN_MEASURED_COUNT = 3
"""Fewer networks have no rank correlation that says anything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedMemory:
    """Peak memory of the process that runs one network: predicted and measured, in bytes.

    Args:
        predicted_bytes: Predicted peak.
        lower_bytes: Lower end of the 90 % interval.
        upper_bytes: Upper end of the 90 % interval.
        measured_bytes: Measured peak during the runs.
    """

    predicted_bytes: float
    lower_bytes: float
    upper_bytes: float
    measured_bytes: float


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedArchitecture:
    """One network: predicted and measured.

    Args:
        architecture: Its text.
        predicted_ms: Predicted latency, in milliseconds.
        lower_ms: Lower end of the 90 % interval, in milliseconds.
        upper_ms: Upper end of the 90 % interval, in milliseconds.
        measured_ms: Measured latency of the undisturbed device, in milliseconds.
        is_converged: Whether the estimate of `measured_ms` has converged; False where measurements were disturbed.
        memory: Its peak memory; None where it is not predicted, or the agent does not report it.
    """

    architecture: str
    predicted_ms: float
    lower_ms: float
    upper_ms: float
    measured_ms: float
    is_converged: bool
    memory: VerifiedMemory | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """Predicted against measured, over networks that the profile has never seen.

    Args:
        platform: Name of the platform.
        sample_count: Samples from which the profile was made.
        architectures: The networks.
    """

    platform: str
    sample_count: int
    architectures: tuple[VerifiedArchitecture, ...]

    def figures(self) -> dict[str, float]:
        """Rank correlation, errors and coverage of the intervals, by name; of peak memory where there is any."""
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
            **self._memory_figures(),
        }

    def _memory_figures(self) -> dict[str, float]:
        compared = [item.memory for item in self.architectures if item.memory is not None]
        if not compared:
            return {}
        measured = np.array([item.measured_bytes for item in compared])
        predicted = np.array([item.predicted_bytes for item in compared])
        lower, upper = (np.array([getattr(item, end) for item in compared]) for end in ("lower_bytes", "upper_bytes"))
        return {
            "peak_memory_median_ape": metrics.median_ape(measured, predicted),
            "peak_memory_interval_coverage": metrics.interval_coverage(measured, lower, upper),
        }

    def sentence(self) -> str:
        """The figures in one sentence."""
        figures = self.figures()
        unconverged_count = sum(not item.is_converged for item in self.architectures)
        memory = figures.get("peak_memory_median_ape")
        return (
            f"From {self.sample_count} measured networks, {len(self.architectures)} unseen ones are predicted within "
            f"{figures['median_ape']:.1%} (median) and ranked with a Spearman correlation of "
            f"{figures['spearman']:.3f}; {figures['interval_coverage']:.0%} lie inside their 90 % intervals."
            + (f" The measurements of {unconverged_count} of them did not converge." if unconverged_count else "")
            + (f" Their peak memory is predicted within {memory:.1%} (median)." if memory is not None else "")
        )


def verify(
    client: DeviceClient,
    profile: SpaceProfile,
    *,
    space: str = "",
    count: int = DEFAULT_UNSEEN_COUNT,
    seed: int = 0,
    store: Store | str | os.PathLike[str] | None = None,
    model_folder: str | os.PathLike[str] | None = None,
    calibration: str | os.PathLike[str] | None = None,
    listener: SessionListener | None = None,
) -> Verification:
    """Predict networks that the profile has never seen, then measure them.

    They are measured as an onboarding measures its samples: the anchor of the profile is measured again now and then,
    and so is every network whose latency estimate has not converged. Called again after an interruption it resumes.

    Args:
        client: The device that the profile belongs to.
        profile: The profile, or the file that holds it.
        space: Search space to verify; empty for the only one that the profile predicts.
        count: Networks to measure: 3 to as many as the space has beside the samples.
        seed: Seed that draws them.
        store: Where the measurements go, or its file; None for the user's own.
        model_folder: Where exported networks are kept; None for the user's cache.
        calibration: Inputs (.npz) by which an integer precision is scaled; None for synthetic ones.
        listener: Is called at every measurement.

    Raises:
        ProfileError: If the file is damaged or of another version, or predicts several spaces and none is named.
        InvalidArgumentError: If the space has fewer networks that were no samples, or a number is outside its range.
        EdgeprofError: If the profile belongs to another device, or the device fails.
    """
    profile = load_profile(profile, space)
    require_seed(seed)
    unseen_count = profile.space.size - len({*profile.space.architectures(profile.samples.choices)})
    require_count("the number of networks to verify with", count, MIN_UNSEEN_COUNT, unseen_count)
    platform = _platform_of(client, profile)
    unseen = _unseen(profile, count, seed)
    with (
        opened(store) as store,
        store.session(platform, profile.space.name, seed, purpose=_purpose(profile)) as record,
        MeasurementSession(
            client, platform, store, record, model_folder=model_folder, calibration=calibration, listener=listener
        ) as session,
    ):
        measured = _measured(session, profile, unseen)
        session.end()
    if len(measured) < min(count, MIN_MEASURED_COUNT):
        raise EdgeprofError(
            f"{len(measured)} of {len(unseen)} networks could be measured on {platform.device_name}, a verification "
            f"needs {MIN_MEASURED_COUNT}: mend the device, then start the same command again"
        )
    return _compare(profile, platform, measured)


def stored_verification(profile: Profile, store: Store) -> Verification | None:
    """Compare what a store holds of the verifications of a profile; None where that is less than a verification needs.

    Args:
        profile: The profile.
        store: Where the measurements are.
    """
    platform = Platform.from_facts(profile.platform)
    seen = {profile.space.format(one) for one in profile.space.architectures(profile.samples.choices)}
    measured: dict[str, LatencyEstimate] = {}
    for session in store.sessions(platform, profile.space.name, purpose=_purpose(profile)):
        measured |= latency_estimates(store.probes(session))
    unseen = {text: estimate for text, estimate in measured.items() if text not in seen}
    return _compare(profile, platform, unseen) if len(unseen) >= MIN_MEASURED_COUNT else None


def _purpose(profile: Profile) -> str:
    return f"verify {profile.provenance.get(ONBOARDING_SESSION, '')}"


def _measured(session: MeasurementSession, profile: Profile, unseen: list[Architecture]) -> dict[str, LatencyEstimate]:
    """Measure the anchor of a profile and unseen networks; returns the estimates of the latter."""
    space = profile.space
    anchor = space.architectures(profile.samples.choices[:1])
    wanted = [space.format(architecture) for architecture in (*anchor, *unseen)]
    planned = {probe.architecture for probe in session.probes()}
    session.plan([text for text in wanted if text not in planned])
    session.converge()
    return {text: found for text, found in session.latency_estimates().items() if text in wanted[1:]}


def _compare(profile: Profile, platform: Platform, measured: dict[str, LatencyEstimate]) -> Verification:
    texts = list(measured)
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
                is_converged=measured[text].is_converged,
            )
            for index, text in enumerate(texts)
        ),
    )


def _platform_of(client: DeviceClient, profile: Profile) -> Platform:
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
    # The drawn ones are distinct, so at least `count` of them are unseen.
    drawn = space.sample(min(count + len(seen), space.size), seed=seed)
    return [item for item in drawn if item not in seen][:count]

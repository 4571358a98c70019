"""Verification: does a profile tell the truth about networks that it has never seen?"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edgeprof.client import DeviceClient
from edgeprof.errors import EdgeprofError
from edgeprof.export import default_model_folder, export_architecture
from edgeprof.platform import Platform
from edgeprof.store import Store
from edgeprof_predictor import metrics
from edgeprof_predictor.profile import Profile
from edgeprof_predictor.spaces import Architecture, get_space

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
        measured_ms: Median of the measured runs, in milliseconds.
    """

    architecture: str
    predicted_ms: float
    lower_ms: float
    upper_ms: float
    measured_ms: float


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
        return (
            f"From {self.sample_count} measured networks, {len(self.architectures)} unseen ones are predicted within "
            f"{figures['median_ape']:.1%} (median) and ranked with a Spearman correlation of "
            f"{figures['spearman']:.3f}; {figures['interval_coverage']:.0%} lie inside their 90 % intervals."
        )


def verify(
    profile: Profile,
    client: DeviceClient,
    *,
    store: Store,
    count: int = DEFAULT_UNSEEN_COUNT,
    seed: int = 0,
    model_folder: Path | None = None,
    on_measured: Callable[[int, int], None] | None = None,
) -> Verification:
    """Predict networks that the profile has never seen, then measure them.

    Called again after an interruption it measures only what is missing.

    Args:
        profile: The profile.
        client: The device that the profile belongs to.
        store: Where the measurements go.
        count: Networks to measure.
        seed: Seed that draws them.
        model_folder: Where exported networks are kept; None for the user's cache.
        on_measured: Called with the networks done and their number after each.

    Raises:
        EdgeprofError: If the profile belongs to another device, or the device fails.
    """
    platform = _platform_of(profile, client)
    space = get_space(profile.space.name)
    unseen = _unseen(profile, count, seed)
    prediction = profile.predict(unseen)
    rows = []
    for index, architecture in enumerate(unseen):
        text = space.format(architecture)
        digest = hashlib.sha256(f"{platform.key} {text}".encode()).hexdigest()
        job_id = f"verify-{profile.provenance.get('onboarding_session', '')}-{digest[:32]}"
        measurement = store.measurement(job_id)
        if measurement is None:
            folder = model_folder or default_model_folder()
            model = export_architecture(space, architecture, folder, batch_size=platform.setting.batch_size)
            measurement = client.measure(model, platform.setting, job_id=job_id)
            store.record_measurement(job_id, platform, measurement)
        rows.append(
            VerifiedArchitecture(
                architecture=text,
                predicted_ms=float(prediction.latency_ms[index]),
                lower_ms=float(prediction.lower_ms[index]),
                upper_ms=float(prediction.upper_ms[index]),
                measured_ms=measurement.median_ms,
            )
        )
        if on_measured is not None:
            on_measured(index + 1, count)
    return Verification(platform=platform.name, sample_count=profile.samples.count, architectures=tuple(rows))


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

"""The device in the loop: measures the leaders of a search as an onboarding measures its samples."""

from __future__ import annotations

from edgeprof.measuring.session import ProbeSession
from edgeprof_predictor.profile import Profile
from edgeprof_predictor.search.latency import MeasuredLatency


class DeviceMeter:
    """Measures one architecture at a time, with the anchor of the profile before the first and between.

    Args:
        probing: Measures on the platform of the profile.
        profile: Its first sample is the anchor.
    """

    def __init__(self, probing: ProbeSession, profile: Profile) -> None:
        self._probing = probing
        if not probing.probes():
            space = profile.space
            probing.plan([space.format(item) for item in space.architectures(profile.samples.choices[:1])])

    def __call__(self, architecture: str) -> MeasuredLatency | str:
        """Return the pace of an architecture; the reason where the device cannot run it.

        Raises:
            OnboardingError: If too many measurements fail.
            AgentUnavailableError: If the device stays silent.
        """
        if not any(probe.architecture == architecture for probe in self._probing.probes()):
            self._probing.plan([architecture])
        self._probing.measure_planned()
        self._probing.settle()
        pace = self._probing.paces().get(architecture)
        if pace is None:
            failures = [probe.failure for probe in self._probing.probes() if probe.architecture == architecture]
            return failures[-1] or "the device could not run it"
        return MeasuredLatency(
            latency_ms=pace.latency_ms, relative_sd=pace.relative_sd, resolution_ms=pace.resolution_ms
        )

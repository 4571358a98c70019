"""Measures the best candidates of a search on the device, as an onboarding measures its samples."""

from __future__ import annotations

from edgeprof.measuring.session import MeasurementSession
from edgeprof_predictor.profile import Profile
from edgeprof_predictor.search.latency import MeasuredLatency


class DeviceMeter:
    """Measures one architecture at a time, with the anchor of the profile before the first and between.

    Args:
        session: Measures on the platform of the profile.
        profile: Its first sample is the anchor.
    """

    def __init__(self, session: MeasurementSession, profile: Profile) -> None:
        self._session = session
        if not session.probes():
            space = profile.space
            session.plan([space.format(item) for item in space.architectures(profile.samples.choices[:1])])

    def __call__(self, architecture: str) -> MeasuredLatency | str:
        """Return the latency estimate of an architecture; the reason where the device cannot run it.

        Raises:
            OnboardingError: If too many measurements fail.
            AgentUnavailableError: If the device stays silent.
        """
        if not any(probe.architecture == architecture for probe in self._session.probes()):
            self._session.plan([architecture])
        self._session.converge()
        estimate = self._session.latency_estimates().get(architecture)
        if estimate is None:
            failures = [probe.failure for probe in self._session.probes() if probe.architecture == architecture]
            return failures[-1] or "the device could not run it"
        return MeasuredLatency(
            latency_ms=estimate.latency_ms, relative_sd=estimate.relative_sd, resolution_ms=estimate.resolution_ms
        )

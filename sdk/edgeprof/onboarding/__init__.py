"""Onboarding of a platform: the one call, and what it reports."""

from edgeprof.measuring.listener import OnboardingListener
from edgeprof.onboarding.api import Onboarded, onboard
from edgeprof.onboarding.goal import Goal, Standing
from edgeprof.onboarding.report import OnboardingReport

__all__ = ["Goal", "Onboarded", "OnboardingListener", "OnboardingReport", "Standing", "onboard"]

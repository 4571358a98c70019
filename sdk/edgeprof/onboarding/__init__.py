"""Onboarding of a platform: the public call, its goal, its callbacks and its report."""

from edgeprof.onboarding.api import Onboarded, onboard
from edgeprof.onboarding.goal import Goal, OnboardingStatus
from edgeprof.onboarding.listener import OnboardingListener
from edgeprof.onboarding.report import OnboardingReport

__all__ = ["Goal", "Onboarded", "OnboardingListener", "OnboardingReport", "OnboardingStatus", "onboard"]

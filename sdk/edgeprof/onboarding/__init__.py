"""Onboarding of a platform: the public calls, the goal, callbacks and report; bundles of the user's own devices."""

from edgeprof.onboarding.api import Onboarded, onboard
from edgeprof.onboarding.goal import Goal, OnboardingStatus
from edgeprof.onboarding.learning import Learned, LearnedPlatform, learn
from edgeprof.onboarding.listener import OnboardingListener
from edgeprof.onboarding.method_choice import MethodOptions
from edgeprof.onboarding.report import OnboardingReport

__all__ = [
    "Goal",
    "Learned",
    "LearnedPlatform",
    "MethodOptions",
    "Onboarded",
    "OnboardingListener",
    "OnboardingReport",
    "OnboardingStatus",
    "learn",
    "onboard",
]

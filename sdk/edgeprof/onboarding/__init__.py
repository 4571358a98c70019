"""Onboarding of a platform: the public calls, the goal, callbacks and report; bundles of the user's own devices."""

from typing import TYPE_CHECKING

from edgeprof_predictor._lazy_exports import lazy_exports

if TYPE_CHECKING:
    from edgeprof.measuring.goal import Goal, OnboardingStatus
    from edgeprof.onboarding.api import Onboarded, onboard
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

# Imported on first use: an onboarding of models has a goal, and needs no torch.
_MODULE_OF = {
    "Goal": "edgeprof.measuring.goal",
    "Learned": "edgeprof.onboarding.learning",
    "LearnedPlatform": "edgeprof.onboarding.learning",
    "MethodOptions": "edgeprof.onboarding.method_choice",
    "Onboarded": "edgeprof.onboarding.api",
    "OnboardingListener": "edgeprof.onboarding.listener",
    "OnboardingReport": "edgeprof.onboarding.report",
    "OnboardingStatus": "edgeprof.measuring.goal",
    "learn": "edgeprof.onboarding.learning",
    "onboard": "edgeprof.onboarding.api",
}

__getattr__ = lazy_exports(__name__, _MODULE_OF)

"""Callbacks of an onboarding."""

from edgeprof.measuring.listener import SessionListener
from edgeprof.onboarding.goal import OnboardingStatus


class OnboardingListener(SessionListener):
    """Is called at every measurement and every step of an onboarding. Override the methods of interest."""

    follows_every_measurement = True
    """Whether the predictor is adapted after every measurement, to tell the error expected then; otherwise only where
    that decides what is measured next."""

    def on_resumed(self, architectures: list[str]) -> None:
        """An unfinished onboarding continues, with these networks measured."""

    def on_chosen(self, architectures: list[str]) -> None:
        """These architectures are measured next: they reduce the variance of all predictions most."""

    def on_adapted(self, status: OnboardingStatus) -> None:
        """The predictor was adapted: the error that it expects now, and the one after another sample."""

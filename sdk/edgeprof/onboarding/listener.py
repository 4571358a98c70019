"""Callbacks of an onboarding."""

from edgeprof.measuring.goal import OnboardingStatus
from edgeprof.measuring.listener import SessionListener


class OnboardingListener(SessionListener):
    """Is called at every measurement and every step of an onboarding. Override the methods of interest."""

    follows_every_measurement = True
    """Whether the predictor is adapted after every measurement, to tell the error expected then; otherwise only where
    that decides what is measured next."""

    def on_resumed(self, architectures: list[str]) -> None:
        """An unfinished onboarding continues, with these networks measured."""

    def on_operators_read(self, count: int, total: int) -> None:
        """The operators of so many networks of the space are read, of so many in all."""

    def on_operators_unused(self, reason: str) -> None:
        """The device's operators are known, and cannot be used for this space."""

    def on_chosen(self, architectures: list[str]) -> None:
        """These architectures are measured next: they reduce the variance of all predictions most."""

    def on_adapted(self, status: OnboardingStatus) -> None:
        """The predictor was adapted: the error that it expects now, and the one after another sample."""

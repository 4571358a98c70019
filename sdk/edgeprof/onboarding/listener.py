"""Callbacks of an onboarding."""

from edgeprof.measuring.goal import OnboardingStatus
from edgeprof.measuring.listener import SessionListener


class OnboardingListener(SessionListener):
    """Is called at every measurement and every step of an onboarding. Override the methods of interest."""

    def on_resumed(self, architectures: list[str]) -> None:
        """An unfinished onboarding continues, with these networks measured."""

    def on_graph_read(self, count: int, total: int) -> None:
        """The operators of one more network of the space are known, before the first measurement."""

    def on_operators_unused(self, reason: str) -> None:
        """The profile's file holds operators of the device, and they cannot be used here: without them, as always."""

    def on_chosen(self, architectures: list[str]) -> None:
        """These architectures are measured next: they reduce the variance of all predictions most."""

    def on_adapted(self, status: OnboardingStatus) -> None:
        """The predictor was adapted: the error that it expects now, and the one after another sample."""

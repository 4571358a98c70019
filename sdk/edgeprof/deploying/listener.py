"""The steps of a deployment, and callbacks at each."""

import enum


class DeployStep(enum.Enum):
    """A step of a deployment; each can be repeated."""

    LOOK = "look"
    GATHER = "gather"
    BRING = "bring"
    INSTALL = "install"
    SERVICE = "service"
    PAIR = "pair"
    REMOVE = "remove"


class DeployListener:
    """Is called at every step of a deployment. Override the methods of interest."""

    def on_step(self, step: DeployStep, text: str) -> None:
        """A step begins; the text says what it does."""

    def on_progress(self, step: DeployStep, done_bytes: int, total_bytes: int) -> None:
        """So many bytes of a transfer are on their way."""

    def on_note(self, text: str) -> None:
        """Something that the user may want to know or do."""

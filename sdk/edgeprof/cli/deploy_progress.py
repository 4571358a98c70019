"""Progress of a deployment on stderr."""

from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn

from edgeprof.cli.console import messages, styled
from edgeprof.deploying.listener import DeployListener, DeployStep

_WIDTH = 8
"""Width of the names of steps, in characters."""


class StepLines(DeployListener):
    """A line for each step and each note, and a bar for the transfer where there is a terminal."""

    def __init__(self) -> None:
        self._bar: Progress | None = None

    def on_step(self, step: DeployStep, text: str) -> None:
        """Print what the step does."""
        self._end_bar()
        messages.print(styled((step.value.ljust(_WIDTH), "bold"), text))

    def on_progress(self, step: DeployStep, done_bytes: int, total_bytes: int) -> None:
        """Move the bar."""
        if self._bar is None and messages.is_terminal:
            self._bar = Progress(TextColumn(" " * (_WIDTH - 1)), BarColumn(), DownloadColumn(), console=messages)
            self._bar.add_task("", total=total_bytes)
            self._bar.start()
        if self._bar is not None:
            self._bar.update(self._bar.task_ids[0], completed=done_bytes)
            if done_bytes >= total_bytes:
                self._end_bar()

    def on_note(self, text: str) -> None:
        """Print the note."""
        self._end_bar()
        messages.print(styled(" " * _WIDTH, (text, "dim")))

    def _end_bar(self) -> None:
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

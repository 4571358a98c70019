"""Progress of a run of many units on stderr: a bar on a terminal, lines elsewhere."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from rich.progress import BarColumn, MofNCompleteColumn, Progress

from edgeprof.cli.console import messages
from edgeprof.cli.progress import PlainColumn, ShownBar, spinner


class UnitProgress(ShownBar):
    """Says after each unit what is finished and how long the rest takes.

    Args:
        unit_count: Units of the run.
        finished_count: Units that an interrupted run has finished before.
    """

    def __init__(self, unit_count: int, finished_count: int = 0) -> None:
        self._unit_count = unit_count
        self._before = self._finished = finished_count
        self._begin_s = time.monotonic()
        super().__init__(
            Progress(
                spinner(),
                PlainColumn("{task.description}"),
                BarColumn(bar_width=28),
                MofNCompleteColumn(),
                PlainColumn("{task.fields[left]}", style="dim"),
                console=messages,
                transient=True,
                # Without a terminal the bar would leave an empty line behind.
                disable=not messages.is_terminal,
            )
        )
        self._task = self._bar.add_task("starting", total=unit_count, completed=finished_count, left="")

    def __enter__(self) -> "UnitProgress":
        if self._before:
            messages.print(f"going on with an interrupted run: {self._before} of {self._unit_count} parts are finished")
        return super().__enter__()

    def on_finished(self, name: str) -> None:
        """Show that a unit is finished."""
        self._finished += 1
        rest = self._unit_count - self._finished
        seconds_per_unit = (time.monotonic() - self._begin_s) / (self._finished - self._before)
        left = f"about {_duration(rest * seconds_per_unit)} left" if rest else "done"
        self._bar.update(self._task, description=name, completed=self._finished, left=left)
        if not messages.is_terminal:
            messages.print(f"{name}: finished, {self._finished} of {self._unit_count}, {left}")


@contextmanager
def unit_callbacks() -> Iterator[tuple[Callable[[int, int], None], Callable[[str], None]]]:
    """Yield what a run calls at its begin and after each unit; the progress ends with the block."""
    with ExitStack() as stack:
        shown: list[UnitProgress] = []

        def on_begin(count: int, finished_count: int) -> None:
            shown.append(stack.enter_context(UnitProgress(count, finished_count)))

        yield on_begin, lambda name: shown[0].on_finished(name)


def _duration(seconds: float) -> str:
    if seconds < 100:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 100 else f"{minutes / 60:.1f} h"

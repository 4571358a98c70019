"""Progress bars on stderr while a device works."""

from types import TracebackType
from typing import TYPE_CHECKING, TypeVar

from rich.progress import BarColumn, Progress, SpinnerColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

from edgeprof.cli.console import messages
from edgeprof.cli.plain_output import milliseconds
from edgeprof_proto.records.job import Job, JobEvent, JobPhase
from edgeprof_proto.records.job import Progress as JobProgress
from edgeprof_proto.records.job_spec import MeasurementPlan
from edgeprof_proto.records.measurement import LatencyBlock, Measurement

if TYPE_CHECKING:
    from edgeprof.measuring.candidate import Candidate

ShownBarType = TypeVar("ShownBarType", bound="ShownBar")

PHASE_TEXT = {
    JobPhase.NOT_REPORTED: "not reported",
    JobPhase.LOADING: "loading",
    JobPhase.WARMING_UP: "warming up",
    JobPhase.MEASURING: "measuring",
}


class PlainColumn(TextColumn):
    """A column of a bar whose text is no markup.

    Args:
        text_format: The text, with fields of the task in braces.
        style: Name of its style.
    """

    def __init__(self, text_format: str, style: str = "none") -> None:
        super().__init__(text_format, style=style, markup=False)

    def render(self, task: Task) -> Text:
        """Return the text of a task."""
        return Text(messages.printable(self.text_format.format(task=task)), style=self.style)


def spinner() -> SpinnerColumn:
    """A turning wheel, of letters where the terminal has no more."""
    return SpinnerColumn("dots" if messages.encoding.lower().startswith("utf") else "line")


def new_bar() -> Progress:
    """A bar on stderr with the time left, gone when it ends."""
    return Progress(
        spinner(),
        PlainColumn("{task.description}"),
        BarColumn(bar_width=28),
        PlainColumn("{task.fields[detail]}", style="dim"),
        TimeRemainingColumn(),
        console=messages,
        transient=True,
    )


class ShownBar:
    """A bar that is there from entering to leaving.

    Args:
        bar: The bar.
    """

    def __init__(self, bar: Progress) -> None:
        self._bar = bar

    def __enter__(self: ShownBarType) -> ShownBarType:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()


class JobBar(ShownBar):
    """A bar of milliseconds that the events of jobs move.

    Args:
        description: What is done.
        total_ms: Milliseconds of all runs.
        detail: What is waited for at first.
    """

    def __init__(self, description: str, total_ms: float, detail: str = "") -> None:
        super().__init__(new_bar())
        self._task = self._bar.add_task(description, total=total_ms, detail=detail)

    def on_job_event(self, event: JobEvent) -> None:
        """Move the bar by the event of a job."""
        if isinstance(event.event, JobProgress):
            self._bar.update(self._task, detail=PHASE_TEXT[event.event.phase])
        elif isinstance(event.event, LatencyBlock):
            self._bar.advance(self._task, sum(event.event.latency_ms))

    def on_waiting(self, job: Job) -> None:
        """Print for whom a job waits, and how long."""
        print_waiting(job)


def print_candidate(candidate: "Candidate", measurement: Measurement) -> None:
    """Print what was measured of one of two models that are compared."""
    messages.print(f"{candidate.name}: {milliseconds(measurement.median_ms)}, {measurement.verdict.kind.text}")


def print_waiting(job: Job) -> None:
    """Print for whom a queued job waits, and how long."""
    messages.print(waiting_text(job))


def waiting_text(job: Job) -> str:
    """Return for whom a queued job waits, and how long.

    Args:
        job: The job as the device told it.
    """
    count = job.queue_position or 0
    text = f"waiting for {count} job{'' if count == 1 else 's'} of the device"
    if job.running_remaining_s is None:
        return text
    host = f"of {job.running_host_name!r}" if job.running_host_name else "of a host without a name"
    return f"{text}; the one that runs is {host} and needs about {max(1, round(job.running_remaining_s))} s more"


class MeasurementProgress(JobBar):
    """A bar for one measurement.

    Args:
        name: What is measured.
        plan: Its plan, from which the time left is known.
    """

    def __init__(self, name: str, plan: MeasurementPlan) -> None:
        filled = plan.filled()
        super().__init__(name, filled.warmup_duration_ms + filled.timed_duration_ms, "waiting for the device")


class TableProgress(JobBar):
    """A bar for several measurements, one after the other.

    Args:
        plan: The plan of each, from which the time left is known.
    """

    def __init__(self, plan: MeasurementPlan) -> None:
        super().__init__("preparing", 0.0)
        filled = plan.filled()
        self._row_ms = filled.warmup_duration_ms + filled.timed_duration_ms
        self._ended_count = 0

    def prepare(self, name: str) -> None:
        """Show what is checked or exported."""
        self._bar.update(self._task, detail=name)

    def begin(self, count: int) -> None:
        """Show that so many measurements follow."""
        self._bar.update(self._task, total=count * self._row_ms)

    def begin_row(self, name: str) -> None:
        """Show what is measured, from where its share of the bar begins."""
        self._bar.update(
            self._task, description=name, detail="waiting for the device", completed=self._ended_count * self._row_ms
        )

    def end_row(self) -> None:
        """Count a measurement as done, however long it took."""
        self._ended_count += 1
        self._bar.update(self._task, completed=self._ended_count * self._row_ms)

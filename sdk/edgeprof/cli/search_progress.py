"""Progress of a search on stderr: what is trained and measured now, and a line for each that is finished."""

from __future__ import annotations

from edgeprof.cli.console import messages, styled
from edgeprof.cli.plain_output import milliseconds
from edgeprof.cli.progress import ShownBar, new_bar, print_waiting
from edgeprof.searching.listener import DeviceSearchListener
from edgeprof.store import Probe
from edgeprof_predictor.search.result import Found
from edgeprof_proto.records.job import Job, JobEvent
from edgeprof_proto.records.measurement import LatencyBlock


class SearchProgress(ShownBar, DeviceSearchListener):
    """A bar of trainings, and a line for each network.

    Args:
        training_count: Networks to train at most.
        measurement_count: Networks to measure at most.
    """

    def __init__(self, training_count: int, measurement_count: int) -> None:
        super().__init__(new_bar())
        self._training_count = training_count
        self._measurement_count = measurement_count
        self._task = self._bar.add_task("starting", total=training_count, detail="")

    def on_scoring(self, count: int, known_count: int) -> None:
        """Say how many candidates are scored."""
        if count > known_count:
            messages.print(f"zero-cost proxies of {count} candidates: {known_count} are known, the others are computed")
        self._bar.update(self._task, total=count, completed=known_count, description="scoring candidates")

    def on_waiting(self, job: Job) -> None:
        """Print for whom a measurement waits, and how long."""
        print_waiting(job)

    def on_scored(self, architecture: str) -> None:
        """Move the bar."""
        self._bar.advance(self._task)

    def on_resumed(self, training_count: int, measurement_count: int) -> None:
        """Say that a search goes on."""
        messages.print(f"going on with a search: {training_count} networks are trained, {measurement_count} measured")

    def on_training(self, number: int, architecture: str) -> None:
        """Name the network that is trained."""
        self._bar.update(
            self._task,
            description=f"training {number} of {self._training_count}",
            total=self._training_count,
            completed=number - 1,
            detail=architecture,
        )

    def on_trained(self, number: int, found: Found) -> None:
        """Print what a network reached."""
        latency = "" if found.latency_ms is None else f", {milliseconds(found.latency_ms)}"
        messages.print(styled(f"  trained {number}: {found.accuracy:.4g}{latency}  ", (found.architecture, "dim")))

    def on_measuring(self, number: int, found: Found) -> None:
        """Name the network that is measured."""
        description = f"measuring {number} of {self._measurement_count}"
        self._bar.update(self._task, description=description, detail=found.architecture)

    def on_measured(self, number: int, found: Found) -> None:
        """Print a latency, and whether it keeps the limit."""
        assert found.latency_ms is not None
        verdict = ("keeps the limit", "") if found.keeps_limit else ("breaks the limit", "yellow")
        latency = milliseconds(found.latency_ms)
        messages.print(styled(f"  measured {number}: {latency}, ", verdict, "  ", (found.architecture, "dim")))

    def on_probe_failed(self, probe: Probe, failure: str) -> None:
        """Print why the device could not run a network."""
        messages.print(styled(("  not measured:", "yellow"), f" {failure}  ", (probe.architecture, "dim")))

    def on_job_event(self, event: JobEvent) -> None:
        """Show the last block of runs."""
        if isinstance(event.event, LatencyBlock) and event.event.latency_ms:
            self._bar.update(self._task, detail=milliseconds(event.event.latency_ms[-1]))

"""Where the time of a series goes, by the moments at which its events arrive."""

import math
import time

from edgeprof.measuring.time_ledger import TimeLedger
from edgeprof_proto.records.job import JobEvent, JobPhase, JobState, ModelResult, Progress
from edgeprof_proto.records.measurement import LatencyBlock

UPLOADING = "uploading"
QUEUED = "waiting for the device"
LOADING = "starting the worker and loading"
WARMING_UP = "warming up"
RUNS = "timed runs"
PAUSES = "pauses between blocks"
INSPECTING = "graph and times of operators"


class SeriesSteps:
    """Counts the time of a series by steps of the agent.

    Args:
        time_ledger: Where it is counted.
        prefix: Stands before the name of each step.
    """

    def __init__(self, time_ledger: TimeLedger, prefix: str) -> None:
        self._time_ledger = time_ledger
        self._prefix = prefix
        self._step = UPLOADING
        self._last_s = time.monotonic()

    def begin(self) -> None:
        """Note that a series is about to be asked for."""
        self._step, self._last_s = UPLOADING, time.monotonic()

    def on_event(self, event: JobEvent) -> None:
        """Count the time since the last event for the step that this one ends."""
        payload = event.event
        if isinstance(payload, LatencyBlock) and not payload.is_warmup:
            self._count_block(payload)
        elif isinstance(payload, LatencyBlock):
            self._count(WARMING_UP, then=PAUSES)
        elif isinstance(payload, ModelResult):
            self._count(INSPECTING, then=LOADING)
        elif isinstance(payload, Progress):
            self._count(self._step, then=WARMING_UP if payload.phase is JobPhase.WARMING_UP else self._step)
        elif isinstance(payload, JobState):
            self._count(self._step, then=LOADING if payload is JobState.RUNNING else QUEUED)

    def _count_block(self, block: LatencyBlock) -> None:
        before_s = self._last_s
        self._last_s = time.monotonic()
        # An event of the past arrives at once, however long its runs took.
        runs_s = min(math.fsum(block.latency_ms) / 1_000, self._last_s - before_s)
        self._add(RUNS, runs_s)
        self._add(PAUSES, self._last_s - before_s - runs_s)

    def _count(self, step: str, *, then: str) -> None:
        now_s = time.monotonic()
        self._add(step, now_s - self._last_s)
        self._step, self._last_s = then, now_s

    def _add(self, step: str, seconds: float) -> None:
        self._time_ledger.add(f"{self._prefix}: {step}", seconds)

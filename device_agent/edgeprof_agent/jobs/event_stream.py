"""The events of jobs: written to the journal first, then sent to everyone who watches."""

import asyncio
import dataclasses
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from typing import Final

from edgeprof_agent.errors import JobCancelledError
from edgeprof_agent.jobs.journal import Journal
from edgeprof_agent.jobs.worker_events import ResultsEnd, WorkerResult
from edgeprof_agent.quiet_window import QuietWindow
from edgeprof_proto.records.job import JobEvent, JobEventPayload, JobState, ModelResult
from edgeprof_proto.records.measurement import LatencyBlock, Measurement, VerdictKind

_EVENTS_AT_ONCE: Final = 4
"""Events that one query reads, which bounds the memory of a watching call: a block holds up to 50,000 runs."""


STREAM_WAIT_S: Final = 1.0
"""Longest wait for a host to take a block, in seconds. One that takes longer is not waited for until it has caught up:
sending over a slow link takes little of the processor."""

_RUN_BYTES: Final = 8


@dataclasses.dataclass(eq=False)
class _Watcher:
    """A call that watches a job.

    Args:
        job_id: The job.
        sequence: Last event that was sent.
        is_slow: Whether it was behind when it was last waited for.
    """

    job_id: str
    sequence: int
    is_slow: bool = True  # until it has sent the events of the past


class EventStream:
    """Writes events to the journal and wakes up those who wait for a change.

    Args:
        journal: Where the events are kept.
        quiet_window: Holds up the events of the past while a block is timed.
        clock: Tells the time, in seconds since the epoch.
    """

    def __init__(self, journal: Journal, quiet_window: QuietWindow, clock: Callable[[], float]) -> None:
        self._journal = journal
        self._quiet_window = quiet_window
        self._watchers: set[_Watcher] = set()
        self._progress = asyncio.Event()
        self._clock = clock
        self._change = asyncio.Event()
        self.verdict_counts: Counter[VerdictKind] = Counter()
        """Measurements since the agent started, by verdict."""

    @property
    def next_change(self) -> asyncio.Event:
        """Set by the next change. Read it before looking at the journal, so that no change is missed."""
        return self._change

    def append(self, job_id: str, *payloads: JobEventPayload) -> None:
        """Append events to a job, all or none.

        Args:
            job_id: The job.
            payloads: In order.

        Raises:
            JobNotFoundError: If there is no such job.
            JobStateError: If a state cannot follow the one before.
        """
        self._journal.append(job_id, *payloads, time=self._clock())
        for payload in payloads:
            measurement = payload.measurement if isinstance(payload, ModelResult) else payload
            if isinstance(measurement, Measurement):
                self.verdict_counts[measurement.verdict.kind] += 1
        self.announce_change()

    def append_end(self, job_id: str, result: WorkerResult) -> None:
        """Append the result of a job and the final state that belongs to it.

        Args:
            job_id: The job.
            result: What came out.
        """
        if isinstance(result, Measurement):
            self.append(job_id, result, JobState.SUCCEEDED)
        elif isinstance(result, ResultsEnd):
            self.append(job_id, JobState.SUCCEEDED)
        elif result.reason == JobCancelledError.reason:
            self.append(job_id, result, JobState.CANCELLED)
        else:
            self.append(job_id, result, JobState.FAILED)

    def announce_change(self) -> None:
        """Wake up everyone who waits for a change."""
        self._change.set()
        self._change = asyncio.Event()

    async def watch(self, job_id: str, *, from_sequence: int, with_blocks: bool = True) -> AsyncIterator[JobEvent]:
        """Yield the events of a job, past ones first, until it has ended.

        Args:
            job_id: The job.
            from_sequence: Number of the first event wanted.
            with_blocks: Whether the measurement comes with its blocks, which are events of their own.

        Raises:
            JobNotFoundError: If there is no such job.
        """
        watcher = _Watcher(job_id, max(1, from_sequence) - 1)
        self._watchers.add(watcher)
        try:
            while True:
                change = self.next_change
                events = self._journal.events(
                    job_id, from_sequence=watcher.sequence + 1, limit=_EVENTS_AT_ONCE, with_blocks=with_blocks
                )
                for event in events:
                    if isinstance(event.event, LatencyBlock):
                        await self._quiet_window.hold_up(_RUN_BYTES * len(event.event.latency_ms))
                    yield event
                    # The call comes back for the next event once gRPC has taken this one.
                    watcher.sequence = event.sequence
                    self._progress.set()
                if not events:
                    watcher.is_slow = False
                    if self._journal.get_job(job_id, with_blocks=False).state.is_final:
                        return
                    await change.wait()
        finally:
            self._watchers.discard(watcher)
            self._progress.set()

    async def streamed(self, job_id: str) -> None:
        """Wait until everyone who watches a job has its last event, for `STREAM_WAIT_S` at most."""
        last = self._journal.last_sequence(job_id)
        deadline_s = time.monotonic() + STREAM_WAIT_S
        while late := [item for item in self._watchers if not item.is_slow and self._is_late(item, job_id, last)]:
            self._progress.clear()
            waiting = asyncio.ensure_future(self._progress.wait())
            try:
                await asyncio.wait({waiting}, timeout=max(0.0, deadline_s - time.monotonic()))
            finally:
                waiting.cancel()
            if time.monotonic() >= deadline_s:
                for watcher in late:
                    watcher.is_slow = True

    @staticmethod
    def _is_late(watcher: _Watcher, job_id: str, last: int) -> bool:
        return watcher.job_id == job_id and watcher.sequence < last

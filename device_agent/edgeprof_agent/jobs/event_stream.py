"""The events of jobs: written to the journal first, then sent to everyone who watches."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Final

from edgeprof_agent.errors import JobCancelledError
from edgeprof_agent.jobs.journal import Journal
from edgeprof_proto.records.job import Failure, JobEvent, JobEventPayload, JobState
from edgeprof_proto.records.measurement import Measurement

_EVENTS_AT_ONCE: Final = 16
"""Events that one query reads, which bounds the memory of a watching call."""


class EventStream:
    """Writes events to the journal and wakes up those who wait for a change.

    Args:
        journal: Where the events are kept.
        clock: Tells the time, in seconds since the epoch.
    """

    def __init__(self, journal: Journal, clock: Callable[[], float]) -> None:
        self._journal = journal
        self._clock = clock
        self._change = asyncio.Event()

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
        self.announce_change()

    def append_end(self, job_id: str, result: Measurement | Failure) -> None:
        """Append the result of a job and the final state that belongs to it.

        Args:
            job_id: The job.
            result: What came out.
        """
        if isinstance(result, Measurement):
            self.append(job_id, result, JobState.SUCCEEDED)
        elif result.reason == JobCancelledError.reason:
            self.append(job_id, result, JobState.CANCELLED)
        else:
            self.append(job_id, result, JobState.FAILED)

    def announce_change(self) -> None:
        """Wake up everyone who waits for a change."""
        self._change.set()
        self._change = asyncio.Event()

    async def watch(self, job_id: str, *, from_sequence: int) -> AsyncIterator[JobEvent]:
        """Yield the events of a job, past ones first, until it has ended.

        Args:
            job_id: The job.
            from_sequence: Number of the first event wanted.

        Raises:
            JobNotFoundError: If there is no such job.
        """
        sequence = max(1, from_sequence)
        while True:
            change = self.next_change
            events = self._journal.events(job_id, from_sequence=sequence, limit=_EVENTS_AT_ONCE)
            for event in events:
                yield event
                sequence = event.sequence + 1
            if not events:
                if self._journal.get_job(job_id).state.is_final:
                    return
                await change.wait()

"""Follows a job from its creation to its end, across breaks of the connection and restarts of the agent."""

import logging
from collections.abc import Callable, Iterator
from functools import partial
from typing import TypeVar

import tenacity

from edgeprof.devices.calls import AgentCalls
from edgeprof.devices.results import ResultAssembly
from edgeprof.errors import AgentUnavailableError, JobNotFoundError, ModelTransferError, UploadLimitedError
from edgeprof_proto.records.job import Job, JobEvent, JobState
from edgeprof_proto.records.job_spec import JobSpec

logger = logging.getLogger(__name__)

T = TypeVar("T")

DEFAULT_PATIENCE_S = 60.0
"""How long a silent agent is asked again before the host gives up, from the last progress: a board restarts within a
minute."""


class JobFollowing(AgentCalls):
    """A connection to the agent of one device whose calls are repeated while the agent is silent.

    Arguments are those of `DeviceClient`.
    """

    def __init__(self, address: str, *, patience_s: float = DEFAULT_PATIENCE_S, host_name: str | None = None) -> None:
        super().__init__(address, host_name=host_name)
        self._patience_s = patience_s
        self._is_interrupted = False

    def interrupt(self) -> None:
        """End what another thread does on this connection as Ctrl-C ends the main thread: by KeyboardInterrupt.

        It is raised there at the next event of a job, or the next call. Closing the channel under a call that begins
        would crash gRPC.
        """
        self._is_interrupted = True

    def _check_interrupted(self) -> None:
        if self._is_interrupted:
            raise KeyboardInterrupt

    def _follow_from_creation(
        self,
        job_id: str,
        upload: Callable[[], str],
        spec_of: Callable[..., JobSpec],
        on_waiting: Callable[[Job], None],
        *,
        release_model: bool,
    ) -> Iterator[JobEvent]:
        """Create a job and watch it; create it again where the device dropped it before it began."""
        while True:
            sha256 = self._patiently(upload)
            spec = spec_of(model_sha256=sha256)
            job = self._patiently(partial(self.create_job, job_id, spec, release_model=release_model))
            if job.queue_position:
                on_waiting(job)
            is_begun = False
            assembly = ResultAssembly()
            try:
                for event in map(assembly.add, self._follow(job_id)):
                    is_begun = is_begun or event.event is JobState.RUNNING
                    yield event
                return
            except JobNotFoundError:
                if is_begun:
                    raise
                logger.warning("the device at %s no longer knows job %s; asking for it again", self.address, job_id)

    def _follow(self, job_id: str) -> Iterator[JobEvent]:
        """Watch a job to its end across breaks of the connection, each event once."""
        sequence = 0
        while True:
            progressed = False
            try:
                for event in self.watch_job(job_id, from_sequence=sequence + 1):
                    self._check_interrupted()
                    sequence, progressed = event.sequence, True
                    yield event
                return
            except AgentUnavailableError:
                logger.warning("connection to %s broke; asking again", self.address)
                if not progressed:
                    self._patiently(lambda: self.job_status(job_id))

    def _patiently(self, call: Callable[[], T]) -> T:
        """Make a call again while the agent is silent, for `patience_s` from the last progress."""
        self.progress.note()

        def checked_call() -> T:
            self._check_interrupted()
            return call()

        return tenacity.Retrying(
            retry=tenacity.retry_if_exception_type((AgentUnavailableError, ModelTransferError, UploadLimitedError)),
            wait=tenacity.wait_exponential(multiplier=0.2, max=5.0),
            stop=lambda _: self.progress.idle_s() >= self._patience_s,
            reraise=True,
        )(checked_call)

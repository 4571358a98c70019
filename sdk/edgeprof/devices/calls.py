"""The calls of an agent's contract, one method each. Each is made once; `client.py` repeats those that may be repeated.

A result stays on the device until it is acknowledged. The caller acknowledges it once it is stored on the host.
"""

import logging
from collections.abc import Iterable, Iterator
from dataclasses import replace

from edgeprof.devices.connection import CALL_TIMEOUT_S
from edgeprof.devices.model_uploads import ModelUploads
from edgeprof.devices.remote_errors import translate_rpc_errors
from edgeprof.devices.results import ResultAssembly
from edgeprof.devices.waiting import long_answer
from edgeprof.errors import AgentTooOldError, AgentUnavailableError
from edgeprof_proto import wire
from edgeprof_proto.records.job import Job, JobEvent
from edgeprof_proto.records.job_spec import JobSpec
from edgeprof_proto.records.measurement import Measurement
from edgeprof_proto.v1 import device_agent_pb2, job_pb2

logger = logging.getLogger(__name__)

ACKNOWLEDGE_COUNT = 1_000
"""Jobs that one call may acknowledge."""


class AgentCalls(ModelUploads):
    """A connection to the agent of one device, with its calls. Arguments and errors are those of `AgentConnection`."""

    def __init__(self, address: str, *, host_name: str | None = None) -> None:
        super().__init__(address, host_name=host_name)
        self._unacknowledged: set[str] = set()

    def create_job(self, job_id: str, spec: JobSpec, *, release_model: bool = False) -> Job:
        """Queue a job, or attach to the one that has this id.

        Args:
            job_id: Id of the job.
            spec: What to measure.
            release_model: Whether to measure a model that has ended its worker twice.

        Raises:
            JobConflictError: If the id belongs to a job that asks for something else.
            ModelQuarantinedError: If the model has ended its worker twice and is not released.
        """
        request = device_agent_pb2.CreateJobRequest(
            job_id=job_id, spec=wire.to_message(spec, job_pb2.JobSpec), release_model=release_model
        )
        with translate_rpc_errors(self.address):
            # The device describes itself first where it has not yet.
            response = long_answer(self._stub.CreateJob, request, what=f"{self.address} takes the job")
            job = wire.from_message(Job, response.job)
        if response.HasField("journal_space"):
            self._warn_of_full_journal(response.journal_space)
        return job

    def job_status(self, job_id: str) -> Job:
        """Return a job. Its measurement, once it has one, comes without the blocks; `job` has them."""
        with translate_rpc_errors(self.address):
            request = device_agent_pb2.GetJobRequest(job_id=job_id, omit_blocks=True)
            return wire.from_message(Job, self._stub.GetJob(request, timeout=CALL_TIMEOUT_S).job)

    def job(self, job_id: str) -> Job:
        """Return a job, with its result once it has one, every run included.

        Raises:
            JobNotFoundError: If there is no such job.
            UnreadableAnswerError: If the device sends a value that the contract does not allow.
        """
        job = self.job_status(job_id)
        if job.measurement is None or job.measurement.blocks:
            return job
        assembly = ResultAssembly()
        results = [
            event.event for event in map(assembly.add, self.watch_job(job_id)) if isinstance(event.event, Measurement)
        ]
        return replace(job, measurement=results[-1])

    def jobs(self) -> Iterator[Job]:
        """Yield the jobs of the device, newest first, without their results."""
        token = ""
        while True:
            request = device_agent_pb2.ListJobsRequest(page_token=token)
            with translate_rpc_errors(self.address):
                page = self._stub.ListJobs(request, timeout=CALL_TIMEOUT_S)
            for job in page.jobs:
                yield wire.from_message(Job, job)
            token = page.next_page_token
            if not token:
                return

    def cancel_job(self, job_id: str) -> Job:
        """Cancel a job that waits or runs; one that has ended stays as it is."""
        with translate_rpc_errors(self.address):
            request = device_agent_pb2.CancelJobRequest(job_id=job_id)
            return wire.from_message(Job, self._stub.CancelJob(request, timeout=CALL_TIMEOUT_S).job)

    def acknowledge(self, job_ids: Iterable[str]) -> None:
        """Tell the device that it need not keep what came out of these jobs any longer.

        Call it once the results are on this host's disk. Jobs that a silent device could not receive are sent again
        with the next call. An agent too old for this call is not asked again.

        Args:
            job_ids: Jobs that have ended.

        Raises:
            InvalidRequestError: If one of them has not ended.
        """
        self._unacknowledged.update(job_ids)
        pending = sorted(self._unacknowledged)
        try:
            for start in range(0, len(pending), ACKNOWLEDGE_COUNT):
                request = device_agent_pb2.AcknowledgeJobsRequest(job_ids=pending[start : start + ACKNOWLEDGE_COUNT])
                with translate_rpc_errors(self.address):
                    self._stub.AcknowledgeJobs(request, timeout=CALL_TIMEOUT_S)
        except AgentUnavailableError as error:
            logger.warning("%s; what it keeps for this host is acknowledged later", error)
            return
        except AgentTooOldError:
            pass  # it removes its oldest results, acknowledged or not
        self._unacknowledged.difference_update(pending)

    def watch_job(self, job_id: str, *, from_sequence: int = 1) -> Iterator[JobEvent]:
        """Stream the events of a job until it ends, those of the past first.

        The measurement comes without its blocks, which are events before it; `ResultAssembly` adds them.

        Raises:
            AgentUnavailableError: If the connection breaks. The job goes on; watch again from the next sequence number.
        """
        request = device_agent_pb2.WatchJobRequest(job_id=job_id, from_sequence=from_sequence, omit_blocks=True)
        with translate_rpc_errors(self.address):
            for response in self._stub.WatchJob(request):
                event = wire.event_from_message(response.event)
                if event is not None:
                    yield event

    def _warn_of_full_journal(self, space: device_agent_pb2.JournalSpace) -> None:
        if 10 * space.free_count <= space.total_count:
            logger.warning(
                "the device at %s has room for %d more results of %d: the others are kept until their hosts "
                "acknowledge them; resume the sessions that asked for them, or raise "
                "EDGEPROF_AGENT_FINISHED_JOB_COUNT there",
                self.address,
                space.free_count,
                space.total_count,
            )

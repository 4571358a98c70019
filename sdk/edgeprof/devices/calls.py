"""The calls of an agent's contract, one method each. Each is made once; `client.py` repeats those that may be repeated.

A result stays on the device until it is acknowledged. The caller acknowledges it once it is stored on the host.
"""

import hashlib
import logging
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import grpc

from edgeprof._version import VERSION
from edgeprof.devices.channel import CONNECT_TIMEOUT_S, open_channel
from edgeprof.devices.host_name import HostNameInterceptor, default_host_name
from edgeprof.devices.results import ResultAssembly
from edgeprof.devices.uploads import read_model, upload_parts
from edgeprof.devices.waiting import Progress, long_answer, while_progressing
from edgeprof.errors import AgentTooOldError, AgentUnavailableError, translate_rpc_errors
from edgeprof_proto import CONTRACT_REVISION, OLDEST_AGENT_REVISION, wire
from edgeprof_proto.records.check import Check
from edgeprof_proto.records.device import Device
from edgeprof_proto.records.job import Job, JobEvent
from edgeprof_proto.records.job_spec import JobSpec
from edgeprof_proto.records.measurement import Measurement
from edgeprof_proto.v1 import device_agent_pb2, job_pb2
from edgeprof_proto.v1.device_agent_pb2_grpc import DeviceAgentServiceStub

logger = logging.getLogger(__name__)

AgentCallsType = TypeVar("AgentCallsType", bound="AgentCalls")

CALL_TIMEOUT_S = 20.0
"""Deadline of one short call, for which the board starts no process."""

_PARTS_UNDER_WAY = 3
"""Parts of an upload that may be sent before the device has taken any: what flow control allows, in chunks."""

ACKNOWLEDGE_COUNT = 1_000
"""Jobs that one call may acknowledge."""


class AgentCalls:
    """A connection to the agent of one device, with its calls.

    Args:
        address: `host:port` of the agent.
        host_name: Name by which the agent shares its time between hosts where there is no pairing; None for the
            machine's own.

    Raises:
        NotPairedError: If this host must be paired with the device and is not.
        DeviceChangedError: If it is paired, and something else answers at the address.
        PairingFileError: If this host's key and paired devices cannot be read.
        AgentUnavailableError: If no agent answers at an address beyond loopback that is not known.
    """

    def __init__(self, address: str, *, host_name: str | None = None) -> None:
        self.address = address
        self.host_name = host_name or default_host_name()
        self.progress = Progress()
        """When an upload last went forward."""
        self._unacknowledged: set[str] = set()
        self._channel = open_channel(address)
        interceptor = HostNameInterceptor(self.host_name)
        self._stub = DeviceAgentServiceStub(grpc.intercept_channel(self._channel, interceptor))

    def close(self) -> None:
        """End the connection. Jobs on the device go on."""
        self._channel.close()

    def __enter__(self: AgentCallsType) -> AgentCallsType:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def handshake(self) -> str:
        """Check that host and agent speak the same contract.

        Returns:
            The agent's version, as text.

        Raises:
            AgentUnavailableError: If no agent answers.
            AgentTooOldError: If the agent's contract is older than this host needs.
            HostTooOldError: If the agent no longer understands this host.
        """
        request = device_agent_pb2.HandshakeRequest(host_version=VERSION, contract_revision=CONTRACT_REVISION)
        with translate_rpc_errors(self.address):
            response = self._stub.Handshake(request, timeout=CONNECT_TIMEOUT_S)
        if response.contract_revision < OLDEST_AGENT_REVISION:
            raise AgentTooOldError(
                f"the agent at {self.address} is edgeprof {response.agent_version} and speaks revision "
                f"{response.contract_revision} of the contract, this host needs {OLDEST_AGENT_REVISION}: "
                "update edgeprof on the device"
            )
        self.host_name = response.host_name or self.host_name
        return str(response.agent_version)

    def device_time(self, *, payload: bytes = b"") -> float:
        """Ask the device for its time.

        Args:
            payload: Bytes to send along, at most 256 KiB, to see how fast they arrive.

        Returns:
            Seconds since the epoch.
        """
        request = device_agent_pb2.DiagnoseRequest(skips_checks=True, payload=payload)
        with translate_rpc_errors(self.address):
            answer = self._stub.Diagnose(request, timeout=CALL_TIMEOUT_S)
        return answer.device_time.seconds + answer.device_time.nanos / 1e9

    def diagnose(self) -> tuple[Check, ...]:
        """Let the device examine itself. A measurement that runs meanwhile would be disturbed."""
        with translate_rpc_errors(self.address):
            answer = long_answer(
                self._stub.Diagnose, device_agent_pb2.DiagnoseRequest(), what=f"{self.address} examines itself"
            )
            return tuple(wire.from_message(Check, check) for check in answer.checks)

    def device(self) -> Device:
        """Describe the device and its runtimes."""
        with translate_rpc_errors(self.address):
            response = long_answer(
                self._stub.GetDevice, device_agent_pb2.GetDeviceRequest(), what=f"{self.address} describes itself"
            )
            return wire.from_message(Device, response.device)

    def upload_model(self, path: Path, *, runtime: str = "") -> str:
        """Upload a model, from the byte where an interrupted upload ended, unless the device has it.

        Args:
            path: The model.
            runtime: Runtime that is to load it; the file is checked against the format that it reads.

        Returns:
            Its SHA-256.

        Raises:
            ModelFileError: If the file cannot be read, or is not a model.
            ModelTransferError: If the device finds it damaged or too large.
            DeviceDiskFullError: If the device has no room for it.
        """
        return self.upload_content(read_model(path, runtime))

    def upload_content(self, content: bytes) -> str:
        """Upload the content of a file as it is, as `upload_model` does.

        Args:
            content: All bytes of the file.

        Returns:
            Its SHA-256.

        Raises:
            ModelTransferError: If the device finds it damaged or too large.
            DeviceDiskFullError: If the device has no room for it.
        """
        sha256 = hashlib.sha256(content).hexdigest()
        with translate_rpc_errors(self.address):
            request = device_agent_pb2.GetModelRequest(model_sha256=sha256)
            state = self._stub.GetModel(request, timeout=CALL_TIMEOUT_S)
            if not state.is_complete:
                self._send(content, sha256, state.received_bytes)
        return sha256

    def _send(self, content: bytes, sha256: str, offset: int) -> None:
        sending = Progress()

        def parts() -> Iterator[device_agent_pb2.UploadModelRequest]:
            for count, part in enumerate(upload_parts(content, sha256, offset)):
                sending.note()
                if count > _PARTS_UNDER_WAY:
                    self.progress.note()
                yield part

        try:
            while_progressing(self._stub.UploadModel.future(parts()), sending)
        except TimeoutError as error:
            raise AgentUnavailableError(f"the upload to {self.address} stands still: {error}") from error

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

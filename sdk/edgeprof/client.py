"""The host's end of the wire: one agent, its models and its jobs.

A dropped connection loses nothing: uploads go on at the byte where they broke off, a job goes on without the host, and
its events are asked for again from where they stopped.
"""

import hashlib
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import grpc
import tenacity

from edgeprof._version import VERSION
from edgeprof.errors import (
    AgentTooOldError,
    AgentUnavailableError,
    EdgeprofError,
    ModelFileError,
    ModelTransferError,
    remote_error,
    translate_rpc_errors,
)
from edgeprof_proto import CONTRACT_REVISION, OLDEST_AGENT_REVISION, UPLOAD_CHUNK_BYTES, wire
from edgeprof_proto.records import Check, Device, Failure, Job, JobEvent, JobSpec, Measurement, MeasurementPlan, Setting
from edgeprof_proto.v1 import device_agent_pb2, job_pb2
from edgeprof_proto.v1.device_agent_pb2_grpc import DeviceAgentServiceStub

logger = logging.getLogger(__name__)

T = TypeVar("T")

CALL_TIMEOUT_S = 20.0
"""Deadline of one short call. The first GetDevice starts a process on the board, which takes seconds on a slow one."""

DIAGNOSIS_TIMEOUT_S = 90.0
"""Deadline of the device's own doctor, which imports the runtimes; the agent gives it a minute."""

CONNECT_TIMEOUT_S = 5.0
"""Deadline of the first call: an address where nobody answers is reported this soon."""

DEFAULT_PATIENCE_S = 60.0
"""How long a silent agent is asked again before the host gives up: a board restarts within a minute."""

CHANNEL_OPTIONS = (
    # Notices a silent peer within 30 s; the agent allows a ping every 10 s.
    ("grpc.keepalive_time_ms", 10_000),
    ("grpc.keepalive_timeout_ms", 15_000),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.max_pings_without_data", 0),
    # The default of two minutes would outlast our own patience.
    ("grpc.max_reconnect_backoff_ms", 2_000),
    # A measurement holds every raw sample: 8 bytes a run, 150 s of very short runs.
    ("grpc.max_receive_message_length", 64 * 1024 * 1024),
)


class DeviceClient:
    """A connection to the agent of one device. Use `edgeprof.connect`, or close it as a context manager does.

    Args:
        address: `host:port` of the agent.
        patience_s: How long to ask a silent agent again, in seconds, before giving up.
    """

    def __init__(self, address: str, *, patience_s: float = DEFAULT_PATIENCE_S) -> None:
        self.address = address
        self._patience_s = patience_s
        self._channel = grpc.insecure_channel(address, options=CHANNEL_OPTIONS)
        self._stub = DeviceAgentServiceStub(self._channel)

    def close(self) -> None:
        """End the connection. Jobs on the device go on."""
        self._channel.close()

    def __enter__(self) -> "DeviceClient":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def handshake(self) -> str:
        """Check that host and agent speak the same contract.

        Returns:
            The agent's version, for people.

        Raises:
            AgentUnavailableError: If nobody answers.
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
        return str(response.agent_version)

    def device_time(self, *, payload: bytes = b"") -> float:
        """Ask the device for its clock, and for nothing else.

        Args:
            payload: Bytes to send along, at most 1 MiB, to see how fast they arrive.

        Returns:
            Seconds since the epoch.
        """
        request = device_agent_pb2.DiagnoseRequest(skips_checks=True, payload=payload)
        with translate_rpc_errors(self.address):
            answer = self._stub.Diagnose(request, timeout=CALL_TIMEOUT_S)
        return answer.device_time.seconds + answer.device_time.nanos / 1e9

    def diagnose(self) -> tuple[Check, ...]:
        """Let the device look for trouble with itself; a measurement that runs would notice."""
        with translate_rpc_errors(self.address):
            answer = self._stub.Diagnose(device_agent_pb2.DiagnoseRequest(), timeout=DIAGNOSIS_TIMEOUT_S)
        return tuple(wire.from_message(Check, check) for check in answer.checks)

    def device(self) -> Device:
        """Describe the device and its runtimes."""
        with translate_rpc_errors(self.address):
            response = self._stub.GetDevice(device_agent_pb2.GetDeviceRequest(), timeout=CALL_TIMEOUT_S)
        return wire.from_message(Device, response.device)

    def upload_model(self, path: Path) -> str:
        """Bring a model onto the device, or the rest of it, unless it is there.

        Args:
            path: The model.

        Returns:
            Its SHA-256.

        Raises:
            ModelFileError: If the file cannot be read or is empty.
            ModelTransferError: If the device finds it damaged or too large.
            DeviceDiskFullError: If the device has no room for it.
        """
        content = _read_model(path)
        sha256 = hashlib.sha256(content).hexdigest()
        with translate_rpc_errors(self.address):
            request = device_agent_pb2.GetModelRequest(model_sha256=sha256)
            state = self._stub.GetModel(request, timeout=CALL_TIMEOUT_S)
            if not state.is_complete:
                parts = _upload_parts(content, sha256, state.received_bytes)
                self._stub.UploadModel(parts, timeout=CALL_TIMEOUT_S + len(content) / 100_000)
        return sha256

    def create_job(self, job_id: str, spec: JobSpec) -> Job:
        """Queue a job, or attach to the one that has this id.

        Raises:
            JobConflictError: If the id belongs to a job that asks for something else.
        """
        request = device_agent_pb2.CreateJobRequest(job_id=job_id, spec=wire.to_message(spec, job_pb2.JobSpec))
        with translate_rpc_errors(self.address):
            return wire.from_message(Job, self._stub.CreateJob(request, timeout=CALL_TIMEOUT_S).job)

    def job(self, job_id: str) -> Job:
        """Return a job, with its result once it has one."""
        with translate_rpc_errors(self.address):
            request = device_agent_pb2.GetJobRequest(job_id=job_id)
            return wire.from_message(Job, self._stub.GetJob(request, timeout=CALL_TIMEOUT_S).job)

    def jobs(self) -> Iterator[Job]:
        """Walk through the jobs of the device, newest first, without their results."""
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

    def watch_job(self, job_id: str, *, from_sequence: int = 1) -> Iterator[JobEvent]:
        """Stream the events of a job until it ends, those of the past first.

        Raises:
            AgentUnavailableError: If the connection breaks. The job goes on; watch again from the next sequence number.
        """
        request = device_agent_pb2.WatchJobRequest(job_id=job_id, from_sequence=from_sequence)
        with translate_rpc_errors(self.address):
            for response in self._stub.WatchJob(request):
                event = wire.event_from_message(response.event)
                if event is not None:
                    yield event

    def measure(
        self,
        model: Path,
        setting: Setting,
        *,
        job_id: str,
        plan: MeasurementPlan | None = None,
        on_event: Callable[[JobEvent], None] | None = None,
    ) -> Measurement:
        """Measure a model; with the id of an earlier job, go on with that one.

        Breaks of the connection are sat out for up to `patience_s`.

        Args:
            model: The model file.
            setting: How to run it.
            job_id: Id of the job, chosen by the caller.
            plan: How long and how often; None for the agent's default.
            on_event: Called with each event of the job, once.

        Raises:
            AgentUnavailableError: If the agent stays silent for longer than `patience_s`.
            RemoteError: If the agent refuses the job or it fails; the class tells why.
        """
        sha256 = self._patiently(lambda: self.upload_model(model))
        spec = JobSpec(model_sha256=sha256, setting=setting, plan=plan or MeasurementPlan(), input_seed=0)
        self._patiently(lambda: self.create_job(job_id, spec))
        for event in self._follow(job_id):
            if on_event is not None:
                on_event(event)
            if isinstance(event.event, Measurement):
                return event.event
            if isinstance(event.event, Failure):
                raise remote_error(event.event.reason, event.event.message)
        raise AgentUnavailableError(f"the agent at {self.address} ended job {job_id} without saying how it went")

    def _follow(self, job_id: str) -> Iterator[JobEvent]:
        """Watch a job to its end across breaks of the connection, each event once."""
        sequence = 0
        while True:
            progressed = False
            try:
                for event in self.watch_job(job_id, from_sequence=sequence + 1):
                    sequence, progressed = event.sequence, True
                    yield event
                return
            except AgentUnavailableError:
                logger.warning("connection to %s broke; asking again", self.address)
                if not progressed:
                    self._patiently(lambda: self.job(job_id))

    def _patiently(self, call: Callable[[], T]) -> T:
        return tenacity.Retrying(
            retry=tenacity.retry_if_exception_type((AgentUnavailableError, ModelTransferError)),
            wait=tenacity.wait_exponential(multiplier=0.2, max=5.0),
            stop=tenacity.stop_after_delay(self._patience_s),
            reraise=True,
        )(call)


def _read_model(path: Path) -> bytes:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ModelFileError(f"cannot read the model {path}: {error.strerror}") from error
    if not content:
        raise ModelFileError(f"the model {path} is empty")
    return content


def _upload_parts(content: bytes, sha256: str, offset: int) -> Iterator[device_agent_pb2.UploadModelRequest]:
    header = device_agent_pb2.UploadModelHeader(model_sha256=sha256, size_bytes=len(content), offset_bytes=offset)
    yield device_agent_pb2.UploadModelRequest(header=header)
    for start in range(offset, len(content), UPLOAD_CHUNK_BYTES):
        yield device_agent_pb2.UploadModelRequest(chunk=content[start : start + UPLOAD_CHUNK_BYTES])


def connect(address: str) -> DeviceClient:
    """Connect to the agent of a device.

    Args:
        address: `host:port`.

    Raises:
        AgentUnavailableError: If nobody answers there.
        AgentTooOldError: If the agent's contract is older than this host needs.
        HostTooOldError: If the agent no longer understands this host.
    """
    client = DeviceClient(address)
    try:
        client.handshake()
    except EdgeprofError:
        client.close()
        raise
    return client

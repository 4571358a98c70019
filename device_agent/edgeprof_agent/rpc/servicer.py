"""The calls of the wire contract: converts messages and maps errors to status codes."""

import contextlib
import dataclasses
import logging
import re
from collections.abc import AsyncIterator
from typing import Any

import grpc

from edgeprof_agent.calls import refuse
from edgeprof_agent.config import AgentConfig
from edgeprof_agent.device.description_process import DeviceDescriber
from edgeprof_agent.device.setting_check import thread_limit
from edgeprof_agent.doctor.process import Diagnoser
from edgeprof_agent.errors import (
    AgentError,
    DiskFullError,
    HostTooOldError,
    InternalError,
    InvalidRequestError,
    JobConflictError,
    JobNotFoundError,
    JournalFullError,
    ModelCorruptError,
    ModelNotFoundError,
    ModelQuarantinedError,
    ModelTooLargeError,
    QueueFullError,
    RuntimeNotFoundError,
    SettingNotSupportedError,
    UploadLimitedError,
    UploadOffsetError,
)
from edgeprof_agent.jobs.job_queue import JobQueue
from edgeprof_agent.jobs.leases import Leases
from edgeprof_agent.models.model_store import ModelStore
from edgeprof_agent.models.upload import UploadHeader
from edgeprof_agent.rpc.calling_host import host_of
from edgeprof_proto import CONTRACT_REVISION, OLDEST_HOST_REVISION, wire
from edgeprof_proto.records.check import Check
from edgeprof_proto.records.device import AgentLimits, Device, DeviceDescription
from edgeprof_proto.records.job_spec import JobSpec
from edgeprof_proto.records.validation import RecordError, require_job_id
from edgeprof_proto.v1 import device_agent_pb2 as messages
from edgeprof_proto.v1 import device_agent_pb2_grpc, device_pb2, job_pb2

logger = logging.getLogger(__name__)

STATUS_CODES: dict[type[AgentError], grpc.StatusCode] = {
    InvalidRequestError: grpc.StatusCode.INVALID_ARGUMENT,
    HostTooOldError: grpc.StatusCode.FAILED_PRECONDITION,
    ModelNotFoundError: grpc.StatusCode.NOT_FOUND,
    ModelCorruptError: grpc.StatusCode.DATA_LOSS,
    ModelTooLargeError: grpc.StatusCode.INVALID_ARGUMENT,
    UploadOffsetError: grpc.StatusCode.OUT_OF_RANGE,
    DiskFullError: grpc.StatusCode.RESOURCE_EXHAUSTED,
    JobNotFoundError: grpc.StatusCode.NOT_FOUND,
    JobConflictError: grpc.StatusCode.ALREADY_EXISTS,
    QueueFullError: grpc.StatusCode.RESOURCE_EXHAUSTED,
    UploadLimitedError: grpc.StatusCode.RESOURCE_EXHAUSTED,
    ModelQuarantinedError: grpc.StatusCode.FAILED_PRECONDITION,
    JournalFullError: grpc.StatusCode.RESOURCE_EXHAUSTED,
    RuntimeNotFoundError: grpc.StatusCode.FAILED_PRECONDITION,
    SettingNotSupportedError: grpc.StatusCode.FAILED_PRECONDITION,
}
"""The errors that refuse a call; all others are internal errors with the status INTERNAL."""

_DEFAULT_PAGE_SIZE = 100
_MAX_PAGE_SIZE = 1000
_PAGE_TOKEN = re.compile("[0-9]{1,18}")
"""The number of a job: at most 18 digits, which fit into SQLite's 64-bit integers."""


class DeviceAgentServicer(device_agent_pb2_grpc.DeviceAgentServiceServicer):
    """The service of the contract.

    Args:
        config: Configuration with the agent's limits.
        version: Version of edgeprof.
        device_id: Id of the device.
        describer: Describes the device.
        store: Stores the models.
        jobs: Runs the jobs.
        leases: The leases of hosts.
        diagnoser: Runs the checks of the device.
    """

    def __init__(
        self,
        *,
        config: AgentConfig,
        version: str,
        device_id: str,
        describer: DeviceDescriber,
        store: ModelStore,
        jobs: JobQueue,
        leases: Leases,
        diagnoser: Diagnoser,
    ) -> None:
        self._config = config
        self._version = version
        self._device_id = device_id
        self._describer = describer
        self._store = store
        self._jobs = jobs
        self._leases = leases
        self._diagnoser = diagnoser

    async def Handshake(self, request: messages.HandshakeRequest, context: Any) -> messages.HandshakeResponse:
        """Exchange the contract revisions of both sides."""
        async with _refusing(context):
            host_name = self._renew_lease(context)
            revision = request.contract_revision
            if revision < 1:
                raise InvalidRequestError(f"contract_revision must be >= 1, got {revision}")
            if revision < OLDEST_HOST_REVISION:
                raise HostTooOldError(
                    f"the host uses revision {revision} of the contract, this agent supports "
                    f"{OLDEST_HOST_REVISION} and later; update edgeprof on the host"
                )
        return messages.HandshakeResponse(
            agent_version=self._version,
            contract_revision=CONTRACT_REVISION,
            oldest_host_revision=OLDEST_HOST_REVISION,
            device_id=self._device_id,
            host_name=host_name,
        )

    async def GetDevice(self, request: messages.GetDeviceRequest, context: Any) -> messages.GetDeviceResponse:
        """Describe the device."""
        async with _refusing(context):
            self._renew_lease(context)
            description = await self._describer.describe()
        return messages.GetDeviceResponse(device=wire.to_message(self._present(description), device_pb2.Device))

    async def Diagnose(self, request: messages.DiagnoseRequest, context: Any) -> messages.DiagnoseResponse:
        """Run the checks of the device, or only return its time."""
        checks: tuple[Check, ...] = ()
        async with _refusing(context):
            self._renew_lease(context)
            if not request.skips_checks:
                checks = await self._diagnoser.diagnose()
        response = messages.DiagnoseResponse(checks=[wire.to_message(check, device_pb2.Check) for check in checks])
        response.device_time.GetCurrentTime()
        return response

    async def GetModel(self, request: messages.GetModelRequest, context: Any) -> messages.GetModelResponse:
        """Return how much of a model is on the device."""
        async with _refusing(context):
            self._renew_lease(context)
            received_bytes, is_complete = self._store.received_bytes(request.model_sha256)
        return messages.GetModelResponse(is_complete=is_complete, received_bytes=received_bytes)

    async def UploadModel(self, request_iterator: Any, context: Any) -> messages.UploadModelResponse:
        """Store a model, or the rest of one."""
        parts: AsyncIterator[messages.UploadModelRequest] = aiter(request_iterator)
        async with _refusing(context):
            lease = self._leases.held(host_of(context))
            try:
                first = await anext(parts)
            except StopAsyncIteration:
                raise InvalidRequestError("the first part of an upload must be its header, got none") from None
            with lease:
                received_bytes = await self._store.receive(_read_header(first), _chunks(parts))
        return messages.UploadModelResponse(received_bytes=received_bytes)

    async def CreateJob(self, request: messages.CreateJobRequest, context: Any) -> messages.CreateJobResponse:
        """Queue a job, or attach to the existing one."""
        async with _refusing(context):
            # A missing message counts as one with default values.
            request.spec.setting.SetInParent()
            request.spec.plan.SetInParent()
            host_name = self._renew_lease(context)
            spec = wire.from_message(JobSpec, request.spec)
            job = await self._jobs.create_job(
                request.job_id, spec, host_name=host_name, release_model=request.release_model
            )
            space = self._jobs.journal_space()
        return messages.CreateJobResponse(
            job=wire.to_message(job, job_pb2.Job), journal_space=wire.to_message(space, messages.JournalSpace)
        )

    async def GetJob(self, request: messages.GetJobRequest, context: Any) -> messages.GetJobResponse:
        """Return a job with its result."""
        async with _refusing(context):
            self._renew_lease(context)
            require_job_id(request.job_id)
            job = self._jobs.get_job(request.job_id, with_blocks=not request.omit_blocks)
        return messages.GetJobResponse(job=wire.to_message(job, job_pb2.Job))

    async def ListJobs(self, request: messages.ListJobsRequest, context: Any) -> messages.ListJobsResponse:
        """List jobs, newest first."""
        async with _refusing(context):
            self._renew_lease(context)
            if not 0 <= request.page_size <= _MAX_PAGE_SIZE:
                raise InvalidRequestError(f"page_size must be 0 to {_MAX_PAGE_SIZE}, got {request.page_size}")
            if request.page_token and _PAGE_TOKEN.fullmatch(request.page_token) is None:
                raise InvalidRequestError(f"page_token must come from the page before, got {request.page_token[:40]!r}")
            before = int(request.page_token) if request.page_token else None
            jobs, next_before = self._jobs.list_jobs(limit=request.page_size or _DEFAULT_PAGE_SIZE, before=before)
        return messages.ListJobsResponse(
            jobs=[wire.to_message(job, job_pb2.Job) for job in jobs],
            next_page_token="" if next_before is None else str(next_before),
        )

    async def WatchJob(
        self, request: messages.WatchJobRequest, context: Any
    ) -> AsyncIterator[messages.WatchJobResponse]:
        """Stream the events of a job."""
        async with _refusing(context):
            require_job_id(request.job_id)
            with self._leases.held(host_of(context)):
                events = self._jobs.watch_job(
                    request.job_id, from_sequence=request.from_sequence, with_blocks=not request.omit_blocks
                )
                async for event in events:
                    yield messages.WatchJobResponse(event=wire.event_to_message(event))

    async def CancelJob(self, request: messages.CancelJobRequest, context: Any) -> messages.CancelJobResponse:
        """Cancel a job that has not ended."""
        async with _refusing(context):
            self._renew_lease(context)
            require_job_id(request.job_id)
            job = self._jobs.cancel_job(request.job_id)
        return messages.CancelJobResponse(job=wire.to_message(job, job_pb2.Job))

    async def AcknowledgeJobs(
        self, request: messages.AcknowledgeJobsRequest, context: Any
    ) -> messages.AcknowledgeJobsResponse:
        """Record that a host has stored the results of its jobs."""
        async with _refusing(context):
            self._renew_lease(context)
            if len(request.job_ids) > _MAX_PAGE_SIZE:
                raise InvalidRequestError(f"job_ids must be {_MAX_PAGE_SIZE} at most, got {len(request.job_ids)}")
            for job_id in request.job_ids:
                require_job_id(job_id)
            self._jobs.acknowledge_jobs(request.job_ids)
            space = self._jobs.journal_space()
        return messages.AcknowledgeJobsResponse(journal_space=wire.to_message(space, messages.JournalSpace))

    def _renew_lease(self, context: Any) -> str:
        """Renew the lease of the host that calls, and return its name."""
        host_name = host_of(context)
        self._leases.renew(host_name)
        return host_name

    def _present(self, description: DeviceDescription) -> Device:
        fields = {field.name: getattr(description, field.name) for field in dataclasses.fields(description)}
        limits = {field.name: getattr(self._config, field.name) for field in dataclasses.fields(AgentLimits)}
        limits["thread_count"] = thread_limit(self._config, description)
        return Device(**fields, device_id=self._device_id, limits=AgentLimits(**limits))


@contextlib.asynccontextmanager
async def _refusing(context: grpc.aio.ServicerContext[Any, Any]) -> AsyncIterator[None]:
    """End the call with status code, message and reason for an error inside the block."""
    try:
        yield
        return
    except RecordError as error:
        code, reason, text = grpc.StatusCode.INVALID_ARGUMENT, InvalidRequestError.reason, str(error)
    except AgentError as error:
        code = STATUS_CODES.get(type(error), grpc.StatusCode.INTERNAL)
        reason, text = error.reason, str(error)
        if code is grpc.StatusCode.INTERNAL:
            logger.exception("a call failed")
    except Exception as error:
        logger.exception("internal error in a call")
        code, reason = grpc.StatusCode.INTERNAL, InternalError.reason
        text = f"an internal error of the agent, please report it with the agent's log: {type(error).__name__}"
    await refuse(context, code, reason, text)


def _read_header(part: messages.UploadModelRequest) -> UploadHeader:
    if part.WhichOneof("part") != "header":
        raise InvalidRequestError("the first part of an upload must be its header")
    header = part.header
    return UploadHeader(
        model_sha256=header.model_sha256, size_bytes=header.size_bytes, offset_bytes=header.offset_bytes
    )


async def _chunks(parts: AsyncIterator[messages.UploadModelRequest]) -> AsyncIterator[bytes]:
    async for part in parts:
        if part.WhichOneof("part") != "chunk":
            raise InvalidRequestError("every part of an upload but the first must be a chunk")
        yield part.chunk

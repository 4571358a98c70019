"""The only place where an agent's error becomes an exception of this host."""

from collections.abc import Iterator
from contextlib import contextmanager

import grpc

from edgeprof.errors import (
    AgentTooOldError,
    AgentUnavailableError,
    AgentUpdatedError,
    DeviceBusyError,
    DeviceDiskFullError,
    DeviceJournalFullError,
    EdgeprofError,
    HostTooOldError,
    InvalidRequestError,
    JobCancelledError,
    JobConflictError,
    JobNotFoundError,
    ModelNotFoundError,
    ModelQuarantinedError,
    ModelRefusedError,
    ModelRejectedError,
    ModelTooLargeError,
    ModelTransferError,
    NotPairedError,
    PairingClosedError,
    PairingRefusedError,
    RemoteError,
    RuntimeNotFoundError,
    SettingNotSupportedError,
    UnreadableAnswerError,
    UploadLimitedError,
    WorkerFailedError,
    WorkerOutOfMemoryError,
)
from edgeprof_proto import REASON_METADATA_KEY
from edgeprof_proto.records.validation import RecordError

ERROR_OF_REASON: dict[str, type[RemoteError]] = {
    "ERROR_REASON_HOST_TOO_OLD": HostTooOldError,
    "ERROR_REASON_INVALID_REQUEST": InvalidRequestError,
    "ERROR_REASON_MODEL_NOT_FOUND": ModelNotFoundError,
    "ERROR_REASON_MODEL_CORRUPT": ModelTransferError,
    "ERROR_REASON_MODEL_TOO_LARGE": ModelTooLargeError,
    "ERROR_REASON_UPLOAD_OFFSET": ModelTransferError,
    "ERROR_REASON_DISK_FULL": DeviceDiskFullError,
    "ERROR_REASON_JOB_NOT_FOUND": JobNotFoundError,
    "ERROR_REASON_JOB_CONFLICT": JobConflictError,
    "ERROR_REASON_QUEUE_FULL": DeviceBusyError,
    "ERROR_REASON_RUNTIME_NOT_FOUND": RuntimeNotFoundError,
    "ERROR_REASON_SETTING_NOT_SUPPORTED": SettingNotSupportedError,
    "ERROR_REASON_MODEL_REJECTED": ModelRejectedError,
    "ERROR_REASON_WORKER_CRASHED": WorkerFailedError,
    "ERROR_REASON_WORKER_TIMEOUT": WorkerFailedError,
    "ERROR_REASON_RUN_FAILED": WorkerFailedError,
    "ERROR_REASON_INTERRUPTED": WorkerFailedError,
    "ERROR_REASON_CANCELLED": JobCancelledError,
    "ERROR_REASON_NOT_PAIRED": NotPairedError,
    "ERROR_REASON_PAIRING_CLOSED": PairingClosedError,
    "ERROR_REASON_PAIRING_REFUSED": PairingRefusedError,
    "ERROR_REASON_INTERNAL": RemoteError,
    "ERROR_REASON_MODEL_REFUSED": ModelRefusedError,
    "ERROR_REASON_MODEL_QUARANTINED": ModelQuarantinedError,
    "ERROR_REASON_WORKER_OUT_OF_MEMORY": WorkerOutOfMemoryError,
    "ERROR_REASON_WORKER_NOT_STARTED": WorkerFailedError,
    "ERROR_REASON_UPLOAD_LIMITED": UploadLimitedError,
    "ERROR_REASON_JOURNAL_FULL": DeviceJournalFullError,
    "ERROR_REASON_AGENT_UPDATED": AgentUpdatedError,
}
"""Which exception stands for which reason; a contract test keeps it complete."""


def remote_error(reason: str, message: str) -> RemoteError:
    """Make the exception that stands for a reason; an unknown reason, from a newer agent, gives a `RemoteError`."""
    return ERROR_OF_REASON.get(reason, RemoteError)(message, reason)


@contextmanager
def translate_rpc_errors(address: str) -> Iterator[None]:
    """Turn what gRPC raises inside the block into exceptions of this host, which name the address, by the reason."""
    try:
        yield
    except grpc.RpcError as error:
        raise _translated(error, address) from error
    except RecordError as error:
        raise UnreadableAnswerError(
            f"the agent at {address} sent what this host cannot read: {error}; update edgeprof on both"
        ) from error


def _translated(error: grpc.RpcError, address: str) -> EdgeprofError:
    # Every error of a call is both; the type stubs declare only one of them.
    assert isinstance(error, grpc.Call)
    code, details = error.code(), error.details() or ""
    reason = dict(error.trailing_metadata() or ()).get(REASON_METADATA_KEY)
    if reason is not None:
        return remote_error(str(reason), details)
    if code in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED):
        return AgentUnavailableError(
            f"no agent answers at {address}: start one there with `edgeprof-agent serve`, or check the address "
            f"({details})"
        )
    if code == grpc.StatusCode.UNIMPLEMENTED:
        return AgentTooOldError(
            f"the agent at {address} does not know this call: update edgeprof on the device ({details})"
        )
    return RemoteError(f"the agent at {address} failed: {details} ({code.name})")

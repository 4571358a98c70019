"""The errors of the agent.

    AgentError
    - InvalidRequestError (ValueError)   a field is missing or outside its range
    - HostTooOldError                    the host's contract revision is no longer supported
    - ModelNotFoundError                 the model is not on the device
    - ModelCorruptError                  the bytes that arrived are not those announced
    - ModelTooLargeError                 beyond the agent's limit
    - UploadOffsetError                  the upload must continue at another byte
    - UploadLimitedError                 too many uploads at once
    - DiskFullError                      the disk, or the agent's share of it, is full
    - JobNotFoundError                   no such job
    - JobConflictError                   the id belongs to a job with another spec
    - QueueFullError                     too many jobs wait
    - JournalFullError                   too many results that no host has acknowledged
    - RuntimeNotFoundError               the setting's runtime is not on this device
    - SettingNotSupportedError           the runtime does not support the setting
    - ModelRejectedError                 the runtime cannot load the model
    - RunFailedError                     a run failed inside the runtime
    - ModelRefusedError                  refused before a runtime read it
    - ModelQuarantinedError              the model has ended its worker twice
    - WorkerCrashedError                 the worker process ended without a result
    - WorkerOutOfMemoryError             the worker process ran out of memory
    - WorkerNotStartedError              no worker process could be started
    - AgentUpdatedError                  the worker is of another version than the server
    - WorkerTimeoutError                 the worker process took too long
    - JobInterruptedError                the agent stopped during every attempt
    - JobCancelledError                  the job was cancelled on request
    - NotPairedError                     the caller is not a paired host
    - PairingClosedError                 the device shows no code at the moment
    - PairingRefusedError                the code was wrong, or the connection is intercepted
    - InternalError                      an internal error of the agent
      - DeviceDescriptionError           the device could not be described
      - DiagnosisError                   the checks of the device failed
      - JournalError                     the journal cannot be read or written
      - JobStateError                    a job was to enter a state that cannot follow its own
    - StartError                         the agent cannot start; never crosses the wire
      - ConfigError (ValueError)         a setting of the agent is wrong
      - DataDirError                     the data folder cannot be used
      - ListenError                      the address cannot be listened on
      - IdentityError                    the device's key and certificate are missing or cannot be used
      - HostsFileError                   the file of paired hosts cannot be used
      - ControlError                     a command could not reach the running agent
    - InstallError                       the service cannot be installed or removed; never crosses the wire

Each class has the name of its `ErrorReason` in the wire contract. The message says what was wrong, the value, and what
to do.
"""

from typing import ClassVar


class AgentError(Exception):
    """Base of all errors of the agent."""

    reason: ClassVar[str] = "ERROR_REASON_INTERNAL"


class InvalidRequestError(AgentError, ValueError):
    """A field is missing or outside its range."""

    reason = "ERROR_REASON_INVALID_REQUEST"


class HostTooOldError(AgentError):
    """The contract revision of the host is older than the agent supports."""

    reason = "ERROR_REASON_HOST_TOO_OLD"


class ModelNotFoundError(AgentError):
    """No model with this SHA-256 is on the device."""

    reason = "ERROR_REASON_MODEL_NOT_FOUND"


class ModelCorruptError(AgentError):
    """The uploaded bytes do not have the announced SHA-256 or size."""

    reason = "ERROR_REASON_MODEL_CORRUPT"


class ModelTooLargeError(AgentError):
    """The model is larger than the agent's limit."""

    reason = "ERROR_REASON_MODEL_TOO_LARGE"


class UploadOffsetError(AgentError):
    """The upload must continue at another byte."""

    reason = "ERROR_REASON_UPLOAD_OFFSET"


class UploadLimitedError(AgentError):
    """The limit of concurrent uploads is reached."""

    reason = "ERROR_REASON_UPLOAD_LIMITED"


class DiskFullError(AgentError):
    """The disk, or the agent's share of it, is full."""

    reason = "ERROR_REASON_DISK_FULL"


class JobNotFoundError(AgentError):
    """No job has this id."""

    reason = "ERROR_REASON_JOB_NOT_FOUND"


class JobConflictError(AgentError):
    """A job with this id and another spec exists."""

    reason = "ERROR_REASON_JOB_CONFLICT"


class QueueFullError(AgentError):
    """The limit of waiting jobs is reached."""

    reason = "ERROR_REASON_QUEUE_FULL"


class JournalFullError(AgentError):
    """The journal is full of results that no host has acknowledged."""

    reason = "ERROR_REASON_JOURNAL_FULL"


class RuntimeNotFoundError(AgentError):
    """The runtime of the setting is not on this device."""

    reason = "ERROR_REASON_RUNTIME_NOT_FOUND"


class SettingNotSupportedError(AgentError):
    """The runtime does not support the setting."""

    reason = "ERROR_REASON_SETTING_NOT_SUPPORTED"


class ModelRejectedError(AgentError):
    """The runtime rejected the model."""

    reason = "ERROR_REASON_MODEL_REJECTED"


class RunFailedError(AgentError):
    """A run of the model failed inside the runtime."""

    reason = "ERROR_REASON_RUN_FAILED"


class ModelRefusedError(AgentError):
    """The model was refused before a runtime read it."""

    reason = "ERROR_REASON_MODEL_REFUSED"


class ModelQuarantinedError(AgentError):
    """The model has ended its worker twice and is not measured until it is released."""

    reason = "ERROR_REASON_MODEL_QUARANTINED"


class WorkerCrashedError(AgentError):
    """The worker process ended before it had a result."""

    reason = "ERROR_REASON_WORKER_CRASHED"


class WorkerOutOfMemoryError(AgentError):
    """The worker process ran out of memory."""

    reason = "ERROR_REASON_WORKER_OUT_OF_MEMORY"


class WorkerNotStartedError(AgentError):
    """No worker process could be started, for a reason other than the model."""

    reason = "ERROR_REASON_WORKER_NOT_STARTED"


class AgentUpdatedError(AgentError):
    """The package was updated in place: the worker is of another version than the server that started it."""

    reason = "ERROR_REASON_AGENT_UPDATED"


class WorkerTimeoutError(AgentError):
    """The worker process exceeded the agent's time limit for a job.

    Args:
        message: The message for people.
        was_silent: True where the worker hung; False where its plan was too long.
    """

    reason = "ERROR_REASON_WORKER_TIMEOUT"

    def __init__(self, message: str, *, was_silent: bool = False) -> None:
        super().__init__(message)
        self.was_silent = was_silent


class JobInterruptedError(AgentError):
    """The agent stopped during every attempt of the job."""

    reason = "ERROR_REASON_INTERRUPTED"


class JobCancelledError(AgentError):
    """The job was cancelled on request."""

    reason = "ERROR_REASON_CANCELLED"


class NotPairedError(AgentError):
    """The caller is not a paired host, or its pairing was revoked."""

    reason = "ERROR_REASON_NOT_PAIRED"


class PairingClosedError(AgentError):
    """The device shows no one-time code at the moment."""

    reason = "ERROR_REASON_PAIRING_CLOSED"


class PairingRefusedError(AgentError):
    """The exchange failed: the code was wrong, or the connection is intercepted."""

    reason = "ERROR_REASON_PAIRING_REFUSED"


class InternalError(AgentError):
    """An internal error of the agent."""


class DeviceDescriptionError(InternalError):
    """The device could not be described."""


class DiagnosisError(InternalError):
    """The checks of the device failed."""


class JournalError(InternalError):
    """The journal cannot be read or written."""


class JobStateError(InternalError):
    """A job was to enter a state that cannot follow its present one."""


class StartError(AgentError):
    """The agent cannot start."""


class ConfigError(StartError, ValueError):
    """A setting of the agent is wrong."""


class DataDirError(StartError):
    """The data folder cannot be used."""


class ListenError(StartError):
    """The address cannot be listened on."""


class IdentityError(StartError):
    """The device's key and certificate are missing or cannot be used."""


class HostsFileError(StartError):
    """The file of paired hosts cannot be used."""


class ControlError(StartError):
    """A command could not reach the running agent, or the agent refused it."""


class InstallError(AgentError):
    """The service cannot be installed or removed."""


def _reasons(error_type: type[AgentError]) -> set[str]:
    return {error_type.reason}.union(*map(_reasons, error_type.__subclasses__()))


REASONS = frozenset(_reasons(AgentError))
"""The reasons of all errors of the agent."""

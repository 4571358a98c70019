"""Every error of the agent that has a name.

    AgentError
    - InvalidRequestError (ValueError)   a field is missing or outside its range
    - HostTooOldError                    the host speaks a revision that is no longer understood
    - ModelNotFoundError                 no such model on the device
    - ModelCorruptError                  the bytes that arrived are not those announced
    - ModelTooLargeError                 beyond the agent's limit
    - UploadOffsetError                  the upload goes on at another byte
    - UploadLimitedError                 too many uploads at once
    - DiskFullError                      no space left for the agent
    - JobNotFoundError                   no such job
    - JobConflictError                   the job's id is taken by another job
    - QueueFullError                     too many jobs wait
    - JournalFullError                   too many results that no host has acknowledged
    - RuntimeNotFoundError               the setting's runtime is not on this device
    - SettingNotSupportedError           the runtime cannot do what the setting asks for
    - ModelRejectedError                 the runtime cannot load the model
    - RunFailedError                     a run failed inside the runtime
    - ModelRefusedError                  refused before a runtime saw it
    - ModelQuarantinedError              the model has ended its worker twice
    - WorkerCrashedError                 the worker process ended without a result
    - WorkerOutOfMemoryError             the worker process took more memory than there is for it
    - WorkerNotStartedError              no worker process could be started
    - WorkerTimeoutError                 the worker process took too long
    - JobInterruptedError                the agent stopped in the middle of every attempt
    - JobCancelledError                  the job was cancelled on request
    - NotPairedError                     the caller is no paired host
    - PairingClosedError                 the device shows no code at the moment
    - PairingRefusedError                the code was wrong, or somebody stands between host and device
    - InternalError                      a fault of the agent itself
      - DeviceDescriptionError           the device could not be described
      - DiagnosisError                   the doctor of the device gave no answer
      - JournalError                     the journal cannot be read or written
      - JobStateError                    a job was to enter a state that its own does not lead to
    - StartError                         the agent cannot start; never crosses the wire
      - ConfigError (ValueError)         a setting of the agent is wrong
      - DataDirError                     the data folder cannot be used
      - ListenError                      the address cannot be listened on
      - IdentityError                    the device's key and certificate are missing or cannot be used
      - HostsFileError                   the file of paired hosts cannot be used
      - ControlError                     a command could not reach the agent that runs, or was not understood
    - InstallError                       the service cannot be installed or removed; never crosses the wire

Each class carries the name of its `ErrorReason` in the wire contract. The text says what was wrong, the value, and
what to do.
"""

from typing import ClassVar


class AgentError(Exception):
    """Base of all errors of the agent."""

    reason: ClassVar[str] = "ERROR_REASON_INTERNAL"


class InvalidRequestError(AgentError, ValueError):
    """A field is missing or outside its range."""

    reason = "ERROR_REASON_INVALID_REQUEST"


class HostTooOldError(AgentError):
    """The host speaks a revision of the contract that the agent no longer understands."""

    reason = "ERROR_REASON_HOST_TOO_OLD"


class ModelNotFoundError(AgentError):
    """No model with this SHA-256 is on the device."""

    reason = "ERROR_REASON_MODEL_NOT_FOUND"


class ModelCorruptError(AgentError):
    """The bytes that arrived do not have the SHA-256 or the size that was announced."""

    reason = "ERROR_REASON_MODEL_CORRUPT"


class ModelTooLargeError(AgentError):
    """The model is larger than the agent's limit."""

    reason = "ERROR_REASON_MODEL_TOO_LARGE"


class UploadOffsetError(AgentError):
    """The upload goes on at another byte than the one the agent has reached."""

    reason = "ERROR_REASON_UPLOAD_OFFSET"


class UploadLimitedError(AgentError):
    """As many uploads as the agent takes at once are under way."""

    reason = "ERROR_REASON_UPLOAD_LIMITED"


class DiskFullError(AgentError):
    """The disk, or the share of it that the agent may use, is full."""

    reason = "ERROR_REASON_DISK_FULL"


class JobNotFoundError(AgentError):
    """No job has this id."""

    reason = "ERROR_REASON_JOB_NOT_FOUND"


class JobConflictError(AgentError):
    """A job with this id exists and asks for something else."""

    reason = "ERROR_REASON_JOB_CONFLICT"


class QueueFullError(AgentError):
    """The queue of jobs has reached its limit."""

    reason = "ERROR_REASON_QUEUE_FULL"


class JournalFullError(AgentError):
    """The journal holds as many results as it can that no host has acknowledged."""

    reason = "ERROR_REASON_JOURNAL_FULL"


class RuntimeNotFoundError(AgentError):
    """The runtime that the setting names is not on this device."""

    reason = "ERROR_REASON_RUNTIME_NOT_FOUND"


class SettingNotSupportedError(AgentError):
    """The runtime cannot do what the setting asks for."""

    reason = "ERROR_REASON_SETTING_NOT_SUPPORTED"


class ModelRejectedError(AgentError):
    """The runtime rejected the model."""

    reason = "ERROR_REASON_MODEL_REJECTED"


class RunFailedError(AgentError):
    """A run of the model failed inside the runtime."""

    reason = "ERROR_REASON_RUN_FAILED"


class ModelRefusedError(AgentError):
    """The model was refused before a runtime saw it."""

    reason = "ERROR_REASON_MODEL_REFUSED"


class ModelQuarantinedError(AgentError):
    """The model has ended its worker twice and is not measured until it is asked for by name."""

    reason = "ERROR_REASON_MODEL_QUARANTINED"


class WorkerCrashedError(AgentError):
    """The worker process ended before it had a result."""

    reason = "ERROR_REASON_WORKER_CRASHED"


class WorkerOutOfMemoryError(AgentError):
    """The worker process took more memory than the agent or the board has for it."""

    reason = "ERROR_REASON_WORKER_OUT_OF_MEMORY"


class WorkerNotStartedError(AgentError):
    """No worker process could be started; the model is not to blame."""

    reason = "ERROR_REASON_WORKER_NOT_STARTED"


class WorkerTimeoutError(AgentError):
    """The worker process exceeded the time that the agent allows a job.

    Args:
        message: The sentence for people.
        was_silent: Whether it hung, rather than had too much to do.
    """

    reason = "ERROR_REASON_WORKER_TIMEOUT"

    def __init__(self, message: str, *, was_silent: bool = False) -> None:
        super().__init__(message)
        self.was_silent = was_silent


class JobInterruptedError(AgentError):
    """The agent stopped in the middle of the job, more often than it tries again."""

    reason = "ERROR_REASON_INTERRUPTED"


class JobCancelledError(AgentError):
    """The job was cancelled on request."""

    reason = "ERROR_REASON_CANCELLED"


class NotPairedError(AgentError):
    """The caller is no paired host, or no longer."""

    reason = "ERROR_REASON_NOT_PAIRED"


class PairingClosedError(AgentError):
    """The device shows no code at the moment."""

    reason = "ERROR_REASON_PAIRING_CLOSED"


class PairingRefusedError(AgentError):
    """The exchange failed: the code was wrong, or somebody stands between host and device."""

    reason = "ERROR_REASON_PAIRING_REFUSED"


class InternalError(AgentError):
    """A fault of the agent itself."""


class DeviceDescriptionError(InternalError):
    """The device could not be described."""


class DiagnosisError(InternalError):
    """The doctor of the device gave no answer."""


class JournalError(InternalError):
    """The journal cannot be read or written."""


class JobStateError(InternalError):
    """A job was to enter a state that its own does not lead to."""


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
    """A command could not reach the agent that runs on the data folder."""


class InstallError(AgentError):
    """The agent cannot be made a service, or the service cannot be removed."""


def _reasons(error_type: type[AgentError]) -> set[str]:
    return {error_type.reason}.union(*map(_reasons, error_type.__subclasses__()))


REASONS = frozenset(_reasons(AgentError))
"""Every reason that an error of the agent can have."""

"""All exceptions of the host SDK.

    EdgeprofError
    - AgentUnavailableError           no agent answers, or a broken connection was not restored
    - InvalidAddressError (ValueError)  a text that is no address of an agent
    - AgentTooOldError                the agent speaks an older contract than this host needs
    - UnreadableAnswerError           the agent sent a value that the contract does not allow
    - RemoteError                     the agent refused a call or failed a job; `reason` says why
      - HostTooOldError
      - InvalidRequestError (ValueError)
      - ModelNotFoundError
      - ModelTransferError            arrived damaged or went on at the wrong byte: can be tried again
      - ModelTooLargeError
      - DeviceDiskFullError
      - JobNotFoundError
      - JobConflictError
      - DeviceBusyError
      - DeviceJournalFullError        results that no host has acknowledged fill the device's journal
      - RuntimeNotFoundError
      - SettingNotSupportedError (ValueError)
      - UploadLimitedError            too many uploads at once: can be tried again
      - ModelRejectedError            the runtime cannot run this model
        - ModelRefusedError           refused before a runtime saw it
      - ModelQuarantinedError         the model has ended its worker twice
      - WorkerFailedError             crash, time-out, failed run, interruption, no start
        - WorkerOutOfMemoryError
      - AgentUpdatedError             the agent was updated while it ran, and must be restarted
      - JobCancelledError
      - NotPairedError                this host is not paired with the device, or no longer
      - PairingClosedError            the device shows no code at the moment
      - PairingRefusedError           the code was wrong, or the connection is intercepted
    - DeviceChangedError              another device, or none with TLS, answers at the address of a paired one
    - PairingFileError                the file of this host's key and devices cannot be used
    - ModelFileError                  a file on this host that cannot be read as a model
    - InvalidArgumentError (ValueError) an argument of a public call outside its range
    - NoHomeError                     the user has no home folder, and no variable names a place
    - OutputFileError                 a file on this host that cannot be written
    - StoreError                      the store on this host cannot be read or written
    - OnboardingError                 too few samples could be measured
    - LocalAgentError                 the agent that this host tried to start did not come up
    - DeployError                     the agent could not be brought onto a board, or removed from it
    - NetworkSourceError              a name or a file that gives no torch module
    - ExportError                     a network that cannot be written in the format a device reads
    - GraphNotToldError               no runtime tells the graph that it makes of a model
      - NoEngineError                 the engine of a profile is not on this host, or reads another format

Errors of the predictor (`edgeprof_predictor.errors`) pass through unchanged.
"""


class EdgeprofError(Exception):
    """Base of all errors of the host SDK. The text is one sentence with what to do next."""


class AgentUnavailableError(EdgeprofError):
    """No agent answers at the address, or a broken connection was not restored."""


class InvalidAddressError(EdgeprofError, ValueError):
    """A text is no address of an agent, `host:port`."""


class AgentTooOldError(EdgeprofError):
    """The agent speaks an older revision of the contract than this host needs."""


class UnreadableAnswerError(EdgeprofError):
    """The agent sent a value that the contract does not allow."""


class RemoteError(EdgeprofError):
    """The agent refused a call or failed a job.

    Args:
        message: The agent's sentence.
        reason: Name of the `ErrorReason`, for example `ERROR_REASON_MODEL_NOT_FOUND`.
    """

    def __init__(self, message: str, reason: str = "ERROR_REASON_UNSPECIFIED") -> None:
        super().__init__(message)
        self.reason = reason


class HostTooOldError(RemoteError):
    """The agent no longer understands this host's revision of the contract."""


class InvalidRequestError(RemoteError, ValueError):
    """A field of a request is missing or outside its range."""


class ModelNotFoundError(RemoteError):
    """The model is not on the device."""


class ModelTransferError(RemoteError):
    """An upload arrived damaged or went on at the wrong byte: can be tried again."""


class ModelTooLargeError(RemoteError):
    """The model exceeds the agent's limit."""


class DeviceDiskFullError(RemoteError):
    """The device has no room for the model."""


class JobNotFoundError(RemoteError):
    """No job has this id."""


class JobConflictError(RemoteError):
    """A job with this id exists and asks for something else."""


class DeviceBusyError(RemoteError):
    """The device's queue of jobs is full."""


class DeviceJournalFullError(RemoteError):
    """The device keeps as many results as it can that no host has acknowledged."""


class RuntimeNotFoundError(RemoteError):
    """The runtime is not on the device."""


class SettingNotSupportedError(RemoteError, ValueError):
    """The runtime cannot do what the setting asks for."""


class ModelRejectedError(RemoteError):
    """The runtime cannot run this model."""


class ModelRefusedError(ModelRejectedError):
    """The device refused the model before a runtime saw it."""


class ModelQuarantinedError(RemoteError):
    """The model has ended its worker twice; the device measures it only when asked to with `release_model`."""


class UploadLimitedError(RemoteError):
    """The device takes no more uploads at once: can be tried again."""


class WorkerFailedError(RemoteError):
    """The worker process ended without a result."""


class WorkerOutOfMemoryError(WorkerFailedError):
    """The model takes more memory than the device has for it."""


class AgentUpdatedError(RemoteError):
    """The agent's package was updated while it ran: it must be restarted."""


class JobCancelledError(RemoteError):
    """The job was cancelled."""


class NotPairedError(RemoteError):
    """This host is not paired with the device, or no longer."""


class PairingClosedError(RemoteError):
    """The device shows no code at the moment."""


class PairingRefusedError(RemoteError):
    """The code was wrong, or the connection is intercepted."""


class DeviceChangedError(EdgeprofError):
    """What answers at the address of a paired device does not show that device's certificate."""


class PairingFileError(EdgeprofError):
    """The file that holds this host's key and its paired devices cannot be used."""


class ModelFileError(EdgeprofError):
    """A file on this host cannot be read as a model."""


class InvalidArgumentError(EdgeprofError, ValueError):
    """An argument of a public call is outside its range or of the wrong kind."""


class NoHomeError(EdgeprofError):
    """The user has no home folder, and no variable of the environment names a place."""


class OutputFileError(EdgeprofError):
    """A file that the user named cannot be written."""


class StoreError(EdgeprofError):
    """The store on this host cannot be read or written."""


class OnboardingError(EdgeprofError):
    """Onboarding could not gather enough measurements."""


class LocalAgentError(EdgeprofError):
    """An agent that this host started on itself did not come up."""


class DeployError(EdgeprofError):
    """The agent could not be brought onto a board over SSH, or removed from it."""


class NetworkSourceError(EdgeprofError):
    """A name or a file gives no torch module."""


class ExportError(EdgeprofError):
    """A network cannot be written in the format that a device reads."""


class GraphNotToldError(EdgeprofError):
    """No runtime tells the graph that it makes of a model, so that its latency cannot be predicted."""


class NoEngineError(GraphNotToldError):
    """The engine of a profile is not on this host, or reads no model of this format."""

"""What a session does when an attempt to measure fails: one table for every reason that an agent or this host has.

A contract test holds the table complete against `ErrorReason` and `edgeprof.errors`.
"""

import enum
from collections.abc import Sequence

from edgeprof.errors import (
    AgentTooOldError,
    AgentUnavailableError,
    DeployError,
    DeviceChangedError,
    EdgeprofError,
    ExportError,
    GraphNotToldError,
    InvalidAddressError,
    InvalidArgumentError,
    LocalAgentError,
    ModelFileError,
    NetworkSourceError,
    NoEngineError,
    NoHomeError,
    OnboardingError,
    OutputFileError,
    PairingFileError,
    RemoteError,
    StoreError,
    UnreadableAnswerError,
)

MAX_TRY_COUNT = 2
"""Attempts at once where the reason may pass by itself; another start of the same command tries as often again."""


class FailureAction(enum.Enum):
    """What follows when an attempt fails."""

    RETRY_THEN_SKIP = "retry, then skip"
    """Try again at once; after `MAX_TRY_COUNT` attempts the network is the likely cause: go on with the next."""

    RETRY_THEN_STOP = "retry, then stop"
    """Try again at once; after `MAX_TRY_COUNT` attempts end the session. The same command makes a new attempt."""

    SKIP = "skip"
    """The device cannot measure this network, and never will: go on with the next."""

    STOP = "stop"
    """Nothing can be measured until somebody mends the cause: end. The same command then makes a new attempt."""

    DETACH = "detach"
    """The device may be at the job still: end. The same command attaches to the same attempt."""


UNKNOWN_REASON = ""
"""Reason of failures in stores of versions that did not keep any."""

ACTION_OF_REASON: dict[str, FailureAction] = {
    UNKNOWN_REASON: FailureAction.SKIP,
    "ERROR_REASON_UNSPECIFIED": FailureAction.STOP,
    "ERROR_REASON_HOST_TOO_OLD": FailureAction.DETACH,
    "ERROR_REASON_INVALID_REQUEST": FailureAction.STOP,
    "ERROR_REASON_MODEL_NOT_FOUND": FailureAction.RETRY_THEN_STOP,
    "ERROR_REASON_MODEL_CORRUPT": FailureAction.RETRY_THEN_STOP,
    "ERROR_REASON_MODEL_TOO_LARGE": FailureAction.SKIP,
    "ERROR_REASON_UPLOAD_OFFSET": FailureAction.RETRY_THEN_STOP,
    "ERROR_REASON_DISK_FULL": FailureAction.STOP,
    "ERROR_REASON_JOB_NOT_FOUND": FailureAction.RETRY_THEN_STOP,
    # The same id asks for something else: the plan or the exported model has changed since.
    "ERROR_REASON_JOB_CONFLICT": FailureAction.RETRY_THEN_STOP,
    "ERROR_REASON_QUEUE_FULL": FailureAction.STOP,
    "ERROR_REASON_RUNTIME_NOT_FOUND": FailureAction.STOP,
    "ERROR_REASON_SETTING_NOT_SUPPORTED": FailureAction.STOP,
    "ERROR_REASON_MODEL_REJECTED": FailureAction.SKIP,
    "ERROR_REASON_WORKER_CRASHED": FailureAction.RETRY_THEN_SKIP,
    # Minutes each: a second attempt of a network that is too slow costs more than another network.
    "ERROR_REASON_WORKER_TIMEOUT": FailureAction.SKIP,
    "ERROR_REASON_RUN_FAILED": FailureAction.RETRY_THEN_SKIP,
    "ERROR_REASON_INTERRUPTED": FailureAction.RETRY_THEN_SKIP,
    "ERROR_REASON_CANCELLED": FailureAction.STOP,
    "ERROR_REASON_INTERNAL": FailureAction.RETRY_THEN_STOP,
    "ERROR_REASON_NOT_PAIRED": FailureAction.DETACH,
    "ERROR_REASON_PAIRING_CLOSED": FailureAction.DETACH,
    "ERROR_REASON_PAIRING_REFUSED": FailureAction.DETACH,
    "ERROR_REASON_MODEL_REFUSED": FailureAction.SKIP,
    "ERROR_REASON_MODEL_QUARANTINED": FailureAction.SKIP,
    "ERROR_REASON_WORKER_OUT_OF_MEMORY": FailureAction.SKIP,
    "ERROR_REASON_WORKER_NOT_STARTED": FailureAction.RETRY_THEN_STOP,
    "ERROR_REASON_UPLOAD_LIMITED": FailureAction.STOP,
    "ERROR_REASON_JOURNAL_FULL": FailureAction.STOP,
    # Somebody has to restart the agent.
    "ERROR_REASON_AGENT_UPDATED": FailureAction.STOP,
}
"""By the name of the `ErrorReason`. A reason that only a newer agent knows counts as not reported."""

ACTION_OF_HOST_ERROR: dict[type[EdgeprofError], FailureAction] = {
    # The agent's answer cannot be read.
    UnreadableAnswerError: FailureAction.RETRY_THEN_SKIP,
    EdgeprofError: FailureAction.DETACH,
    AgentUnavailableError: FailureAction.DETACH,
    AgentTooOldError: FailureAction.DETACH,
    DeviceChangedError: FailureAction.DETACH,
    PairingFileError: FailureAction.DETACH,
    StoreError: FailureAction.DETACH,
    LocalAgentError: FailureAction.DETACH,
    InvalidAddressError: FailureAction.DETACH,
    # Before the device is asked: nothing runs there.
    ModelFileError: FailureAction.STOP,
    DeployError: FailureAction.STOP,
    NetworkSourceError: FailureAction.STOP,
    # Of one network; what is missing on this host is said before the session begins.
    ExportError: FailureAction.SKIP,
    OnboardingError: FailureAction.STOP,
    GraphNotToldError: FailureAction.SKIP,
    NoEngineError: FailureAction.SKIP,
    OutputFileError: FailureAction.STOP,
    InvalidArgumentError: FailureAction.STOP,
    NoHomeError: FailureAction.STOP,
}
"""By the class of what this host raises by itself."""


def reason_of(error: EdgeprofError) -> str:
    """The reason of a failure, for machines: the agent's, or the name of this host's exception."""
    return error.reason if isinstance(error, RemoteError) else type(error).__name__


def action_after(error: EdgeprofError, earlier_reasons: Sequence[str]) -> FailureAction:
    """What to do now that an attempt has failed.

    Args:
        error: Why it failed.
        earlier_reasons: Reasons of the earlier failed attempts of the same probe.

    Returns:
        A retrying action only where another attempt is to be made at once.
    """
    action = _ACTIONS.get(reason_of(error), FailureAction.STOP)
    if action not in _AFTER_RETRIES:
        return action
    try_count = 1 + sum(_ACTIONS.get(reason) in _AFTER_RETRIES for reason in earlier_reasons)
    return action if try_count % MAX_TRY_COUNT else _AFTER_RETRIES[action]


_ACTIONS = {**ACTION_OF_REASON, **{error.__name__: action for error, action in ACTION_OF_HOST_ERROR.items()}}

_AFTER_RETRIES = {
    FailureAction.RETRY_THEN_SKIP: FailureAction.SKIP,
    FailureAction.RETRY_THEN_STOP: FailureAction.STOP,
}
